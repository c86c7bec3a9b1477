/*
 * The last lines of a log: does its size matter?
 */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readdirSync, unlinkSync,
	writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, interleave, output } from '../lib/measure.mjs';

const LINES = 50;
const TEXT = Array.from({ length: 1 << 14 }, (_, i) =>
    `${String(i).padStart(8, '0')} ${'.'.repeat(54)}\n`).join(''); /* 1 MB */

/* A root with an ended job whose log has that many bytes, the last of them
 * text; what lies before is a hole of the file, and reads as NULs. */
async function plant(bench, bytes) {
	const dir = join(bench.directory(), 'runs');
	const id = output([helper('plant'), dir, 1,
		await bench.record((journal) => ({ ...journal,
			max_log_bytes: 0, stdout: { bytes } }))]).trim();
	const name = readdirSync(dir).find((n) => n.endsWith(id));
	const path = join(dir, name, 'stdout.log');

	unlinkSync(path); /* a link */
	writeFileSync(path, '', { mode: 0o600 });

	const fd = openSync(path, 'r+');

	ftruncateSync(fd, bytes);
	writeSync(fd, TEXT, bytes - TEXT.length);
	closeSync(fd);
	return [PROGRAM, '--root', dir, 'log', '-N', LINES, '--stdout', id];
}

export async function play(bench) {
	const commands = [await plant(bench, 10e9),
		await plant(bench, TEXT.length)];
	const last = TEXT.split('\n').slice(-LINES - 1).join('\n');

	for (const words of commands)
		assert.equal(output(words, bench.env()), last);

	const [mine, beside] = interleave(commands, { runs: 200,
		env: bench.env() });

	bench.compare({ row: '12', what: `the last ${LINES} lines of a log ` +
	    'of 10 GB', mine, beside, name: 'of 1 MB', most: 1.5 });
}
