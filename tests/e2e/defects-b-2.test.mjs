/*
 * Defects of the workflow server that jobdir replaces, from D2.17 on; what they
 * are, and the first of them: defects-b.test.mjs.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine } from './lib/cli.mjs';
import { plant } from './lib/plant.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start } from './lib/tools.mjs';
import { differences, tree } from './lib/tree.mjs';
import { asked, cancelled, COMPLETED, denied, Editor, ENCHANTED, FAILED,
	JOURNAL, NO_PID, overview, plant_run, stamped, UNDER_WAY, until_weave,
	Worker } from './lib/weave.mjs';

announce_clients();

const NOBODY = 65534;
const STATUSES = ['queued', 'running', 'completed', 'failed', 'killed', 'lost',
	'unknown'];

/* The status of each job, by id. */
async function statuses(server) {
	return Object.fromEntries((await overview(server))
	    .map((j) => [j.job_id, j.status]));
}

describe('defects of the workflow server, from D2.17 on', { concurrency: 4 },
    () => {

/* Bytes that a process has read from files so far. */
function bytes_read(pid) {
	return Number(/^rchar: (\d+)$/m.exec(
	    readFileSync(`/proc/${pid}/io`, 'latin1'))[1]);
}

root_test('D2.17 a look at one job reads one journal', async (root) => {
	const server = await root.server();
	const filler = { ...UNDER_WAY, filler: 'x'.repeat(4000) };

	mkdirSync(root.runs);
	for (let i = 0; i < 1000; i++)
		plant_run(root, `run${i}`, { [ENCHANTED]: filler });
	/* Told by name; how many others there are does not matter. */
	await asked(server, { job_id: 'weave-enchanted-run7' });

	const before = bytes_read(server.pid);

	for (let i = 0; i < 10; i++)
		await asked(server, { job_id: `weave-enchanted-run${i}` });

	const bytes = bytes_read(server.pid) - before;

	assert.ok(bytes < 200000, `${bytes} bytes were read`);
});

root_test('D2.19 of several runs of a tag each has an id', async (root) => {
	const server = await root.server();
	const newest = stamped('b', '2026-05-03_08-00-00');
	const middle = stamped('b', '2026-05-02_08-00-00');
	const other = stamped('a__b', '2026-05-04_08-00-00');
	/* Made in no order, and a bare name is the oldest. */
	const runs = [[middle, 'failed'], ['b', 'unknown'],
		[newest, 'completed'], [other, 'lost']];

	for (const [name, status] of runs)
		plant_run(root, name, {
			[ENCHANTED]: { completed: COMPLETED, failed: FAILED }
			    [status] ?? UNDER_WAY,
			...status === 'lost' && { pid: NO_PID },
		});
	assert.deepEqual(await statuses(server), {
		'weave-enchanted-b': 'completed',
		[`weave-enchanted-b~${middle}`]: 'failed',
		'weave-enchanted-b~b': 'unknown',
		'weave-enchanted-a__b': 'lost',
	});
	for (const [name, status] of runs) {
		/* By name of the directory, and by the long form, always. */
		assert.equal((await asked(server, { job_id: name })).status,
		    status);

		const tag = name === other ? 'a__b' : 'b';
		const job = await asked(server,
		    { job_id: `weave-enchanted-${tag}~${name}` });

		assert.equal(job.status, status);
		assert.equal(job.nexus_tag, tag);
		assert.equal(job.journal, join(root.runs, name, JOURNAL));
	}

	/* A newer one takes the id, and the older ones stay. */
	plant_run(root, stamped('b', '2026-05-05_08-00-00'),
	    { [ENCHANTED]: UNDER_WAY });
	assert.equal((await asked(server, { job_id: 'weave-enchanted-b' }))
	    .status, 'unknown');
	assert.equal((await asked(server,
	    { job_id: `weave-enchanted-b~${newest}` })).status, 'completed');
});

root_test('D2.20 a start has a directory of its own', async (root) => {
	const server = await root.server();
	const once = await Promise.all(Array.from({ length: 5 }, () =>
	    start(server, 'echo once', { idempotency_key: 'alpha' })));

	assert.equal(new Set(once.map((j) => j.job_id)).size, 1);
	assert.equal(once.filter((j) => !j.reused).length, 1);

	const same = await Promise.all([1, 2, 3].map((n) =>
	    run(server, `echo ${n}`, { name: 'alpha' })));

	assert.equal(new Set(same.map((j) => j.dir)).size, 3);
	assert.deepEqual(same.map((j) => j.stdout), ['1\n', '2\n', '3\n']);

	/* Two workers in one run: the later number has it. */
	const first = await Worker.launch(root, { name: 'beta' });
	const second = await Worker.launch(root, { name: 'beta' });

	await first.begins();
	await second.begins();
	assert.equal((await asked(server, { job_id: first.id })).pid,
	    second.pid);
});

root_test('D2.21 direct weaves are direct, and told apart', async (root) => {
	const server = await root.server();
	const name = stamped('alpha');
	const worker = await Worker.launch(root, { name, stem: 'intro' });

	await worker.begins();

	const [job, ...others] = await overview(server);

	assert.deepEqual(others, []);
	assert.equal(job.job_id, 'weave-direct-intro');
	assert.equal(job.mode, 'direct');
	assert.equal(job.nexus_tag, 'alpha');
	assert.equal(job.pid, worker.pid);
	assert.equal(job.journal, worker.journal);

	/* The same stem elsewhere. */
	const newer = stamped('beta', '2026-05-09_08-00-00');

	plant_run(root, newer, { intro: COMPLETED, annex: FAILED });
	assert.deepEqual(await statuses(server), {
		'weave-direct-intro': 'completed',
		'weave-direct-annex': 'failed',
		[`weave-direct-intro~${name}`]: 'running',
	});
	await worker.completes();
	assert.equal((await asked(server,
	    { job_id: `weave-direct-intro~${name}` })).status, 'completed');
});

root_test('D2.22 names are taken as they are', async (root) => {
	const server = await root.server();
	const dir = plant_run(root, stamped('notes.json'), {
		'a.json': COMPLETED,
		pid: NO_PID,
	});

	/* Sources and other names are no journals. */
	for (const file of ['source.JSON', 'a.json.json',
	    'x.weave_journal.JSON', 'weave_journal.json',
	    '.weave_journal.json', 'y.weave_journal.json~'])
		writeFileSync(join(dir, file), '{"last_run_completed": true}');

	const before = tree(root.runs);
	const [job, ...others] = await overview(server);

	assert.deepEqual(others, []);
	assert.equal(job.job_id, 'weave-direct-a.json');
	assert.equal(job.nexus_tag, 'notes.json');
	assert.equal(job.journal, join(dir, 'a.json.weave_journal.json'));
	assert.equal((await asked(server, { job_id: stamped('notes.json') }))
	    .job_id, 'weave-direct-a.json');
	assert.deepEqual(differences(before, tree(root.runs), false), []);
});

root_test('D2.23 no job lives in memory', async (root) => {
	const first = await root.server();
	const worker = await Worker.launch(root, { name: 'alpha' });
	const job = await start(first, 'exec sleep 1000');

	await worker.begins();
	await cancelled(first, job.job_id);
	await cancelled(first, worker.id);
	first.kill();
	await first.end();

	const second = await root.server();

	assert.equal((await until_weave(second, job.job_id, 'killed')).reason,
	    'cancelled');
	assert.equal((await until_weave(second, worker.id, 'killed')).reason,
	    'cancelled');
	assert.notEqual((await start(second, 'true')).job_id, job.job_id);
	assert.deepEqual((await asked(second)).in_memory_jobs, []);
	assert.equal((await asked(second)).total, 3);
});

root_test('D2.24 what came of a job can be had afterwards', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: 'alpha', steps: false,
		args: ['--dry-run', 'true'] });

	assert.equal((await worker.end()).code, 0);

	/* No journal: nothing says how it ended, and nothing is guessed. */
	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'unknown');
	assert.equal(job.journal, null);
	assert.match((await ok(server, 'get_job_output', { job_id: worker.id }))
	    .stdout, /Weave completed successfully: 3 nodes created/);

	/* A result that is on record is told as it is. */
	plant(root, 'native', { exit_code: 0, result: { nodes: 3,
		post_refresh_job_id: worker.id } });
	assert.deepEqual((await asked(server, { job_id: 'native' })).result,
	    { nodes: 3, post_refresh_job_id: worker.id });
});

root_test('D2.25 logs can be read through tools', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.log_file, join(worker.dir, '.weave.log'));

	const log = worker.said();
	const all = await ok(server, 'get_job_output', { job_id: worker.id });

	assert.match(log,
	    /^\[[-\d]{10} [\d:]{8}\.\d{3}\] 🗡️ \[WEAVE_WORKER\] /u);
	assert.equal(all.stdout, log);
	assert.equal(all.stderr, '');
	assert.equal(all.complete, false);
	await worker.completes();

	const tail = await ok(server, 'tail_job_output',
	    { job_id: worker.id, lines: 1 });

	assert.match(tail.stdout,
	    /^\[.*\] 🗡️ \[WEAVE_WORKER\] Weave completed success.*\n$/u);
	assert.equal(tail.complete, true);
	assert.equal((await ok(server, 'get_job_output', { job_id: worker.id,
		stdout_offset: Buffer.byteLength(log) })).stdout, tail.stdout);
	assert.equal((await ok(server, 'get_job_output',
	    { job_id: worker.id, grep: 'success', context_lines: 0 }))
	    .match_count, 1);
	assert.equal(await fine(root, ['log', worker.id]), worker.said());
});

root_test('D2.26 times are told in UTC', async (root) => {
	const zone = { TZ: 'XST-05:45' }; /* east of Greenwich */
	const server = await root.server({ env: zone });
	const worker = await Worker.launch(root, { name: stamped('live'),
		args: ['--era', '2025-11'], env: zone });
	const utc = (text) => `${new Date(`${text.slice(0, 23)}+05:45`)
	    .toISOString().slice(0, 23)}${text.slice(23)}Z`;

	await worker.begins();
	await worker.completes();

	const record = worker.record();
	const job = await asked(server, { job_id: worker.id });
	const status = await ok(server, 'get_job_status',
	    { job_id: worker.id });

	/* The journal's own words, and what they mean. */
	assert.equal(job.last_run_started_at, record.last_run_started_at);
	assert.equal(job.started_at, utc(record.last_run_started_at));
	assert.equal(status.started, job.started_at);
	assert.equal(status.finished, utc(record.last_run_completed_at));

	/* Without a time in the journal: the name's, which is local, too. */
	plant_run(root, stamped('named', '2026-05-01_08-00-00'), { log: '' });
	assert.equal((await asked(server, { job_id: 'weave-enchanted-named' }))
	    .started_at, '2026-05-01T02:15:00.000000Z');
	plant_run(root, stamped('failed', '2026-05-01_09-00-00'),
	    { [ENCHANTED]: { last_run_started_at: '2026-05-01T09:00:01.000002',
		last_run_completed: false, last_run_error: 'no',
		last_run_failed_at: '2026-05-01T09:00:03.000004' } });
	assert.equal((await asked(server, { job_id: 'weave-enchanted-failed' }))
	    .last_run_failed_at, '2026-05-01T09:00:03.000004');
	assert.equal((await ok(server, 'get_job_status',
	    { job_id: 'weave-enchanted-failed' })).finished,
	    '2026-05-01T03:15:03.000004Z');
});

root_test('D2.27 one vocabulary everywhere', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: 'live' });

	await worker.begins();
	plant_run(root, 'completed', { [ENCHANTED]: COMPLETED });
	plant_run(root, 'failed', { one: FAILED, two: UNDER_WAY, pid: NO_PID });
	plant_run(root, 'phase',
	    { three: { phase: 'completed_with_warnings' } });
	await run(server, 'exit 3');
	await start(server, 'exec sleep 1000');

	const jobs = await statuses(server);

	assert.equal(Object.keys(jobs).length, 7);
	for (const [job_id, status] of Object.entries(jobs)) {
		const [done] = (await ok(server, 'wait_for_jobs',
		    { job_ids: [job_id], timeout_seconds: 0 })).done;

		assert.ok(STATUSES.includes(status), status);
		assert.equal((await ok(server, 'get_job_status', { job_id }))
		    .status, status);
		assert.equal((await ok(server, 'get_job_output', { job_id }))
		    .status, status);
		assert.equal(done?.status ?? status, status);
	}
	assert.deepEqual(Object.fromEntries((await ok(server, 'list_jobs')).jobs
	    .map((j) => [j.job_id, j.status])), jobs);
});

root_test('D2.29 what a journal says is believed as little as possible',
    async (root) => {
	const server = await root.server();
	const editor = await Editor.launch(root);
	const secret = join(root.work, 'secret');
	const link = plant_run(root, 'link', {});

	writeFileSync(secret, JSON.stringify({ ...COMPLETED,
		phase: 'secret' }));
	symlinkSync(secret, join(link, JOURNAL));
	plant_run(root, 'huge', { [ENCHANTED]: JSON.stringify(
	    { ...COMPLETED, filler: 'x'.repeat(9 << 20) }) });
	plant_run(root, 'liar', { [ENCHANTED]: { ...UNDER_WAY, id: 'mine',
		job_id: 'mine', pid: editor.pid, json_file: secret,
		logs_path: secret } });
	plant_run(root, 'forged', { [ENCHANTED]: UNDER_WAY, pid: editor.pid });

	assert.deepEqual(await statuses(server), {
		'weave-enchanted-link': 'unknown',
		'weave-enchanted-huge': 'unknown',
		'weave-enchanted-liar': 'unknown',
		'weave-enchanted-forged': 'running',
	});
	for (const name of ['link', 'huge'])
		assert.match((await asked(server,
		    { job_id: `weave-enchanted-${name}` })).journal_error, /./);
	assert.doesNotMatch(JSON.stringify(await asked(server)),
	    /"secret"|mine/);
	/* The request, but no signal. */
	assert.match((await cancelled(server, 'weave-enchanted-forged')).note,
	    /no process was signalled/);
	assert.equal((await denied(server, 'mcp_cancel_job',
	    { job_id: 'weave-enchanted-liar' }))[0], 'unproven');
	editor.assert_unharmed();
	assert.ok(existsSync(secret));
});

root_test('D2.30 a change is told, not looked for', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();

	const id = server.post('tools/call', { name: 'wait_for_jobs',
		arguments: { job_ids: [worker.id], timeout_seconds: 50 } });
	let answered = false;
	const answer = server.response(id).then((a) => {
		answered = true;
		return a.result.structuredContent;
	});

	answer.catch(() => {});
	/* Entries are no end. */
	await worker.do('entries 5');
	await ok(server, 'list_jobs');
	assert.equal(answered, false);
	await worker.completes();

	const { done, pending, timed_out } = await answer;

	assert.deepEqual([done[0].status, pending, timed_out],
	    ['completed', [], false]);
});

root_test('D2.31 a failed call is an error with a code', async (root) => {
	const server = await root.server();

	for (const tool of ['mcp_job_status', 'mcp_cancel_job'])
		for (const job_id of ['etch-1', '../alpha', '.', '..', '', '/',
		    'weave-enchanted-'])
			assert.deepEqual(await denied(server, tool, { job_id }),
			    ['not_found', `Unknown job_id: ${job_id}`]);
	plant_run(root, 'alpha', { [ENCHANTED]: FAILED });
	assert.deepEqual(await denied(server, 'mcp_cancel_job',
	    { job_id: 'weave-enchanted-alpha' }),
	    ['already_ended', 'Job already completed.']);
	/* A failed job is no failed call. */
	assert.equal((await asked(server, { job_id: 'weave-enchanted-alpha' }))
	    .success, true);
	assert.deepEqual(await denied(server, 'mcp_job_status',
	    { cursor: 'x' }), ['bad_cursor', 'Invalid parameter: cursor']);
	assert.equal(await refused(server, 'get_job_status',
	    { job_id: 'etch-1' }), 'Job etch-1 not found');
});

root_test('D2.32 what cannot be read is said', async (root) => {
	const as_other = process.getuid() === 0 ?
	    { uid: NOBODY, gid: NOBODY } : {};
	const script = `
		chmod 711 "$1" && chmod 755 "$2" && cd "$2" &&
		chmod 000 closed/enchanted_terrain.weave_journal.json &&
		chmod 000 shut`;

	plant_run(root, 'closed', { [ENCHANTED]: COMPLETED });
	plant_run(root, 'shut', { [ENCHANTED]: COMPLETED });
	plant_run(root, 'mixed', { [ENCHANTED]: { ...COMPLETED,
		last_run_started_at: 5, entries: 'many' } });
	await root.run('sh', ['-c', script, 'sh', root.top, root.runs]);

	const server = await root.server({ cwd: '/', ...as_other });
	const jobs = await overview(server);

	assert.deepEqual(Object.fromEntries(jobs.map((j) =>
	    [j.nexus_tag ?? j.job_id, [j.status, Boolean(j.journal_error)]])), {
		closed: ['unknown', true],
		shut: ['unknown', true],
		mixed: ['completed', true],
	});
	assert.match(jobs.find((j) => j.nexus_tag === 'closed').journal_error,
	    /Permission denied/);
	assert.equal(jobs.find((j) => j.nexus_tag === 'mixed')
	    .last_run_started_at, null);
	await root.run('chmod', ['-R', 'u+rwX', root.runs]);
});

});
