/*
 * Measuring by the small programs of the bench.  All times are microseconds,
 * and all samples objects: median, p10, p90, p99 and count.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { modern_meta } from '../../e2e/lib/rpc.mjs';

const OUTPUT_MAX = 1 << 30;
const DEADLINE = 120000; /* ms: whatever takes longer hangs */

/* Path of a program made of tests/bench/NAME.c. */
export function helper(name) {
	return join(dirname(PROGRAM), 'bench', name);
}

/* What a program prints; what it says on stderr is part of the error. */
export function output(words, env, cwd) {
	return execFileSync(words[0], words.slice(1), { env, cwd,
		encoding: 'utf8', maxBuffer: OUTPUT_MAX, timeout: DEADLINE,
		stdio: ['ignore', 'pipe', 'pipe'] });
}

/* The sample of times that were measured here. */
export function sample(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const at = (part) => sorted[Math.floor(sorted.length * part / 100)];

	return { median: at(50), p10: at(10), p90: at(90), p99: at(99),
		count: sorted.length };
}

/* The sample that one of the programs printed. */
export function parse_sample(text, count) {
	const [median, p10, p90, p99] = text.split(' ').map(Number);

	return { median, p10, p90, p99, count };
}

/* Run commands, lists of words, side by side; a sample for each.  `pause`:
 * microseconds after each, for what it left to be done. */
export function interleave(commands, { runs, pause = 0, env }) {
	const lines = output([helper('interleave'), runs, pause,
		...commands.flatMap((words) => ['---', ...words])], env)
	    .trim().split('\n');

	return lines.map((line, i) => {
		const failed = Number(line.split(' ')[4]);

		if (failed)
			throw new Error(`${failed} of ${runs} runs failed: ` +
			    commands[i].join(' '));
		return parse_sample(line, runs);
	});
}

/* A request of the modern revision, as a line. */
export function request(method, params = {}) {
	return JSON.stringify({ jsonrpc: '2.0', id: 1000000, method,
		params: { ...params, _meta: modern_meta() } });
}

export function call(name, args) {
	return request('tools/call', { name, arguments: args });
}

let scripts = 0;

/*
 * Ask servers side by side; `how` as of ask.c.  Each server: `words`, `line`
 * (the request), `want` (what each answer must hold), `first` (lines before).
 * Gives a sample for each, with the last answer in `answer`.
 */
export function ask(bench, how, { rounds = 1, calls, env }, servers) {
	const words = servers.flatMap(({ words, line, want, first = [] }) => {
		const path = join(bench.disk, `script-${scripts++}`);

		writeFileSync(path, [want, ...first, line, ''].join('\n'));
		return ['---', path, ...words];
	});
	const lines = output([helper('ask'), how, rounds, calls, ...words],
	    env).trim().split('\n');

	return lines.map((text) => {
		const tab = text.indexOf('\t');

		return { ...parse_sample(text.slice(0, tab), rounds * calls),
			answer: text.slice(tab + 1) };
	});
}
