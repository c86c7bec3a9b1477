/*
 * What people and agents do with jobs that others run, from beginning to end,
 * through official MCP clients.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync,
	writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { plant } from './lib/plant.mjs';
import { alive, identity } from './lib/proc.mjs';
import { announce_clients, root_subtest } from './lib/root.mjs';
import { ok, run, start, TIME, until_ended, until_output }
	from './lib/tools.mjs';
import { until } from './lib/until.mjs';
import { asked, cancelled, COMPLETED, denied, Editor, ENCHANTED, FAILED,
	JOURNAL, NO_PID, overview, plant_run, PYTHON, stamped, UNDER_WAY,
	until_weave, WEAVE_WORKER, Worker } from './lib/weave.mjs';

announce_clients();

/* Of each official client one protocol. */
const KINDS = ['sdk1', 'client2-auto'];

const FOREVER = 'exec sleep 1000';
const UNTIL_TOLD = 'until [ -e stop ]; do sleep 0.05; done';

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
const states = (jobs) => Object.fromEntries(jobs.map((j) =>
    [j.job_id, j.status]));

/* wait_for_jobs.  Of a test that fails meanwhile its own error is shown. */
function wait(connection, job_ids, more = {}) {
	const answer = ok(connection, 'wait_for_jobs', { job_ids, ...more });

	answer.catch(() => {});
	return answer;
}

describe('workflows with jobs of others', { concurrency: 4 }, () => {

workflow('W10 overview', async (root, connect) => {
	const client = await connect();
	const own = await start(client, FOREVER, { name: 'own' });
	const done = await run(client, 'exit 3');
	const enchanted = await Worker.launch(root, { name: stamped('alpha') });
	const direct = await Worker.launch(root,
	    { name: 'beta', stem: 'intro' });

	await enchanted.begins();
	await direct.begins();
	await direct.completes();
	plant_run(root, stamped('gamma'), { [ENCHANTED]: FAILED, pid: NO_PID });
	plant(root, '20260501T080000Z__nightly',
	    { name: 'night', exit_code: 0 });

	const { total, detached_jobs, in_memory_jobs } = await asked(client);

	assert.equal(total, 6);
	assert.deepEqual(in_memory_jobs, []);
	assert.deepEqual(Object.fromEntries(detached_jobs.map((j) =>
	    [j.job_id, [j.kind, j.mode, j.status]])), {
		[own.job_id]: ['job', 'command', 'running'],
		[done.job_id]: ['job', 'command', 'failed'],
		'nightly': ['job', 'external', 'completed'],
		'weave-enchanted-alpha': ['weave', 'enchanted', 'running'],
		'weave-direct-intro': ['weave', 'direct', 'completed'],
		'weave-enchanted-gamma': ['weave', 'enchanted', 'failed'],
	});
	assert.deepEqual(detached_jobs.map((j) => j.started_at),
	    detached_jobs.map((j) => j.started_at).sort().reverse());
	/* Then each by its id, in either shape. */
	for (const job of detached_jobs) {
		assert.deepEqual(await asked(client, { job_id: job.job_id }),
		    { success: true, ...job });
		assert.equal((await ok(client, 'get_job_status',
		    { job_id: job.job_id })).status, job.status);
	}
	assert.deepEqual(ids((await ok(client, 'list_jobs',
	    { status: ['running'] })).jobs).sort(),
	    [own.job_id, 'weave-enchanted-alpha'].sort());
});

workflow('W11 post-mortem', async (root, connect) => {
	const client = await connect();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const why = 'Bulk import failed: HTTP 502 — «Überlast»';

	await worker.begins();
	await worker.do('entries 2');
	await worker.ends(`fail ${why}`, 1);

	/* Found in the overview, not by its id. */
	const job = (await overview(client)).find((j) => j.status === 'failed');

	assert.equal(job.reason, 'error');
	assert.equal(job.phase, 'error');
	assert.equal(job.last_run_error, why);
	assert.equal(job.entries_completed, 4);

	/* A person reads both files. */
	const cat = async (path) => (await root.run('cat', [path])).stdout;
	const journal = JSON.parse(await cat(job.journal));

	assert.equal(journal.last_run_error, why);
	assert.equal(journal.entries.at(-1).status, 'completed_jewel_ok');
	assert.equal(journal.entries.at(-1).resumability_safe, true);
	assert.match(await cat(job.log_file), /Weave failed: Bulk import/);
	/* What the worker left for that is left by everybody. */
	assert.equal(await cat(join(worker.dir, '.weave.pid')),
	    String(worker.pid));

	/* An agent reads the log through the tools. */
	const { stdout } = await ok(client, 'get_job_output',
	    { job_id: job.job_id, grep: 'failed', context_lines: 0 });

	assert.ok(stdout.includes(why));

	const status = await ok(client, 'get_job_status',
	    { job_id: job.job_id });

	assert.equal(status.error, why);
	assert.match(status.finished, TIME);
	assert.match(status.evidence, /an error/);
});

workflow('W12 interrupted run', async (root, connect) => {
	const first = await Worker.launch(root,
	    { name: stamped('alpha', '2026-05-01_08-00-00') });

	await first.begins();
	await first.do('entries 3');
	first.kill();
	await first.end();

	const client = await connect();
	const lost = await asked(client, { job_id: first.id });

	assert.deepEqual([lost.status, lost.reason, lost.phase,
		lost.entries_completed],
	    ['lost', 'supervisor_lost', 'before_reconcile', 6]);
	/* The last step that is safe to go on from. */
	assert.deepEqual(JSON.parse(readFileSync(lost.journal, 'utf8')).entries
	    .filter((e) => e.resumability_safe).length, 3);

	/* Run again, in a run of its own: the old one keeps its record. */
	const second = await Worker.launch(root,
	    { name: stamped('alpha', '2026-05-02_08-00-00') });

	await second.begins();

	const old_id = `${first.id}~2026-05-01_08-00-00__alpha`;

	assert.deepEqual(states(await overview(client)),
	    { [first.id]: 'running', [old_id]: 'lost' });
	await second.completes();

	const { success, job_id, ...old } = await asked(client,
	    { job_id: old_id });
	const { job_id: was, success: so, ...before } = lost;

	assert.deepEqual(old, before);
	assert.equal((await asked(client, { job_id: first.id })).status,
	    'completed');

	/* Or in the same place: then the log says what was there. */
	const gone = await Worker.launch(root, { name: 'beta', steps: false,
		args: ['--die-at', 'entries'] });

	await gone.end();
	assert.equal((await asked(client, { job_id: gone.id })).status, 'lost');

	const again = await Worker.launch(root, { name: 'beta' });

	await again.do('pid');
	assert.equal((await asked(client, { job_id: gone.id })).status,
	    'running');
	await again.do('stub', 'before');
	await again.completes();
	assert.equal((await asked(client, { job_id: gone.id })).status,
	    'completed');
	assert.match((await ok(client, 'get_job_output', { job_id: gone.id }))
	    .stdout, /Previous weave incomplete at \d{4}-/);
});

workflow('W14 progress', async (root, connect) => {
	const client = await connect();
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const poll = async () => {
		const job = await asked(client, { job_id: worker.id });
		const status = await ok(client, 'get_job_status',
		    { job_id: worker.id });

		assert.equal(job.status, 'running');
		assert.equal(status.phase, job.phase ?? undefined);
		if (job.entries_completed !== undefined)
			assert.deepEqual(status.progress, { current:
			    job.entries_completed, unit: 'entries' });
		return [job.phase, job.entries_completed];
	};

	await worker.do('pid');
	assert.deepEqual(await poll(), [null, undefined]);
	await worker.do('stub');
	assert.deepEqual(await poll(), ['stub_created', 0]);
	await worker.do('before');
	for (let i = 1; i <= 5; i++) {
		assert.deepEqual(await poll(),
		    ['before_reconcile', 2 * i - 2]);
		await worker.do('entries 1');
	}

	/* Total and current item, where a worker tells them. */
	const editor = await Editor.launch(root);

	plant(root, 'copy', { ...identity(editor.pid), phase: 'copy',
		progress: { current: 3, total: 10, unit: 'files',
			message: 'photo.jpg' } });

	const copy = await asked(client, { job_id: 'copy' });

	assert.deepEqual([copy.phase, copy.progress], ['copy', { current: 3,
		total: 10, unit: 'files', message: 'photo.jpg' }]);

	/* And the end, without another look. */
	const end = wait(client, [worker.id]);

	await worker.do('entries 1');
	await worker.completes();
	assert.deepEqual((await end).done.map((j) => [j.job_id, j.status]),
	    [[worker.id, 'completed']]);
});

/* Journals that are no good, each of which is to hide nothing. */
function plant_bad(root) {
	const dir = (name) => plant_run(root, name, {});

	plant_run(root, 'half', { [ENCHANTED]:
	    JSON.stringify(COMPLETED).slice(0, 60) });
	plant_run(root, 'empty', { [ENCHANTED]: '' });
	plant_run(root, 'array', { [ENCHANTED]: '[1, 2]' });
	plant_run(root, 'binary', { [ENCHANTED]: '{"phase": "\x00\u0080"}' });
	plant_run(root, 'huge', { [ENCHANTED]:
	    `{"phase": "${'x'.repeat(9 << 20)}"}` });
	symlinkSync(join(root.work, 'elsewhere'), join(dir('link'), JOURNAL));
	mkdirSync(join(dir('directory'), JOURNAL));
	execFileSync('mkfifo', [join(dir('fifo'), JOURNAL)]);
	writeFileSync(join(root.runs, 'file.weave_journal.json'), '{}');
	symlinkSync(root.work, join(root.runs, 'linked'));
	return ['half', 'empty', 'array', 'binary', 'huge', 'link', 'directory',
		'fifo'];
}

workflow('W15 external producer', async (root, connect) => {
	const client = await connect();
	const editor = await Editor.launch(root);
	const name = stamped('alpha');
	const hidden = plant_run(root, `.${name}`, { [ENCHANTED]: UNDER_WAY,
		pid: editor.pid, log: 'first words\n' });

	/* Not before it is renamed in; and then at once. */
	assert.deepEqual(await overview(client), []);
	renameSync(hidden, join(root.runs, name));

	const [job, ...others] = await overview(client);

	assert.deepEqual(others, []);
	assert.deepEqual([job.job_id, job.status, job.pid, job.phase],
	    ['weave-enchanted-alpha', 'running', editor.pid,
		'before_reconcile']);
	assert.equal((await ok(client, 'get_job_output',
	    { job_id: job.job_id })).stdout, 'first words\n');

	/* Bad neighbours come and hide nothing. */
	const bad = plant_bad(root);
	const all = await overview(client);

	assert.deepEqual(all.map((j) => j.nexus_tag).sort(),
	    ['alpha', ...bad].sort());
	for (const one of all)
		if (bad.includes(one.nexus_tag)) {
			assert.equal(one.status, 'unknown', one.nexus_tag);
			assert.match(one.journal_error, /./);
			assert.deepEqual(await asked(client,
			    { job_id: one.job_id }),
			    { success: true, ...one });
		}

	/* It is still seen, also when it changes and when it goes. */
	plant_run(root, name, { [ENCHANTED]: { ...UNDER_WAY,
		phase: 'renamed' } });
	assert.equal((await asked(client, { job_id: job.job_id })).phase,
	    'renamed');
	editor.kill();
	await editor.end();
	assert.equal((await asked(client, { job_id: job.job_id })).status,
	    'lost');
	plant_run(root, name, { [ENCHANTED]: COMPLETED });
	assert.equal((await asked(client, { job_id: job.job_id })).status,
	    'completed');
	rmSync(join(root.runs, name), { recursive: true });
	assert.deepEqual(await denied(client, 'mcp_job_status',
	    { job_id: job.job_id }),
	    ['not_found', `Unknown job_id: ${job.job_id}`]);
	assert.equal((await overview(client)).length, bad.length);
	rmSync(root.runs, { recursive: true });
});

workflow('W16 chained jobs', async (root, connect) => {
	const client = await connect();
	const stop = join(root.work, 'stop');
	const first = await Worker.launch(root, { name: stamped('alpha'),
		args: ['--until', stop] });

	await first.begins();

	/* The follower is nobody's child here, and shows up by itself. */
	const pid = await first.do('chain beta');

	await first.completes();

	const beta = await until_weave(client, 'weave-enchanted-beta',
	    'running').catch((e) => e);

	assert.equal(beta.pid, pid);
	assert.deepEqual(states(await overview(client)), {
		'weave-enchanted-alpha': 'completed',
		'weave-enchanted-beta': 'running',
	});
	writeFileSync(stop, '');
	assert.equal((await wait(client, ['weave-enchanted-beta'])).done[0]
	    .status, 'completed');
	await until(() => !alive(pid), 10000, 'the follower has ended');

	/* A job that names its follower in its result. */
	plant(root, 'refresh', { exit_code: 0,
		result: { post_refresh_job_id: 'weave-enchanted-beta' } });

	const { post_refresh_job_id } = (await asked(client,
	    { job_id: 'refresh' })).result;

	assert.equal((await asked(client, { job_id: post_refresh_job_id }))
	    .status, 'completed');

	/* And a job of jobdir's own that starts another one. */
	const parent = await run(client,
	    '"$PROGRAM" run -- sh -c "echo follower"', { env: {
		PROGRAM: (await root.run('readlink', ['-f',
			`/proc/${client.pid}/exe`])).stdout.trim() } });
	const follower = parent.stdout.trim();

	assert.equal((await until_ended(client, follower)).status, 'completed');
	assert.equal((await ok(client, 'get_job_output', { job_id: follower }))
	    .stdout, 'follower\n');
});

workflow('W17 dry run', async (root, connect) => {
	const client = await connect();
	const name = stamped('alpha');

	plant_run(root, name, {});
	writeFileSync(join(root.runs, name, 'enchanted_terrain.json'),
	    '{"nodes": []}');

	/* Through jobdir: exit code and words stay. */
	const job = await run(client, PYTHON, { name: 'dry', args: ['-I', '-S',
		WEAVE_WORKER, '--mode', 'enchanted', '--nexus-tag', 'alpha',
		'--dry-run', 'true'], env: { NEXUS_RUNS_BASE: root.runs } });

	assert.deepEqual([job.status, job.exit_code], ['completed', 0]);
	await client.close();

	const later = await connect();
	const { exit_code, status } = await asked(later, { job_id: 'dry' });

	assert.deepEqual([status, exit_code], ['completed', 0]);
	assert.match((await ok(later, 'get_job_output', { job_id: 'dry' }))
	    .stdout, /Weave completed successfully: 3 nodes created\n$/);

	/* As the other server starts it: what is left is the log. */
	const worker = await Worker.launch(root, { name: stamped('beta'),
		steps: false, args: ['--dry-run', 'true'] });

	assert.equal((await worker.end()).code, 0);
	assert.match((await ok(later, 'tail_job_output',
	    { job_id: worker.id, lines: 1 })).stdout, /completed successfully/);
	assert.equal((await asked(later, { job_id: worker.id })).status,
	    'unknown');
});

workflow('W21 two servers', async (root, connect) => {
	const one = await connect();
	const two = await connect();
	const own = await start(one, 'echo ready; exec sleep 1000');
	const worker = await Worker.launch(root, { name: stamped('alpha') });
	const alike = async () => {
		const [a, b] = await Promise.all([overview(one),
			overview(two)]);

		assert.deepEqual(a, b);
		return states(a);
	};

	await worker.begins();
	await until_output(two, own.job_id, /ready/);
	assert.deepEqual(await alike(),
	    { [own.job_id]: 'running', [worker.id]: 'running' });

	/* One waits for what the other stops. */
	const both = wait(one, [own.job_id, worker.id]);

	await cancelled(two, worker.id);
	assert.equal((await ok(two, 'kill_job', { job_id: own.job_id }))
	    .status, 'killed');
	assert.deepEqual(states((await both).done),
	    { [own.job_id]: 'killed', [worker.id]: 'killed' });

	/* One goes; what it started is nobody's orphan. */
	const other = await start(one, UNTIL_TOLD);

	process.kill(one.pid, 'SIGKILL');

	const job = await asked(two, { job_id: other.job_id });

	assert.deepEqual([job.status, job.pid], ['running', other.pid]);
	writeFileSync(join(root.work, 'stop'), '');
	assert.equal((await until_weave(two, other.job_id, 'completed'))
	    .exit_code, 0);
});

});
