/*
 * From a worker's rename to the line of a watcher that tells of it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, output, parse_sample, request } from '../lib/measure.mjs';

const JOBS = 10000;
const RUNS = 300;
const UPDATED = '"notifications/resources/updated"';

function report(bench, row, what, line) {
	const mine = parse_sample(line, RUNS);

	bench.bound({ row: `${row}, median`, what, mine, most: 1000 });
	bench.bound({ row: `${row}, p99`, what, mine, of: 'p99', most: 10000 });
}

/* A root of its own: it is changed. */
async function root(bench) {
	const dir = join(bench.directory(), 'runs');

	output([helper('plant'), dir, JOBS, await bench.record()]);
	return (await bench.settle({ dir })).dir;
}

async function to_watch(bench) {
	const dir = await root(bench);
	const lines = output([helper('notice'), dir, RUNS, '-', '"created"',
		'"finished"', '"', '"', PROGRAM, '--root', dir, 'watch',
		'--jsonl'], bench.env()).trim().split('\n');

	report(bench, '10a', `worker's rename of a directory to watch ` +
	    `--jsonl, ${JOBS} jobs`, lines[0]);
	report(bench, '10b', `worker's rename of a journal to watch --jsonl, ` +
	    `${JOBS} jobs`, lines[1]);
}

/* Of one resource a client is told at most four times a second, and of the
 * list as well: so each journal is renamed once, and is there before. */
async function to_subscriber(bench) {
	const dir = await root(bench);
	const script = join(bench.directory(), 'script');
	const names = ['warm', ...Array.from({ length: RUNS }, (_, i) =>
	    `notice-${i}`)];

	writeFileSync(script, `${request('subscriptions/listen', {
		notifications: { resourceSubscriptions: names.map((name) =>
		    `job:///${name}/journal`) } })}\n`);
	report(bench, '10c', `worker's rename of a journal to an MCP ` +
	    `subscriber of ${RUNS}, ${JOBS} jobs`, output([helper('notice'),
		dir, RUNS, script, '-', UPDATED, '"job:///', '/journal"',
		PROGRAM, '--root', dir, 'mcp'], bench.env()).trim());
}

export async function play(bench) {
	await to_watch(bench);
	await to_subscriber(bench);
}
