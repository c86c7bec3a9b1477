/*
 * execute_command, from the launch to the end on record, 50 under way at once.
 */
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { ask, call, helper, output, sample } from '../lib/measure.mjs';

const ROUNDS = 5;
const JOBS = 300;
const FLIGHT = 50;

async function measure(bench, row, place, top, args, words) {
	const env = bench.env({ JOBDIR_ROOT: join(bench.directory(top),
	    'runs') });
	const floor = [helper('floor_run'), 'many', bench.directory(top),
		JOBS, FLIGHT, ...words];
	const line = call('execute_command', { command: 'true', ...args,
		interactive: false, wait_seconds: 50 });
	const mine = [], beside = [];

	for (let i = 0; i < ROUNDS; i++) {
		mine.push(ask(bench, String(FLIGHT), { calls: JOBS, env },
		    [{ words: [PROGRAM, 'mcp'], line,
			want: '\\"status\\":\\"completed\\"' }])[0].median);
		beside.push(Number(output(floor, bench.env())));
	}
	await bench.at_rest(env.JOBDIR_ROOT);
	bench.compare({ row, what: `execute_command ${words.join(' ')} to ` +
	    `its recorded end, ${FLIGHT} at once, ${place}: each`,
	mine: sample(mine), beside: sample(beside), name: 'floor, same syncs',
		most: 1.6 });
}

export async function play(bench) {
	const shell = ['bash', '-c', 'true'];

	await measure(bench, '9a', 'disk', bench.disk, { args: [] }, ['true']);
	await measure(bench, '9b', 'disk', bench.disk, {}, shell);
	await measure(bench, '9c', 'tmpfs', bench.shm, { args: [] }, ['true']);
}
