/*
 * What can be read by URI, prompts and completion, in both eras.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';
import { LEGACY, MODERN, NEWEST_LEGACY } from './lib/rpc.mjs';
import { ok, TIME } from './lib/tools.mjs';

const ERAS = [...LEGACY, MODERN];

async function result(server, method, params) {
	const answer = await server.request(method, params);

	assert.equal(answer.error, undefined, JSON.stringify(answer.error));
	return answer.result;
}

async function read(server, uri) {
	const { contents } = await result(server, 'resources/read', { uri });

	assert.equal(contents.length, 1);
	assert.equal(contents[0].uri, uri);
	return contents[0];
}

async function finished(root, ...words) {
	return (await root.jobdir(['run', '-w', ...words])).stdout.trim();
}

describe('resources', { concurrency: 4 }, () => {

for (const era of ERAS)
	root_test(`list, templates, read: ${era}`, async (root) => {
		const server = await root.server({}, era);
		const id = await finished(root, '-n', 'hello', 'sh', '-c',
		    'echo out; echo err >&2');
		const { resources, nextCursor } = await result(server,
		    'resources/list');

		assert.equal(nextCursor, undefined);
		assert.deepEqual(resources.map((r) => r.uri),
		    ['journal', 'stdout', 'stderr'].map((part) =>
			`job:///${id}/${part}`));
		assert.equal(resources[1].name, `${id}/stdout`);
		if (era >= '2025-06-18')
			assert.equal(resources[1].title, 'hello: stdout');
		else
			assert.equal(resources[1].title, undefined);
		if (era >= '2025-03-26')
			assert.match(resources[1].annotations.lastModified,
			    TIME);

		const { resourceTemplates } = await result(server,
		    'resources/templates/list');

		assert.deepEqual(resourceTemplates.map((t) => t.uriTemplate),
		    ['journal', 'stdout', 'stderr'].map((part) =>
			`job:///{id}/${part}`));
		assert.equal((await read(server, resources[1].uri)).text,
		    'out\n');
		assert.equal((await read(server, resources[2].uri)).text,
		    'err\n');

		const journal = await read(server, resources[0].uri);

		assert.equal(journal.mimeType, 'application/json');
		assert.equal(journal.text, readFileSync(join(root.runs,
		    root.job_names()[0], 'journal.json'), 'utf8'));
	});

root_test('what is not there: the error of each era', async (root) => {
	const modern = await root.server();
	const legacy = await root.server({}, NEWEST_LEGACY);
	const id = await finished(root, '-n', 'here', 'true');

	for (const uri of ['job:///nope/journal', 'job:///here/journal',
		`job:///${id.slice(0, 8)}/journal`, `job:///${id}`,
		`job:///${id}/pid`, `job:///${id}/journal/`, `job://${id}/stdout`,
		'job:////journal', 'job:///%/journal', 'job:///%00/journal',
		'job:///../journal', `job:///${id}/../stdout`, 'file:///etc/passwd',
		`job:///%2e%2e%2f${id}/stdout`, '', 'x']) {
		assert.deepEqual((await modern.request('resources/read',
		    { uri })).error, { code: -32602,
			message: 'Resource not found', data: { uri } });
		assert.deepEqual((await legacy.request('resources/read',
		    { uri })).error, { code: -32002,
			message: 'Resource not found', data: { uri } });
	}
	for (const uri of [undefined, null, 7, ['x'], 'a\0b',
		`job:///${'x'.repeat(3000)}/stdout`])
		assert.equal((await modern.request('resources/read',
		    { uri })).error.code, -32602);
});

root_test('pages go from the newest job back and hold all, once',
    async (root) => {
	const server = await root.server();
	const hour = (i) => `202611${10 + Math.floor(i / 24)}T${String(i % 24)
	    .padStart(2, '0')}0000Z`;
	const seen = [];
	let cursor, pages = 0;

	for (let i = 0; i < 100; i++)
		plant(root, `${hour(i)}__j${i}`, { ...ENDED, name: `n${i}`,
			started: undefined });
	do {
		const page = await result(server, 'resources/list',
		    cursor === undefined ? {} : { cursor });

		seen.push(...page.resources.map((r) => r.uri));
		assert.ok(page.resources.length <= 100);
		assert.equal(page.ttlMs, 0);
		cursor = page.nextCursor;
		pages++;
		/* A job that comes meanwhile moves nothing. */
		plant(root, `20270101T000000Z__late${pages}`,
		    { ...ENDED, started: undefined });
	} while (cursor !== undefined);
	assert.ok(pages > 2);
	assert.deepEqual(seen, Array.from({ length: 100 }, (_, i) =>
	    `job:///j${99 - i}/journal`));
	for (const bad of ['!!', '', '0', '7.', 'x.y', '0.!!', 7, {}])
		assert.deepEqual((await server.request('resources/list',
		    { cursor: bad })).error, { code: -32602,
			message: 'Invalid cursor' });
	for (const method of ['resources/templates/list', 'prompts/list',
		'tools/list'])
		assert.equal((await server.request(method, { cursor: '0.' }))
		    .error.code, -32602);
});

root_test('ids of any bytes go through a URI and back', async (root) => {
	const server = await root.server();
	const names = ['a b', 'ä', 'x%y', 'q?#[]', '~~', "it's"];

	for (const name of names)
		plant(root, name, { ...ENDED, name: 'x' });

	const { resources } = await result(server, 'resources/list');

	assert.equal(resources.length, names.length);
	for (const { uri } of resources) {
		assert.match(uri, /^job:\/\/\/[\w.~!$&'()*+,;=:@%-]+\/journal$/);
		assert.equal(JSON.parse((await read(server, uri)).text).name,
		    'x');
	}
});

root_test('a long log: its end, and what was left out', async (root) => {
	const server = await root.server();
	const id = await finished(root, 'seq', '100000');
	const { text } = await read(server, `job:///${id}/stdout`);
	const [, offset] =
	    /^\[jobdir: what comes before offset (\d+) is left out here; .*\]\n/
	    .exec(text);

	assert.ok(text.endsWith('\n99999\n100000\n'));
	assert.ok(text.length < 66000);
	const { stdout } = await ok(server, 'get_job_output', { job_id: id,
		stdout_offset: Number(offset), max_bytes: 65536 });

	assert.equal(text.slice(text.indexOf('\n') + 1), stdout);
});

root_test('hostile files are read as what they are', async (root) => {
	const server = await root.server();

	plant(root, 'torn', '{"name": "\xff');
	mkdirSync(join(root.runs, 'linked'));
	symlinkSync('/etc/passwd', join(root.runs, 'linked', 'journal.json'));
	writeFileSync(join(plant(root, 'binary', ENDED), 'stdout.log'),
	    Buffer.from([0xff, 0, 0x1b, 0x5b, 0x41, 10]));

	assert.equal((await read(server, 'job:///torn/journal')).text,
	    '{"name": "\u00ff');
	assert.equal((await server.request('resources/read',
	    { uri: 'job:///linked/journal' })).error.code, -32602);
	assert.equal((await read(server, 'job:///binary/stdout')).text,
	    '\ufffd\0\n');
});

});

describe('prompts and completion', { concurrency: 4 }, () => {

for (const era of ERAS)
	root_test(`diagnose_job: ${era}`, async (root) => {
		const server = await root.server({}, era);
		const id = await finished(root, '-n', 'broken', 'sh', '-c',
		    'echo why >&2; exit 9');
		const { prompts } = await result(server, 'prompts/list');

		assert.deepEqual(prompts.map((p) => p.name), ['diagnose_job']);
		assert.equal(prompts[0].arguments[0].required, true);

		for (const job_id of [id, 'broken', id.slice(0, 8)]) {
			const { messages } = await result(server, 'prompts/get',
			    { name: 'diagnose_job', arguments: { job_id } });
			const { text } = messages[0].content;

			assert.equal(messages.length, 1);
			assert.equal(messages[0].role, 'user');
			assert.match(text, new RegExp(`job ${id} `));
			assert.match(text, /"exit_code": 9/);
			assert.match(text, /<output>\nwhy\n\n<\/output>/);
		}
	});

root_test('prompts that are asked wrongly', async (root) => {
	const server = await root.server();

	for (const params of [{ name: 'nope' }, { name: 7 }, {},
		{ name: 'diagnose_job' },
		{ name: 'diagnose_job', arguments: {} },
		{ name: 'diagnose_job', arguments: 'x' },
		{ name: 'diagnose_job', arguments: { job_id: 7 } },
		{ name: 'diagnose_job', arguments: { job_id: 'nope' } }])
		assert.equal((await server.request('prompts/get', params)).error
		    .code, -32602, JSON.stringify(params));
});

root_test('ids and names are completed', async (root) => {
	const server = await root.server();
	const complete = async (ref, name, value) => (await server.request(
	    'completion/complete', { ref, argument: { name, value } }));
	const prompt = { type: 'ref/prompt', name: 'diagnose_job' };
	const template = { type: 'ref/resource', uri: 'job:///{id}/stdout' };

	for (let i = 0; i < 120; i++)
		plant(root, `20261120T${String(Math.floor(i / 60)).padStart(2,
		    '0')}${String(i % 60).padStart(2, '0')}00Z__job-${i}`,
		    { ...ENDED, name: i % 2 ? 'odd' : 'even' });

	const all = (await complete(template, 'id', '')).result.completion;

	assert.equal(all.values.length, 100);
	assert.equal(all.hasMore, true);
	assert.equal(all.values[0], 'job-119');
	assert.deepEqual((await complete(template, 'id', 'job-11')).result
	    .completion.values, ['119', '118', '117', '116', '115', '114',
		'113', '112', '111', '110', '11'].map((n) => `job-${n}`));
	assert.deepEqual((await complete(prompt, 'job_id', 'o')).result
	    .completion, { values: ['odd'], hasMore: false });
	assert.deepEqual((await complete(prompt, 'other', '')).result
	    .completion.values, []);
	for (const [ref, name, value] of [
		[{ type: 'ref/prompt', name: 'nope' }, 'x', ''],
		[{ type: 'ref/resource', uri: 'x://y' }, 'id', ''],
		[{ type: 'ref/resource', uri: 'job:///{id}/pid' }, 'id', ''],
		[{ type: 'ref/tool', name: 'x' }, 'id', ''],
		[{}, 'id', ''], ['x', 'id', ''], [template, 'id', 7],
		[template, undefined, '']])
		assert.equal((await complete(ref, name, value)).error.code,
		    -32602);
});

});
