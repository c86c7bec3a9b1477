/*
 * The official conformance suite against the fixture: the program's own
 * objects, with the tools, prompts and resources that the suite calls.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { PROGRAM, root_test } from '../e2e/lib/root.mjs';
import { ABLE, get, listen, told } from '../e2e/lib/tasks.mjs';
import { FIXTURE, judged } from './judged.mjs';

const TOP = join(import.meta.dirname, '../..');

/* Functions and variables of a program, as "type size name", and the names of
 * the files they come from. */
function symbols(program) {
	const text = execFileSync('readelf', ['-sW', program],
	    { encoding: 'utf8', maxBuffer: 64 << 20 });
	const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
	    .filter(([number, , , , , , index]) => /^\d+:$/.test(number) &&
		index !== 'UND');

	return {
		files: new Set(rows.filter((row) => row[3] === 'FILE')
		    .map((row) => row[7])),
		known: rows.filter((row) => ['FUNC', 'OBJECT'].includes(row[3]))
		    .map((row) => `${row[3]} ${Number(row[2])} ${row[7]}`),
	};
}

function sources(dir) {
	return readdirSync(join(TOP, dir), { recursive: true })
	    .filter((name) => name.endsWith('.c')).map((name) =>
		basename(name));
}

/* How often each is there. */
function tally(list) {
	const counts = new Map();

	for (const one of list)
		counts.set(one, (counts.get(one) ?? 0) + 1);
	return counts;
}

test('the fixture is the program, but for main() and what it offers', () => {
	const program = symbols(PROGRAM);
	const fixture = symbols(FIXTURE);
	const own = sources('tests/conformance');
	const counts = tally(fixture.known);
	const main = program.known.filter((s) => / main$/.test(s));

	assert.equal(main.length, 1);
	for (const file of sources('src'))
		assert.equal(fixture.files.has(file), file !== 'main.c', file);
	for (const file of own)
		assert.ok(fixture.files.has(file) && !program.files.has(file),
		    file);
	assert.ok(program.known.length > 1000);
	/* All functions, of the same sizes: nothing was compiled otherwise. */
	assert.deepEqual([...tally(program.known)].filter(([symbol, count]) =>
	    !main.includes(symbol) && !(counts.get(symbol) >= count)), []);
});

judged(FIXTURE, ['fixture-2026-07-28', 'fixture-2025-11-25']);

root_test('a call that breaks a schema is refused', async (root) => {
	const server = await root.server({ program: FIXTURE });
	const result = await server.call('greet', {});

	assert.equal(result.isError, true);
	assert.match(result.content[0].text, /'name' is a required property/);
	assert.equal((await server.call('greet', { name: 'W' })).content[0]
	    .text, 'Hello, W!');
});

root_test('what an offer is at work on can be cancelled', async (root) => {
	const server = await root.server({ program: FIXTURE });
	const call = (id) => server.post('tools/call', { arguments: {},
		name: 'test_tool_with_progress',
		_meta: { progressToken: id } }, { id });

	call('first');
	await server.receive((m) => m.params?.progressToken === 'first');
	server.notify('notifications/cancelled', { requestId: 'first' });
	/* This one takes as long, and begins later. */
	call('second');
	assert.equal((await server.response('second')).error, undefined);
	assert.deepEqual((await server.quiet()).filter((m) => m.id ||
	    m.params.progressToken !== 'second'), []);
});

/* What the suite has no checks for yet. */
root_test('a task that is no job is told to who listens', async (root) => {
	const server = await root.server({ program: FIXTURE });
	const { result: task } = await server.request('tools/call',
	    { name: 'failing_job', ...ABLE });
	const { taskId } = task;

	assert.equal(task.status, 'working');

	const { id, honoured } = await listen(server, { taskIds: [taskId] });

	assert.deepEqual(honoured.taskIds, [taskId]);

	const { _meta, ...state } = await told(server, id,
	    'notifications/tasks', (params) => params.status !== 'working');

	assert.equal(state.result.isError, true);
	assert.equal(state.status, 'completed');

	const { resultType, _meta: other, ...asked } =
	    await get(server, taskId);

	assert.deepEqual(state, asked);
});
