/*
 * What the scenarios of kills, stops and identity have in common.
 *
 *	await kill_now(stage, await system.keepers(job));
 *	const job = await gated(stage);		-- exits with 7 after open_gate()
 */
import assert from 'node:assert/strict';
import { alive, command_line, stat } from '../../e2e/lib/proc.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { pid_in } from '../../stress/lib/stress.mjs';
import { at, judge_end, put_down, says, script, truth_after_stop }
	from './jobs.mjs';
import { TRUTH } from './judge.mjs';

/* SIGKILL to each, in that order; until all are dead. */
export async function kill_now(stage, pids) {
	for (const pid of pids) {
		stage.log(`kill -KILL ${pid} (${command_line(pid).trim()})`);
		process.kill(pid, 'SIGKILL');
	}
	await until(() => !pids.some(alive), 10000, `${pids} are dead`);
}

/* The same, of what watches over a job: each may leave something hidden. */
export async function kill_keepers(stage, job) {
	const pids = await stage.system.keepers(job);

	await kill_now(stage, pids);
	stage.killed(pids.length);
	return pids;
}

/* A job that exits with 7 as soon as there is the file `gate`. */
export async function gated(stage, name = 'gate') {
	const job = await script(stage, `echo $$ >${name}.pid\n` +
	    `until [ -e ${name} ]; do sleep 0.02; done; exit 7`);

	job.gate = name;
	await pid_in(at(stage, `${name}.pid`));
	job.pid = await stage.system.command(job);
	return job;
}

export async function open_gate(stage, job) {
	await stage.root.run('touch', [job.gate]);
	await stage.system.gone(job.pid);
}

/* SIGSTOP to each. */
export async function halt(stage, pids) {
	for (const pid of pids) {
		stage.log(`kill -STOP ${pid} (${command_line(pid).trim()})`);
		process.kill(pid, 'SIGSTOP');
	}
	await until(() => pids.every((pid) => stat(pid)?.state === 'T'), 10000,
	    `${pids} stand still`);
}

export function go_on(stage, pids) {
	for (const pid of pids.filter(alive)) {
		stage.log(`kill -CONT ${pid}`);
		process.kill(pid, 'SIGCONT');
	}
}

/* Somebody stands still; what does it say, can the job be stopped, and what
 * does it say when they go on? */
export async function play_halted(stage, job, pids) {
	const { system } = stage;
	const command = await system.command(job);

	await halt(stage, pids);
	stage.judge(TRUTH.runs, await says(stage, job));
	try {
		await system.stop(job);
	} catch (e) {
		if (!e.message.startsWith('not within'))
			throw e;
		stage.log(e.message);
	}

	const truth = truth_after_stop(command);

	await judge_end(stage, truth, job);
	if (truth.alive)
		stage.words.push('it cannot be stopped');
	if (system.is_jobdir)
		assert.equal(truth, TRUTH.stopped);
	go_on(stage, pids);
	await put_down(stage, [command]);
}
