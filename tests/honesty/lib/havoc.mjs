/*
 * Rounds of random kills: what to start (as a plan for havoc.c), what is true
 * afterwards (by the files of actor.c and by what havoc.c killed), and whether
 * what jobdir says is so.
 *
 *	const havoc = new Havoc(stage);
 *	await havoc.round(7);		-- throws with what was wrong
 *	havoc.count			-- { jobs, kills, lost, … }
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync,
	writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { alive, command_line, with_variable } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { modern_meta } from '../../e2e/lib/rpc.mjs';
import { deadline_ms, until } from '../../e2e/lib/until.mjs';
import { Beside } from '../../stress/lib/stress.mjs';
import { helper } from './jobs.mjs';

const RUNS = 16, SERVERS = 2, CALLS = 4; /* 24 jobs a round */
const USEC = 120000, KILLS = 16;
const FINAL = ['completed', 'failed', 'killed', 'lost'];

function random(n) {
	return Math.floor(Math.random() * n);
}

/* What is started has no open input: that would be another hidden file beside
 * the room for the end, where a supervisor was killed. */

/* What an actor does, as words. */
function part() {
	const usec = ['0', '2000', '20000', '100000'][random(4)];

	switch (random(8)) {
	case 0: return ['long'];
	case 1: return ['deaf'];
	case 2: return ['tree'];
	case 3: return ['fork', usec, String(random(3))];
	case 4: return ['raise', usec, String(constants.signals.SIGUSR2)];
	case 5: return ['end', usec, '0'];
	default: return ['end', usec, String(random(256))];
	}
}

/* What a witness file says: { pid, ppid, end }; null if there is none, or it
 * was killed before it said anything. */
function testimony(path) {
	const text = existsSync(path) ? readFileSync(path, 'utf8') : '';

	if (!text)
		return null;

	const [first, second, ...more] = text.trimEnd().split('\n')
	    .map((line) => line.split(' '));

	assert.deepEqual(more, [], `${path}: it ran once`);
	assert.ok(!second || /^(exit|signal)$/.test(second[0]),
	    `${path}: it ran once`);
	return { pid: Number(first[0]), ppid: Number(first[1]),
		end: second && { [second[0]]: Number(second[1]) } };
}

/* The directory that a supervisor holds open, once it is in sight. */
function job_directory(pid) {
	try {
		const path = readlinkSync(`/proc/${pid}/fd/10`);

		return path.includes('/.new/') ? null : path;
	} catch {
		return null;
	}
}

/* How an object of ls or show ends: the same for ever if it is final. */
function ending({ status, reason, exit_code, signal }) {
	return JSON.stringify({ status, reason, exit_code, signal });
}

export class Havoc {
	constructor(stage) {
		this.stage = stage;
		this.root = stage.root;
		this.count = { rounds: 0, jobs: 0, kills: 0, unasked: 0,
			lost: 0 };
		this.begin_root();
	}

	/* A root without jobs. */
	begin_root() {
		this.finals = new Map();  /* job -> what was said of its end */
		this.records = new Map(); /* journal with an end -> its text */
	}

	async list() {
		const { code, stdout, stderr } = await this.root.jobdir(['ls',
			'-a', '--jsonl']);

		assert.equal(code, 0, stderr);

		const jobs = stdout.split('\n').filter((line) => line)
		    .map((line) => JSON.parse(line));

		for (const job of jobs)
			this.#final(job);
		return new Map(jobs.map((job) => [job.name, job]));
	}

	/* What is said of an end is said for ever. */
	#final(job) {
		const said = this.finals.get(job.job_id) ?? ending(job);

		assert.equal(ending(job), said, `${job.job_id} had ended`);
		if (FINAL.includes(job.status))
			this.finals.set(job.job_id, said);
	}

	/* An end record that was there stays, byte for byte. */
	check_records() {
		for (const [path, text] of this.records)
			assert.equal(readFileSync(path, 'utf8'), text,
			    'a finished record');
		for (const name of this.root.job_names()) {
			const path = join(this.root.runs, name, 'journal.json');
			const text = readFileSync(path, 'utf8');

			if (JSON.parse(text).finished)
				this.records.set(path, text);
		}
	}

	#plan(number) {
		const dir = join(this.root.work, `round${number}`);
		const lines = [];
		const jobs = [];
		const job = (name, out) => {
			jobs.push({ name, out, file: join(dir, name) });
			return [jobs.at(-1).file, ...part()];
		};

		mkdirSync(dir);
		for (let i = 0; i < RUNS; i++) {
			const out = join(dir, `run${i}.out`);
			const name = `${number}.${i}`;

			lines.push(['run', random(USEC), out, PROGRAM, 'run',
				'-n', name, helper('actor'), ...job(name, out)]);
		}
		for (let i = 0; i < SERVERS; i++) {
			const out = join(dir, `server${i}.out`);
			const calls = Array.from({ length: CALLS }, (_, j) => {
				const name = `${number}.s${i}.${j}`;

				return JSON.stringify({ jsonrpc: '2.0',
					id: name, method: 'tools/call', params: {
						name: 'execute_command',
						arguments: { name, command:
						    helper('actor'),
						    args: job(name, out),
						    interactive: false },
						_meta: modern_meta() } });
			});

			writeFileSync(`${out}.in`, `${calls.join('\n')}\n`);
			lines.push(['server', random(USEC), out, `${out}.in`,
				PROGRAM, 'mcp']);
		}
		this.plan = lines.map((l) => `${l.join('\t')}\n`).join('');
		writeFileSync(join(dir, 'plan'), this.plan);
		return { dir, jobs };
	}

	/* What its asker was told: an id, false (it was not started), or
	 * nothing (null). */
	#told({ name, out }) {
		const text = existsSync(out) ? readFileSync(out, 'utf8') : '';

		if (out.includes('/run'))
			return /^[-0-9a-f]{36}$/.exec(text.trim())?.[0] ??
			    (/^jobdir: Failed to start job: /.test(text) ?
				false : (assert.equal(text, ''), null));

		/* A server may have been killed while it wrote. */
		const answer = text.split('\n').filter((line) =>
		    line.endsWith('}')).map((line) => JSON.parse(line))
		    .find(({ id }) => id === name);

		return !answer ? null : answer.result.isError ? false :
		    answer.result.structuredContent.job_id;
	}

	/* What may be said of it; `said` is undefined if it is not listed. */
	#fits(job, said, killed, havoc) {
		const { witness, told } = job;

		if (!said || told === false)
			return !said && !told && !existsSync(job.file);
		if (told && told !== said.job_id)
			return false;

		/* Killed before its first act: then by us. */
		const pid = witness?.pid ??
		    this.root.journal(job.dir(said)).pid;
		const ppid = witness?.ppid ??
		    this.root.journal(job.dir(said)).supervisor.pid;
		const alone = killed.has(ppid) || ppid === havoc.pid;

		job.alone = alone;
		job.alive = alive(pid) &&
		    command_line(pid).includes(job.file);
		if (job.alive)
			return said.status === 'running';
		if (said.status === 'lost')
			return alone;
		if (said.status === 'running')
			return alone ? false : null;
		if (killed.has(pid) && said.signal === 'SIGKILL')
			return said.status === 'failed';
		if (witness?.end?.exit !== undefined)
			return said.exit_code === witness.end.exit &&
			    said.status === (said.exit_code ? 'failed' :
				'completed');
		return said.status === 'failed' && said.signal === 'SIGUSR2' &&
		    witness?.end?.signal === constants.signals.SIGUSR2;
	}

	/* Once each, and again as long as ends are being recorded. */
	async #judge(jobs, killed, havoc) {
		const end = performance.now() + deadline_ms(5000);
		let open = jobs;

		while (open.length) {
			const late = performance.now() > end;
			const list = await this.list();

			open = open.filter((job) => {
				const said = list.get(job.name);
				const fits = this.#fits(job, said, killed,
				    havoc);

				job.said = said;
				assert.ok(fits || (fits === null && !late),
				    `${job.name}: ${JSON.stringify({
					...job, said })}`);
				return !fits;
			});
		}
	}

	/* `show` agrees with `ls`. */
	async #show(jobs) {
		const { stdout } = await this.root.run('/bin/sh', ['-c',
			'for id; do "$0" show --json $id; done', PROGRAM,
			...jobs.map((job) => job.said.job_id)]);
		const shown = stdout.trim().split('\n').map((line) =>
		    JSON.parse(line));

		assert.deepEqual(shown.map(ending), jobs.map(({ said }) =>
		    ending(said)), 'show says what ls says');
		assert.deepEqual(shown.map((said) => said.orphaned ?? false),
		    jobs.map((job) => job.alive && job.alone), 'orphaned');
	}

	/* What lives is killed, and reads so. */
	async #stop(jobs) {
		await this.root.jobdir(['kill', '-q', '-g', '0.05s',
			...jobs.map((job) => job.said.job_id)]);

		const list = await this.list();

		for (const job of jobs.filter((one) => one.alive)) {
			assert.ok(!alive(job.witness.pid), `${job.name} is dead`);
			assert.equal(list.get(job.name).status, 'killed',
			    job.name);
		}
	}

	/* Whatever is still to happen has happened: what was seen to be so is
	 * so in another look at all processes. */
	async #settle() {
		let calm = 0;

		await until(() => {
			const busy = with_variable('JOBDIR_ROOT',
			    this.root.runs).some((pid) => this.#busy(pid));

			calm = busy ? 0 : calm + 1;
			return calm > 1;
		}, 10000, 'launches are over and the short ones have ended');
	}

	async round(number) {
		const { dir, jobs } = this.#plan(number);
		const havoc = new Beside(this.root, helper('havoc'), [USEC,
			KILLS, random(1 << 30), join(dir, 'plan')]);

		this.last = havoc;
		while (!/^quiet$/m.test(havoc.stdout)) {
			assert.equal(havoc.child.exitCode, null, havoc.words);
			await this.list();
		}
		await this.#settle();

		const kills = [...havoc.stdout.matchAll(/^kill (\d+) (\w+)$/mg)];
		const killed = new Set(kills.map(([, pid]) => Number(pid)));

		for (const job of jobs) {
			job.witness = testimony(job.file);
			job.told = this.#told(job);
			job.dir = (said) => this.root.job_names().find((name) =>
			    name.endsWith(said.job_id));
		}
		await this.#judge(jobs, killed, havoc);

		const seen = jobs.filter((job) => job.said);

		if (seen.length) {
			await this.#show(seen);
			await this.#stop(seen);
		}
		this.check_records();

		const { code } = await havoc.end(30000);

		assert.equal(code, 0, havoc.stdout);
		this.#add(jobs, kills);
	}

	/* A launch that goes on without who asked for it; an actor that has said
	 * nothing yet, or whose words say that it ends soon. */
	#busy(pid) {
		const words = command_line(pid);

		if (/^\S*jobdir /.test(words))
			return alive(pid) && !job_directory(pid);

		const [, file, part] = /actor (\S+) (\w+)/.exec(words) ?? [];
		const witness = file && testimony(file);

		return file && (!witness || (witness.pid === pid &&
		    ['end', 'raise', 'fork'].includes(part)));
	}

	#add(jobs, kills) {
		const { count } = this;

		count.rounds++;
		count.jobs += jobs.length;
		count.kills += kills.length;
		count.lost += jobs.filter(({ said }) =>
		    said?.status === 'lost').length;
		count.unasked += jobs.filter(({ said }) => !said).length;
		this.stage.fired(kills.length);
		this.stage.killed(kills.filter(([, , role]) =>
		    role !== 'command').length);
	}
}
