/*
 * Doing nothing at no cost, and big roots.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive } from '../e2e/lib/proc.mjs';
import { PROGRAM, Root, root_test } from '../e2e/lib/root.mjs';
import { MODERN, Server } from '../e2e/lib/rpc.mjs';
import { ok } from '../e2e/lib/tools.mjs';
import { until } from '../e2e/lib/until.mjs';
import { amount, Beside, ended, minutes, observe, plant_ended, record, show,
	start, switches } from './lib/stress.mjs';

const WAIT_SECONDS = amount(5, 10);
const IDLE_SECONDS = amount(3, 5);

root_test('jobdir wait on a silent job wakes up at most 3 times in ' +
    `${WAIT_SECONDS} s`, async (root) => {
	const log = join(root.top, 'trace');
	const id = await start(root, 'sleep', 1000);
	const { code } = await root.run('strace', ['-f', '-qq', '-o', log,
		'-e', 'trace=poll,ppoll,select,pselect6,epoll_wait,' +
		'epoll_pwait,nanosleep,clock_nanosleep',
		PROGRAM, 'wait', '-t', WAIT_SECONDS, id]);
	const calls = readFileSync(log, 'utf8').split('\n')
	    .filter((line) => /^\d+ +\w+\(/.test(line));

	assert.equal(code, 124);
	console.log(calls.join('\n'));
	assert.ok(calls.length >= 1 && calls.length <= 3,
	    `it slept ${calls.length} times`);
});

/* Words that run a program where there is no inotify: in a user namespace whose
 * limit is 0, or where there are none to be had, with that call refused. */
function without_inotify(...words) {
	if (spawnSync('unshare', ['-Ur', 'true']).status !== 0)
		return ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e',
			'trace=inotify_init1', '-e',
			'inject=inotify_init1:error=EMFILE', '--', ...words];
	return ['unshare', '-Ur', 'sh', '-c',
		'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"',
		'sh', ...words];
}

root_test('where inotify is refused, jobdir wait gives the same answer',
    async (root) => {
	const id = await start(root, '-i', 'sh', '-c', 'read x; exit 7');
	const [program, ...args] = without_inotify(PROGRAM, 'wait', id);
	const waits = [
		new Beside(root, program, args),
		new Beside(root, PROGRAM, ['wait', id]),
	];

	/* Both have begun to wait: they sleep. */
	for (const wait of waits)
		await until(() => {
			const before = switches(wait.pid);

			return readFileSync(`/proc/${wait.pid}/cmdline`,
			    'utf8').startsWith(PROGRAM) && before > 0;
		}, 10000, 'the wait has begun');
	await root.jobdir(['send', id, 'go']);
	for (const wait of waits) {
		assert.deepEqual(await wait.end(), { code: 7, signal: null });
		assert.equal(wait.stdout, `${id} failed 7\n`);
	}
});

root_test('where inotify is refused, a server gives the same answers',
    async (root) => {
	const [program, ...args] = without_inotify(PROGRAM, 'mcp');
	const blind = await root.keep(new Server(program, args,
	    { cwd: root.work, env: root.env() })).open(MODERN);
	const seeing = await root.server();
	const call = {
		command: 'read x; echo out; exit 7',
		idempotency_key: 'the job',
	};
	const { job_id } = await ok(seeing, 'execute_command', call);
	const waits = Promise.all([blind, seeing].map((server) =>
	    ok(server, 'execute_command', { ...call, wait_seconds: 50 })));

	await ok(blind, 'interact_with_job', { job_id, input: 'go' });

	const answers = await waits;

	assert.deepEqual([answers[0].job_id, answers[0].exit_code,
		answers[0].stdout], [job_id, 7, 'out\n']);
	assert.deepEqual(answers[0], answers[1]);
	assert.deepEqual(await ok(blind, 'get_job_status', { job_id }),
	    await ok(seeing, 'get_job_status', { job_id }));
});

/* Jobs that do nothing for now: options and words of `jobdir run`. */
const IDLE = {
	'a silent job': ['sleep', 1000],
	'a job with open input': ['-i', 'cat'],
	'a job with a time limit': ['-t', '1h', 'sleep', 1000],
	'a job that has written something': ['sh', '-c',
		'echo one; echo two >&2; exec sleep 1000'],
	'a job with a full log': ['--max-log', '64K', 'sh', '-c',
		'yes | head -c 1000000; exec sleep 1000'],
};

root_test('the supervisor of an idle job makes no wake-up within ' +
    `${IDLE_SECONDS} s`, async (root) => {
	const supervisors = {};

	for (const [name, words] of Object.entries(IDLE))
		supervisors[name] = record(root, await start(root, ...words))
		    .supervisor.pid;

	/* What follows a start or a write is over. */
	for (const [name, pid] of Object.entries(supervisors))
		await until(async () => {
			const before = switches(pid);

			await observe(1000);
			return switches(pid) === before;
		}, 15000, `${name}: its supervisor has come to rest`);

	const counts = () => Object.entries(supervisors).map(([name, pid]) =>
	    [name, switches(pid)]);
	const before = counts();

	await observe(IDLE_SECONDS * 1000);
	assert.deepEqual(counts(), before);
});

root_test('end of input with calls in flight: the server exits, its jobs ' +
    'live on, and nobody is busy', async (root) => {
	const server = await root.server();
	const deaf = await ok(server, 'execute_command', { command:
	    'trap "" TERM; echo ready; while :; do sleep 1000 & wait; done' });
	const calls = Array.from({ length: 5 }, (_, i) =>
	    ({ command: 'exec sleep 1000', idempotency_key: `key ${i}` }));
	const job_ids = [];

	for (const call of calls)
		job_ids.push((await ok(server, 'execute_command', call))
		    .job_id);
	await until(async () => (await ok(server, 'get_job_output',
	    { job_id: deaf.job_id })).stdout, 10000, 'it is deaf');
	for (let i = 0; i < 20; i++) {
		server.post('tools/call', { name: 'execute_command',
			arguments: { ...calls[i % 5], wait_seconds: 50 } });
		server.post('tools/call', { name: 'kill_job',
			arguments: { job_id: deaf.job_id,
				grace_seconds: 3600 } });
		server.post('tools/call', { name: 'interact_with_job',
			arguments: { job_id: job_ids[0], input: 'x',
				wait_seconds: 50 } });
	}
	server.close_stdin();
	assert.deepEqual(await server.end('the end', 5000),
	    { code: 0, signal: null });
	assert.equal(server.stderr, '');
	assert.ok(!alive(server.pid));
	for (const id of job_ids)
		assert.equal((await show(root, id)).status, 'running');

	const pids = root.processes();

	await until(async () => {
		const before = pids.map(switches);

		await observe(1000);
		return pids.map(switches).every((n, i) => n === before[i]);
	}, 15000, 'all is at rest');
	await root.jobdir(['kill', '-q', '-s', 'KILL', deaf.job_id]);
});

const JOBS = 10000;

root_test(`a root of ${JOBS} jobs that have ended: each is listed, once, ` +
    'newest first, by a server that has just begun', minutes(5),
    async (root) => {
	const other = new Root();

	await ended(other, await start(other, 'true'));
	plant_ended(root, other.journal(other.job_names()[0]), JOBS);
	await other.tidy();

	const server = await root.server();
	const seen = new Set();
	let cursor, last = Infinity, pages = amount(20, Infinity);

	do {
		const page = await ok(server, 'list_jobs',
		    { limit: 100, ...cursor ? { cursor } : {} });

		for (const job of page.jobs) {
			const at = Date.parse(job.started);

			assert.equal(job.status, 'completed');
			assert.ok(at <= last, 'newest first');
			last = at;
			seen.add(job.job_id);
		}
		cursor = page.next_cursor;
	} while (cursor && --pages > 0);

	const { stdout } = await root.jobdir(['ls', '-a', '-q']);
	const ids = stdout.trim().split('\n');

	assert.equal(new Set(ids).size, JOBS);
	assert.deepEqual(ids.slice(0, seen.size), [...seen]);
	assert.ok(cursor || seen.size === JOBS);
});
