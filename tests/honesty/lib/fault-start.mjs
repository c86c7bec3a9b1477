/*
 * Paths of faults that start jobs: the command is an actor, whose testimony
 * says whether it ran and how it ended.
 */
import assert from 'node:assert/strict';
import { alive } from '../../e2e/lib/proc.mjs';
import { UUID } from '../../e2e/lib/tools.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { testimony } from './lane.mjs';

/* A record of what ended: failed with 7, or nothing is known of the end because
 * who watched was killed. */
function check_record(show, { fault }, ended) {
	if (fault.how === 'kill' && show.status === 'lost')
		return 'lost';
	assert.deepEqual([show.status, show.exit_code, ended],
	    ['failed', 7, 'exit 7']);
	return 'done';
}

/* Nothing was executed, and nothing of it is in sight. */
export async function check_never(round) {
	const { lane, state } = round;

	await lane.quiet();
	assert.deepEqual(await lane.others(), [], 'it is not in sight');
	assert.equal(testimony(state.witness).began, 0, 'it did not run');
	return 'refused';
}

/* Its child was killed as the last act before it was another program. */
async function check_stillborn({ lane, state }, id) {
	const { status, signal } = await lane.ended(id);

	state.id = id;
	assert.deepEqual([status, signal, testimony(state.witness).began],
	    ['failed', 'SIGKILL', 0]);
	return 'failed SIGKILL';
}

/* Of a job in sight: it ran, once, and its end is on record. */
async function check_job(round, id) {
	const { fault, lane, state } = round;

	if (fault.how === 'kill' && fault.last && round.said().length)
		return check_stillborn(round, id);
	const { began, ended } = await until(() => {
		const t = testimony(state.witness);

		return t.ended && t;
	}, 10000, 'what is in sight ran to its end');

	assert.equal(began, 1, 'it ran once');
	state.id = id;
	return check_record(await lane.ended(id), round, ended);
}

/* In sight exactly if it was executed, whatever was said. */
export async function check_sight(round) {
	const { lane } = round;

	await lane.settled();

	const jobs = await lane.others();

	assert.ok(jobs.length <= 1);
	return jobs.length ? check_job(round, jobs[0].job_id) :
	    check_never(round);
}

/* `run`, with 0: the id of a job that ran; otherwise with words, and "not
 * started" only if it was not. */
async function check_run(round) {
	const { code, stdout, stderr, lane } = round;

	/* An id is told before it ends, too. */
	if (code === 0 || UUID.test(stdout.trim())) {
		assert.match(stdout.trim(), UUID);
		assert.ok((await lane.list()).has(stdout.trim()), 'in sight');
		return check_job(round, stdout.trim());
	}
	if (/Failed to start/.test(stderr))
		return check_never(round);

	const word = await check_sight(round);

	return word === 'refused' ? word : `${word}, but ${code ?? 'killed'}`;
}

/* `run -w`: the code of the command, that it is not known, or words. */
async function check_run_wait(round) {
	const { code, stdout, stderr } = round;

	assert.notEqual(code, 0);
	if (code !== 7)
		return check_run(round);
	assert.match(stdout, /^[-0-9a-f]{36}\n/);
	return check_run({ ...round, code: 0, stdout: stdout.slice(0, 36) });
}

async function tidy_start(lane, state) {
	if (state.id)
		await lane.remove(state.id);
}

function start_path(name, options, check = check_run, how = ['end', 300, 7]) {
	return {
		name,
		check,
		tidy: tidy_start,
		prepare: (lane) => lane.actor(...how),
		words: (lane, state) => ['run', ...options, '--',
			...state.words],
	};
}

/* A job under the fault is stopped by a program that is not. */
async function check_stopped(round) {
	const { code, lane, state } = round;

	if (code !== 0 || !(await lane.others()).length)
		return check_run(round);

	const id = round.stdout.trim();

	await until(() => testimony(state.witness).began, 10000, 'it runs');

	const { pid } = testimony(state.witness);
	const stop = await lane.jobdir('kill', '-g', '0.3', id);

	state.id = id;
	/* One more supervisor had to be found: it may take a little longer. */
	if (round.fault.how === 'kill' && stop.code === 1)
		await lane.ended(id);
	else
		assert.equal(stop.code, 0, stop.stderr);
	assert.ok(!alive(pid), 'it is dead');

	const { status } = await lane.show(id);

	if (round.fault.how !== 'kill' || status !== 'lost')
		assert.equal(status, 'killed');
	return status;
}

/* One that is out of time. */
async function check_late(round) {
	const { code, lane, state } = round;

	if (code !== 0)
		return check_run(round);

	const id = round.stdout.trim();
	const { pid } = await until(() => {
		const t = testimony(state.witness);

		return t.began && t;
	}, 10000, 'it runs');

	state.id = id;
	if (round.fault.how === 'kill') {
		/* Without its supervisor there is no limit. */
		await lane.fine('kill', '-s', 'KILL', id);
		return (await lane.ended(id)).status;
	}

	const { status, reason } = await lane.ended(id);

	assert.deepEqual([status, reason], ['failed', 'timeout']);
	assert.ok(!alive(pid), 'it is dead');
	return 'timeout';
}

export const RUN = start_path('run', []);
export const RUN_WAIT = { ...start_path('run -w', ['-w'], check_run_wait),
	codes: [4, 7] };
export const RUN_INPUT = start_path('run -i', ['-i']);
export const RUN_STOP = start_path('run, kill', [], check_stopped, ['long']);
export const RUN_DEAF = start_path('run, kill (ignored)', [], check_stopped,
    ['deaf']);
export const RUN_LATE = start_path('run -t', ['-t', '0.05'], check_late,
    ['long']);

let keys = 0;

/* With a key: asked once more, there is still one. */
export const RUN_KEY = {
	...start_path('run -k', []),

	prepare: (lane) => ({ ...lane.actor('end', 300, 7),
		key: `key ${keys++}` }),
	words: (lane, { key, words }) => ['run', '-k', key, '--', ...words],

	async check(round) {
		const { lane, state } = round;
		const word = await check_run(round);
		const [first] = await lane.others();
		const again = await lane.fine('run', '-k', state.key, '--',
		    ...state.words);

		if (first)
			assert.equal(again.trim(), first.job_id, 'one job');
		else
			await check_job({ ...round, fault: {} }, again.trim());
		return word;
	},
};
