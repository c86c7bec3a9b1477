/*
 * mcp_cancel_job and kill_job, for runs of the older workflow server and for
 * jobs of other workers.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { plant } from './lib/plant.mjs';
import { identity } from './lib/proc.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, start, TIME, until_ended, until_output }
	from './lib/tools.mjs';
import { age, asked, cancelled, COMPLETED, denied, Editor, ENCHANTED, FAILED,
	JOURNAL, NO_PID, overview, plant_run, stamped, UNDER_WAY, until_weave,
	Worker } from './lib/weave.mjs';

announce_clients();

const NOBODY = 65534;

describe('stopping jobs of others', { concurrency: 5 }, () => {

/* First, since it takes the whole grace. */
root_test('a worker that ignores SIGTERM', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	await worker.do('ignore SIGTERM');
	await cancelled(server, worker.id);

	const asked_at = (await asked(server, { job_id: worker.id }))
	    .cancel_requested.at;

	/* Asking again changes nothing. */
	await cancelled(server, worker.id);

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'running');
	assert.equal(job.cancel_requested.at, asked_at);
	assert.deepEqual(await worker.end(), { code: null, signal: 'SIGKILL' });
	await until_weave(server, worker.id, 'killed');
});

root_test('W13 pending, running, ended, unknown', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	/* It boots: nothing tells its process yet, so nothing is done. */
	assert.equal((await asked(server, { job_id: worker.id })).status,
	    'unknown');

	const [code, error] = await denied(server, 'mcp_cancel_job',
	    { job_id: worker.id });

	assert.equal(code, 'unproven');
	assert.match(error, /^Failed to kill job: state unknown: ./);
	assert.match(await refused(server, 'kill_job', { job_id: worker.id }),
	    /^Failed to kill job: state unknown: ./);
	assert.ok(!existsSync(join(worker.dir, 'cancel')));
	assert.ok(worker.living);

	await worker.begins();

	const { note, ...answer } = await cancelled(server, worker.id);

	assert.equal(note, undefined);
	assert.deepEqual(answer, { success: true, job_id: worker.id,
		status: 'cancelling', kind: 'weave' });
	assert.deepEqual(await worker.end(), { code: null, signal: 'SIGTERM' });
	await until_weave(server, worker.id, 'killed');

	/* Ended, in whatever way. */
	plant_run(root, 'completed', { [ENCHANTED]: COMPLETED });
	plant_run(root, 'failed', { [ENCHANTED]: FAILED });
	plant_run(root, 'lost', { [ENCHANTED]: UNDER_WAY, pid: NO_PID });
	for (const tag of ['alpha', 'completed', 'failed', 'lost']) {
		const job_id = `weave-enchanted-${tag}`;
		const names = readdirSync(root.runs, { recursive: true });

		assert.deepEqual(await denied(server, 'mcp_cancel_job',
		    { job_id }), ['already_ended', 'Job already completed.']);
		assert.deepEqual(readdirSync(root.runs, { recursive: true }),
		    names);
	}
	assert.deepEqual(await denied(server, 'mcp_cancel_job',
	    { job_id: 'weave-enchanted-none' }),
	    ['not_found', 'Unknown job_id: weave-enchanted-none']);
});

root_test('a worker that looks for the request', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	await worker.do('ignore SIGTERM', 'entries 1');
	worker.go('poll');
	await cancelled(server, worker.id);
	assert.deepEqual(await worker.end(4000), { code: 1, signal: null });

	const job = await until_weave(server, worker.id, 'killed', 'failed');

	assert.deepEqual([job.status, job.reason], ['killed', 'cancelled']);
	assert.equal(job.last_run_error, 'Cancelled by request');
	assert.equal(job.entries_completed, 3);
	assert.deepEqual(worker.record().entries.at(-1).op, 'cancel');
});

root_test('kill_job: harder, sooner', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	await worker.do('ignore SIGTERM');
	await cancelled(server, worker.id);

	const kill = await ok(server, 'kill_job',
	    { job_id: worker.id, grace_seconds: 0.1 });

	assert.equal(kill.status, 'killed');
	assert.equal(kill.job_id, worker.id);
	assert.equal(kill.job_status, 'killed');
	assert.equal(kill.exit_code, undefined);
	assert.match(kill.finished, TIME);
	assert.equal((await worker.end()).signal, 'SIGKILL');

	const again = await ok(server, 'kill_job', { job_id: worker.id });

	assert.deepEqual([again.status, again.job_status],
	    ['already_terminated', 'killed']);
	assert.equal((await until_ended(server, worker.id)).reason,
	    'cancelled');
});

root_test('kill_job: other first signals', async (root) => {
	const server = await root.server();

	for (const [signal, how] of [['SIGINT', { code: 130, signal: null }],
	    ['SIGKILL', { code: null, signal: 'SIGKILL' }]]) {
		const worker = await Worker.launch(root,
		    { name: stamped(signal) });

		await worker.begins();

		const kill = await ok(server, 'kill_job',
		    { job_id: worker.id, signal });

		assert.equal(kill.status, 'killed');
		assert.deepEqual(await worker.end(), how);
	}
});

root_test('several journals in one directory', async (root) => {
	const server = await root.server();
	const name = stamped('batch');

	plant_run(root, name, { intro: COMPLETED, outro: UNDER_WAY });
	age(join(root.runs, name, 'outro.weave_journal.json'), 60);

	const worker = await Worker.launch(root, { name, stem: 'main' });
	const states = async () => Object.fromEntries((await overview(server))
	    .map((j) => [j.job_id, [j.status, Boolean(j.cancel_requested)]]));
	const others = {
		'weave-direct-intro': ['completed', false],
		'weave-direct-outro': ['unknown', false],
	};

	await worker.begins();
	await worker.do('ignore SIGTERM');

	/* `cancel` would be for all, so it is for none. */
	writeFileSync(join(worker.dir, 'cancel'), '');
	assert.deepEqual(await states(),
	    { ...others, 'weave-direct-main': ['running', false] });

	assert.equal((await denied(server, 'mcp_cancel_job',
	    { job_id: 'weave-direct-outro' }))[0], 'unproven');
	assert.equal((await denied(server, 'mcp_cancel_job',
	    { job_id: 'weave-direct-intro' }))[0], 'already_ended');
	await cancelled(server, 'weave-direct-main');
	assert.deepEqual(readdirSync(worker.dir).filter((n) =>
	    n.endsWith('cancel')), ['cancel', 'main.cancel']);
	assert.deepEqual(await states(),
	    { ...others, 'weave-direct-main': ['running', true] });
	worker.go('poll');
	assert.equal((await worker.end()).code, 1);
	await until_weave(server, worker.id, 'killed');
	assert.deepEqual(await states(),
	    { ...others, 'weave-direct-main': ['killed', true] });
});

root_test('several journals, the enchanted one has the process',
    async (root) => {
	const server = await root.server();
	const name = stamped('mixed');
	const worker = await Worker.launch(root, { name });

	await worker.begins();
	/* Written later, and all the same not its. */
	plant_run(root, name, { annex: UNDER_WAY });
	assert.deepEqual((await overview(server)).map((j) =>
	    [j.job_id, j.status, j.pid]).sort(), [
		['weave-direct-annex', 'unknown', undefined],
		['weave-enchanted-mixed', 'running', worker.pid]]);
	await cancelled(server, worker.id);
	assert.equal((await worker.end()).signal, 'SIGTERM');
	await until_weave(server, worker.id, 'killed');
	assert.deepEqual(readdirSync(worker.dir).filter((n) =>
	    n.endsWith('cancel')), ['enchanted_terrain.cancel']);
	assert.equal((await asked(server, { job_id: 'weave-direct-annex' }))
	    .status, 'unknown');
});

root_test('a request to an earlier run does not count', async (root) => {
	const server = await root.server();
	const name = stamped('alpha');

	/* Left by hand before the worker came. */
	plant_run(root, name, {});
	writeFileSync(join(root.runs, name, 'cancel'), '');
	age(join(root.runs, name, 'cancel'), 10);

	const first = await Worker.launch(root, { name });
	const one = () => asked(server, { job_id: first.id });

	await first.begins();
	assert.deepEqual([await one()].map((j) =>
	    [j.status, j.cancel_requested]), [['running', undefined]]);
	/* It can be asked all the same. */
	await cancelled(server, first.id);
	assert.equal((await first.end()).signal, 'SIGTERM');
	await until_weave(server, first.id, 'killed');

	/* And run again: the old end and the old request are another's. */
	const second = await Worker.launch(root, { name });

	await second.begins();
	assert.deepEqual([await one()].map((j) =>
	    [j.status, j.pid, j.cancel_requested]),
	    [['running', second.pid, undefined]]);
	await second.completes();
	assert.equal((await one()).status, 'completed');
});

root_test('a stop of an earlier run does not count for a dead worker',
    async (root) => {
	const server = await root.server();
	const job_id = 'weave-enchanted-alpha';
	const dir = plant_run(root, 'alpha', { [ENCHANTED]: UNDER_WAY,
		pid: NO_PID });
	const one = async () => {
		const { status, cancel_requested } = await asked(server,
		    { job_id });

		return [status, cancel_requested?.by];
	};

	/* The first run, stopped on request. */
	for (const file of [JOURNAL, '.weave.pid'])
		age(join(dir, file), 3600);
	writeFileSync(join(dir, 'cancel'), `signal SIGTERM\ngrace_seconds 5
at ${new Date(Date.now() - 3500000).toISOString()}
by somebody\nended ${new Date(Date.now() - 3499000).toISOString()}\n`);
	age(join(dir, 'cancel'), 3499);
	assert.deepEqual(await one(), ['killed', 'somebody']);

	/* The next wrote its number, and died before its journal. */
	writeFileSync(join(dir, '.weave.pid'), NO_PID);
	assert.deepEqual(await one(), ['lost', undefined]);
});

root_test('touch asks, too', async (root) => {
	const server = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });

	await worker.begins();
	writeFileSync(join(worker.dir, 'cancel'), '');

	const job = await asked(server, { job_id: worker.id });

	assert.equal(job.status, 'running');
	assert.equal(job.cancel_requested.signal, 'SIGTERM');
	assert.match(job.cancel_requested.at, TIME);
	/* It was only the file: an end without a word is what it is. */
	worker.kill();
	await worker.end();
	assert.equal((await asked(server, { job_id: worker.id })).status,
	    'lost');
});

root_test('an editor that is named gets no signal', async (root) => {
	const server = await root.server();
	const editor = await Editor.launch(root);
	const dir = plant_run(root, stamped('alpha'), { [ENCHANTED]: UNDER_WAY,
		pid: editor.pid });
	const job_id = 'weave-enchanted-alpha';

	assert.match((await cancelled(server, job_id)).note,
	    /cannot be proven .* the request was written, no process was/);
	assert.deepEqual(readFileSync(join(dir, 'cancel'), 'utf8')
	    .replace(/^at \S+Z$/m, 'at TIME').split('\n'),
	    ['signal SIGTERM', 'grace_seconds 5', 'at TIME',
		'by jobdir-tests 1.2.3', '']);

	const job = await asked(server, { job_id });

	assert.equal(job.status, 'running');
	assert.equal(job.cancel_requested.by, 'jobdir-tests 1.2.3');

	const kill = await ok(server, 'kill_job', { job_id, grace_seconds: 0 });

	assert.equal(kill.status, 'terminating');
	assert.equal(kill.job_status, 'running');
	assert.match(kill.message, /no process was signalled/);
	editor.assert_unharmed();

	/* Nobody saw to it: an end of its own is no obedience. */
	editor.kill();
	await editor.end();
	assert.equal((await asked(server, { job_id })).status, 'lost');
});

root_test('neither proof nor request', async (root) => {
	const as_other = process.getuid() === 0 ?
	    { uid: NOBODY, gid: NOBODY } : {};
	const editor = await Editor.launch(root);
	const dir = plant_run(root, stamped('alpha'), { [ENCHANTED]: UNDER_WAY,
		pid: editor.pid });
	const job_id = 'weave-enchanted-alpha';

	chmodSync(root.top, 0o711);
	chmodSync(root.runs, 0o755);
	chmodSync(dir, 0o555);

	const server = await root.server({ cwd: '/', ...as_other });
	const error = `Failed to kill job: process ${editor.pid} cannot be ` +
	    'proven to be this job';

	assert.equal((await asked(server, { job_id })).status, 'running');
	assert.deepEqual(await denied(server, 'mcp_cancel_job', { job_id }),
	    ['unproven', error]);
	assert.equal(await refused(server, 'kill_job', { job_id }), error);
	assert.deepEqual(readdirSync(dir), ['.weave.pid', JOURNAL]);
	editor.assert_unharmed();
	chmodSync(dir, 0o755);
});

root_test('jobs by other workers: pending, running, ended', async (root) => {
	const server = await root.server();
	const editor = await Editor.launch(root);

	plant(root, 'ended', { exit_code: 0 });
	plant(root, 'live', identity(editor.pid));
	plant(root, 'silent', { name: 'silent' });
	assert.equal((await denied(server, 'mcp_cancel_job',
	    { job_id: 'ended' }))[0], 'already_ended');
	assert.equal((await denied(server, 'mcp_cancel_job',
	    { job_id: 'silent' }))[0], 'unproven');

	const { note, ...answer } = await cancelled(server, 'live');

	assert.deepEqual(answer, { success: true, job_id: 'live',
		status: 'cancelling', kind: 'job' });
	assert.match(note, /no process was signalled/);
	editor.assert_unharmed();
});

root_test('W21 servers answer alike and own nothing', async (root) => {
	const one = await root.server();
	const two = await root.server();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const own = await start(one, 'echo ready; exec sleep 1000');
	const alike = async () => {
		const answers = await Promise.all([one, two].map((s) =>
		    asked(s)));

		assert.deepEqual(answers[0], answers[1]);
		return Object.fromEntries(answers[0].detached_jobs.map((j) =>
		    [j.job_id, j.status]));
	};

	await worker.begins();
	await until_output(two, own.job_id, /ready/);
	assert.deepEqual(await alike(),
	    { [worker.id]: 'running', [own.job_id]: 'running' });
	/* Each stops what the other has started, or seen first. */
	await cancelled(two, own.job_id);
	await cancelled(one, worker.id);
	await until_weave(one, own.job_id, 'killed');
	await until_weave(two, worker.id, 'killed');
	assert.deepEqual(await alike(),
	    { [worker.id]: 'killed', [own.job_id]: 'killed' });
	for (const job_id of [worker.id, own.job_id])
		assert.deepEqual(await asked(one, { job_id }),
		    await asked(two, { job_id }));
});

});
