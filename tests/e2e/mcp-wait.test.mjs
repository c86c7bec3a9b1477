/*
 * wait_for_jobs: the ends of jobs of jobdir's own and of others, lines of their
 * output, and what is still pending.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fine } from './lib/cli.mjs';
import { announce_clients, root_subtest, root_test } from './lib/root.mjs';
import { ok, refused, run, start, TIME, until_output, until_status }
	from './lib/tools.mjs';
import { COMPLETED, Editor, ENCHANTED, FAILED, plant_run, stamped, UNDER_WAY,
	Worker } from './lib/weave.mjs';

announce_clients();

/* Of each official client one protocol. */
const KINDS = ['sdk1', 'client2-auto'];

const FOREVER = 'exec sleep 1000';

/* One test with a subtest for each client; body(root, connect) where
 * connect(options) gives a client of that kind. */
function workflow(name, body) {
	test(name, { concurrency: KINDS.length }, async (t) => {
		await Promise.all(KINDS.map((kind) => root_subtest(t, kind,
		    (root) => body(root,
			(options) => root.client(kind, options)))));
	});
}

const ids = (jobs) => jobs.map((j) => j.job_id);

/* wait_for_jobs.  Of a test that fails meanwhile its own error is shown. */
function wait(connection, job_ids, more = {}) {
	const answer = ok(connection, 'wait_for_jobs', { job_ids, ...more });

	answer.catch(() => {});
	return answer;
}

describe('wait_for_jobs', { concurrency: 4 }, () => {

/* First, since they wait for what happens after seconds. */
root_test('progress while it waits', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	plant_run(root, 'ended', { [ENCHANTED]: COMPLETED });

	const id = server.post('tools/call', { name: 'wait_for_jobs',
		arguments: { job_ids: [worker.id, 'weave-enchanted-ended'],
			timeout_seconds: 30 },
		_meta: { progressToken: 'token' } });
	const { params } = await server.receive((m) =>
	    m.method === 'notifications/progress', 'progress', 15000);

	assert.equal(params.progressToken, 'token');
	assert.equal(params.total, 30);
	assert.ok(params.progress >= 4 && params.progress <= 15);
	assert.match(params.message, /^1 of 2 done; alpha running/);
	await worker.completes();
	assert.deepEqual((await server.response(id)).result.structuredContent
	    .pending, []);
	assert.deepEqual(server.messages.filter((m) =>
	    m.method === 'notifications/progress'), []);
});

workflow('removed, unknown, lost', async (root, connect) => {
	const client = await connect();
	const editor = await Editor.launch(root);
	const live = { [ENCHANTED]: UNDER_WAY, pid: editor.pid };

	plant_run(root, 'gone', live);
	plant_run(root, 'dies', live);
	plant_run(root, 'torn', { [ENCHANTED]: '{' });
	plant_run(root, 'ended', { [ENCHANTED]: FAILED });

	/* An error at once, and nothing waited for. */
	assert.equal(await refused(client, 'wait_for_jobs',
	    { job_ids: ['weave-enchanted-ended', 'nobody'] }),
	    'Job nobody not found');
	assert.match(await refused(client, 'wait_for_jobs',
	    { job_ids: ['weave-enchanted'] }),
	    /^Job weave-enchanted is ambiguous: weave-enchanted-\S+, /);

	const waits = ['gone', 'dies', 'torn'].map((tag) =>
	    wait(client, [`weave-enchanted-${tag}`]));

	/* All are being waited for when this is answered. */
	await ok(client, 'list_jobs');
	rmSync(join(root.runs, 'gone'), { recursive: true });
	assert.deepEqual((await waits[0]).done.map((j) =>
	    [j.job_id, j.status, j.reason]),
	    [['weave-enchanted-gone', 'unknown', 'removed']]);
	/* A pid that goes, with no change on disk. */
	editor.kill();
	await editor.end();
	assert.deepEqual((await waits[1]).done.map((j) =>
	    [j.status, j.reason]), [['lost', 'supervisor_lost']]);
	/* What stays unreadable is not waited for any longer. */
	assert.deepEqual((await waits[2]).done.map((j) =>
	    [j.status, j.reason]), [['unknown', 'unreadable']]);
});

workflow('all, any, and pending as the cursor', async (root, connect) => {
	const client = await connect();
	const other = await connect();
	const told = (n) => `until [ -e stop${n} ]; do sleep 0.02; done;`;
	const a = await start(client, `${told(1)} echo one`, { name: 'a' });
	const b = await start(client, `${told(2)} echo two; exit 4`,
	    { name: 'b' });
	const weave = await Worker.launch(root, { name: stamped('c') });

	await weave.begins();

	const all = [a.job_id, b.job_id, weave.id];
	/* By name, by id, and by directory; more than once. */
	const nothing = await wait(client,
	    ['a', b.job_id, stamped('c'), 'b', weave.id, a.job_id],
	    { timeout_seconds: 0 });

	assert.equal(nothing.timed_out, true);
	assert.deepEqual(nothing.pending, all);
	assert.deepEqual(nothing.done, []);
	assert.match(nothing.hint, /pending/);

	const any = wait(client, nothing.pending, { mode: 'any' });
	const barrier = wait(other, all, { mode: 'all', tail_lines: 1 });

	writeFileSync(join(root.work, 'stop2'), '');

	const first = await any;

	assert.equal(first.timed_out, false);
	assert.deepEqual(first.pending, [a.job_id, weave.id]);
	assert.deepEqual(first.done.map((j) => [j.job_id, j.name, j.status,
		j.reason, j.exit_code, j.stdout, j.truncated]),
	    [[b.job_id, 'b', 'failed', 'exit', 4, 'two\n', false]]);

	/* On with what is pending, at another server. */
	const next = wait(other, first.pending, { mode: 'any' });

	await weave.completes();

	const second = await next;

	assert.deepEqual(second.pending, [a.job_id]);
	assert.deepEqual(second.done.map((j) => [j.job_id, j.status,
		j.exit_code]), [[weave.id, 'completed', undefined]]);
	assert.match(second.done[0].stdout, /WEAVE_WORKER/);
	writeFileSync(join(root.work, 'stop1'), '');

	/* Who waits for all is told all, first to end first. */
	const { done, pending, timed_out, hint } = await barrier;

	assert.deepEqual([pending, timed_out, hint], [[], false, undefined]);
	assert.deepEqual(ids(done), [b.job_id, weave.id, a.job_id]);
	/* The old list gives the same, and more. */
	assert.deepEqual(await wait(client, all, { tail_lines: 1 })
	    .then((r) => r.done), done);
	for (const job of done)
		assert.match(job.finished, TIME);
});

workflow('a line of the output', async (root, connect) => {
	const client = await connect();
	const server = await start(client,
	    'echo starting; echo "listening on 8080"; exec sleep 1000');
	const weave = await Worker.launch(root, { name: stamped('alpha') });
	const mute = await run(client, 'echo nothing of it');

	await weave.begins();

	/* It may have come before the call. */
	await until_output(client, server.job_id, /listening/);

	const first = await wait(client, [server.job_id, weave.id],
	    { mode: 'any', pattern: 'listening on \\d+', tail_lines: 1 });

	assert.deepEqual(first.pending, [weave.id]);
	assert.equal(first.done[0].status, 'running');
	assert.deepEqual(first.done[0].matched, { stream: 'stdout',
		offset: 9, line: 'listening on 8080' });
	assert.equal(first.done[0].stdout, 'listening on 8080\n');

	/* Or after it; the log of a weave counts as stdout. */
	const wanted = wait(client, [weave.id], { pattern: 'completed' });

	await weave.do('complete');

	const { done } = await wanted;

	assert.equal(done[0].job_id, weave.id);
	if (done[0].matched)
		assert.match(done[0].matched.line, /Weave completed/);
	else
		assert.equal(done[0].status, 'completed');

	/* An end without a match is an end. */
	const end = await wait(client, [mute.job_id], { pattern: 'x{3}' });

	assert.deepEqual([end.done[0].status, end.done[0].matched],
	    ['completed', undefined]);
	assert.match(await refused(client, 'wait_for_jobs',
	    { job_ids: [mute.job_id], pattern: '(' }),
	    /^Invalid parameter: pattern: ./);
});

root_test('arguments', async (root) => {
	const server = await root.server();
	const job = await run(server, 'seq 5; echo e >&2');
	const bad = (args) => refused(server, 'wait_for_jobs', args);

	for (const [args, text] of [
	    [{}, "'job_ids' is a required property"],
	    [{ job_ids: 'x' }, "'x' is not of type 'array'"],
	    [{ job_ids: [5] }, "5 is not of type 'string'"],
	    [{ job_ids: ['x'], timeout_seconds: 51 },
		'51 is greater than the maximum of 50'],
	    [{ job_ids: ['x'], tail_lines: -1 },
		'-1 is less than the minimum of 0']])
		assert.equal(await bad(args),
		    `Input validation error: ${text}`);
	assert.match(await bad({ job_ids: [] }), /^Input validation error: /);
	assert.match(await bad({ job_ids: Array(51).fill('x') }),
	    /^Input validation error: /);
	assert.match(await bad({ job_ids: ['x'], mode: 'one' }),
	    /^Input validation error: 'one' is not one of /);
	assert.match(await bad({ job_ids: ['x'], timeout: 1 }),
	    /Additional properties .* \('timeout' was unexpected\)/);

	/* How much of the output. */
	const text = async (more) =>
	    [(await wait(server, [job.job_id], more)).done[0]].map((j) =>
		[j.stdout, j.stderr, j.truncated])[0];

	assert.deepEqual(await text({}), ['1\n2\n3\n4\n5\n', 'e\n', false]);
	assert.deepEqual(await text({ tail_lines: 2 }),
	    ['4\n5\n', 'e\n', false]);
	assert.deepEqual(await text({ tail_lines: 0 }),
	    [undefined, undefined, undefined]);
});

root_test('text of many jobs stays small', async (root) => {
	const server = await root.server();
	const all = [];

	for (let i = 0; i < 50; i++) {
		plant_run(root, `run${i}`, { [ENCHANTED]: COMPLETED,
			log: `${'x'.repeat(400)}\n`.repeat(20) });
		all.push(`weave-enchanted-run${i}`);
	}

	const { done } = await wait(server, all, { tail_lines: 50 });

	assert.equal(done.length, 50);
	assert.ok(done.map((j) => j.stdout + j.stderr).join('').length <=
	    16 * 1024);
	for (const job of done)
		assert.equal(job.truncated, true);
});

root_test('it delays nobody, and ends when it is cancelled', async (root) => {
	const server = await root.server();
	const job = await start(server, FOREVER);
	const id = server.post('tools/call', { name: 'wait_for_jobs',
		arguments: { job_ids: [job.job_id] } });
	let answered = false;

	server.response(id, 10000).then(() => { answered = true; },
	    () => {});
	for (let i = 0; i < 5; i++)
		await ok(server, 'list_jobs');
	server.notify('notifications/cancelled', { requestId: id });
	await ok(server, 'list_jobs');
	assert.equal(answered, false);
	/* The wait ended, not the job. */
	assert.equal((await until_status(server, job.job_id, 'running')).pid,
	    job.pid);
});

root_test('as of the shell', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();

	const shell = root.jobdir(['wait', worker.id]);
	const call = wait(server, [worker.id]);

	await worker.completes();
	assert.equal((await call).done[0].status, 'completed');
	assert.equal((await shell).code, 0);
	assert.match(await fine(root, ['ls', '-a']), /alpha/);
});

});
