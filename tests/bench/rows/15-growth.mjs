/*
 * How cost grows with the number of jobs.
 */
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { ask, call, interleave, request } from '../lib/measure.mjs';

const COUNTS = [100, 1000, 10000, 100000];

const COMMANDS = {
	'ls -a --json': [7, () => ['ls', '-a', '--json']],
	'ls': [15, () => ['ls']],
	'show ID': [30, ({ id }) => ['show', '--json', id]],
	'show DIRNAME': [50, ({ name }) => ['show', '--json', name]],
};

/* A row for each number of jobs, beside the fewest; pages have a table. */
function report(bench, row, what, samples) {
	samples.forEach((mine, i) => bench.compare({ row: `15${row}${i + 1}`,
		what: `${what}, ${COUNTS[i]} jobs`, mine,
		growth: { what, count: COUNTS[i] },
		beside: samples[0], name: `${COUNTS[0]} jobs` }));
}

export async function play(bench) {
	const env = bench.env();
	const roots = [];

	for (const count of COUNTS)
		roots.push(await bench.ended(count));
	for (const [i, [what, [runs, words]]] of
	    Object.entries(COMMANDS).entries())
		report(bench, 'abcd'[i], what, interleave(roots.map((root) =>
		    [PROGRAM, '--root', root.dir, ...words(root)]),
		    { runs, env }));

	const server = (line) => roots.map(({ dir }) => ({ line,
		words: [PROGRAM, '--root', dir, 'mcp'], want: '"result"' }));

	report(bench, 'e', 'first answer of a server', ask(bench, 'fresh',
	    { calls: 40, env }, server(request('server/discover'))));
	report(bench, 'f', 'a page of list_jobs, warm', ask(bench, 'call',
	    { rounds: 5, calls: 200, env },
	    server(call('list_jobs', { limit: 100 }))));
}
