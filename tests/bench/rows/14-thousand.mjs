/*
 * A thousand jobs at once: launched, listed, killed, recorded.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { Client } from '../lib/client.mjs';
import { output } from '../lib/measure.mjs';

const JOBS = 1000;
const FLIGHT = 50; /* as many as a client has under way */

/* `step` for each of the items, some at once. */
async function for_each(items, step) {
	const rest = [...items];

	await Promise.all(Array.from({ length: FLIGHT }, async () => {
		while (rest.length)
			await step(rest.shift());
	}));
}

async function listed(client, status) {
	const ids = new Set();
	let cursor;

	do {
		const page = await client.call('list_jobs',
		    { status: [status], limit: 100, cursor });

		for (const job of page.jobs)
			ids.add(job.job_id);
		cursor = page.next_cursor;
	} while (cursor);
	return ids;
}

/* Ids of the jobs with an end on record that says who asked for it. */
function recorded(root) {
	return new Set(readdirSync(root).filter((name) => name[0] !== '.')
	    .map((name) => JSON.parse(readFileSync(join(root, name,
		'journal.json'), 'utf8')))
	    .filter((journal) => journal.finished && journal.cancel)
	    .map((journal) => journal.id));
}

async function play_thousand(bench, client, env) {
	const ids = [];
	const steps = [];
	const timed = async (what, step) => {
		const begun = performance.now();

		await step();
		steps.push([what, (performance.now() - begun) * 1000]);
	};
	const lost = (found) => ids.filter((id) => !found.has(id)).length;
	let losses = 0;

	await timed('launched', () => for_each(Array(JOBS), async () =>
	    ids.push((await client.call('execute_command', {
		command: 'sleep', args: ['1000'], interactive: false }))
		.job_id)));
	assert.equal(new Set(ids).size, JOBS);
	await timed('listed as running', async () => {
		losses += lost(await listed(client, 'running'));
	});
	await timed('killed', () => for_each(ids, (job_id) =>
	    client.call('kill_job', { job_id })));
	await timed('recorded', () => until(() =>
	    !lost(recorded(env.JOBDIR_ROOT)), 20000, 'all ends are on record')
	    .catch((e) => bench.note(`14: ${e.message}`)));
	losses += lost(recorded(env.JOBDIR_ROOT));
	losses += lost(await listed(client, 'killed'));
	for (const [i, [what, took]] of steps.entries())
		bench.bound({ row: `14${'abcd'[i]}`,
			what: `${JOBS} jobs at once: ${what}`,
			mine: { median: took } });
	bench.bound({ row: '14e', what: `of ${JOBS} jobs lost`, unit: 'jobs',
		mine: { median: losses }, most: 0 });
}

export async function play(bench) {
	const env = bench.env({ JOBDIR_ROOT: join(bench.directory(),
	    'runs') });
	const client = new Client(env);

	try {
		await play_thousand(bench, client, env);
		await client.end();
	} finally {
		client.child.kill('SIGKILL');
		output([PROGRAM, 'kill', '-q', '-s', 'KILL', ...output([PROGRAM,
			'ls', '-a', '-q'], env).trim().split('\n')], env);
		await bench.at_rest(env.JOBDIR_ROOT);
	}
}
