/*
 * Subscriptions: what a client hears of jobs of any process, and when.
 */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { ENDED, plant } from './lib/plant.mjs';
import { descriptors } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { LEGACY, NEWEST_LEGACY } from './lib/rpc.mjs';
import { ABLE, cancel, create, ended, get, listen, SUBSCRIPTION, told }
	from './lib/tasks.mjs';
import { ok } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const LIST = 'notifications/resources/list_changed';
const RESOURCE = 'notifications/resources/updated';
const TASK = 'notifications/tasks';

const uri = (id, part) => `job:///${id}/${part}`;

/* A job of the command line, which the server has not heard of. */
async function start(root, ...words) {
	return (await root.jobdir(['run', '--', ...words])).stdout.trim();
}

/* Nothing more comes; what has come by then. */
async function rest(server) {
	return (await server.quiet()).map((m) => m.method);
}

describe('subscriptions', { concurrency: 4 }, () => {

root_test('only what is served is acknowledged', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'sleep 1000');
	const { honoured } = await listen(server, {
		toolsListChanged: true, promptsListChanged: true,
		resourcesListChanged: true, somethingElse: [1],
		resourceSubscriptions: [uri(taskId, 'stdout'), 'http://x/y',
			uri('later', 'journal')],
		taskIds: [taskId, 'nope'],
	});

	assert.deepEqual(honoured, {
		resourcesListChanged: true,
		resourceSubscriptions: [uri(taskId, 'stdout'),
			uri('later', 'journal')],
		taskIds: [taskId],
	});
	assert.deepEqual((await listen(server, {})).honoured, {});
	assert.deepEqual((await listen(server, { resourcesListChanged: false }))
	    .honoured, {});
});

root_test('a subscription that makes no sense is refused', async (root) => {
	const server = await root.server();

	for (const notifications of [undefined, null, 'x', [],
		{ resourceSubscriptions: 'x' }, { taskIds: {} }])
		assert.equal((await server.request('subscriptions/listen',
		    { notifications, ...ABLE })).error.code, -32602);
	server.send('{"jsonrpc":"2.0","id":123456789012345678901234567890,' +
	    '"method":"subscriptions/listen","params":{"notifications":{},' +
	    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
	    '"io.modelcontextprotocol/clientCapabilities":{}}}}\n');
	assert.equal((await server.receive((m) => m.error)).error.code, -32600);
});

root_test('the list: jobs of other processes and of workers', async (root) => {
	const server = await root.server();
	const { id } = await listen(server, { resourcesListChanged: true });

	await start(root, 'true');
	assert.deepEqual(Object.keys(await told(server, id, LIST)), ['_meta']);

	const dir = plant(root, '.building', ENDED);

	renameSync(dir, join(root.runs, 'worker'));
	await told(server, id, LIST);
	rmSync(join(root.runs, 'worker'), { recursive: true });
	await told(server, id, LIST);
});

root_test('a root that is made after the subscription', async (root) => {
	const server = await root.server();
	const { id } = await listen(server, { resourcesListChanged: true,
		resourceSubscriptions: [uri('worker', 'journal')] });

	plant(root, 'worker', ENDED);
	await told(server, id, LIST);
	await told(server, id, RESOURCE);
});

root_test('a task of another process: its end, told once', async (root) => {
	const server = await root.server();
	const job = await start(root, 'sleep', '1000');
	const { id } = await listen(server, { taskIds: [job] });

	await root.jobdir(['kill', job]);

	const { _meta, ...task } = await told(server, id, TASK,
	    (t) => t.status !== 'working');
	const { resultType, _meta: info, ...polled } = await get(server, job);

	assert.deepEqual(task, polled);
	assert.deepEqual(_meta, { [SUBSCRIPTION]: id });
	assert.equal(resultType, 'complete');
	assert.ok(info);
	assert.deepEqual(await rest(server), []);
});

root_test('a task that had ended before is told once', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'true');

	await ended(server, taskId);

	const { id } = await listen(server, { taskIds: [taskId] });

	assert.equal((await told(server, id, TASK)).status, 'completed');
	assert.deepEqual(await rest(server), []);
});

root_test('what is asked for twice is told once', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'true');
	const journal = uri(taskId, 'journal');

	await ended(server, taskId);

	const { id, honoured } = await listen(server, {
		taskIds: [taskId, taskId],
		resourceSubscriptions: [journal, journal] });

	assert.deepEqual(honoured, { taskIds: [taskId],
		resourceSubscriptions: [journal] });
	await told(server, id, TASK);
	await told(server, id, RESOURCE);
	assert.deepEqual(await rest(server), []);
});

root_test('an end that can\'t be looked at is told as soon as it can',
    async (root) => {
	root.bind_to_permissions();

	const server = await root.server({ under: root.binding,
		args: ['-v'] });
	const job = await start(root, 'sh', '-c',
	    'until [ -e go ]; do sleep 0.02; done; exit 3');
	const { id } = await listen(server, { taskIds: [job],
		resourceSubscriptions: [uri(job, 'journal')] });
	const begun = performance.now();
	const tries = () => server.stderr.split('can\'t be watched').length - 1;

	chmodSync(root.runs, 0);
	assert.equal((await server.request('tasks/get', { taskId: job,
		...ABLE })).error.code, -32603);
	await root.run('touch', ['go']);
	await until(() => tries() > 3, 10000, 'it tries again');
	chmodSync(root.runs, 0o700);
	assert.equal((await told(server, id, TASK, (t) =>
	    t.status !== 'working')).result.structuredContent.exit_code, 3);
	await told(server, id, RESOURCE);
	/* And not all the time. */
	assert.ok(tries() <= (performance.now() - begun) / 250 + 2,
	    `${tries()}`);
	server.stderr = ''; /* what it says on request */
});

root_test('output and record of a running job', async (root) => {
	const server = await root.server();
	const { taskId: job } = await create(server,
	    'while read line; do echo "$line"; done');
	const { id } = await listen(server, { resourceSubscriptions:
		[uri(job, 'stdout'), uri(job, 'journal')] });

	assert.deepEqual(await rest(server), []);
	await ok(server, 'interact_with_job', { job_id: job, input: 'word' });
	await told(server, id, RESOURCE, (p) => p.uri === uri(job, 'stdout'));
	assert.deepEqual(await rest(server), []);
	await root.jobdir(['send', '--eof', job]);
	await told(server, id, RESOURCE, (p) => p.uri === uri(job, 'journal'));
});

root_test('output is told at most four times a second, its last part too',
    async (root) => {
	const server = await root.server();
	const begun = performance.now();
	const { taskId } = await create(server,
	    'i=0; while [ $i -lt 300 ]; do echo $i; sleep 0.005; ' +
	    'i=$((i + 1)); done; read end');
	const { id } = await listen(server, { resourceSubscriptions:
		[uri(taskId, 'stdout')] });
	const text = async () => (await server.request('resources/read',
	    { uri: uri(taskId, 'stdout') })).result.contents[0].text;
	let count = 0;

	for (;;) {
		await told(server, id, RESOURCE);
		count++;
		if ((await text()).endsWith('299\n'))
			break;
	}
	assert.ok(count >= 2, `${count}`);
	assert.ok(count <= (performance.now() - begun) / 250 + 2, `${count}`);
	await cancel(server, taskId);
});

root_test('several subscriptions; cancelling one leaves the others',
    async (root) => {
	const server = await root.server();
	const first = await listen(server, { resourcesListChanged: true },
	    { id: 'one' });
	const second = await listen(server, { resourcesListChanged: true },
	    { id: 2 });

	await start(root, 'true');
	await told(server, first.id, LIST);
	await told(server, second.id, LIST);
	server.notify('notifications/cancelled', { requestId: 'one' });
	await server.quiet();
	await start(root, 'true');
	await told(server, second.id, LIST);
	assert.deepEqual(await rest(server), []);
});

for (const [how, end] of Object.entries({
	'end of input': (server) => server.close_stdin(),
	'SIGTERM': (server) => server.kill('SIGTERM') }))
	root_test(`${how}: each subscription is answered`, async (root) => {
		const server = await root.server();
		const ids = [(await listen(server, {})).id,
			(await listen(server, { resourcesListChanged: true })).id];

		end(server);
		for (const id of ids)
			assert.equal((await server.response(id)).result
			    ._meta[SUBSCRIPTION], id);
		assert.deepEqual(await server.end(), { code: 0, signal: null });
	});

root_test('64 subscriptions, and not one more', async (root) => {
	const server = await root.server();

	for (let i = 0; i < 64; i++)
		await listen(server, {});

	const { error } = await server.request('subscriptions/listen',
	    { notifications: {}, ...ABLE });

	assert.equal(error.code, -32603);
	server.notify('notifications/cancelled', { requestId: 1 });
	await listen(server, {});
});

root_test('topics have a bound, too', async (root) => {
	const server = await root.server();
	const many = Array.from({ length: 4097 }, (_, i) => uri(`j${i}`,
	    'journal'));

	assert.equal((await server.request('subscriptions/listen',
	    { notifications: { resourceSubscriptions: many }, ...ABLE })).error
	    .code, -32603);

	/* The acknowledgement has to go into a line. */
	const long = many.slice(0, 1000).map((each) =>
	    each.replace('///', `///${'x'.repeat(1500)}`));

	assert.equal((await server.request('subscriptions/listen',
	    { notifications: { resourceSubscriptions: long }, ...ABLE })).error
	    .code, -32603);
	await listen(server, { resourceSubscriptions: many.slice(1) });
	assert.equal((await server.request('subscriptions/listen',
	    { notifications: { resourceSubscriptions: ['job:///x/stdout'] },
		...ABLE })).error.code, -32603);
});

root_test('a client that does not read loses no end', async (root) => {
	const server = await root.server();
	const tasks = [];

	for (let i = 0; i < 5; i++)
		tasks.push((await create(server, 'sleep 1000')).taskId);

	const { id } = await listen(server, { taskIds: tasks });

	server.child.stdout.pause();
	/* Until the server takes no more: its queue is full. */
	for (let i = 0; i < 300; i++)
		server.post('tools/list', {}, { id: `flood ${i}` });
	await root.jobdir(['kill', '-q', ...tasks]);
	server.child.stdout.resume();
	for (const task of tasks)
		assert.equal((await told(server, id, TASK, (t) =>
		    t.taskId === task && t.status !== 'working')).status,
		    'cancelled');
	for (let i = 0; i < 300; i++)
		await server.response(`flood ${i}`);
});

root_test('a flood of requests does not hold back a notification',
    async (root) => {
	const server = await root.server();
	const job = await start(root, 'sleep', '1000');
	const { id } = await listen(server, { taskIds: [job] });
	const flood = Array.from({ length: 2000 }, (_, i) => `flood ${i}`);
	const order = [];

	for (const each of flood)
		server.post('tools/list', {}, { id: each });

	const answers = flood.map((each) => server.response(each)
	    .then(() => order.push(each)));

	await root.jobdir(['kill', '-q', job]);
	await told(server, id, TASK, (t) => t.status === 'cancelled');

	const before = order.length;

	await Promise.all(answers);
	assert.ok(before < flood.length, `after ${before} answers`);
});

root_test('what a subscription held is given back', async (root) => {
	const server = await root.server();
	const { taskId } = await create(server, 'sleep 1000');

	await listen(server, { resourcesListChanged: true }, { id: 'keep' });
	await server.quiet();

	const before = descriptors(server.pid).length;

	for (let i = 0; i < 50; i++) {
		const { id } = await listen(server, { taskIds: [taskId],
			resourceSubscriptions: [uri(taskId, 'stdout')] },
		    { id: `s${i}` });

		server.notify('notifications/cancelled', { requestId: id });
	}
	await server.quiet();
	assert.equal(descriptors(server.pid).length, before);
});

for (const era of LEGACY)
	root_test(`resources/subscribe in ${era}`, async (root) => {
		const server = await root.server({}, era);
		const worker = plant(root, 'worker', { command: 'x' });
		const mine = uri('worker', 'journal');

		for (const each of [mine, 'test://anything'])
			assert.deepEqual((await server.request(
			    'resources/subscribe', { uri: each })).result, {});
		assert.equal((await server.request('resources/subscribe', {}))
		    .error.code, -32602);
		appendFileSync(join(worker, 'journal.json'), ' ');
		assert.deepEqual((await server.receive((m) =>
		    m.method === RESOURCE)).params, { uri: mine });
		assert.deepEqual((await server.request('resources/unsubscribe',
		    { uri: mine })).result, {});
		await server.quiet();
		server.messages.length = 0;
		appendFileSync(join(worker, 'journal.json'), ' ');
		await start(root, 'true');
		assert.deepEqual(await rest(server), []);
	});

root_test('a legacy client that has seen the list hears of its changes',
    async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	await server.request('resources/list');
	await start(root, 'true');
	assert.deepEqual(await server.receive((m) => m.method === LIST),
	    { jsonrpc: '2.0', method: LIST });
});

root_test('a newer run takes the id over: its record is told', async (root) => {
	const server = await root.server();
	const name = (hour) => `20261120T${hour}0000Z__nightly`;

	plant(root, name('02'), ENDED);

	const { id } = await listen(server, { resourceSubscriptions:
		[uri('nightly', 'journal')] });

	await told(server, id, RESOURCE); /* it had ended before */
	plant(root, name('03'), { ...ENDED, exit_code: 1 });
	await told(server, id, RESOURCE);
});

});
