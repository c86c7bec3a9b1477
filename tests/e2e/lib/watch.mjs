/*
 * `jobdir watch --jsonl` in tests: its events as objects, and workers' jobs
 * that come and go in one step.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { begin } from './cli.mjs';
import { until } from './until.mjs';

/* A worker's directory is renamed in; gives its path. */
export function drop_in(root, name, journal) {
	const hidden = join(root.runs, `.${name}`);
	const dir = join(root.runs, name);

	mkdirSync(hidden, { recursive: true, mode: 0o700 });
	writeFileSync(join(hidden, 'journal.json'), JSON.stringify(journal));
	renameSync(hidden, dir);
	return dir;
}

/* Its journal is replaced in one step. */
export function replace(dir, journal) {
	writeFileSync(join(dir, '.next'), JSON.stringify(journal));
	renameSync(join(dir, '.next'), join(dir, 'journal.json'));
}

/* The record of a worker's job that runs: this process. */
export const running = (more = {}) => ({ pid: process.pid, ...more });

export class Watcher {
	constructor(root, args = []) {
		this.root = root;
		this.process = begin(root, ['watch', '--jsonl', ...args]);
		this.events = [];
		this.rest = '';
		this.probes = 0;
		this.process.child.stdout.on('data', (data) => {
			const lines = (this.rest + data).split('\n');

			/* What is cut off was not told. */
			this.rest = lines.pop();
			this.events.push(...lines.map((l) => JSON.parse(l)));
		});
	}

	/* What is told of jobs but the probes. */
	get told() {
		return this.events.filter((e) =>
		    !e.job.job_id.startsWith('probe-'));
	}

	get cursor() {
		return this.events.at(-1)?.cursor;
	}

	/* Until it tells of what comes: what was there when it started is not
	 * told.  Everything before this has been told then. */
	async ready(deadline = 30000) {
		const names = [];

		await until(() => {
			const name = `probe-${this.process.child.pid}-` +
			    `${++this.probes}`;

			if (this.process.gone)
				throw new Error(this.process.errors);
			if (this.events.some((e) =>
			    names.includes(e.job.job_id)))
				return true;
			names.push(name);
			drop_in(this.root, name, { exit_code: 0 });
			return false;
		}, deadline, 'the watcher tells of a job');
		for (const name of names)
			rmSync(join(this.root.runs, name),
			    { recursive: true });
		return this;
	}

	/* The first event of that job, once it is told. */
	event(id, what, deadline = 20000) {
		const find = () => this.events.find((e) =>
		    e.job.job_id === id && e.event === what);

		return until(() => {
			if (this.process.gone && !find())
				throw new Error(`ended: ${this.process.errors}`);
			return find();
		}, deadline, `${what} of ${id} is told; told: ` +
		    this.words().slice(-20).join(', '));
	}

	/* "created a running", … */
	words() {
		return this.told.map((e) =>
		    `${e.event} ${e.job.job_id} ${e.job.status}`);
	}

	async kill() {
		this.process.child.kill('SIGKILL');
		await this.process.end();
	}
}
