/*
 * What the stress tests share: how much is to be done, the small programs that
 * `make stress` builds for them, and looking at processes for a while.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync,
	writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { alive, status_line } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until, within } from '../../e2e/lib/until.mjs';

const FULL = process.env.STRESS === 'full';

/* How many rounds, or seconds: `make stress STRESS=short` or `=full`. */
export function amount(short, full) {
	return FULL ? full : short;
}

/* Options of a test that may take that many minutes. */
export function minutes(n) {
	return { timeout: n * 60000 };
}

/* Path of a program made of tests/stress/NAME.c. */
export function helper(name) {
	return join(dirname(PROGRAM), 'stress', name);
}

/*
 * Let a span of time pass in which something must not happen.  Not for waiting
 * until something has happened: that is until().
 */
export function observe(ms) {
	return timer(ms);
}

/* Size of a file, 0 if there is none. */
export function size_of(path) {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/* The pid in a file, once it is there. */
export function pid_in(path) {
	return until(() => {
		try {
			return Number(readFileSync(path, 'utf8'));
		} catch (e) {
			if (e.code !== 'ENOENT')
				throw e;
			return 0;
		}
	}, 10000, `a pid in ${path}`);
}

export function until_dead(pids, what) {
	return until(() => !pids.some((pid) => alive(pid)), 10000,
	    `${what}: ${pids} are dead`);
}

/* `jobdir run` with options and command; gives the id. */
export async function start(root, ...args) {
	const { code, stdout, stderr } = await root.jobdir(['run', ...args]);

	assert.equal(code, 0, stderr);
	return stdout.trim();
}

/* `jobdir show --json`. */
export async function show(root, id) {
	const { code, stdout, stderr } = await root.jobdir(['show', '--json',
		id]);

	assert.equal(code, 0, stderr);
	return JSON.parse(stdout);
}

/* The record of a job, by id. */
export function record(root, id) {
	const name = root.job_names().find((n) => n.endsWith(id));

	assert.ok(name, `there is a directory of ${id}`);
	return root.journal(name);
}

/* The end of a job, by `jobdir wait`; gives `show`. */
export async function ended(root, id, deadline = 60000) {
	await root.jobdir(['wait', '-q', id], { deadline });
	return show(root, id);
}

/* A program that goes on beside the test; gives its output at the end.  It
 * ends when its input does. */
export class Beside {
	constructor(root, program, args, options = {}) {
		this.child = spawn(program, args, { cwd: root.work,
			env: root.env(), ...options });
		this.stdout = this.words = '';
		this.child.stdout.on('data', (data) => this.stdout += data);
		this.child.stderr.on('data', (data) => this.words += data);
		this.child.stdin.on('error', () => {});
		this.exited = new Promise((done, fail) => {
			this.child.on('error', fail);
			this.child.on('close', (code, signal) =>
			    done({ code, signal }));
		});
		root.keep(this);
	}

	get pid() {
		return this.child.pid;
	}

	end(deadline = 20000) {
		this.child.stdin.end();
		return within(this.exited, deadline,
		    `the end of ${this.child.spawnargs.join(' ')}`);
	}

	async dispose() {
		this.child.kill('SIGKILL');
		await this.exited;
	}
}

/* How often a process went to sleep or was made to stop running; it does
 * nothing as long as this stays the same. */
export function switches(pid) {
	return Number(status_line(pid, 'voluntary_ctxt_switches')) +
	    Number(status_line(pid, 'nonvoluntary_ctxt_switches'));
}

/*
 * Fill a root with jobs that have ended: directories like the one of `sample`,
 * a job of another root, a second apart, the newest now.
 */
export function plant_ended(root, sample, count) {
	const id = sample.id;
	const text = JSON.stringify(sample, null, 2);
	const now = Math.floor(Date.now() / 1000);

	const empty = join(root.runs, '.empty');

	mkdirSync(root.runs, { mode: 0o700, recursive: true });
	writeFileSync(empty, '', { mode: 0o600 });
	for (let i = 0; i < count; i++) {
		const own = `${i.toString(16).padStart(8, '0')}${id.slice(8)}`;
		const at = new Date((now - count + i) * 1000).toISOString();
		const seconds = at.slice(0, 19);
		const dir = join(root.runs,
		    `${seconds.replace(/[-:]/g, '')}Z__${own}`);

		mkdirSync(dir, { mode: 0o700 });
		writeFileSync(join(dir, 'journal.json'), text
		    .replaceAll(id, own)
		    .replace(/(?<="(created|started|finished)": ")[-\dT:]{19}/g,
			seconds), { mode: 0o400 });
		/* Links are cheaper to make than files. */
		for (const name of ['pid', 'stdout.log', 'stderr.log'])
			linkSync(empty, join(dir, name));
	}
	unlinkSync(empty);
}
