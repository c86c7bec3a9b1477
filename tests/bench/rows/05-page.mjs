/*
 * list_jobs: a full page of a warm server.
 */
import assert from 'node:assert/strict';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { ask, call } from '../lib/measure.mjs';

const PAGE = 100;

export async function play(bench) {
	const { dir, count } = await bench.ended(100000);
	const [mine] = ask(bench, 'call', { rounds: 5, calls: 300,
		env: bench.env() }, [{ words: [PROGRAM, '--root', dir, 'mcp'],
		line: call('list_jobs', { limit: PAGE }),
		want: '"next_cursor"' }]);


	/* A page also has a size that it keeps to. */
	const { length } = JSON.parse(mine.answer).result.structuredContent
	    .jobs;

	assert.ok(length > PAGE / 2 && length <= PAGE);
	bench.bound({ row: '5', what: `list_jobs, limit ${PAGE}: a page of ` +
	    `${length}, warm, ${count} jobs`, mine, most: 1000 });
}
