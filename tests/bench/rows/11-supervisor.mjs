/*
 * What the supervisor of an idle job takes: memory of its own, and wake-ups.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { switches } from '../../stress/lib/stress.mjs';
import { output, sample } from '../lib/measure.mjs';
import { Client } from '../lib/client.mjs';

const JOBS = 200;
const IDLE = 5000; /* ms */

/* Its share of the memory that it is mapped to, in bytes. */
function share(pid) {
	const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');

	return Number(/^Pss:\s+(\d+) kB$/m.exec(text)[1]) * 1024;
}

function supervisors(root) {
	return readdirSync(root).filter((name) => name[0] !== '.').map((name) =>
	    JSON.parse(readFileSync(join(root, name, 'journal.json'), 'utf8'))
	    .supervisor.pid);
}

async function measure(bench, rows, how, env) {
	const pids = supervisors(env.JOBDIR_ROOT);

	assert.equal(pids.length, JOBS);
	await pause(1000); /* syncs of the start */

	const before = pids.map(switches);

	await pause(IDLE);

	const woken = pids.map((pid, i) => switches(pid) - before[i]);
	const shares = pids.map(share);
	const sum = (values) => values.reduce((a, b) => a + b);

	bench.bound({ row: `11${rows[0]}`, what: `supervisor started by ` +
	    `${how}, of ${JOBS}: memory of its own`, unit: 'B',
	mine: { ...sample(shares), median: Math.round(sum(shares) / JOBS) },
		most: 200 * 1024 });
	bench.bound({ row: `11${rows[1]}`, what: `the same: wake-ups of all ` +
	    `in ${IDLE / 1000} s`, unit: 'wake-ups',
	mine: { median: sum(woken) }, most: 0 });
}

function stop(env) {
	output([PROGRAM, 'kill', '-q', '-s', 'KILL', ...output([PROGRAM, 'ls',
		'-a', '-q'], env).trim().split('\n')], env);
}

async function of_each(bench, rows, how, start) {
	const env = bench.env({ JOBDIR_ROOT: join(bench.directory(),
	    'runs') });

	try {
		await start(env);
		await measure(bench, rows, how, env);
	} finally {
		stop(env);
		await bench.at_rest(env.JOBDIR_ROOT);
	}
}

export async function play(bench) {
	await of_each(bench, 'ab', 'jobdir run', (env) => {
		for (let i = 0; i < JOBS; i++)
			output([PROGRAM, 'run', '--', 'sleep', '1000'], env);
	});
	await of_each(bench, 'cd', 'jobdir mcp', async (env) => {
		const client = new Client(env);

		for (let i = 0; i < JOBS; i++)
			await client.call('execute_command',
			    { command: 'sleep', args: ['1000'] });
		await client.end();
	});
}
