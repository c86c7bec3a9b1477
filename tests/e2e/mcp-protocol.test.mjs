/*
 * The protocol, message by message: both eras on one connection, errors,
 * batches.  Framing is in mcp-framing.test.mjs, progress and cancelling in
 * mcp-waiting.test.mjs, the life of the server process in
 * mcp-process.test.mjs.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { announce_clients, root_test } from './lib/root.mjs';
import { LEGACY, MODERN, modern_meta, NEWEST_LEGACY } from './lib/rpc.mjs';
import { ok } from './lib/tools.mjs';

announce_clients();

const META = 'io.modelcontextprotocol/';
const ME = { name: 'jobdir-tests', version: '1.2.3' };
const CAPABILITIES = `${META}clientCapabilities`;
const VERSION = `${META}protocolVersion`;

function golden(revision) {
	const kind = revision === '2025-11-25' ? '2025-06-18' : revision;

	return readFileSync(join(import.meta.dirname,
	    `../golden/tools-list-${kind}.json`), 'utf8').trimEnd();
}

function initialize(server, protocolVersion) {
	return server.request('initialize', {
		protocolVersion, capabilities: {}, clientInfo: ME,
	}, { era: 'legacy' });
}

/* A request as it is, without anything added. */
function request(server, method, params, id = server.next_id++) {
	server.send({ jsonrpc: '2.0', id, method, params });
	return server.response(id);
}

function is_error(answer, code) {
	assert.equal(answer.error?.code, code, JSON.stringify(answer));
	assert.equal(typeof answer.error.message, 'string');
	assert.notEqual(answer.error.message, '');
	assert.ok(!('result' in answer));
	assert.ok(!('_meta' in answer.error) && !('_meta' in answer));
}

/* What is sent is answered by one error that has no id. */
async function nameless_error(server, sent, code) {
	server.send(sent);

	const answer = await server.receive((m) => 'error' in m,
	    `error for ${String(sent).slice(0, 60)}`);

	is_error(answer, code);
	assert.ok(!('id' in answer), JSON.stringify(answer));
	return answer;
}

describe('initialize', { concurrency: 4 }, () => {

for (const revision of LEGACY)
	root_test(`initialize ${revision}`, async (root) => {
		const server = root.raw_server();
		const { result } = await initialize(server, revision);

		assert.equal(result.protocolVersion, revision);
		assert.deepEqual(result.capabilities.tools, {});
		assert.equal(result.serverInfo.name, 'jobdir');
		assert.match(result.serverInfo.version, /^\d+\.\d+\.\d+/);
		assert.match(result.instructions, /^jobdir runs commands as /);
		assert.ok(result.instructions.includes(root.runs));
		assert.ok(Buffer.byteLength(result.instructions) <= 2048);
		for (const key of ['resultType', 'ttlMs', 'cacheScope', '_meta',
		    'supportedVersions'])
			assert.ok(!(key in result), key);
		server.notify('notifications/initialized');
		assert.deepEqual((await request(server, 'ping')).result, {});
	});

root_test('versions nobody knows become the newest with a handshake',
    async (root) => {
	const server = root.raw_server();

	for (const version of [MODERN, '2030-01-01', '1.0', ''])
		assert.equal((await initialize(server, version)).result
		    .protocolVersion, NEWEST_LEGACY);
	for (const version of [20251125, null, {}, undefined])
		is_error(await initialize(server, version), -32602);
});

root_test('a second initialize negotiates again', async (root) => {
	const server = root.raw_server();

	for (const revision of ['2025-11-25', '2024-11-05', '2025-06-18']) {
		await initialize(server, revision);

		const { result } = await request(server, 'tools/list', {});

		assert.equal(JSON.stringify(result), golden(revision));
	}
});

root_test('ping comes first, initialized never', async (root) => {
	const server = root.raw_server();

	assert.deepEqual((await request(server, 'ping')).result, {});
	assert.deepEqual((await request(server, 'ping', {})).result, {});
	await initialize(server, NEWEST_LEGACY);
	assert.equal((await request(server, 'tools/list')).error, undefined);
});

});

describe('modern requests', { concurrency: 4 }, () => {

root_test('server/discover', async (root) => {
	const server = root.raw_server();
	const id = 'server-discover-probe-1';
	const { result } = await server.request('server/discover', {}, { id });

	assert.equal(result.resultType, 'complete');
	assert.deepEqual(result.supportedVersions, [MODERN]);
	assert.deepEqual(result.capabilities.tools, {});
	assert.equal(result.capabilities.logging, undefined);
	assert.ok(Number.isInteger(result.ttlMs) && result.ttlMs >= 0);
	assert.equal(result.cacheScope, 'private');
	assert.equal(result._meta[`${META}serverInfo`].name, 'jobdir');
	assert.ok(result.instructions.includes(root.runs));
	assert.ok(Buffer.byteLength(result.instructions) <= 2048);

	/* What is declared is served. */
	for (const [capability, method] of [['tools', 'tools/list'],
	    ['resources', 'resources/list'], ['prompts', 'prompts/list']]) {
		const { error } = await server.request(method);

		assert.equal(error?.code,
		    capability in result.capabilities ? undefined : -32601);
	}
});

root_test('every modern result has its members', async (root) => {
	const server = root.raw_server();

	for (const [method, params] of [['server/discover', {}],
	    ['tools/list', {}],
	    ['tools/call', { name: 'list_jobs', arguments: {} }],
	    ['tools/call', { name: 'list_jobs' }],
	    ['tools/call', { name: 'get_job_status', arguments: {} }]]) {
		const { result } = await server.request(method, params);
		const cached = method !== 'tools/call';

		assert.equal(result.resultType, 'complete');
		assert.deepEqual(Object.keys(result._meta),
		    [`${META}serverInfo`]);
		assert.equal('ttlMs' in result, cached);
		assert.equal('cacheScope' in result, cached);
	}
});

root_test('_meta is needed with each request', async (root) => {
	const server = root.raw_server();
	const without = (name) => {
		const meta = modern_meta();

		delete meta[META + name];
		return meta;
	};
	const list = (meta) => request(server, 'tools/list', { _meta: meta });

	/* No handshake seen, so this speaks modern or nothing. */
	for (const params of [undefined, {}, { _meta: {} }])
		is_error(await request(server, 'tools/list', params), -32602);
	assert.match((await request(server, 'tools/list')).error.message,
	    /protocolVersion.*initialize/);
	is_error(await list(without('protocolVersion')), -32602);
	is_error(await list(without('clientCapabilities')), -32602);
	is_error(await list(modern_meta({ [VERSION]: 20260728 })), -32602);
	is_error(await list(modern_meta({ [VERSION]: null })), -32602);
	is_error(await list(modern_meta({ [CAPABILITIES]: [] })), -32602);
	is_error(await list(modern_meta({ [CAPABILITIES]: 'all' })), -32602);
	is_error(await list(modern_meta({ [`${META}logLevel`]: 'loud' })),
	    -32602);
	is_error(await request(server, 'tools/list', { _meta: 'x' }), -32602);

	/* Who the client is need not be said; other keys are its own. */
	for (const meta of [without('clientInfo'),
	    modern_meta({ [`${META}logLevel`]: 'debug' }),
	    modern_meta({ threadId: 'x', 'claudecode/toolUseId': 'y',
		traceparent: '00-0-0-00' })])
		assert.equal((await list(meta)).error, undefined);
	is_error(await request(server, 'server/discover', {}), -32602);
});

root_test('an unsupported version is told what is supported',
    async (root) => {
	const server = root.raw_server();

	const methods = ['server/discover', 'tools/list', 'nope'];

	for (const requested of ['2030-01-01', '2025-11-25', ''])
		for (const method of methods) {
			const { error } = await request(server, method,
			    { _meta: modern_meta({ [VERSION]: requested }) });

			assert.equal(error.code, -32022);
			assert.deepEqual(error.data,
			    { supported: [MODERN], requested });
		}
});

root_test('methods of the other era and of none', async (root) => {
	const server = root.raw_server();

	for (const method of ['initialize', 'ping', 'logging/setLevel',
	    'resources/subscribe', 'resources/unsubscribe', 'tasks/list',
	    'tasks/result', 'tools/nope', '', 'sampling/createMessage'])
		is_error(await server.request(method), -32601);
	await initialize(server, NEWEST_LEGACY);
	for (const method of ['tools/nope', 'logging/setLevel', 'tasks/list',
	    'tasks/result', 'tasks/get', ''])
		is_error(await request(server, method, {}), -32601);
});

root_test('unknown tools and bad params', async (root) => {
	const server = root.raw_server();
	const era_of = [MODERN, NEWEST_LEGACY];

	await initialize(server, NEWEST_LEGACY);
	for (const era of era_of) {
		server.era = era;

		const unknown = await server.request('tools/call',
		    { name: 'job_nope', arguments: {} });

		is_error(unknown, -32602);
		assert.match(unknown.error.message, /job_nope/);
		is_error(await server.request('tools/call', {}), -32602);
		is_error(await server.request('tools/call', { name: 5 }),
		    -32602);
	}
	for (const params of ['[]', '"x"', '5', '[{"name":"list_jobs"}]']) {
		server.send('{"jsonrpc":"2.0","id":77,"method":"tools/call",' +
		    `"params":${params}}\n`);

		const { error } = await server.receive((m) => m.error &&
		    (!('id' in m) || m.id === 77));

		assert.ok([-32600, -32602].includes(error.code));
	}
});

});

describe('requests, ids and notifications', { concurrency: 4 }, () => {

root_test('what is no request is refused without an id', async (root) => {
	const server = root.raw_server();

	for (const sent of ['{', '}', 'nonsense', '{"jsonrpc":"2.0",}',
	    '\u0001', "{'a':1}",
	    '{"jsonrpc":"2.0","id":1,"method":"ping"} trailing'])
		await nameless_error(server, `${sent}\n`, -32700);
	for (const sent of ['null', '42', '"ping"', 'true', '[]'])
		await nameless_error(server, `${sent}\n`, -32600);
	for (const id of ['null', '1.5', 'true', '[]', '{}', '-0.5'])
		await nameless_error(server,
		    `{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`, -32600);
	for (const sent of [{ id: 5, method: 'ping' },
	    { jsonrpc: '1.0', id: 5, method: 'ping' },
	    { jsonrpc: 2, id: 5, method: 'ping' },
	    { jsonrpc: '2.0', id: 5, method: 7 },
	    { jsonrpc: '2.0', id: 5 }]) {
		server.send(sent);

		const answer = await server.receive((m) => 'error' in m);

		is_error(answer, -32600);
		assert.ok(!('id' in answer) || answer.id === 5);
	}
	assert.deepEqual(await server.quiet(), []);
});

root_test('ids come back as they were', async (root) => {
	const server = root.raw_server();
	const ids = ['0', '7', '-3', '2147483648', '9007199254740993', '"7"',
	    '""', '"listen:0"', '"\u00fcml\u00e4ut \\" \\\\ \\n"', '"0"'];

	await initialize(server, NEWEST_LEGACY);
	for (const id of ids) {
		server.send(`{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`);

		const answer = await server.receive((m) => 'id' in m);

		assert.ok(server.text(answer).includes(`"id":${id}`),
		    server.text(answer));
		assert.deepEqual(answer.result, {});
	}
	/* A long one, too; one that is beyond reason is refused. */
	const long = 'x'.repeat(60000);

	assert.deepEqual((await request(server, 'ping', {}, long)).result, {});
	await nameless_error(server, '{"jsonrpc":"2.0","method":"ping",' +
	    `"id":"${'x'.repeat(1 << 20)}"}\n`, -32600);
});

root_test('nothing answers a notification or a response', async (root) => {
	const server = root.raw_server();

	for (const message of [
	    { method: 'notifications/initialized' },
	    { method: 'notifications/nobody/knows', params: { a: 1 } },
	    { method: 'tools/list', params: {} },
	    { method: 'notifications/cancelled' },
	    { method: 'notifications/cancelled', params: { requestId: null } },
	    { method: 'notifications/cancelled', params: { requestId: 999 } },
	    { method: 'notifications/cancelled', params: [] },
	    { method: 'notifications/progress', params: 'x' },
	    { method: 'x', params: { _meta: { [VERSION]: 7 } } },
	    { id: 3, result: {} },
	    { id: 'x', error: { code: -1, message: 'no' } }])
		server.send({ jsonrpc: '2.0', ...message });
	assert.deepEqual(await server.quiet(), []);
});

});

describe('both eras on one connection', { concurrency: 4 }, () => {

root_test('each message is routed by itself', async (root) => {
	const server = root.raw_server();
	const legacy = (method, params) => request(server, method, params);
	const modern = (method, params) => server.request(method, params,
	    { era: MODERN });
	const is_modern = ({ result }) =>
	    assert.equal(result.resultType, 'complete');
	const is_legacy = ({ result }) => {
		assert.equal(result.resultType, undefined);
		assert.equal(result._meta, undefined);
	};

	is_modern(await modern('server/discover'));
	assert.equal((await initialize(server, '2025-06-18')).result
	    .protocolVersion, '2025-06-18');
	for (let i = 0; i < 2; i++) {
		is_legacy(await legacy('tools/list', {}));
		is_legacy(await legacy('tools/list'));
		is_legacy(await legacy('tools/list',
		    { _meta: { progressToken: 1 } }));
		is_legacy(await legacy('tools/call', { name: 'list_jobs' }));
		is_legacy(await legacy('ping'));
		is_modern(await modern('server/discover'));
		is_modern(await modern('tools/list'));
		is_modern(await modern('tools/call', { name: 'list_jobs' }));
		is_error(await modern('ping'), -32601);
		is_error(await legacy('server/discover', {}), -32602);
	}
	/* A modern mark without the rest is a bad modern request. */
	is_error(await legacy('tools/list',
	    { _meta: { [`${META}clientInfo`]: ME } }), -32602);
});

for (const revision of [...LEGACY, MODERN])
	root_test(`tools/list ${revision}`, async (root) => {
		const server = await root.server({}, revision);
		const answer = await server.request('tools/list');
		const names = answer.result.tools.map((t) => t.name);

		assert.ok(server.text(answer).includes(
		    `"result":${golden(revision)}`),
		    'tests/golden has what the server says');
		assert.deepEqual(names, [...names].sort());
		for (const tool of answer.result.tools) {
			assert.match(tool.name, /^[a-z_]{1,24}$/);
			assert.ok(tool.description.length <= 2048);
			assert.equal('annotations' in tool,
			    revision >= '2025-03-26');
			for (const key of ['title', 'outputSchema'])
				assert.equal(key in tool,
				    revision >= '2025-06-18');
		}
	});

for (const revision of [...LEGACY, MODERN])
	root_test(`tools/call ${revision}`, async (root) => {
		const server = await root.server({}, revision);
		const result = await server.call('list_jobs');
		const rich = revision >= '2025-06-18';

		assert.deepEqual(JSON.parse(result.content[0].text),
		    { root: root.runs, jobs: [] });
		assert.equal('structuredContent' in result, rich);
		assert.equal('resultType' in result, revision === MODERN);
		if (rich)
			await ok(server, 'list_jobs');

		const failed = await server.call('get_job_status',
		    { job_id: 'nobody' });

		assert.equal(failed.isError, true);
		assert.equal(failed.structuredContent, undefined);
	});

});

describe('batches', { concurrency: 4 }, () => {

const ping = (id) => ({ jsonrpc: '2.0', id, method: 'ping' });
const note = { jsonrpc: '2.0', method: 'notifications/nobody/knows' };

root_test('2025-03-26 has batches', async (root) => {
	const server = await root.server({}, '2025-03-26');
	const answer = async (sent) => {
		server.send(sent);
		return server.receive(Array.isArray, 'a batch');
	};
	const by_id = (batch) => batch.map((m) => m.id).sort();

	assert.deepEqual(by_id(await answer([ping(1), note, ping('1')])),
	    [1, '1']);
	assert.deepEqual(await answer([ping(1)]),
	    [{ jsonrpc: '2.0', id: 1, result: {} }]);

	/* The answer waits for the last of its calls. */
	const mixed = await answer([ping('p'), {
		jsonrpc: '2.0', id: 'job', method: 'tools/call', params: {
			name: 'execute_command',
			arguments: { command: 'echo x', wait_seconds: 50 },
		} }, { jsonrpc: '2.0', id: 'no', method: 'nope' }]);

	assert.deepEqual(by_id(mixed), ['job', 'no', 'p']);
	assert.equal(JSON.parse(mixed.find((m) => m.id === 'job').result
	    .content[0].text).stdout, 'x\n');

	/* Bad members are answered in their place. */
	const bad = await answer([1, ping(2)]);

	assert.deepEqual(bad.map((m) => m.error?.code ?? m.id).sort(),
	    [-32600, 2]);
	assert.ok(bad.every((m) => !m.error || !('id' in m)));

	/* Nothing to answer; nothing at all; too much. */
	server.send([note, note]);
	await nameless_error(server, '[]\n', -32600);
	await nameless_error(server, `${JSON.stringify(Array(129).fill(
	    ping(1)))}\n`, -32600);

	/* What is cancelled is missing, and none waits for it. */
	assert.deepEqual(by_id(await answer([{
		jsonrpc: '2.0', id: 'w', method: 'tools/call', params: {
			name: 'execute_command', arguments: {
				command: 'exec sleep 1000', wait_seconds: 50 },
		} }, ping('p'), { jsonrpc: '2.0',
		method: 'notifications/cancelled',
		params: { requestId: 'w' } }])), ['p']);
	assert.deepEqual(await server.quiet(), []);
});

for (const revision of ['2024-11-05', '2025-06-18', '2025-11-25', MODERN])
	root_test(`${revision} has none`, async (root) => {
		const server = await root.server({}, revision);

		await nameless_error(server, '[]\n', -32600);
		await nameless_error(server,
		    `${JSON.stringify([ping(1), ping(2)])}\n`, -32600);
		assert.deepEqual(await server.quiet(), []);
	});

});
