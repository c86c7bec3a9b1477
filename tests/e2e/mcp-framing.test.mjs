/*
 * Lines of every kind that a client, or a broken one, can send.  Whatever
 * comes, the server lives on and answers the next request.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { announce_clients, root_test } from './lib/root.mjs';
import { NEWEST_LEGACY } from './lib/rpc.mjs';
import { ok, run } from './lib/tools.mjs';

announce_clients();

const MIB = 1 << 20;

function line(id, method = 'ping', params = undefined) {
	return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
}

async function nameless_error(server, codes) {
	const answer = await server.receive((m) => 'error' in m, 'an error');

	assert.ok(codes.includes(answer.error.code), JSON.stringify(answer));
	assert.ok(!('id' in answer), JSON.stringify(answer));
}

describe('framing', { concurrency: 4 }, () => {

root_test('a line of 20 MiB is refused, the next one is served',
    async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	server.send('{"jsonrpc":"2.0","id":1,"method":"' +
	    `${'x'.repeat(20 * MIB)}"}\n`);
	await nameless_error(server, [-32600]);
	server.send('z'.repeat(20 * MIB));
	server.send('\n');
	await nameless_error(server, [-32600]);
	assert.deepEqual((await server.request('ping')).result, {});
	assert.deepEqual(await server.quiet(), []);
});

root_test('a long line is served', async (root) => {
	const server = await root.server();
	const padding = 'y'.repeat(8 * MIB);
	const answer = await server.request('tools/list',
	    { _meta: { padding } });

	assert.equal(answer.error, undefined);
});

root_test('depth', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);
	const nested = (depth) => '{"jsonrpc":"2.0","id":1,"method":"ping",' +
	    `"params":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}\n`;

	server.send(nested(100));
	assert.deepEqual((await server.response(1)).result, {});
	for (const sent of [nested(10000), `${'['.repeat(10000)}\n`,
	    `${'{"a":'.repeat(100000)}\n`]) {
		server.send(sent);
		await nameless_error(server, [-32700, -32600]);
	}
	assert.deepEqual((await server.request('ping')).result, {});
});

root_test('bytes that no text has', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	/* A NUL is no JSON, wherever it stands. */
	for (const sent of ['\0\n',
	    '\0{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
	    '{"jsonrpc":"2.0","id":"\0","method":"ping"}\n',
	    '{"jsonrpc":"2.0","id":1,"method":"ping"}\0\n']) {
		server.send(sent);
		await nameless_error(server, [-32700, -32600]);
	}
	/* Invalid UTF-8 is refused or replaced, and never sent back. */
	for (const bytes of ['ff', 'c0af', 'eda080', 'f5808080', 'c3']) {
		server.send(Buffer.concat([
			Buffer.from('{"jsonrpc":"2.0","id":"'),
			Buffer.from(bytes, 'hex'),
			Buffer.from('","method":"ping"}\n'),
		]));

		const answer = await server.receive();

		assert.ok(answer.error?.code === -32700 && !('id' in answer) ||
		    answer.id.includes('\ufffd'), JSON.stringify(answer));
	}
	/* Half a surrogate pair, too. */
	server.send('{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}\n');

	const answer = await server.receive();

	assert.ok(answer.error?.code === -32700 && !('id' in answer) ||
	    answer.id === '\ufffd', JSON.stringify(answer));
	assert.deepEqual((await server.request('ping')).result, {});
});

root_test('CRLF and blank lines', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	server.send(`\r\n\n  \n\t\r\n${line(1).trim()}\r\n\n  ${line(2)}`);
	assert.deepEqual((await server.response(1)).result, {});
	assert.deepEqual((await server.response(2)).result, {});
	assert.deepEqual(await server.quiet(), []);
});

root_test('one byte at a time, and many lines at once', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);
	const text = Buffer.from(line('slow \u00fc\u{1f600}'));

	for (const byte of text)
		await new Promise((done) => {
			server.send(Buffer.from([byte]), done);
		});
	assert.deepEqual((await server.response('slow \u00fc\u{1f600}')).result,
	    {});

	const ids = Array.from({ length: 1000 }, (_, i) => i);

	server.send(ids.map((id) => line(id)).join(''));
	for (const id of ids)
		assert.equal((await server.receive()).id, id);
});

root_test('a last line without its newline', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	server.send(line('last').trimEnd());
	server.close_stdin();
	assert.deepEqual((await server.response('last')).result, {});
	assert.deepEqual(await server.end(), { code: 0, signal: null });
});

root_test('a last line that is cut off', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	server.send(line('last').slice(0, 20));
	server.close_stdin();
	await nameless_error(server, [-32700]);
	assert.deepEqual(await server.end(), { code: 0, signal: null });
});

root_test('a key twice', async (root) => {
	const server = await root.server({}, NEWEST_LEGACY);

	server.send('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n');

	const answer = await server.receive();

	assert.ok('error' in answer ? !('id' in answer) :
	    [1, 2].includes(answer.id), JSON.stringify(answer));
	assert.deepEqual(await server.quiet(), []);
});

root_test('escapes of every kind', async (root) => {
	const server = await root.server();
	const text = 'q" b\\ s/ \u0001\u001f\u007f\u0085\u2028\ufeff' +
	    ' \u00fc \u{1f600}';
	const job = await run(server, 'printf', { args: ['%s', text] });

	assert.equal(job.stdout, text);
	server.send('{"jsonrpc":"2.0","\\u0069d":"\\u00fc\\/","method":' +
	    '"p\\u0069ng"}\n');
	await server.receive((m) => m.id === '\u00fc/' ||
	    m.error?.code === -32602);
	await ok(server, 'list_jobs');
});

});
