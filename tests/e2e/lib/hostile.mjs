/*
 * One case of tests/hostile (see its README): a root of its own with the
 * hostile entries and two good neighbours, a process that is none of jobdir's
 * business, and files outside that no answer may quote.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync,
	renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plant } from './plant.mjs';
import { alive, identity } from './proc.mjs';
import { until, within } from './until.mjs';

export const CASES = join(import.meta.dirname, '../../hostile');
export const NOBODY = 65534;

/* Tells of every signal that can be told of.  A shell that waits hears them at
 * once; it has its log open and its working directory beside it. */
const BYSTANDER = `
exec 9>>signals
for s in HUP INT QUIT USR1 USR2 TERM CONT ALRM PIPE WINCH; do
	trap "echo $s >&9" $s
done
echo ready
while :; do sleep 300 & wait $!; done`;

/* The environment of processes that must not look like jobdir's. */
const PLAIN = { PATH: process.env.PATH, LC_ALL: 'C' };

/* A process group that ends with the test, after its first line. */
async function helper(root, words, { env = {}, cwd, silent = false } = {}) {
	const child = spawn(words[0], words.slice(1), { cwd, detached: true,
		env: { ...PLAIN, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
	});
	const one = {
		pid: child.pid,
		errors: '',
		living: () => alive(child.pid),
		dispose() {
			if (gone)
				return;
			gone = true;
			try {
				process.kill(-child.pid, 'SIGKILL');
			} catch (e) {
				assert.equal(e.code, 'ESRCH');
			}
			child.stdout.destroy();
			child.stderr.destroy();
		},
	};
	let said = silent, gone = false;

	child.stdout.on('data', () => { said = true; });
	child.stderr.on('data', (text) => { one.errors += text; });
	root.keep(one);
	await until(() => said, 10000, `${words.at(-1)} says that it is ready`);
	return one;
}

/* An answer must not hold the content of these. */
function plant_outside(dir, secret, pid) {
	mkdirSync(join(dir, 'job'), { recursive: true });
	writeFileSync(join(dir, 'secret.txt'),
	    `by ${secret}\n${secret}\n`.repeat(5));
	writeFileSync(join(dir, 'job/journal.json'), JSON.stringify({
		name: secret,
		command: secret,
		exit_code: 0,
		started: '2026-01-01T00:00:00Z',
		finished: '2026-01-01T00:00:01Z',
	}));
	writeFileSync(join(dir, 'job/run.weave_journal.json'), JSON.stringify({
		last_run_completed: true,
		phase: secret,
		last_run_error: secret,
	}));
	writeFileSync(join(dir, 'job/progress.json'),
	    JSON.stringify({ phase: secret, message: secret }));
	writeFileSync(join(dir, 'job/pid'), `${pid}\n`);
	for (const log of ['stdout.log', 'stderr.log', '.weave.log'])
		writeFileSync(join(dir, 'job', log), `${secret}\n`.repeat(5));
}

/* Jobs that nothing in the root may hide, delay or change. */
const NEIGHBOURS = {
	'good-ended': { status: 'failed', reason: 'exit', exit_code: 3,
		name: 'ended', command: 'make', journal_error: false },
	'good-live': { status: 'running', name: 'live', command: 'sleep 300',
		journal_error: false },
};

function plant_neighbours(root, live) {
	const ended = plant(root, '20260101T000000Z__good-ended', {
		name: 'ended',
		command: 'make',
		exit_code: 3,
		started: '2026-01-01T00:00:00.000000Z',
		finished: '2026-01-01T00:00:07.000000Z',
	});

	writeFileSync(join(ended, 'stdout.log'), 'good words\n');

	const dir = plant(root, '20260101T000001Z__good-live', {
		name: 'live',
		command: 'sleep 300',
		started: '2026-01-01T00:00:01.000000Z',
		...identity(live.pid),
	});

	writeFileSync(join(dir, 'pid'), `${live.pid}\n`);
	writeFileSync(join(dir, 'stdout.log'), 'live words\n');
	for (const each of [ended, dir])
		chmodSync(each, 0o755);
	return [ended, dir];
}

export class Case {
	constructor(root, name) {
		this.root = root;
		this.name = name;
		this.dir = join(CASES, name);
		this.outside = join(root.top, 'outside');
		this.secret = `secret-${randomBytes(16).toString('hex')}`;
		this.expected = JSON.parse(
		    readFileSync(join(this.dir, 'expect.json'), 'utf8'));
		/* Who asks: without rights where rights decide. */
		this.as = this.expected.needs === 'non-root' &&
		    process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
	}

	/* Expectations by id, with those of the neighbours. */
	get jobs() {
		return { ...this.expected.jobs, ...NEIGHBOURS };
	}

	script(name) {
		return join(this.dir, name);
	}

	/* What its scripts find in their environment. */
	get env() {
		return {
			OUTSIDE: this.outside,
			CASE: this.dir,
			NODE: process.execPath,
			BYSTANDER_PID: String(this.bystander.pid),
		};
	}

	async make() {
		const { root } = this;

		mkdirSync(root.runs);
		mkdirSync(this.outside);
		chmodSync(root.top, 0o711);
		chmodSync(root.runs, 0o755);
		this.live = await helper(root, ['sleep', '300'],
		    { cwd: root.work, silent: true });
		this.bystander = await helper(root, ['sh', '-c', BYSTANDER],
		    { cwd: this.outside });
		plant_outside(this.outside, this.secret, this.bystander.pid);
		await this.#run_make();
		this.good = plant_neighbours(root, this.live);
		if (existsSync(this.script('busy.sh')))
			this.busy = await helper(root,
			    ['sh', '-eu', this.script('busy.sh')],
			    { cwd: root.runs, env: this.env });
	}

	async #run_make() {
		const log = join(this.root.top, 'make.log');
		const fd = openSync(log, 'a');
		const child = spawn('sh', ['-eu', this.script('make.sh')], {
			cwd: this.root.runs,
			env: { ...PLAIN, ...this.env },
			stdio: ['ignore', fd, fd],
		});

		closeSync(fd);

		const [code, signal] = await within(once(child, 'exit'), 30000,
		    `the end of ${this.name}/make.sh`);

		assert.equal(code, 0, `${this.name}/make.sh cannot run here: ` +
		    `${code ?? signal} ${readFileSync(log, 'utf8')}`);
	}

	/* Nobody was signalled who is not of the job. */
	assert_unharmed() {
		assert.ok(this.bystander.living(), 'the bystander was killed');
		assert.equal(
		    readFileSync(join(this.outside, 'signals'), 'utf8'), '',
		    'the bystander was signalled');
		assert.ok(this.live.living(), 'the good job was killed');
	}

	/* Away from the eyes of the ordinary tidying up, which reads all. */
	put_away() {
		for (const one of [this.busy, this.bystander, this.live])
			one?.dispose();

		const { runs, top } = this.root;

		if (existsSync(runs))
			renameSync(runs, join(top, 'runs.hostile'));
	}

	async remove() {
		const dir = join(this.root.top, 'runs.hostile');

		try {
			await rm(dir, { recursive: true });
		} catch {
			/* What is closed, or no UTF-8, is beyond node. */
			await once(spawn('sh', ['-c',
				'chmod -R u+rwX "$1"; rm -rf "$1"', 'sh', dir]),
			'exit');
		}
	}
}
