/*
 * Jobs as tasks: made by one server, asked of others, for ever.
 */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { finish } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { descriptors } from './lib/proc.mjs';
import { root_test, TRACED } from './lib/root.mjs';
import { NEWEST_LEGACY } from './lib/rpc.mjs';
import { ABLE, cancel, create, ended, get, TASKS } from './lib/tasks.mjs';
import { ok } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

/* One request to a server made for it, which is killed with SIGTERM as soon as
 * it has answered. */
async function once(root, ask) {
	const server = await root.server();
	const answer = await ask(server);

	server.kill('SIGTERM');
	assert.deepEqual(await server.end(), { code: 0, signal: null });
	return answer;
}

describe('tasks', { concurrency: 4 }, () => {

root_test('a command with notify is a task of a client that takes tasks',
    async (root) => {
	const server = await root.server();
	const task = await create(server, 'echo out; echo err >&2; exit 7',
	    { name: 'seven', wait_seconds: 30 });

	assert.deepEqual(Object.keys(task), ['resultType', 'taskId', 'status',
		'statusMessage', 'createdAt', 'lastUpdatedAt', 'ttlMs',
		'pollIntervalMs', '_meta']);
	assert.equal(task.ttlMs, null);
	assert.equal(task.pollIntervalMs, 1000);

	const end = await ended(server, task.taskId);
	const { structuredContent: job } = end.result;

	assert.equal(end.status, 'completed');
	assert.equal(end.createdAt, task.createdAt);
	assert.match(end.statusMessage, /^exit code 7.* after \d+\.\d s$/);
	assert.equal(end.result.isError, undefined);
	assert.equal(end.result.resultType, 'complete');
	assert.equal(job.job_id, task.taskId);
	assert.equal(job.status, 'failed');
	assert.equal(job.exit_code, 7);
	assert.equal(job.stdout, 'out\n');
	assert.equal(job.stderr, 'err\n');
	assert.equal(end.lastUpdatedAt, job.finished);
});

root_test('nobody else gets a task', async (root) => {
	const modern = await root.server();
	const legacy = await root.server({}, NEWEST_LEGACY);
	const declared = (extensions) => ({ _meta: {
		'io.modelcontextprotocol/clientCapabilities': { extensions } } });

	for (const [server, params] of [
		[modern, { arguments: { notify: true }, ...declared({}) }],
		[modern, { arguments: { notify: true },
			...declared({ [TASKS]: true }) }],
		[modern, { arguments: { notify: false }, ...ABLE }],
		[modern, { arguments: {}, ...ABLE, task: { ttl: 1000 } }],
		[legacy, { arguments: { notify: true }, ...ABLE.capabilities }],
		[legacy, { arguments: {}, task: { ttl: 1000 } }],
	]) {
		const { result } = await server.request('tools/call', { ...params,
			name: 'execute_command',
			arguments: { command: 'true', ...params.arguments } });
		const { job_id, hint } = result.structuredContent;

		assert.notEqual(result.resultType, 'task');
		assert.equal(result._meta?.['io.modelcontextprotocol/related-task'],
		    undefined);
		assert.ok(job_id);
		if (params.arguments.notify)
			assert.match(hint, /^notify has no effect/);
	}
	assert.equal((await legacy.request('tasks/get', { taskId: 'x' })).error
	    .code, -32601);
	assert.equal(legacy.initialized.capabilities.tasks, undefined);
});

root_test('who does not declare tasks is told what is missing', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'true');

	for (const [method, params] of [['tasks/get', { taskId }],
		['tasks/cancel', { taskId }],
		['tasks/update', { taskId, inputResponses: {} }],
		['subscriptions/listen',
			{ notifications: { taskIds: [taskId] } }]])
		assert.deepEqual((await server.request(method, params)).error, {
			code: -32021,
			message: 'Missing required client capability',
			data: { requiredCapabilities:
				{ extensions: { [TASKS]: {} } } },
		});
});

root_test('unknown and odd ids of tasks', async (root) => {
	const server = await root.server();
	const refusals = { 'nope': 'Task not found', '': 'Task not found',
		'../..': 'Task not found', 'a\0b': 'NUL',
		['x'.repeat(3000)]: 'too long' };

	for (const [taskId, why] of Object.entries(refusals))
		for (const method of ['tasks/get', 'tasks/cancel',
			'tasks/update']) {
			const { error } = await server.request(method,
			    { taskId, inputResponses: {}, ...ABLE });

			assert.equal(error.code, -32602);
			assert.match(error.message, new RegExp(why));
		}
	for (const taskId of [undefined, null, 7, [], {}])
		assert.equal((await server.request('tasks/get',
		    { taskId, ...ABLE })).error.code, -32602);
	for (const method of ['tasks/list', 'tasks/result'])
		assert.deepEqual((await server.request(method, ABLE)).error, {
			code: -32601, message: `Method not found: ${method}` });

	const { taskId } = await create(server, 'true');

	for (const inputResponses of [undefined, null, [], 'x'])
		assert.equal((await server.request('tasks/update',
		    { taskId, inputResponses, ...ABLE })).error.code, -32602);
	assert.deepEqual(Object.keys((await server.request('tasks/update',
	    { taskId, inputResponses: { more: 1 }, ...ABLE })).result),
	    ['resultType', '_meta']);
	/* No prefix, no name: a task has one id. */
	assert.equal((await server.request('tasks/get',
	    { taskId: taskId.slice(0, 8), ...ABLE })).error.code, -32602);
});

root_test('made by one server; polled, cancelled and completed by others, ' +
    'each made for one request and killed after its answer', async (root) => {
	const made = await once(root, (s) => create(s, 'echo on; sleep 1000'));
	const id = made.taskId;

	const first = await once(root, (s) => get(s, id));

	assert.equal(first.status, 'working');
	assert.equal(first.createdAt, made.createdAt);
	await once(root, (s) => cancel(s, id));

	const end = await until(async () => {
		const task = await once(root, (s) => get(s, id));

		return task.status !== 'working' && task;
	}, 20000, 'it is cancelled');

	assert.equal(end.status, 'cancelled');
	assert.equal(end.createdAt, made.createdAt);
	assert.equal(end.result, undefined);
	assert.match(end.statusMessage,
	    /^killed on request of .*: SIGTERM.* after \d+\.\d s$/);
	/* A second request changes nothing. */
	await once(root, (s) => cancel(s, id));
	assert.deepEqual(await once(root, (s) => get(s, id)), end);

	/* And one that nobody cancels. */
	const { taskId, createdAt } = await once(root, (s) => create(s,
	    'until [ -e go ]; do sleep 0.02; done; exit 7'));

	await root.run('touch', ['go']);

	const done = await until(async () => {
		const task = await once(root, (s) => get(s, taskId));

		return task.status !== 'working' && task;
	}, 20000, 'it is completed');

	assert.deepEqual([done.status, done.createdAt,
		done.result.structuredContent.exit_code],
	    ['completed', createdAt, 7]);
	assert.deepEqual(await once(root, (s) => get(s, taskId)), done);
});

root_test('two servers say the same of an ended task, byte for byte',
    async (root) => {
	const servers = [await root.server(), await root.server()];
	const { taskId } = await create(servers[0], 'printf "\\xff\\n"; exit 1');

	await ended(servers[0], taskId);

	const texts = await Promise.all(servers.map(async (server) => {
		const answer = await server.response(server.post('tasks/get',
		    { taskId, ...ABLE }, { id: 'same' }));

		return server.text(answer);
	}));

	assert.equal(texts[0], texts[1]);
});

root_test('a server is killed while it makes tasks: what it acknowledged is ' +
    'there', async (root) => {
	const acknowledged = [];

	for (let i = 0; i < 10; i++) {
		const server = await root.server();

		for (let n = 0; n < 10; n++)
			server.post('tools/call', { name: 'execute_command',
				arguments: { command: 'sleep 1000',
					notify: true }, ...ABLE });
		for (let n = 0; n < i; n++) {
			const { result } = await server.receive(
			    (m) => 'id' in m);

			acknowledged.push(result);
		}
		server.kill('SIGKILL');
		await server.end();
	}

	const server = await root.server();

	assert.equal(acknowledged.length, 45);
	for (const { taskId, createdAt } of acknowledged) {
		const task = await get(server, taskId);

		assert.equal(task.status, 'working');
		assert.equal(task.createdAt, createdAt);
	}
});

root_test('every state of a job is one of a task', async (root) => {
	const server = await root.server();
	const state = (name, journal) => {
		plant(root, name, journal);
		return get(server, name);
	};
	const fine = await state('fine', ENDED);
	const lost = await state('lost', { command: 'x', pid: 4194304 });

	assert.equal(fine.status, 'completed');
	assert.equal(fine.result.structuredContent.status, 'completed');
	assert.equal(lost.status, 'completed');
	assert.equal(lost.result.structuredContent.status, 'lost');
	assert.equal(lost.result.isError, undefined);

	const torn = await state('torn', '{"name": ');

	assert.equal(torn.status, 'working');
	assert.match(torn.statusMessage, /^unknown: /);

	/* A clock that went back, and times that are none. */
	const [made, over] = ['2030-01-01T00:00:00.000000Z',
		'2020-01-01T00:00:00.000000Z'];
	const back = await state('back', { created: made, finished: over,
		exit_code: 0 });

	assert.equal(back.createdAt, made);
	assert.equal(back.lastUpdatedAt, made);
	for (const [i, time] of ['x', 1e300, -5, null, '2024-02-30T25:00:00Z']
	    .entries())
		await state(`odd${i}`, { created: time, finished: time,
			exit_code: 0 });
});

root_test('a job of the command line is a task, and one that is stopping ' +
    'says so', async (root) => {
	const server = await root.server();
	const { stdout } = await root.jobdir(['run', 'sh', '-c',
		'trap "" TERM; echo ready; while :; do sleep 1; done']);
	const id = stdout.trim();

	await until(async () => /last line: ready$/.test(
	    (await get(server, id)).statusMessage), 10000, 'it is ready');
	await cancel(server, id);
	await until(async () => (await get(server, id)).statusMessage ===
	    'stopping', 5000, 'it is stopping');
	await root.jobdir(['kill', '-s', 'KILL', '-g', '0', id]);
	assert.equal((await ended(server, id)).status, 'cancelled');
});

root_test('with a key, the second call gives the task of the first',
    async (root) => {
	const first = await create(await root.server(), 'sleep 1000',
	    { idempotency_key: 'k' });
	const second = await create(await root.server(), 'sleep 1000',
	    { idempotency_key: 'k' });

	assert.equal(second.taskId, first.taskId);
	assert.equal(second.createdAt, first.createdAt);
});

root_test('a task is on disk before it is acknowledged', async (root) => {
	const log = join(root.top, 'calls');
	const server = await root.server({ env: TRACED, under: ['strace', '-f',
		'-qq', '-s', '4096', '-e', 'trace=fsync,write,sendto', '-o',
		log] });
	/* Line numbers in the log, of syncs and of answers. */
	const seen = (pattern) => readFileSync(log, 'utf8').split('\n')
	    .flatMap((line, i) => pattern.test(line) ? [i] : []);

	/* Its end is not written down before it is asked for. */
	const { taskId } = await create(server, 'sleep 1000');

	await cancel(server, taskId);
	await ended(server, taskId);

	const [answer] = seen(/(?:write|sendto)\(.*"resultType\\":\\"task/);
	const syncs = seen(/fsync\b.*= 0$/).filter((i) => i < answer);

	/* Record, directory, root. */
	assert.equal(syncs.length, 3);
});

root_test('what cannot be started is no task', async (root) => {
	const server = await root.server();
	const call = (args) => server.request('tools/call', {
		name: 'execute_command', arguments: { notify: true, ...args },
		...ABLE });

	for (const args of [{ command: '  ' }, { command: 'true', cwd: '/no' },
		{ command: '/no/such/program', args: [] }]) {
		const { result } = await call(args);

		assert.equal(result.resultType, 'complete');
		assert.equal(result.isError, true);
	}
	assert.deepEqual(root.job_names(), []);
});

root_test('what can\'t be looked at is not said to be gone', async (root) => {
	root.bind_to_permissions();

	const server = await root.server({ under: root.binding });
	const { taskId } = await create(server, 'true');
	const uri = `job:///${taskId}/stdout`;

	await ended(server, taskId);
	chmodSync(root.runs, 0);
	for (const [method, params] of [['tasks/get', { taskId }],
		['tasks/cancel', { taskId }],
		['tasks/update', { taskId, inputResponses: {} }],
		['resources/read', { uri }], ['resources/list', {}],
		['prompts/get', { name: 'diagnose_job',
			arguments: { job_id: taskId } }]]) {
		const { error } = await server.request(method,
		    { ...params, ...ABLE });

		assert.equal(error.code, -32603, method);
		assert.match(error.message, /Permission denied/);
	}
	chmodSync(root.runs, 0o700);
	chmodSync(join(root.runs, root.job_names()[0], 'stdout.log'), 0);
	assert.equal((await server.request('resources/read', { uri })).error
	    .code, -32603);
	assert.equal((await get(server, taskId)).status, 'completed');
});

root_test('a task whose directory is removed is none', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'true');

	await ended(server, taskId);
	rmSync(join(root.runs, root.job_names()[0]), { recursive: true });
	assert.equal((await server.request('tasks/get', { taskId, ...ABLE }))
	    .error.code, -32602);
});

});

root_test('a server without descriptors says so, and no state',
    async (root) => {
	const server = await root.server();
	const id = await finish(root, ['true']);
	const ask = () => server.request('tasks/get', { taskId: id, ...ABLE });
	const limit = async (most) => assert.equal((await root.run('prlimit',
	    ['--pid', server.pid, `--nofile=${most}:`])).code, 0);

	await ok(server, 'list_jobs'); /* the root is open now */

	const open = descriptors(server.pid).map(({ fd }) => fd);

	/* The lowest number that is free. */
	await limit([...open, -1].findIndex((fd, i) => fd !== i));

	const { error } = await ask();

	assert.equal(error?.code, -32603);
	assert.match(error.message, /Too many open files/);
	await limit(100);
	assert.equal((await ask()).result.status, 'completed');
});
