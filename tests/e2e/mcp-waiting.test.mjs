/*
 * Calls that wait: progress, cancelling, and that they delay nobody.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { root_test } from './lib/root.mjs';
import { MODERN, NEWEST_LEGACY } from './lib/rpc.mjs';
import { ok, start, until_ended } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

describe('waiting calls', { concurrency: 4 }, () => {

const waiting = (command) => ({
	name: 'execute_command',
	arguments: { command, wait_seconds: 50 },
});

/* The only job of the root, as soon as there is one. */
function the_job(server) {
	return until(async () => (await ok(server, 'list_jobs')).jobs[0],
	    10000, 'the job is there');
}

function three_jobs(server) {
	return until(async () => (await ok(server, 'list_jobs')).jobs
	    .length === 3, 10000, 'three jobs');
}

for (const era of [NEWEST_LEGACY, MODERN])
	root_test(`notifications/cancelled ends a wait: ${era}`,
	    async (root) => {
		const server = await root.server({}, era);

		server.post('tools/call', waiting('exec sleep 1000'),
		    { id: 'wait' });

		const { job_id } = await the_job(server);

		server.notify('notifications/cancelled',
		    { requestId: 'wait', reason: 'User pressed escape' });
		assert.equal((await ok(server, 'get_job_status', { job_id }))
		    .status, 'running');
		/* Also the end of the job is no reason to answer. */
		assert.equal((await ok(server, 'kill_job', { job_id })).status,
		    'killed');
		assert.deepEqual(await server.quiet(), []);
	});

root_test('what is cancelled is the request of that very id',
    async (root) => {
	const server = await root.server();

	server.next_id = 100;
	server.post('tools/call', waiting('until [ -e stop ];' +
	    ' do sleep 0.05; done'), { id: 11 });
	await the_job(server);
	server.notify('notifications/cancelled', { requestId: '11' });
	server.notify('notifications/cancelled', { requestId: 12 });
	await root.run('/bin/sh', ['-c', 'touch stop']);
	assert.equal((await server.response(11)).result.structuredContent
	    .status, 'completed');
	server.notify('notifications/cancelled', { requestId: 11 });
	assert.deepEqual(await server.quiet(), []);
});

root_test('an id beyond 64 bits can be cancelled, too', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);
	const id = '18446744073709551615';

	server.send('{"jsonrpc":"2.0","method":"tools/call","params":' +
	    `${JSON.stringify(waiting('exec sleep 1000'))},"id":${id}}\n`);

	const { job_id } = await the_job(server);

	server.send('{"jsonrpc":"2.0","method":"notifications/cancelled",' +
	    `"params":{"requestId":${id}}}\n`);
	await ok(server, 'kill_job', { job_id });
	assert.deepEqual(await server.quiet(), []);
});

root_test('progress is told while a call waits', async (root) => {
	const server = await root.server();
	const told = (token) => server.receive((m) =>
	    m.method === 'notifications/progress' &&
	    m.params.progressToken === token, `progress ${token}`, 30000);

	for (const [id, progressToken] of [['a', 7], ['b', '7'],
	    ['c', undefined]])
		server.post('tools/call', {
			...waiting('exec sleep 1000'),
			_meta: progressToken === undefined ? {} :
			    { progressToken },
		}, { id });
	for (const token of [7, '7']) {
		const [first, second] = [await told(token), await told(token)];

		assert.ok(first.params.progress > 0);
		assert.ok(second.params.progress > first.params.progress);
		for (const { params } of [first, second]) {
			assert.equal(params.total, 50);
			assert.equal(typeof params.message, 'string');
		}
	}
	await three_jobs(server);
	for (const { job_id } of (await ok(server, 'list_jobs')).jobs)
		await ok(server, 'kill_job', { job_id });
	for (const id of ['a', 'b', 'c'])
		assert.equal((await server.response(id)).result
		    .structuredContent.status, 'killed');
	/* Only what was told before the answer may be there. */
	assert.ok((await server.quiet()).every((m) =>
	    m.method === 'notifications/progress' &&
	    [7, '7'].includes(m.params.progressToken)));
});

root_test('a waiting call delays no other', async (root) => {
	const server = await root.server();
	const ids = [1, 2, 3].map((id) => server.post('tools/call',
	    waiting('exec sleep 1000'), { id: `wait ${id}` }));

	await three_jobs(server);
	for (let i = 0; i < 20; i++)
		await ok(server, 'list_jobs');
	assert.equal((await start(server, 'true')).job_id.length, 36);
	assert.deepEqual(server.messages, []);
	for (const { job_id, status } of (await ok(server, 'list_jobs')).jobs)
		if (status === 'running')
			await ok(server, 'kill_job', { job_id });
	for (const id of ids)
		assert.equal((await server.response(id)).result
		    .structuredContent.status, 'killed');
});

root_test('1024 requests wait, and not one more', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'exec sleep 1000');
	const ids = Array.from({ length: 1024 }, (_, i) => server.post(
	    'tools/call', { name: 'wait_for_jobs',
		arguments: { job_ids: [job_id], timeout_seconds: 50 } },
	    { id: `wait ${i}` }));
	const { error } = await server.request('tools/list');

	assert.equal(error.code, -32603);
	assert.match(error.message, /too many requests/);
	/* One that is given up makes room. */
	server.notify('notifications/cancelled', { requestId: ids.pop() });
	await ok(server, 'kill_job', { job_id });
	for (const id of ids)
		assert.equal((await server.response(id)).result
		    .structuredContent.done[0].status, 'killed');
	assert.deepEqual(await server.quiet(), []);
});

root_test('a wait ends with its job, without being asked again',
    async (root) => {
	const server = await root.server();
	const other = await root.server();

	server.post('tools/call', waiting('exec sleep 1000'), { id: 'w' });

	const { job_id } = await the_job(other);

	await ok(other, 'kill_job', { job_id });
	assert.equal((await server.response('w')).result.structuredContent
	    .job_id, job_id);
	assert.equal((await until_ended(server, job_id)).status, 'killed');
});

});
