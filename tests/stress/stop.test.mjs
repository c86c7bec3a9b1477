/*
 * Stopping: nothing of the job survives, and nothing else is touched.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive } from '../e2e/lib/proc.mjs';
import { PROGRAM, root_test } from '../e2e/lib/root.mjs';
import { ok } from '../e2e/lib/tools.mjs';
import { until } from '../e2e/lib/until.mjs';
import { amount, ended, helper, minutes, observe, pid_in, record, show,
	size_of, start, until_dead } from './lib/stress.mjs';

/* The hops of all chains so far. */
function hops(file, chains) {
	const bytes = readFileSync(file);

	return Array.from({ length: chains },
	    (_, i) => bytes.readBigUInt64LE(i * 8));
}

/* Start chains that hop, and see every one of them do so. */
async function start_hops(root, chains, ...more) {
	const file = join(root.work, `hops${root.job_names().length}`);
	const id = await start(root, helper('hops'), file, chains, 20, ...more);

	await until(() => size_of(file) === chains * 8 &&
	    hops(file, chains).every((n) => n > 10n), 15000, 'all chains hop');
	return { id, file };
}

async function stands_still(file, chains) {
	const before = hops(file, chains);

	await observe(500);
	assert.deepEqual(hops(file, chains), before, 'no chain lives');
}

const CHAINS = [1, 20];

for (const chains of CHAINS)
	root_test(`${chains} chain(s) of processes that fork, call setsid ` +
	    'and exit as fast as they can: no survivor after kill says killed',
	    minutes(5), async (root) => {
		for (let i = 0; i < amount(3, 10); i++) {
			const { id, file } = await start_hops(root, chains);
			const { code, stdout } = await root.jobdir(['kill',
				'-g', '0.1s', id]);

			assert.deepEqual([code, stdout], [0, `${id} killed\n`]);
			await stands_still(file, chains);
			assert.deepEqual(root.processes(), []);
			assert.equal((await show(root, id)).status, 'killed');
		}
	});

for (const chains of CHAINS)
	root_test(`${chains} such chain(s) left behind by a job that has ` +
	    'ended: the supervisor stays with them, and kill ends them',
	    minutes(5), async (root) => {
		for (let i = 0; i < amount(3, 10); i++) {
			const { id, file } = await start_hops(root, chains,
			    'leave');
			const job = await ended(root, id);
			const supervisor = record(root, id).supervisor.pid;

			assert.equal(job.status, 'completed');
			await observe(500);
			assert.ok(alive(supervisor), 'its supervisor is there');

			const { code, stdout } = await root.jobdir(['kill',
				'-g', '0.1s', id]);

			assert.deepEqual([code, stdout],
			    [0, `${id} already_terminated\n`]);
			await stands_still(file, chains);
			assert.deepEqual(root.processes(), []);
			assert.equal((await show(root, id)).status,
			    'completed');
		}
	});

const MEMBERS = ['daemon', 'deaf', 'apart'];

/* The job of tests/stress/family.c; gives its id and the pids. */
async function start_family(root, ...options) {
	const id = await start(root, ...options, helper('family'), root.work);
	const { pid, supervisor } = record(root, id);
	const pids = [pid, ...await Promise.all(MEMBERS.map((name) =>
	    pid_in(join(root.work, name))))];

	assert.ok(pids.every((p) => alive(p)));
	return { id, pids, supervisor: supervisor.pid };
}

for (const signal of ['TERM', 'KILL'])
	root_test('kill ends a grandchild in a session of its own with every ' +
	    `descriptor closed, and a child that ignores SIGTERM: ${signal}`,
	    async (root) => {
		const { id, pids } = await start_family(root);
		const { code, stdout } = await root.jobdir(['kill', '-s',
			signal, '-g', '0.3s', id]);

		assert.deepEqual([code, stdout], [0, `${id} killed\n`]);
		assert.deepEqual(pids.filter((pid) => alive(pid)), []);
		assert.equal((await show(root, id)).status, 'killed');
	});

root_test('a job that traps SIGTERM and exits with 0 after kill_job reads ' +
    'killed for ever', async (root) => {
	const server = await root.server();
	const { job_id } = await ok(server, 'execute_command', {
		command: 'trap "exit 0" TERM; echo ready; ' +
		    'while :; do sleep 1000 & wait; done',
	});

	await until(async () => (await ok(server, 'tail_job_output',
	    { job_id })).stdout, 10000, 'it has set its trap');

	const answer = await ok(server, 'kill_job', { job_id });

	assert.equal(answer.status, 'killed');
	assert.equal(answer.job_status, 'killed');
	assert.equal(answer.exit_code, 0);
	assert.equal((await ok(server, 'kill_job', { job_id })).status,
	    'already_terminated');
	await server.dispose();
	await until(() => !root.processes().length, 10000, 'all is gone');

	/* To whoever comes later, too. */
	const job = await show(root, job_id);

	assert.deepEqual([job.status, job.reason, job.exit_code],
	    ['killed', 'cancelled', 0]);
	assert.equal((await root.jobdir(['wait', '-q', job_id])).code,
	    128 + 15);
});

/* A job and its supervisor are untouched. */
async function lives_on(root, id, supervisor) {
	const job = await show(root, id);

	assert.deepEqual([job.status, job.orphaned, job.cancel_requested],
	    ['running', undefined, undefined]);
	assert.ok(alive(job.pid));
	assert.ok(alive(supervisor));
}

root_test('kill of a job that launched another with jobdir run leaves the ' +
    'other running, with its supervisor', async (root) => {
	const outer = await start(root, '-n', 'outer', 'sh', '-c',
	    '"$0" run -n inner sleep 1000; exec sleep 1000', PROGRAM);
	const inner = await until(async () =>
	    (await root.jobdir(['ls', '-q', '-n', 'inner'])).stdout.trim(),
	    10000, 'there is the other');
	const { supervisor } = record(root, inner);

	/* It is no part of the outer one's tree: nothing to wait for. */
	assert.deepEqual((await root.jobdir(['kill', outer])).stdout,
	    `${outer} killed\n`);
	await until_dead([record(root, outer).supervisor.pid],
	    'the supervisor of the outer');
	assert.equal((await show(root, outer)).leftover, undefined);
	await lives_on(root, inner, supervisor.pid);
	assert.deepEqual((await root.jobdir(['kill', inner])).stdout,
	    `${inner} killed\n`);
});

root_test('kill of a job that is an MCP server leaves the jobs it launched ' +
    'running, with their supervisors', async (root) => {
	const outer = await start(root, '-i', '-n', 'outer', PROGRAM, 'mcp');
	const request = {
		jsonrpc: '2.0',
		id: 1,
		method: 'tools/call',
		params: {
			name: 'execute_command',
			arguments: {
				command: 'exec sleep 1000',
				name: 'inner',
			},
			_meta: {
				'io.modelcontextprotocol/protocolVersion':
				    '2026-07-28',
				'io.modelcontextprotocol/clientInfo':
				    { name: 'tests', version: '1' },
				'io.modelcontextprotocol/clientCapabilities':
				    {},
			},
		},
	};

	assert.equal((await root.jobdir(['send', outer,
		JSON.stringify(request)])).code, 0);

	const text = await until(async () =>
	    (await root.jobdir(['log', '--stdout', outer])).stdout, 10000,
	    'the server has answered');
	const inner = JSON.parse(text).result.structuredContent.job_id;
	const { supervisor } = record(root, inner);

	assert.deepEqual((await root.jobdir(['kill', outer])).stdout,
	    `${outer} killed\n`);
	await until_dead([record(root, outer).supervisor.pid],
	    'the supervisor of the outer');
	await lives_on(root, inner, supervisor.pid);
});

root_test('"sleep 300 & echo started" reads completed with leftover 1; ' +
    'kill_job ends it; it stays completed', async (root) => {
	const server = await root.server();
	const done = await ok(server, 'execute_command', {
		command: 'sleep 300 & echo started',
		wait_seconds: 20,
	});
	const { job_id } = done;

	assert.deepEqual([done.status, done.exit_code, done.stdout],
	    ['completed', 0, 'started\n']);

	const job = await ok(server, 'get_job_status', { job_id });

	assert.deepEqual([job.status, job.leftover], ['completed', 1]);

	const answer = await ok(server, 'kill_job', { job_id });

	assert.deepEqual([answer.status, answer.job_status],
	    ['already_terminated', 'completed']);
	assert.match(answer.message, /1 process/);
	assert.deepEqual(root.processes_of_jobs(server), []);

	const after = await ok(server, 'get_job_status', { job_id });

	assert.deepEqual([after.status, after.leftover],
	    ['completed', undefined]);
});
