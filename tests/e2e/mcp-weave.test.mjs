/*
 * mcp_job_status to the letter, for the runs of the older workflow server, for
 * jobs of jobdir's own, and for those of other workers.  mcp_cancel_job:
 * mcp-weave-stop.test.mjs.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CLIENTS } from './lib/clients.mjs';
import { plant } from './lib/plant.mjs';
import { identity } from './lib/proc.mjs';
import { announce_clients, root_subtest, root_test } from './lib/root.mjs';
import { ok, run, start, TIME } from './lib/tools.mjs';
import { asked, cancelled, COMPLETED, denied, Editor, ENCHANTED, FAILED,
	overview, plant_recorded, plant_run, RECORDED, stamped, until_weave,
	Worker } from './lib/weave.mjs';

announce_clients();

/* A test with a subtest for each official client; body(root, client). */
function each_client(name, options, body) {
	test(name, { concurrency: 2 }, async (t) => {
		await Promise.all(CLIENTS.map((kind) => root_subtest(t, kind,
		    async (root) => body(root,
			await root.client(kind, options)))));
	});
}

const keys = (object) => Object.keys(object);
const ids = (jobs) => jobs.map((j) => j.job_id);

/* What the recorded answer says of a job, of what it says. */
function as_recorded(root, job) {
	const { dir, file, written, pid_written, ...members } =
	    RECORDED[job.job_id];
	const wanted = { reason: undefined, error: null, ...members };

	wanted.journal = file && join(root.runs, dir,
	    `${file}.weave_journal.json`);
	wanted.log_file = existsSync(join(root.runs, dir, '.weave.log')) ?
	    join(root.runs, dir, '.weave.log') : null;
	if (wanted.last_run_started_at)
		wanted.started_at = `${wanted.last_run_started_at}Z`;
	return wanted;
}

function assert_as_recorded(root, job) {
	const wanted = as_recorded(root, job);

	assert.deepEqual(Object.fromEntries(keys(wanted)
	    .map((key) => [key, job[key]])), wanted, job.job_id);
	assert.equal(job.kind, 'weave');
	assert.equal(job.detached, true);
	assert.equal(job.pid, undefined);
	assert.equal(Boolean(job.journal_error), !RECORDED[job.job_id].file);
	assert.equal(job.cancel_requested, undefined);
	assert.match(job.started_at, TIME);
}

describe('jobs in the shape of the workflow server', { concurrency: 4 },
    () => {

each_client('recorded runs', { env: { TZ: 'UTC0' } }, async (root, client) => {
	plant_recorded(root);

	const { total, next_cursor, in_memory_jobs, detached_jobs } =
	    await asked(client);
	const weave = detached_jobs.filter((j) => j.kind === 'weave');

	assert.equal(next_cursor, undefined);
	assert.deepEqual(in_memory_jobs, []);
	assert.equal(total, detached_jobs.length);
	assert.deepEqual(ids(weave).sort(), keys(RECORDED).sort());
	assert.deepEqual(detached_jobs.map((j) => j.started_at),
	    detached_jobs.map((j) => j.started_at).sort().reverse());
	for (const job of weave) {
		assert_as_recorded(root, job);
		assert.deepEqual(await asked(client, { job_id: job.job_id }),
		    { success: true, ...job });
		assert.equal((await ok(client, 'get_job_output',
		    { job_id: job.job_id })).stdout, job.log_file ?
		    readFileSync(job.log_file, 'utf8') : '');
	}
	/* Products alone are no weave. */
	assert.deepEqual(detached_jobs.filter((j) => j.kind !== 'weave')
	    .map((j) => [j.kind, j.mode, j.status]),
	    [['job', 'external', 'unknown']]);
	/* The general tools know the same jobs. */
	assert.deepEqual(ids((await ok(client, 'list_jobs')).jobs),
	    ids(detached_jobs));
});

root_test('members of a weave, in their order', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const one = async () => {
		const { success, ...job } = await asked(server,
		    { job_id: worker.id });

		assert.equal(success, true);
		assert.deepEqual(await overview(server), [job]);
		return job;
	};

	/* Nothing but a log. */
	assert.deepEqual(keys(await asked(server, { job_id: worker.id })), [
		'success', 'job_id', 'kind', 'mode', 'status', 'reason',
		'detached', 'nexus_tag', 'journal', 'log_file', 'started_at',
		'phase', 'last_run_started_at', 'last_run_completed',
		'last_run_failed_at', 'last_run_error', 'journal_error',
		'error']);
	await worker.begins();
	await worker.do('entries 2');

	const live = await one();
	const { started_at, last_run_started_at, ...more } = live;

	assert.deepEqual(keys(live), ['job_id', 'kind', 'mode', 'status',
		'detached', 'pid', 'nexus_tag', 'journal', 'log_file',
		'started_at', 'phase', 'entries_completed',
		'last_run_started_at', 'last_run_completed',
		'last_run_failed_at', 'last_run_error', 'error']);
	assert.deepEqual(more, {
		job_id: 'weave-enchanted-alpha',
		kind: 'weave',
		mode: 'enchanted',
		status: 'running',
		detached: true,
		pid: worker.pid,
		nexus_tag: 'alpha',
		journal: worker.journal,
		log_file: worker.log,
		phase: 'before_reconcile',
		entries_completed: 4,
		last_run_completed: false,
		last_run_failed_at: null,
		last_run_error: null,
		error: null,
	});
	assert.match(started_at, TIME);
	assert.equal(last_run_started_at, worker.record().last_run_started_at);

	await worker.ends('fail Bulk import failed: "HTTP 502"', 1);

	const failed = await one();

	assert.deepEqual(keys(failed),
	    keys(live).flatMap((k) => k === 'pid' ? [] :
		k === 'status' ? [k, 'reason'] : [k]));
	assert.deepEqual([failed.status, failed.reason, failed.phase],
	    ['failed', 'error', 'error']);
	assert.equal(failed.last_run_error, 'Bulk import failed: "HTTP 502"');
	assert.equal(failed.error, failed.last_run_error);
});

root_test('both forms of the journal', async (root) => {
	const server = await root.server();

	for (const era of ['2025-11', '2025-12']) {
		const old = era === '2025-11';
		const one = async (worker) => {
			const { status, phase, last_run_completed,
				last_run_error } =
			    await asked(server, { job_id: worker.id });

			return [status, phase, last_run_completed,
				last_run_error];
		};
		const good = await Worker.launch(root,
		    { name: `good${era}`, args: ['--era', era] });

		await good.begins();
		assert.deepEqual(await one(good), ['running',
			old ? null : 'before_reconcile', false, null]);
		await good.completes();
		assert.deepEqual(await one(good), ['completed',
			old ? null : 'completed', true, null]);

		const bad = await Worker.launch(root,
		    { name: `bad${era}`, args: ['--era', era] });

		await bad.do('pid', 'stub');
		await bad.ends('invalid no name', 1);
		assert.deepEqual(await one(bad), ['failed',
			old ? null : 'error_validation', false, 'no name']);

		const failed = (await asked(server, { job_id: bad.id }))
		    .last_run_failed_at;

		assert.equal(failed, old ? bad.record().last_run_failed_at :
		    null);
	}
});

root_test('fields of the wrong type are null, and told', async (root) => {
	const server = await root.server();

	plant_run(root, 'odd', { [ENCHANTED]: { last_run_started_at: 5,
		last_run_completed: 'yes', last_run_failed_at: [],
		last_run_error: {}, phase: 7, entries: 'many',
		json_file: 1 } });

	const job = await asked(server, { job_id: 'weave-enchanted-odd' });

	for (const key of ['last_run_started_at', 'last_run_completed',
	    'last_run_failed_at', 'last_run_error', 'phase', 'error'])
		assert.equal(job[key], null, key);
	assert.match(job.journal_error, /./);
	assert.equal(job.entries_completed, undefined);
	assert.equal(job.status, 'unknown');
	assert.match(job.started_at, TIME);
});

/* Members that each native job has. */
const NATIVE = ['job_id', 'kind', 'mode', 'status', 'detached', 'journal',
	'log_file', 'started_at', 'finished_at', 'phase', 'error', 'result'];

function assert_members(job, more) {
	assert.deepEqual(keys(job).filter((k) => k !== 'success').sort(),
	    [...NATIVE, ...more].sort(), job.job_id);
	assert.equal(job.kind, 'job');
	assert.equal(job.detached, true);
}

root_test('members of jobs by jobdir', async (root) => {
	const server = await root.server();
	const live = await start(server, 'exec sleep 1000');
	const good = await run(server, 'echo good');
	const bad = await run(server, 'exit 7');
	const dead = await run(server, 'kill -9 $$');
	const one = async (job, more) => {
		const item = await asked(server, { job_id: job.job_id });

		assert_members(item, more);
		assert.equal(item.mode, 'command');
		assert.equal(item.journal, join(job.dir, 'journal.json'));
		assert.equal(item.log_file, join(job.dir, 'stdout.log'));
		assert.equal(item.started_at, job.started);
		assert.equal(item.finished_at, job.finished ?? null);
		for (const key of ['phase', 'error', 'result'])
			assert.equal(item[key], null, key);
		return item;
	};

	assert.equal((await one(live, ['pid'])).pid, live.pid);
	assert.equal((await one(good, ['exit_code'])).exit_code, 0);
	assert.equal((await one(bad, ['exit_code', 'reason'])).exit_code, 7);
	assert.deepEqual([await one(dead, ['signal', 'reason'])].map((j) =>
	    [j.status, j.reason, j.signal]), [['failed', 'signal', 'SIGKILL']]);
	assert.deepEqual(ids(await overview(server)),
	    ids((await ok(server, 'list_jobs')).jobs));

	/* What a job says about itself. */
	writeFileSync(join(live.dir, 'progress.json'),
	    '{"phase": "copy", "current": 3, "total": 10}');

	const told = await asked(server, { job_id: live.job_id });

	assert.equal(told.phase, 'copy');
	assert.deepEqual(told.progress, { current: 3, total: 10 });

	/* A stop. */
	const { note, ...answer } = await cancelled(server, live.job_id);

	assert.deepEqual(answer, { success: true, job_id: live.job_id,
		status: 'cancelling', kind: 'job' });
	assert.equal(note, undefined);

	const killed = await until_weave(server, live.job_id, 'killed');

	assert.equal(killed.reason, 'cancelled');
	assert.equal(killed.signal, 'SIGTERM');
	assert.equal(killed.cancel_requested.by, 'jobdir-tests 1.2.3');
	assert.equal(killed.pid, undefined);
	assert.match(killed.finished_at, TIME);
});

root_test('members of jobs by other workers', async (root) => {
	const server = await root.server();
	const editor = await Editor.launch(root);
	const ended = plant(root, 'ended', { name: 'mine', exit_code: 3,
		error: 'no space', phase: 'copy', result: { files: [1, null] },
		progress: { current: 1, total: 2, unit: 'files' },
		started: '2026-05-01T08:00:00Z',
		finished: '2026-05-01T08:00:01.5Z' });

	plant(root, 'live', { ...identity(editor.pid), result: 'so far' });
	plant(root, 'torn', '{"exit_code": 0');

	const job = await asked(server, { job_id: 'ended' });

	assert_members(job, ['reason', 'progress', 'exit_code']);
	assert.deepEqual(job, {
		success: true, job_id: 'ended', kind: 'job', mode: 'external',
		status: 'failed', reason: 'error', detached: true,
		journal: join(ended, 'journal.json'), log_file: null,
		started_at: '2026-05-01T08:00:00.000000Z',
		finished_at: '2026-05-01T08:00:01.500000Z', phase: 'copy',
		progress: { current: 1, total: 2, unit: 'files' },
		exit_code: 3, error: 'no space',
		result: { files: [1, null] },
	});

	const live = await asked(server, { job_id: 'live' });

	assert_members(live, ['pid']);
	assert.deepEqual([live.mode, live.status, live.pid, live.result],
	    ['external', 'running', editor.pid, 'so far']);

	const torn = await asked(server, { job_id: 'torn' });

	assert_members(torn, ['reason', 'journal_error']);
	assert.deepEqual([torn.status, torn.reason], ['unknown', 'unreadable']);
});

root_test('an empty root, and none', async (root) => {
	const server = await root.server();
	const nothing = { success: true, in_memory_jobs: [], total: 0,
		detached_jobs: [] };

	assert.deepEqual(await asked(server), nothing);
	assert.ok(!existsSync(root.runs));
	plant_run(root, '.hidden', { [ENCHANTED]: COMPLETED });
	assert.deepEqual(await asked(server), nothing);
	assert.deepEqual(await asked(server, { job_id: null, limit: null,
		cursor: null }), nothing);
});

/* All pages, with what holds for each; gives the jobs. */
async function pages(servers, args, most) {
	const jobs = [];
	let cursor, count = 0;

	do {
		const page = await asked(servers[count++ % servers.length],
		    { ...args, ...cursor && { cursor } });

		assert.ok(page.detached_jobs.length <= most);
		assert.ok(page.detached_jobs.length > 0);
		assert.ok(Buffer.byteLength(JSON.stringify(
		    page.detached_jobs)) <= 32 * 1024 + 2 ||
		    page.detached_jobs.length === 1);
		jobs.push(...page.detached_jobs);
		cursor = page.next_cursor;
		assert.ok(page.total >= jobs.length);
	} while (cursor);
	return jobs;
}

root_test('pages, newest first', async (root) => {
	const server = await root.server();
	const other = await root.server();
	const wanted = [];

	for (let i = 0; i < 120; i++) {
		const minute = String(i % 60).padStart(2, '0');
		const hour = i < 60 ? '08' : '09';

		plant_run(root, `run${i}`, { [ENCHANTED]: { ...COMPLETED,
			last_run_started_at:
			    `2026-05-01T${hour}:${minute}:00.000000` } });
		wanted.unshift(`weave-enchanted-run${i}`);
	}

	const first = await asked(server);

	assert.equal(first.total, 120);
	assert.deepEqual(ids(first.detached_jobs), wanted.slice(0, 50));
	assert.equal(typeof first.next_cursor, 'string');
	assert.deepEqual(ids(await pages([server, other], {}, 50)), wanted);
	assert.deepEqual(ids(await pages([server, other], { limit: 1 }, 1)),
	    wanted);
	/* A hundred do not fit into 32 KiB. */
	assert.deepEqual(ids(await pages([server], { limit: 100 }, 100)),
	    wanted);

	/* What comes meanwhile shifts nothing. */
	plant_run(root, 'newer', { [ENCHANTED]: { ...COMPLETED,
		last_run_started_at: '2026-05-02T00:00:00.000000' } });

	const next = await asked(server, { cursor: first.next_cursor });

	assert.equal(next.total, 121);
	assert.deepEqual(ids(next.detached_jobs), wanted.slice(50, 100));

	/* The same second, told apart by id. */
	for (const name of ['c', 'a', 'b'])
		plant_run(root, `same-${name}`, { [ENCHANTED]: { ...COMPLETED,
			last_run_started_at: '2026-05-03T00:00:00' } });
	assert.deepEqual(ids(await pages([server], { limit: 2 }, 2))
	    .slice(0, 3),
	    ['a', 'b', 'c'].map((n) => `weave-enchanted-same-${n}`));
});

root_test('a page ends at 32 KiB, and holds one job at least',
    async (root) => {
	const server = await root.server();
	const error = 'é'.repeat(2000);

	for (let i = 0; i < 20; i++)
		plant_run(root, `run${i}`, { [ENCHANTED]: { ...FAILED,
			last_run_error: error } });
	plant_run(root, 'large', { [ENCHANTED]: { ...FAILED,
		last_run_error: 'x'.repeat(50000) } });

	const jobs = await pages([server], {}, 20);

	assert.equal(new Set(ids(jobs)).size, 21);
	assert.equal(jobs.find((j) => j.nexus_tag === 'run7').last_run_error,
	    error);

	const page = await asked(server);

	assert.ok(page.next_cursor);
	assert.ok(page.detached_jobs.length < 21);
});

root_test('bad arguments', async (root) => {
	const server = await root.server();
	const why = async (tool, args) => {
		const result = await server.call(tool, args);

		assert.equal(result.isError, true, JSON.stringify(args));
		assert.equal(JSON.parse(result.content[0].text).success, false);
		return JSON.parse(result.content[0].text).error.split('\n')[0];
	};

	plant_run(root, 'alpha', { [ENCHANTED]: COMPLETED });
	for (const cursor of ['x', '', '*', 'AAAA', 'é', 'x'.repeat(5000)])
		assert.deepEqual(await denied(server, 'mcp_job_status',
		    { cursor }), ['bad_cursor', 'Invalid parameter: cursor']);
	for (const [args, text] of [
	    [{ limit: 0 }, '0 is less than the minimum of 1'],
	    [{ limit: 101 }, '101 is greater than the maximum of 100'],
	    [{ limit: '5' }, "'5' is not of type 'integer'"],
	    [{ job_id: 5 }, "5 is not of type 'string'"]])
		assert.equal(await why('mcp_job_status', args),
		    `Input validation error: ${text}`);
	assert.match(await why('mcp_cancel_job', {}),
	    /^Input validation error: 'job_id' is a required property/);
	assert.match(await why('mcp_cancel_job',
	    { job_id: 'weave-enchanted-alpha', force: true }),
	    /^Input validation error: Additional properties are not allowed/);
});

root_test('how a job may be named', async (root) => {
	const server = await root.server();
	const name = stamped('alpha');
	const one = async (job_id) =>
	    (await asked(server, { job_id })).job_id;

	plant_run(root, name, { [ENCHANTED]: COMPLETED });
	plant_run(root, 'several', { intro: COMPLETED, index: FAILED });
	plant_run(root, 'täg %', { [ENCHANTED]: COMPLETED });
	plant(root, 'native', { name: 'mine', exit_code: 0 });

	assert.equal(await one('weave-enchanted-alpha'),
	    'weave-enchanted-alpha');
	assert.equal(await one(name), 'weave-enchanted-alpha');
	assert.equal(await one(`weave-enchanted-alpha~${name}`),
	    'weave-enchanted-alpha');
	assert.equal(await one('weave-enchanted-al'), 'weave-enchanted-alpha');
	assert.equal(await one('weave-direct-int'), 'weave-direct-intro');
	assert.equal(await one('mine'), 'native');
	assert.equal(await one('weave-enchanted-täg %25'),
	    'weave-enchanted-täg %25');

	for (const tool of ['mcp_job_status', 'mcp_cancel_job']) {
		assert.deepEqual(await denied(server, tool,
		    { job_id: 'weave-direct-in' }), ['ambiguous',
			'Job weave-direct-in is ambiguous: ' +
			'weave-direct-index, weave-direct-intro']);
		/* Too short for a prefix, and nothing at all. */
		for (const job_id of ['wea', 'weave-enchanted-b', 'alp',
		    `weave-enchanted-alpha~${name}x`, 'weave-enchanted-alpha/',
		    'x'.repeat(99), '\u0000', 'nobody'])
			assert.equal((await denied(server, tool,
			    { job_id }))[0], 'not_found', job_id);
		assert.deepEqual(await denied(server, tool,
		    { job_id: 'nobody' }),
		    ['not_found', 'Unknown job_id: nobody']);
	}
	/* As given, but escaped and cut. */
	const [, error] = await denied(server, 'mcp_job_status',
	    { job_id: `a\n${'b'.repeat(200)}` });

	assert.match(error, /^Unknown job_id: a\\\S+b/);
	assert.ok(error.length < 130);
});

root_test('older revisions get the text alone', async (root) => {
	const old = await root.server({}, '2025-03-26');

	plant_run(root, 'alpha', { [ENCHANTED]: COMPLETED });

	const { content, structuredContent, isError } = await old.call(
	    'mcp_job_status', { job_id: 'weave-enchanted-alpha' });

	assert.equal(structuredContent, undefined);
	assert.ok(!isError);
	assert.equal(JSON.parse(content[0].text).status, 'completed');

	const failure = await old.call('mcp_cancel_job', { job_id: 'nobody' });

	assert.equal(failure.structuredContent, undefined);
	assert.equal(failure.isError, true);
	assert.deepEqual(JSON.parse(failure.content[0].text), { success: false,
		error: 'Unknown job_id: nobody', code: 'not_found' });
});

});
