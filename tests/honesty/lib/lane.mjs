/*
 * A lane: a root of its own, in which rounds are played one after the other
 * around jobs whose state is known: two completed, one of them with output, one
 * failed with 7, one runs.  They are in a right state after each round, or it
 * failed.
 *
 *	const lane = await new Lane(stage, 'lane0').open();
 *	const { id, witness } = await lane.job('end', 1000, 7);
 *	await lane.check();	-- states, processes, what is hidden
 *	await lane.close();
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync,
	statSync } from 'node:fs';
import { join } from 'node:path';
import { Process } from '../../e2e/lib/cli.mjs';
import { alive, command_line, with_variable }
	from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { helper } from './jobs.mjs';
import { TRUTH } from './judge.mjs';

const LEFT_MOST = 3;
const KEPT = ['.new', '.old', '.keys'];
const FINAL = ['completed', 'failed', 'killed', 'lost'];

/* What a witness tells (actor.c). */
export function testimony(path) {
	if (!existsSync(path))
		return { began: 0, ended: null };

	const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);

	return {
		began: lines.filter((l) => /^\d/.test(l)).length,
		pid: Number(/^\d+/.exec(lines[0] ?? '')?.[0]),
		ended: lines.find((l) => !/^\d/.test(l)) ?? null,
	};
}

export class Lane {
	constructor(stage, name) {
		this.stage = stage;
		this.name = name;
		this.top = join(stage.root.top, name);
		this.renewed = 0;
		this.rounds = 0;
		this.kills = 0;
	}

	get env() {
		return { JOBDIR_ROOT: this.runs };
	}

	/* Without a line of the log each. */
	run(program, words, options = {}) {
		return this.stage.root.run(program, words, { cwd: this.work,
			...options, env: { ...this.env, ...options.env } });
	}

	/* A server that is told something; its input ends when it has answered
	 * request 2. */
	async talk(program, words, input) {
		const server = new Process(program, words, { cwd: this.work,
			env: this.stage.root.env(this.env) });

		server.child.stdin.write(input);
		server.child.stdout.on('data', () => {
			if (/"id":2[,}]/.test(server.out))
				server.child.stdin.end();
		});
		try {
			const { out, errors, ...end } =
			    await server.end(20000);

			return { ...end, stdout: out, stderr: errors };
		} finally {
			await server.dispose();
		}
	}

	jobdir(...words) {
		return this.run(PROGRAM, words.map(String));
	}

	async fine(...words) {
		const { code, stdout, stderr } = await this.jobdir(...words);

		assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
		return stdout;
	}

	async open() {
		const dir = join(this.top, String(this.renewed));

		this.runs = join(dir, 'runs');
		this.work = join(dir, 'work');
		mkdirSync(this.work, { recursive: true });
		this.left = [];
		this.jobs = new Map(); /* id -> status wanted */
		this.good = await this.job(['-n', 'good'], 'end', 0, 0);
		this.bad = await this.job(['-n', 'bad'], 'end', 0, 7);
		await this.jobdir('wait', this.good.id, this.bad.id);
		this.talker = { id: (await this.fine('run', 'echo',
		    'one\ntwo')).trim() };
		await this.jobdir('wait', this.talker.id);
		this.jobs.set(this.talker.id, 'completed');
		this.live = { id: (await this.fine('run', '-n', 'live',
		    'sleep', 600)).trim() };
		this.live.pid = (await this.show(this.live.id)).pid;
		this.jobs.set(this.good.id, 'completed');
		this.jobs.set(this.bad.id, 'failed');
		this.jobs.set(this.live.id, 'running');
		this.base = this.processes();
		return this;
	}

	/* A new root, after a round that failed in this one. */
	async renew() {
		await this.close();
		this.renewed++;
		await this.open();
	}

	/* The words of a command that leaves testimony, and where. */
	actor(...how) {
		const witness = join(this.work, `witness${this.rounds++}`);

		return { witness,
			words: [helper('actor'), witness, ...how.map(String)] };
	}

	/* Such a job. */
	async job(options, ...how) {
		const { witness, words } = this.actor(...how);
		const id = (await this.fine('run', ...options, '--', ...words))
		    .trim();

		return { id, witness };
	}

	/* The same, once it runs. */
	async living_job(options, ...how) {
		const job = await this.job(options, ...how);

		await until(() => testimony(job.witness).began, 10000, 'it runs');
		return { ...job, pid: testimony(job.witness).pid };
	}

	async show(id) {
		return JSON.parse(await this.fine('show', '--json', id));
	}

	/* Until it has ended; gives `show`. */
	async ended(id) {
		return until(async () => {
			const job = await this.show(id);

			return FINAL.includes(job.status) && job;
		}, 15000, `${id} has ended`);
	}

	directory(id) {
		return join(this.runs, readdirSync(this.runs)
		    .find((name) => name.endsWith(id)));
	}

	record(id) {
		return JSON.parse(this.read(join(this.directory(id),
		    'journal.json')));
	}

	read(path) {
		return readFileSync(path, 'utf8');
	}

	/* All that is in sight: id -> object. */
	async list() {
		const text = await this.fine('ls', '-a', '--jsonl');

		return new Map(text.split('\n').filter((l) => l)
		    .map((l) => JSON.parse(l)).map((job) => [job.job_id, job]));
	}

	/* In sight besides the three. */
	async others() {
		return [...(await this.list()).values()]
		    .filter((job) => !this.jobs.has(job.job_id));
	}

	processes() {
		return with_variable('JOBDIR_ROOT', this.runs)
		    .filter((pid) => !command_line(pid)
			.startsWith(helper('inject')));
	}

	/* What came with this round is over. */
	quiet() {
		return until(() => this.processes()
		    .every((pid) => this.base.includes(pid)), 15000,
		    'nothing of this round runs any more');
	}

	/* Or there is a job of it. */
	settled() {
		return until(async () => (await this.others()).length > 0 ||
		    this.processes().every((pid) => this.base.includes(pid)),
		    15000, 'it is in sight or over');
	}

	async remove(id) {
		await this.jobdir('kill', '-q', '-s', 'KILL', id);
		await this.fine('rm', id);
	}

	/* Names, sizes, times and numbers of all that is there. */
	snapshot(dir = this.runs) {
		return readdirSync(dir, { withFileTypes: true }).sort()
		    .flatMap((entry) => {
			const path = join(dir, entry.name);
			const st = statSync(path);

			return [[path, st.ino, st.size, st.mtimeMs, st.ctimeMs],
				...entry.isDirectory() ? this.snapshot(path) :
				[]];
		});
	}

	/* What is hidden in the root and in its jobs. */
	hidden() {
		return readdirSync(this.runs, { withFileTypes: true })
		    .flatMap(({ name }) => {
			const names = readdirSync(join(this.runs, name));

			return KEPT.includes(name) ? names.filter((own) =>
			    name !== '.keys' || own.startsWith('.'))
			    .map((own) => `${name}/${own}`) :
			    name.startsWith('.') ? [name] :
			    names.filter((own) => own.startsWith('.') &&
				!this.#is_in_use(name, own))
			    .map((own) => `${name}/${own}`);
		    });
	}

	/* Room for the end, and the input, of what still runs. */
	#is_in_use(job, name) {
		return ['.end', '.stdin'].includes(name) &&
		    this.jobs.get(job.split('__')[1]) === 'running';
	}

	/* After each round. */
	async check(kills) {
		const jobs = await this.list();

		await this.quiet();
		assert.deepEqual(Object.fromEntries([...jobs].map(([id, job]) =>
		    [id, job.status]).sort()),
		    Object.fromEntries([...this.jobs].sort()));
		assert.equal(jobs.get(this.bad.id)?.exit_code ?? 7, 7);
		assert.ok(alive(this.live.pid), 'the live one lives');
		await this.#check_hidden(kills);
	}

	/* A killed launch or removal may leave one directory, for a while. */
	async #check_hidden(kills) {
		const left = this.hidden().filter((p) => !this.left.includes(p));

		/* What could not be removed is, by who comes next. */
		if (!kills && left.some((path) => path.startsWith('.old/'))) {
			await this.fine('gc');
			assert.deepEqual(this.hidden(), [], 'after gc');
			return;
		}
		assert.ok(left.length <= (kills ? 1 : 0), `hidden: ${left}`);
		assert.ok(left.every((path) => /^\.(new|old)\//.test(path)),
		    `hidden: ${left}`);
		/* A few are for the garbage collector; more of them would be
		 * looked at by each launch, and move its calls. */
		if (this.left.length < LEFT_MOST)
			this.left.push(...left);
		else
			for (const path of left)
				rmSync(join(this.runs, path),
				    { recursive: true });
	}

	/* What was left is gone after the garbage collector, which gives what
	 * may be at work a minute. */
	async sweep() {
		const count = this.left.length;

		if (count)
			await until(async () => {
				await this.fine('gc');
				return !this.hidden().length;
			}, 90000, `nothing is hidden after gc: ${this.hidden()}`);
		return count;
	}

	async judge() {
		const { stage } = this;
		const { system } = stage;
		const truths = [[this.bad, TRUTH.exited(7)],
			[this.good, TRUTH.exited(0)],
			[this.live, TRUTH.runs]];

		for (const [{ id }, truth] of truths.filter(([job]) =>
		    this.jobs.has(job.id)))
			stage.judge(truth, system.said(await this.show(id)));
	}

	/* End whatever is left. */
	async close() {
		const { stdout } = await this.jobdir('ls', '-a', '-q');
		const ids = stdout.split('\n').filter((id) => id);

		await this.jobdir('kill', '-q', '-s', 'KILL', ...ids);
		for (const pid of this.processes())
			process.kill(pid, 'SIGKILL');
		await until(() => !this.processes().length, 10000,
		    'nothing is left');
	}
}
