/*
 * The default `jobdir ls`: those that live and the 10 newest others.
 */
import assert from 'node:assert/strict';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, interleave, output } from '../lib/measure.mjs';

export async function play(bench) {
	const { dir, count } = await bench.ended(100000);
	const list = [PROGRAM, '--root', dir, 'ls'];
	const floor = [helper('floor_look'), 'stat', dir];

	assert.equal(output([...list, '-q'], bench.env()).trim().split('\n')
	    .length, 10);
	assert.equal(Number(output(floor)), count);

	const [mine, beside] = interleave([list, floor],
	    { runs: 25, env: bench.env() });

	bench.compare({ row: '2', what: `ls, ${count} jobs`, mine, beside,
		name: 'floor: list and stat', most: 1.3 });

	const small = (await bench.ended(1000)).dir;

	bench.floor('floor_look stat, 1,000 jobs', [helper('floor_look'),
		'stat', small]);
}
