/*
 * Paths of faults in a server: initialize and one call of a tool, then its
 * input ends.  A result is right, an error has words; no answer at all only of
 * a server that said why it ended.
 */
import assert from 'node:assert/strict';
import { alive } from '../../e2e/lib/proc.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { KILL, SEND } from './fault-act.mjs';
import { check_all, check_said } from './fault-look.mjs';
import { check_never, check_sight } from './fault-start.mjs';

const HELLO = [
	{ id: 1, method: 'initialize', params: {
		protocolVersion: '2025-11-25', capabilities: {},
		clientInfo: { name: 'faults', version: '1' } } },
	{ method: 'notifications/initialized' },
];

function lines_of(messages) {
	return messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0',
		...message })}\n`).join('');
}

/* The answer to the call: { result }, { refused }, or {}. */
function answer_of({ code, stdout, stderr, fault }) {
	const lines = stdout.split('\n');
	const rest = lines.pop();

	if (fault.how !== 'kill' && code === 0)
		assert.equal(rest, '', 'whole lines');

	const answers = lines.map((line) => JSON.parse(line));
	const message = answers.find(({ id }) => id === 2);
	const words = message?.error?.message ??
	    (message?.result.isError && message.result.content[0].text);

	if (words !== undefined && words !== false) {
		assert.notEqual(words, '');
		return { refused: words };
	}
	if (message)
		return { result: message.result.structuredContent };
	assert.ok(fault.how === 'kill' || (code !== 0 && stderr !== ''),
	    `no answer: ${stdout}`);
	return {};
}

function call(tool, args, check, more = {}) {
	return {
		name: tool,
		words: () => ['mcp'],
		talk: (lane, state) => lines_of([...HELLO, { id: 2,
			method: 'tools/call', params: { name: tool,
				arguments: args(lane, state) } }]),
		check: (round) => check(round, answer_of(round)),
		...more,
	};
}

/* A look: its result is judged. */
function look(tool, args, judge) {
	return call(tool, args, (round, { result, refused }) => {
		assert.doesNotMatch(refused ?? '', /not found/);
		return result ? judge(round.lane, result) ?? 'told' :
		    refused ? 'refused' : 'no answer';
	}, { reads: true });
}

const of_bad = (lane) => ({ job_id: lane.bad.id });
const of_talker = (lane) => ({ job_id: lane.talker.id });

function is_said(lane, { stdout }) {
	assert.equal(stdout, 'one\ntwo\n');
}

export const LOOKS = [
	look('get_job_status', of_bad, check_said),
	look('list_jobs', () => ({}), (lane, { jobs }) =>
	    check_all(lane, jobs)),
	look('get_job_output', of_talker, is_said),
	look('tail_job_output', of_talker, is_said),
	look('mcp_job_status', of_bad, (lane, { status }) =>
	    assert.ok(['failed', 'unknown'].includes(status), status)),
	look('wait_for_jobs', (lane) => ({ job_ids: [lane.bad.id] }),
	    (lane, { done }) => check_said(lane, done[0])),
];

/* A job that is told of ran; "not started" only of what did not. */
async function check_execute(round, { result, refused }) {
	const { lane } = round;

	if (refused && /Failed to start/.test(refused))
		return check_never(round);
	if (result)
		assert.ok((await lane.list()).has(result.job_id), 'in sight');

	const word = await check_sight(round);

	if (!result)
		return `${refused ? 'refused' : 'no answer'}, ${word}`;
	if (!['running', 'unknown'].includes(result.status) &&
	    round.fault.how !== 'kill')
		assert.deepEqual([result.status, result.exit_code],
		    ['failed', 7]);
	return word;
}

async function tidy_execute(lane, state) {
	if (state.id)
		await lane.remove(state.id);
}

function execute(more) {
	return call('execute_command', (lane, { words }) => ({
		command: words[0], args: words.slice(1), ...more,
	}), check_execute, {
		prepare: (lane) => lane.actor('end', 300, 7),
		tidy: tidy_execute,
	});
}

export const EXECUTE = execute({ interactive: false });
export const EXECUTE_WAIT = { ...execute({ wait_seconds: 10 }),
	name: 'execute_command, wait_seconds' };

/* As on the command line, with what was answered for a code. */
function act(tool, like, args, success) {
	return call(tool, args, (round, { result, refused }) => {
		assert.doesNotMatch(refused ?? '', /not found/);
		return like.check({ ...round, ...result && success(result) ?
		    { code: 0, stdout: `${round.state.id} killed\n` } :
		    { code: 1 } });
	}, { prepare: like.prepare, tidy: like.tidy });
}

export const KILL_JOB = act('kill_job', KILL, (lane, { id }) => ({
	job_id: id }), (result) => /^(killed|already_terminated)$/
    .test(result.status));
/* It promises no more than that it is being stopped. */
export const CANCEL = call('mcp_cancel_job', (lane, { id }) => ({
	job_id: id }), async (round, { result }) => {
	const { lane, state } = round;

	if (!result?.success)
		return KILL.check({ ...round, code: 1 });
	await until(() => !alive(state.pid), 15000, 'it is being stopped');
	assert.equal((await lane.ended(state.id)).status, 'killed');
	return 'killed';
}, { prepare: KILL.prepare, tidy: KILL.tidy });
export const INTERACT = act('interact_with_job', SEND, (lane, { id }) => ({
	job_id: id, input: 'a line' }), () => true);

export const ACTS = [EXECUTE, EXECUTE_WAIT, KILL_JOB, CANCEL, INTERACT];
