/*
 * What readers are told while jobs come and go.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { faults_in } from '../e2e/lib/oracle.mjs';
import { with_variable } from '../e2e/lib/proc.mjs';
import { root_test, PROGRAM } from '../e2e/lib/root.mjs';
import { until } from '../e2e/lib/until.mjs';
import { amount, Beside, helper, minutes } from './lib/stress.mjs';

const ROUNDS = amount(1, 20);
const JOBS = 500; /* more in one root make looking slow, and looks few */

/* $1 jobs with programs as the other words; as fast as one shell can. */
const LAUNCHES = 'n=$1; shift; while [ $n -gt 0 ]; do ' +
    '"$@" >/dev/null || exit 1; n=$((n - 1)); done';

/* Launch jobs in a fresh root beside four pollers; adds to `seen` how often
 * each state was seen. */
async function round(root, runs, seen) {
	const env = { JOBDIR_ROOT: runs };
	const pollers = ['mcp', 'ls', 'mcp', 'ls'].map((kind) =>
	    new Beside(root, helper('poller'), [kind, PROGRAM],
		{ env: root.env(env) }));
	const launches = await root.run('/bin/sh', ['-c', LAUNCHES, 'sh', JOBS,
		PROGRAM, 'run', '--', helper('mark'), root.work, 'mark', 2000],
	    { env, deadline: 10 * 60000 });

	assert.equal(launches.code, 0, launches.stderr);
	for (const poller of pollers) {
		assert.deepEqual(await poller.end(), { code: 0, signal: null },
		    poller.words);

		const lines = poller.stdout.trimEnd().split('\n');

		for (const [word, n] of Object.entries(JSON.parse(lines.pop())))
			seen[word] = (seen[word] ?? 0) + n;
		assert.deepEqual(faults_in(lines), []);
	}
	await until(() => !with_variable('JOBDIR_ROOT', runs).length, 10000,
	    'all has ended');

	const { stdout } = await root.jobdir(['ls', '-a', '--jsonl'], { env });
	const jobs = stdout.trim().split('\n').map((line) => JSON.parse(line));

	assert.equal(jobs.length, JOBS);
	assert.deepEqual([...new Set(jobs.map((j) => j.status))],
	    ['completed']);
}

root_test(`four processes poll ${ROUNDS * JOBS} jobs of 0 to 2 ms without ` +
    'pause: no "lost" is ever seen', minutes(55), async (root) => {
	const seen = {};

	for (let i = 0; i < ROUNDS; i++)
		await round(root, join(root.top, `runs${i}`), seen);
	console.log(`seen: ${JSON.stringify(seen)}`);
	assert.deepEqual(Object.keys(seen).sort(), ['completed', 'running']);
});
