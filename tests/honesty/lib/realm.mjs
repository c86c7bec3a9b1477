/*
 * A pid namespace with its own /proc, in which everything of a stage runs, and
 * whose first process does not care for others.
 *
 *	const realm = await new Realm(stage, { reaps: false }).open();
 *	const pid = await realm.take(number);
 *
 * After open() all programs of the stage run in it; it ends with the stage.
 * Numbers of processes are those outside of it, but for inside() and take().
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { command_line, pids, stat, status_line }
	from '../../e2e/lib/proc.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { namespace_options } from '../../stress/lib/room.mjs';

/* The number that a process has in its own namespace. */
export function inside(pid) {
	return Number(status_line(pid, 'NSpid').split('\t').at(-1));
}

function namespace_of(pid) {
	try {
		return readlinkSync(`/proc/${pid}/ns/pid`);
	} catch {
		return null;
	}
}

export class Realm {
	/* reaps: whether its first process buries orphans. */
	constructor(stage, { reaps }) {
		this.stage = stage;
		this.reaps = reaps;
		this.namespace = namespace_options();
	}

	async open() {
		const first = [...this.reaps ? ['env', '--ignore-signal=CHLD'] :
		    [], 'sleep', 'infinity'];

		this.keeper = spawn('unshare', [...this.namespace.make, '-p',
			'--fork', '--kill-child', '--mount-proc', ...first],
		    { stdio: ['ignore', 'ignore', 'inherit'], env:
			{ PATH: process.env.PATH } });
		this.exited = once(this.keeper, 'exit');
		this.first = await until(() => this.#find(), 10000,
		    'the realm has a first process');
		this.stage.at_the_end(this);
		this.stage.root.binding = ['nsenter', '-t', String(this.first),
			...this.namespace.enter, '-p', '--'];
		return this;
	}

	#find() {
		const { pid } = this.keeper;

		return pids().find((child) => stat(child)?.ppid === pid &&
		    command_line(child).startsWith('sleep'));
	}

	/* What watches over a job.  Some tell the number that it has in here. */
	async watchers(job) {
		const keepers = await this.stage.system.keepers(job);

		return keepers.map((keeper) =>
		    namespace_of(keeper) === namespace_of(this.first) ? keeper :
			pids().find((pid) => this.has(pid, keeper)));
	}

	/* A process of somebody else gets that number; gives the one it has
	 * outside. */
	async take(number) {
		await until(() => !pids().some((pid) => this.has(pid, number)),
		    10000, `${number} is free`);

		const { code } = await this.stage.run('/bin/sh', ['-c',
			'unset JOBDIR_ROOT; ' +
			'echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid && ' +
			'{ sleep 300 >/dev/null 2>&1 & } && test $! = $1',
			'sh', number]);

		assert.equal(code, 0, `${number} is taken`);
		return until(() => pids().find((pid) => this.has(pid, number)),
		    10000, 'it is there');
	}

	/* Is that process in here, under that number? */
	has(pid, number) {
		const numbers = status_line(pid, 'NSpid')?.split('\t') ?? [];

		return numbers.length > 1 && Number(numbers.at(-1)) === number &&
		    namespace_of(pid) === namespace_of(this.first);
	}

	async dispose() {
		this.keeper.kill('SIGKILL');
		await this.exited;
	}
}
