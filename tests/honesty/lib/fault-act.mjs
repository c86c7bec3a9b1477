/*
 * Paths of faults that act on jobs: each round has a job of its own.  What was
 * acknowledged is done; what was not is done or not, but never said to be other
 * than it is.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { alive } from '../../e2e/lib/proc.mjs';
import { UUID } from '../../e2e/lib/tools.mjs';
import { until } from '../../e2e/lib/until.mjs';

/* What is said of a job agrees with its process, as soon as both are settled:
 * who was refused may have left a request. */
async function check_fate(lane, job) {
	return until(async () => {
		const { status } = await lane.show(job.id);

		return (status === 'running') === alive(job.pid) && status;
	}, 15000, `${job.id} is what its process is`);
}

/* kill: after 0 it is dead and killed; 1: it could not be done.  Nothing is
 * known of an end if its supervisor was killed before it was on record. */
async function check_kill(round) {
	const { code, stdout, lane, state, fault } = round;
	const ends = fault.how === 'kill' ? ['killed', 'lost'] : ['killed'];

	if (code === 0) {
		assert.match(stdout, /^\S+ (killed|already_terminated)\n$/);
		assert.ok(!alive(state.pid), 'it is dead');

		const { status } = await lane.show(state.id);

		assert.ok(ends.includes(status), status);
		return status;
	}
	assert.notEqual(code, 3);

	const status = await check_fate(lane, state);

	assert.ok(['running', ...ends].includes(status), status);
	return `refused, ${status}`;
}

const remove = (lane, state) => lane.remove(state.id);

export const KILL = {
	name: 'kill',
	prepare: (lane) => lane.living_job([], 'long'),
	words: (lane, { id }) => ['kill', '-g', '0.3', id],
	check: check_kill,
	tidy: remove,
	codes: [1],
};

/* Its supervisor is dead: who stops it makes a new one. */
export const KILL_ORPHAN = {
	...KILL,
	name: 'kill (orphan)',

	async prepare(lane) {
		const job = await lane.living_job([], 'long');
		const { pid } = lane.record(job.id).supervisor;

		process.kill(pid, 'SIGKILL');
		await until(() => !alive(pid), 10000, 'its supervisor is dead');
		return job;
	},
};

/* A line for `cat`. */
async function check_send(round) {
	const { code, lane, state } = round;
	const log = join(lane.directory(state.id), 'stdout.log');
	const has = () => lane.read(log) === 'a line\n';

	if (code === 0) {
		await until(has, 10000, 'it has arrived');
		return 'sent';
	}
	assert.notEqual(code, 3);
	return has() ? 'refused, sent' : 'refused';
}

export const SEND = {
	name: 'send',
	prepare: async (lane) => ({ id: (await lane.fine('run', '-i', 'cat'))
	    .trim() }),
	words: (lane, { id }) => ['send', id, 'a', 'line'],
	check: check_send,
	tidy: remove,
};

export const SEND_EOF = {
	...SEND,
	name: 'send --eof',
	words: (lane, { id }) => ['send', '--eof', id, 'a', 'line'],

	async check(round) {
		const word = await check_send(round);

		if (round.code === 0)
			assert.equal((await round.lane.ended(round.state.id))
			    .status, 'completed');
		return word;
	},
};

/* It is gone, or it is all there. */
async function check_rm(round) {
	const { code, lane, state } = round;
	const [job] = await lane.others();

	if (code === 0)
		assert.ok(!job && !existsSync(state.dir), 'it is gone');
	if (job) {
		assert.deepEqual([job.job_id, job.status, job.exit_code],
		    [state.id, 'completed', 0]);
		assert.equal(await lane.fine('log', state.id), 'hello\n');
	}
	return code === 0 ? 'removed' : job ? 'refused' : 'refused, removed';
}

async function completed_job(lane) {
	const id = (await lane.fine('run', 'echo', 'hello')).trim();

	await lane.fine('wait', '-q', id);
	return { id, dir: lane.directory(id) };
}

export const RM = {
	name: 'rm',
	prepare: completed_job,
	words: (lane, { id }) => ['rm', id],
	check: check_rm,
	codes: [1],

	async tidy(lane, state) {
		if ((await lane.others()).length)
			await lane.fine('rm', state.id);
	},
};

/* It keeps what it cannot judge; what it says is gone is gone, and no other. */
async function check_gc(round) {
	const { code, stdout, state } = round;
	const there = existsSync(state.dir);

	if (code === 0)
		assert.equal(stdout, there ? '' : `${state.id}\n`);
	return there && code === 0 ? check_rm({ ...round, code: 1 }) :
	    check_rm(round);
}

/* Of the lane's own jobs only `failed` and `running` may be there. */
export const GC = {
	...RM,
	name: 'gc',
	words: () => ['gc', '--older-than', '0'],
	check: check_gc,

	async prepare(lane) {
		for (const id of [lane.good.id, lane.talker.id])
			if (lane.jobs.delete(id))
				await lane.fine('rm', id);
		return completed_job(lane);
	},
};

/* A process of nobody's. */
async function check_adopt(round) {
	const { code, stdout, lane, state } = round;

	await lane.settled();

	const [job] = await lane.others();

	if (code === 0)
		assert.equal(stdout.trim(), job?.job_id);
	if (job) {
		state.id = job.job_id;
		assert.match(job.job_id, UUID);

		const { pid, status } = await lane.show(job.job_id);

		assert.deepEqual([pid, status], [state.pid, 'running']);
	}
	process.kill(state.pid, 'SIGKILL');
	if (job) {
		const { status, signal } = await lane.ended(job.job_id);

		assert.ok(status === 'lost' ||
		    (status === 'failed' && signal === 'SIGKILL'), status);
	}
	return code === 0 ? 'adopted' : job ? 'refused, adopted' : 'refused';
}

export const ADOPT = {
	name: 'adopt',
	check: check_adopt,
	words: (lane, { pid }) => ['adopt', pid],

	prepare: (lane) => new Promise((done) => {
		const child = spawn('sleep', ['600'], { stdio: 'ignore',
			cwd: lane.work });

		child.on('spawn', () => done({ pid: child.pid }));
	}),

	async tidy(lane, { id, pid }) {
		if (alive(pid))
			process.kill(pid, 'SIGKILL');
		if (id)
			await lane.remove(id);
	},
};
