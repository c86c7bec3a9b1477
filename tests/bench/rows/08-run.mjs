/*
 * `jobdir run -- true` as a command that a shell waits for, beside others that
 * put a command into the background.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { installed } from '../lib/bench.mjs';
import { helper, interleave, output } from '../lib/measure.mjs';

const RUNS = 300;
const PAUSE = 3000; /* us: so long a supervisor has to record the end */

/* What is beside jobdir, and how much of it jobdir may take, by place. */
const BESIDE = {
	nq: { tmpfs: 1.1 },
	tsp: { tmpfs: 1.4 },
	floor: { disk: 1.3 },
};

function environment(bench, top) {
	for (const name of ['nq', 'tsp', 'floor'])
		mkdirSync(join(top, name));
	return bench.env({ JOBDIR_ROOT: join(top, 'runs'),
		NQDIR: join(top, 'nq'), TMPDIR: join(top, 'tsp'),
		TS_SOCKET: join(top, 'tsp', 'socket') });
}

function command(name, top) {
	return name === 'floor' ? [helper('floor_run'), 'one',
		join(top, 'floor'), 'true'] : [name, 'true'];
}

/* All jobs of a root have ended well. */
function judge(root, count) {
	const names = readdirSync(root).filter((name) => name[0] !== '.');

	assert.equal(names.length, count);
	for (const name of names)
		assert.equal(JSON.parse(readFileSync(join(root, name,
		    'journal.json'), 'utf8')).exit_code, 0);
}

async function measure(bench, place, top, names, rows) {
	const env = environment(bench, top);
	const commands = [[PROGRAM, 'run', '--', 'true'],
		...names.map((name) => command(name, top))];

	try {
		/* Directories and servers, once. */
		for (const words of commands)
			output(words, env);

		const [mine, ...others] = interleave(commands, { runs: RUNS,
			pause: PAUSE, env });

		names.forEach((name, i) => bench.compare({ row: `8${rows[i]}`,
			what: `run -- true, root ${place}`, mine,
			beside: others[i], name: name === 'floor' ?
			    'floor, same syncs' : `${name} true`,
			most: BESIDE[name][place] }));
	} finally {
		if (names.includes('nq'))
			output(['nq', '-w'], env);
		if (names.includes('tsp'))
			output(['tsp', '-K'], env);
	}
	await bench.at_rest(env.JOBDIR_ROOT);
	judge(env.JOBDIR_ROOT, RUNS + 1);
}

export async function play(bench) {
	const names = Object.keys(BESIDE).filter((name) => name === 'floor' ||
	    installed(name));

	for (const name of ['nq', 'tsp'])
		if (!names.includes(name))
			bench.missing('8', `run -- true beside ${name} true`,
			    'not installed (scripts/test-setup honesty)');
	await measure(bench, 'tmpfs', bench.directory(bench.shm), names, 'abc');
	await measure(bench, 'disk', bench.directory(), names, 'def');
	bench.floor('floor_run, with the command and its end', [
		helper('floor_run'), 'one', bench.directory(), 'true']);
}
