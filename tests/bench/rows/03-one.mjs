/*
 * `jobdir show --json` of one job, from a fresh process.
 */
import assert from 'node:assert/strict';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, interleave, output } from '../lib/measure.mjs';

function show(root, word) {
	return [PROGRAM, '--root', root.dir, 'show', '--json', word];
}

export async function play(bench) {
	const [few, small, big] = [await bench.ended(100),
		await bench.ended(1000), await bench.ended(100000)];
	const floor = (root) => [helper('floor_look'), 'one', root.dir,
		root.id];
	const commands = [show(big, big.id), floor(big), show(big, big.name),
		show(few, few.name)];

	for (const [root, word] of [[big, big.id], [big, big.name],
		[few, few.name]]) {
		const job = JSON.parse(output(show(root, word), bench.env()));

		assert.equal(job.job_id, root.id);
		assert.equal(job.status, 'completed');
	}

	const [by_id, least, by_name, among_few] = interleave(commands,
	    { runs: 60, env: bench.env() });
	const more = {};

	bench.compare({ row: '3a', what: `show ID, ${big.count} jobs`,
		mine: by_id, beside: least, name: 'floor: list, read one',
		most: 1.2 });
	bench.compare({ row: '3b', what: `show DIRNAME, ${big.count} jobs`,
		mine: by_name, beside: among_few, name: '100 jobs' });
	more.median = by_name.median - among_few.median;
	bench.bound({ row: '3c', what: '3b: time more than among 100',
		mine: more, most: 3000 });
	bench.floor('floor_look one, 1,000 jobs', floor(small));
}
