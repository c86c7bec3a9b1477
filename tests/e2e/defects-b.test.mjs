/*
 * One test for each defect of the workflow server that jobdir replaces, as far
 * as jobdir has that part of it: D2.1 and so on are the numbers of its list of
 * defects.  Each test does what went wrong there and shows what happens
 * instead.
 *
 * Up to D2.16; the others are in defects-b-2.test.mjs.
 *
 * Not here:
 *
 *	D2.2	cancelling CARTO jobs: jobdir has no CARTO job files, and no
 *		second place where jobs could be.  That whatever is shown can be
 *		cancelled: D2.3, and mcp-weave-stop.test.mjs.
 *	D2.18	journals that are written anew for each entry: that is the
 *		worker's doing.  Of jobdir's own jobs a record is written twice.
 *	D2.28	housekeeping: there is none that comes unasked; removing is
 *		tested with the verbs that do it.
 */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine } from './lib/cli.mjs';
import { pids, stat } from './lib/proc.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, run, TIME } from './lib/tools.mjs';
import { differences, tree } from './lib/tree.mjs';
import { until } from './lib/until.mjs';
import { age, asked, cancelled, COMPLETED, denied, Editor, ENCHANTED, FAILED,
	JOURNAL, NO_PID, overview, plant_run, PYTHON, stamped, UNDER_WAY,
	until_weave, WEAVE_WORKER, Worker, zombie } from './lib/weave.mjs';

announce_clients();

/* The status of each job, by id. */
async function statuses(server) {
	return Object.fromEntries((await overview(server))
	    .map((j) => [j.job_id, j.status]));
}

describe('defects of the workflow server', { concurrency: 4 }, () => {

root_test('D2.1 one run is one item, and its id holds', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	/* Known from the launch on; nothing else is. */
	const look = async () => {
		const { total, detached_jobs } = await asked(server);

		assert.equal(total, 1);
		assert.deepEqual(detached_jobs.map((j) => j.job_id),
		    ['weave-enchanted-alpha']);
		assert.deepEqual((await ok(server, 'list_jobs')).jobs
		    .map((j) => j.job_id), ['weave-enchanted-alpha']);

		const { success, ...one } = await asked(server,
		    { job_id: 'weave-enchanted-alpha' });

		assert.deepEqual(one, detached_jobs[0]);
		assert.equal((await ok(server, 'get_job_status',
		    { job_id: 'weave-enchanted-alpha' })).status, one.status);
		return one.status;
	};

	assert.equal(await look(), 'unknown');
	for (const step of ['pid', 'stub', 'before', 'entries 2']) {
		await worker.do(step);
		assert.equal(await look(), 'running');
	}
	await worker.completes();
	assert.equal(await look(), 'completed');
});

root_test('D2.3 a worker can be cancelled', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	assert.deepEqual(await cancelled(server, worker.id), { success: true,
		job_id: worker.id, status: 'cancelling', kind: 'weave' });
	assert.deepEqual(await worker.end(), { code: null, signal: 'SIGTERM' });

	const job = await until_weave(server, worker.id, 'killed');

	assert.equal(job.reason, 'cancelled');
	assert.equal(job.phase, 'before_reconcile');
	assert.equal((await asked(await root.server(), { job_id: worker.id }))
	    .status, 'killed');
});

root_test('D2.4 a number of a process is weak evidence', async (root) => {
	const server = await root.server();
	const editor = await Editor.launch(root);
	const journal = { [ENCHANTED]: UNDER_WAY };

	/* Given to another process since. */
	age(join(plant_run(root, 'reused', { ...journal, pid: editor.pid }),
	    '.weave.pid'), 3600);
	for (const [name, pid] of [['zero', 0], ['one', 1], ['minus', -1],
	    ['dead', NO_PID], ['zombie', await zombie(root)],
	    ['live', editor.pid]])
		plant_run(root, name, { ...journal, pid });
	assert.deepEqual(await statuses(server), {
		'weave-enchanted-reused': 'unknown',
		'weave-enchanted-zero': 'unknown',
		'weave-enchanted-one': 'unknown',
		'weave-enchanted-minus': 'unknown',
		'weave-enchanted-zombie': 'unknown',
		'weave-enchanted-dead': 'lost',
		'weave-enchanted-live': 'running',
	});
	/* And nobody is signalled for it. */
	for (const name of ['reused', 'zero', 'one', 'minus', 'zombie'])
		assert.deepEqual((await denied(server, 'mcp_cancel_job',
		    { job_id: `weave-enchanted-${name}` }))[0], 'unproven');
	editor.assert_unharmed();
});

root_test('D2.5 nothing else is needed to see a process', async (root) => {
	const server = await root.server({ env: { PATH: '/nonexistent' } });
	const worker = await Worker.launch(root, { name: 'alpha' });

	await worker.begins();
	assert.equal((await asked(server, { job_id: worker.id })).status,
	    'running');
	worker.kill();
	await worker.end();
	assert.equal((await asked(server, { job_id: worker.id })).status,
	    'lost');
});

root_test('D2.6 a look changes nothing', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('live') });

	await worker.begins();
	plant_run(root, 'failed', { [ENCHANTED]: FAILED, pid: NO_PID,
		log: 'words\n' });
	plant_run(root, 'dead', { [ENCHANTED]: UNDER_WAY, pid: NO_PID });
	plant_run(root, 'lone', { pid: NO_PID });
	plant_run(root, 'torn', { [ENCHANTED]: '{"last_run', pid: '5x' });
	plant_run(root, 'stopped', { [ENCHANTED]: UNDER_WAY, pid: NO_PID });
	writeFileSync(join(root.runs, 'stopped/cancel'), '');

	const before = tree(root.runs);

	for (let i = 0; i < 2; i++) {
		for (const { job_id } of await overview(server)) {
			await asked(server, { job_id });
			for (const tool of ['get_job_status', 'get_job_output',
			    'tail_job_output'])
				await ok(server, tool, { job_id });
			await ok(server, 'wait_for_jobs',
			    { job_ids: [job_id], timeout_seconds: 0 });
		}
		await ok(server, 'list_jobs');
		await fine(root, ['ls', '-a']);
	}
	assert.deepEqual(differences(before, tree(root.runs), false), []);
	assert.equal(readFileSync(join(root.runs, 'failed/.weave.pid'), 'utf8'),
	    NO_PID);
});

root_test('D2.7 a worker that was killed is lost', async (root) => {
	const server = await root.server();
	const when = {
		'boot': ['unknown', undefined],
		'stub_created': ['lost', 'stub_created'],
		'before_reconcile': ['lost', 'before_reconcile'],
		'entries': ['lost', 'before_reconcile'],
	};

	for (const [die_at, [status, phase]] of Object.entries(when)) {
		const worker = await Worker.launch(root, {
			name: stamped(die_at), steps: false,
			args: ['--die-at', die_at] });

		assert.equal((await worker.end()).signal, 'SIGKILL');

		const job = await asked(server, { job_id: worker.id });

		assert.equal(job.status, status, die_at);
		assert.equal(job.phase ?? undefined, phase);
	}

	/* By the keyboard: the real one leaves its journal as it is, too. */
	const worker = await Worker.launch(root, { name: stamped('int') });

	await worker.begins();
	worker.kill('SIGINT');
	assert.equal((await worker.end()).code, 130);

	const job = await asked(server, { job_id: worker.id });

	assert.deepEqual([job.status, job.reason], ['lost', 'supervisor_lost']);
});

root_test('D2.8 an end of an earlier run does not count for a dead worker',
    async (root) => {
	const server = await root.server();

	for (const [name, journal] of [['completed', COMPLETED],
	    ['failed', FAILED]]) {
		/* The next worker wrote its number, and died before its
		 * journal. */
		const dir = plant_run(root, name, { [ENCHANTED]: journal,
			pid: NO_PID });

		age(join(dir, JOURNAL), 3);
	}
	/* Here the number was written first: the end is that run's. */
	age(join(plant_run(root, 'ordinary', { [ENCHANTED]: COMPLETED,
		pid: NO_PID }), '.weave.pid'), 60);
	assert.deepEqual(await statuses(server), {
		'weave-enchanted-completed': 'lost',
		'weave-enchanted-failed': 'lost',
		'weave-enchanted-ordinary': 'completed',
	});
	/* Nothing of the earlier run is told as this one's. */
	assert.equal((await asked(server,
	    { job_id: 'weave-enchanted-failed' })).error, null);

	/* Death before all that leaves a log, and that is a job. */
	const worker = await Worker.launch(root, { name: stamped('early') });

	worker.kill();
	await worker.end();

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'unknown');
	assert.equal(job.log_file, worker.log);
	assert.equal(job.journal, null);
});

root_test('D2.9 an end of an earlier run does not count for a living worker',
    async (root) => {
	const server = await root.server();

	for (const name of ['ok', 'bad']) {
		const first = await Worker.launch(root, { name });

		await first.begins();
		if (name === 'ok')
			await first.completes();
		else
			await first.ends('fail HTTP 502', 1);

		const ended = await asked(server, { job_id: first.id });

		assert.equal(ended.status,
		    name === 'ok' ? 'completed' : 'failed');
		age(first.journal, 5);

		const second = await Worker.launch(root, { name });

		await second.do('pid');

		const job = await asked(server, { job_id: second.id });

		assert.equal(job.status, 'running', name);
		assert.equal(job.pid, second.pid);
		assert.equal(job.error, null);
		await second.do('stub', 'before', 'entries 1');
		assert.equal((await asked(server, { job_id: second.id }))
		    .entries_completed, 2);
		await second.completes();
		assert.equal((await asked(server, { job_id: second.id }))
		    .status, 'completed');
	}
});

root_test('D2.10 a failure on record is a failure', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: 'alpha' });

	await worker.begins();
	/* It takes it for success, removes its pid file and exits 0. */
	await worker.do('record-failure HTTP 502', 'unpid');
	await worker.ends('exit 0', 0);

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'failed');
	assert.equal(job.reason, 'error');
	assert.equal(job.last_run_error, 'HTTP 502');
	assert.equal(job.error, 'HTTP 502');

	/* An error outweighs "completed". */
	plant_run(root, 'both', { [ENCHANTED]: { ...COMPLETED,
		last_run_error: 'no' } });
	assert.equal((await asked(server, { job_id: 'weave-enchanted-both' }))
	    .status, 'failed');
});

root_test('D2.11 exit codes are recorded, and zombies reaped', async (root) => {
	const server = await root.server();

	plant_run(root, 'alpha', {});
	writeFileSync(join(root.runs, 'alpha/enchanted_terrain.json'), '{}');

	const job = await run(server, PYTHON, { args: ['-I', '-S', WEAVE_WORKER,
		'--mode', 'enchanted', '--nexus-tag', 'alpha', '--fail-at',
		'validation'], env: { NEXUS_RUNS_BASE: root.runs } });

	assert.equal(job.exit_code, 1);
	assert.match(job.stdout, /Weave failed: NEXUS validation failed/);
	assert.deepEqual(await statuses(server), {
		[job.job_id]: 'failed',
		'weave-enchanted-alpha': 'failed',
	});

	const worker = await Worker.launch(root, { name: 'beta' });

	await worker.begins();
	await cancelled(server, worker.id);
	await until_weave(server, worker.id, 'killed');
	assert.deepEqual(pids().filter((pid) => stat(pid)?.ppid === server.pid),
	    []);
});

root_test('D2.12 a journal that is being rewritten hides nothing',
    async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	await worker.do('fill 150');

	const before = worker.taken;

	worker.go('storm');
	for (let i = 0; i < 300; i++) {
		const [job, ...others] = i % 3 === 0 ? await overview(server) :
		    i % 3 === 1 ? [await asked(server, { job_id: worker.id })] :
		    (await ok(server, 'list_jobs')).jobs;

		assert.deepEqual([job.job_id, job.status, others],
		    [worker.id, 'running', []]);
	}
	worker.go('fill 0');
	await until(() => worker.answers.split('\n').length > worker.taken,
	    10000, 'the worker is through');
	assert.ok(Number(worker.answers.split('\n')[before]) > 10,
	    'it was rewritten all the time');

	/* Whole again, and nothing was kept of the torn ones. */
	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.entries_completed, 300);
	assert.equal(job.journal_error, undefined);

	/* Without its number nothing says that it lives, or that it ended. */
	await worker.do('unpid');
	worker.go('storm');
	for (let i = 0; i < 30; i++) {
		const [job] = await overview(server);

		assert.deepEqual([job.job_id, job.status],
		    [worker.id, 'unknown']);
	}

	/* Of the dead, a torn journal is said to be so. */
	worker.kill();
	await worker.end();
	writeFileSync(worker.journal,
	    readFileSync(worker.journal).subarray(0, 2000));

	const torn = await asked(server, { job_id: worker.id });

	assert.equal(torn.status, 'unknown');
	assert.equal(torn.reason, 'unreadable');
	assert.match(torn.journal_error, /weave_journal\.json/);
});

root_test('D2.13 JSON that is no object is its own job\'s trouble',
    async (root) => {
	const server = await root.server();
	const odd = { list: '[]', number: '5', string: '"completed"',
		null: 'null', true: 'true' };

	for (const [name, text] of Object.entries(odd))
		plant_run(root, name, { [ENCHANTED]: text });
	plant_run(root, 'good', { [ENCHANTED]: COMPLETED });

	const jobs = await overview(server);

	assert.equal(jobs.length, 6);
	for (const job of jobs)
		if (job.nexus_tag === 'good') {
			assert.equal(job.status, 'completed');
		} else {
			assert.equal(job.status, 'unknown');
			assert.match(job.journal_error, /./);
		}
});

root_test('D2.14 what a worker writes does not undo a request',
    async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	await worker.do('ignore SIGTERM', 'entries 2');
	await cancelled(server, worker.id);
	await worker.do('entries 8');

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'running');
	assert.equal(job.entries_completed, 20);
	assert.match(job.cancel_requested.at, TIME);
	assert.equal(job.cancel_requested.by, 'jobdir-tests 1.2.3');
	assert.equal(job.cancel_requested.signal, 'SIGTERM');
	/* Its journal is its own: nobody else writes there. */
	assert.equal(worker.record().entries.length, 20);
	await worker.completes();
	assert.equal(worker.record().last_run_completed, true);
	assert.equal((await until_weave(server, worker.id, 'killed',
	    'completed')).status, 'killed');
});

root_test('D2.15 a dead worker keeps nobody waiting', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const wait = (more) => ok(server, 'wait_for_jobs',
	    { job_ids: [worker.id], ...more });

	await worker.begins();

	const early = await wait({ timeout_seconds: 0 });

	assert.deepEqual([early.timed_out, early.pending, early.done],
	    [true, [worker.id], []]);
	worker.kill();
	await worker.end();

	const { timed_out, done } = await wait();

	assert.equal(timed_out, false);
	assert.deepEqual([done[0].status, done[0].reason],
	    ['lost', 'supervisor_lost']);
});

root_test('D2.16 one root, which can be set', async (root) => {
	const server = await root.server();
	const other = await root.server({ args: ['--root', root.work] });

	plant_run(root, 'alpha', { [ENCHANTED]: COMPLETED });
	renameSync(plant_run(root, 'beta', { [ENCHANTED]: COMPLETED }),
	    join(root.work, 'beta'));

	const [alpha] = await overview(server);
	const [beta] = await overview(other);

	assert.equal(alpha.journal, join(root.runs, 'alpha', JOURNAL));
	assert.equal(beta.journal, join(root.work, 'beta', JOURNAL));
	assert.deepEqual(Object.keys(await statuses(server)), [alpha.job_id]);
	assert.deepEqual(Object.keys(await statuses(other)), [beta.job_id]);
});

});
