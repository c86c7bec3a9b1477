/*
 * A job that writes as fast as it can into a bounded log.
 */
import assert from 'node:assert/strict';
import { openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, output, sample } from '../lib/measure.mjs';

const BYTES = 1 << 30;
const BOUND = 64 << 20;
const PAIRS = 9;

/* The four numbers of pour.c. */
function report(path) {
	const [took, peak, fullest, block] = readFileSync(path, 'utf8')
	    .split(' ').map(Number);

	return { took, peak, fullest, block };
}

function by_shell(dir) {
	const path = join(dir, 'report');
	const log = join(dir, 'log');

	execFileSync('sh', ['-c', 'exec "$@" >"$0"', log, helper('pour'),
		BYTES, path]);
	rmSync(log);
	return report(path);
}

function by_floor(dir) {
	const path = join(dir, 'report');

	execFileSync(helper('floor_punch'), [BOUND, helper('pour'), BYTES,
		path], { cwd: dir });
	return report(path);
}

function by_jobdir(dir, env) {
	const path = join(dir, 'report');
	const id = output([PROGRAM, 'run', '-w', '--max-log', `${BOUND}`,
		'--', helper('pour'), BYTES, path], env).trim().split('\n')[0];
	const job = JSON.parse(output([PROGRAM, 'show', '--json', id], env));

	assert.equal(job.status, 'completed');
	assert.equal(job.stdout_size, BYTES);
	output([PROGRAM, 'rm', id], env);
	return report(path);
}

async function measure(bench, place, top) {
	const dir = bench.directory(top);
	const env = bench.env({ JOBDIR_ROOT: join(dir, 'runs') });
	const mine = [], beside = [], floor = [];

	for (let i = 0; i < PAIRS; i++) {
		const steps = [() => mine.push(by_jobdir(dir, env)),
			() => beside.push(by_shell(dir)),
			() => floor.push(by_floor(dir))];

		for (const step of i % 2 ? steps : steps.toReversed())
			step();
	}
	await bench.at_rest(env.JOBDIR_ROOT);
	return { mine, beside, floor };
}

const rate = ({ took }) => BYTES / took; /* MB/s */

export async function play(bench) {
	const what = 'job writes 1 GiB into a log of 64 MiB';
	const { mine, beside, floor } = await measure(bench, 'tmpfs',
	    bench.shm);

	bench.compare({ row: '13a', what: `${what}, tmpfs`,
		mine: sample(mine.map(({ took }) => took)),
		beside: sample(beside.map(({ took }) => took)),
		name: 'shell >file', least: 0.95 });
	bench.compare({ row: '13c', what: `${what}, tmpfs`,
		mine: sample(mine.map(({ took }) => took)),
		beside: sample(floor.map(({ took }) => took)),
		name: 'floor: punches every 20 ms', shown: true });

	const disk = bench.directory();
	const env = bench.env({ JOBDIR_ROOT: join(disk, 'runs') });
	const runs = Array.from({ length: 5 }, () => by_jobdir(disk, env));

	await bench.at_rest(env.JOBDIR_ROOT);
	for (const run of runs)
		bench.note('13b: most on disk ' +
		    `${(run.peak / (1 << 20)).toFixed(1)} MiB, most in 20 ms ` +
		    `${(run.fullest / (1 << 20)).toFixed(1)} MiB at ` +
		    `${rate(run).toFixed(0)} MB/s`);
	bench.compare({ row: '13b', what: `${what}, disk: most space`,
		unit: 'B', mine: sample(runs.map(({ peak }) => peak)),
		beside: sample(runs.map(({ fullest, block }) => BOUND +
		    fullest + block)),
		name: 'bound + 20 ms of writing', most: 1 });
}
