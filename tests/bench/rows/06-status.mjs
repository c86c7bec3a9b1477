/*
 * get_job_status of a warm server, one call after the other over stdio.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { LEGACY } from '../../e2e/lib/rpc.mjs';
import { ask, call, helper } from '../lib/measure.mjs';

const NOOP = join(import.meta.dirname, '../noop-server.mjs');
const ROUNDS = 20;
const CALLS = 500;

function jobdir({ dir, id }) {
	return { words: [PROGRAM, '--root', dir, 'mcp'],
		line: call('get_job_status', { job_id: id }),
		want: `\\"job_id\\":\\"${id}\\",\\"status\\":\\"completed\\"` };
}

const line = (id, method, params) => JSON.stringify({ jsonrpc: '2.0', id,
	method, params });

const noop = {
	words: [process.execPath, NOOP],
	first: [line(1, 'initialize', { protocolVersion: LEGACY.at(-1),
		capabilities: {}, clientInfo: { name: 'ask', version: '1' } }),
	line(undefined, 'notifications/initialized')],
	line: line(1000000, 'tools/call', { name: 'noop', arguments: {} }),
	want: '"result":{"content":[]}',
};

export async function play(bench) {
	const [few, many] = [await bench.ended(100),
		await bench.ended(100000)];
	const env = bench.env();
	const [{ answer }] = ask(bench, 'call', { calls: 1, env },
	    [jobdir(many)]);
	const echo = [helper('floor_echo'), answer.length + 1];
	const [mine, among_few, floor, node] = ask(bench, 'call',
	    { rounds: ROUNDS, calls: CALLS, env }, [jobdir(many), jobdir(few),
		{ words: echo, line: jobdir(many).line, want: 'x' }, noop]);
	const what = `get_job_status, warm, ${many.count} jobs`;

	assert.equal(floor.answer.length, answer.length);
	bench.compare({ row: '6a', what, mine, beside: floor,
		name: 'floor: echo', most: 10 });
	bench.bound({ row: '6b', what: '6a: calls a second', unit: '/s',
		mine: { median: Math.round(1e6 / mine.median) },
		least: 20000 });
	bench.compare({ row: '6c', what, mine, beside: node,
		name: 'official Node server, no-op', least: 10 });
	bench.compare({ row: '6d', what, mine, beside: among_few,
		name: '100 jobs', most: 1.2 });
	bench.floor('floor_echo, one line', echo, '\n');
	bench.note(`6: the floor answers ${Math.round(1e6 / floor.median)} ` +
	    `lines of ${answer.length + 1} bytes a second`);
}
