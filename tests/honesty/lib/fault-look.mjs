/*
 * Paths of faults that only look: with 0 all is told and right, or said to be
 * unknown; never another state, never that there is no such job.
 */
import assert from 'node:assert/strict';

/* A status is the truth, or that it is not known. */
export function check_said(lane, job) {
	const wanted = lane.jobs.get(job.job_id);

	assert.ok(wanted, `a job that is none: ${job.job_id}`);
	if (job.status === 'unknown')
		return 'unknown';
	assert.equal(job.status, wanted);
	if (job.job_id === lane.bad.id)
		assert.equal(job.exit_code, 7);
	return 'told';
}

/* Of jobs that must all be there. */
export function check_all(lane, jobs) {
	assert.deepEqual(jobs.map((job) => job.job_id).sort(),
	    [...lane.jobs.keys()].sort());
	return jobs.map((job) => check_said(lane, job)).sort().at(-1);
}

/* With one of the codes stdout is right; else there are words, and they do not
 * deny that there is such a job. */
function look(name, words, judge, codes = [0]) {
	return {
		name,
		words: (lane) => words(lane),
		reads: true,
		codes: [...codes, 4],
		check(round) {
			const { code, stdout, stderr } = round;

			assert.notEqual(code, 3, stderr);
			if (codes.includes(code))
				return judge(round.lane, stdout, round) ??
				    'told';
			if (code === 0)
				assert.fail('0, as if it had completed');
			return code === 4 ? 'unknown' : 'refused';
		},
	};
}

const parse_lines = (text) => text.split('\n').filter((l) => l)
    .map((l) => JSON.parse(l));

/* Until it is told by the program that a job of the three has ended. */
function is(wanted) {
	return (lane, stdout) => assert.equal(stdout, wanted(lane));
}

export const LS = look('ls --jsonl', () => ['ls', '-a', '--jsonl'],
    (lane, stdout) => check_all(lane, parse_lines(stdout)));
export const LS_TABLE = look('ls', () => ['ls'], (lane, stdout) => {
	for (const [id, status] of lane.jobs)
		assert.match(stdout, new RegExp(`^${id} +(${status}|unknown) `,
		    'm'));
});
export const SHOW = look('show (failed)', (lane) => ['show', '--json',
	lane.bad.id], (lane, stdout) => check_said(lane, JSON.parse(stdout)));
export const SHOW_LIVE = look('show (running)', (lane) => ['show', '--json',
	lane.live.id], (lane, stdout) => check_said(lane, JSON.parse(stdout)));
export const LOG = look('log', (lane) => ['log', lane.talker.id],
    is(() => 'one\ntwo\n'));
export const LOG_FOLLOW = look('log -f', (lane) => ['log', '-f',
	lane.talker.id], is(() => 'one\ntwo\n'));
export const PATH = look('path', (lane) => ['path', lane.bad.id],
    is((lane) => `${lane.directory(lane.bad.id)}\n`));
export const WAIT = look('wait (failed)', (lane) => ['wait', lane.bad.id],
    is((lane) => `${lane.bad.id} failed 7\n`), [7]);
export const WAIT_GOOD = look('wait (completed)', (lane) => ['wait', '-q',
	lane.good.id], is(() => ''));
export const WAIT_LATE = look('wait -t (running)', (lane) => ['wait', '-t',
	'0.02', lane.live.id], is(() => ''), [124]);
/* From the beginning of time, until its reader is satisfied. */
export const LOOKS = [LS, LS_TABLE, SHOW, SHOW_LIVE, LOG, LOG_FOLLOW, PATH,
	WAIT, WAIT_GOOD, WAIT_LATE];
