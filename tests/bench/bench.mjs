/*
 * The runner: plays the rows of rows/*.mjs, prints their table and writes it
 * as JSON beside the program.  See README.md.
 * usage: bench.mjs [PREFIX...]
 *
 * Fails if an answer was wrong; times fail nothing.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname, join } from 'node:path';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { Bench } from './lib/bench.mjs';
import { table } from './lib/table.mjs';

const ROWS = join(import.meta.dirname, 'rows');
const chosen = process.argv.slice(2);
const machine = { cpus: cpus().length, model: cpus()[0]?.model,
	kernel: release().match(/^\d+\.\d+/)[0], load_before: loadavg() };
const errors = [];
const bench = new Bench();

async function play(file) {
	const begun = performance.now();

	try {
		await (await import(join(ROWS, file))).play(bench);
	} catch (e) {
		errors.push(`${file}: ${e.stack}`);
	}
	process.stderr.write(`${file.slice(0, -4)}: ` +
	    `${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

/* Also if somebody is tired of waiting. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.once(signal, () => bench.remove().finally(() =>
	    process.exit(1)));

try {
	for (const file of readdirSync(ROWS).sort())
		if (!chosen.length || chosen.some((p) => file.startsWith(p)))
			await play(file);
} finally {
	await bench.remove();
}

for (const { name, calls } of bench.floors)
	console.log(`strace -c of ${name}:\n${calls}`);
console.log(table(bench.rows));
for (const note of bench.notes)
	console.log(note);
for (const error of errors)
	console.error(error);
writeFileSync(join(dirname(PROGRAM), 'bench.json'), `${JSON.stringify({
	machine: { ...machine, load_after: loadavg() }, rows: bench.rows,
	notes: bench.notes, floors: bench.floors, errors }, null, 2)}\n`);
process.exitCode = errors.length ? 1 : 0;
