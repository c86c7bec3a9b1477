/*
 * A scenario: one fault, what is true under it, and what is said.
 *
 * One file each, tests/honesty/NAME.mjs:
 *
 *	export default scenario(import.meta, {
 *		fault: 'SIGKILL of what watches over a running job',
 *		truth: 'the command runs on',
 *		answer: '`running`, marked `orphaned`',	-- of jobdir
 *		fast: true,		-- seconds: ./scripts/test plays it, too
 *		needs: 'root',		-- why it can't be fast, if so
 *		injects: true,		-- must report faults (stage.fired())
 *		peers: {		-- played by these, too; a text says
 *			tsp: true, nq: true,	-- why not
 *			supervisor: 'has no jobs of its own user',
 *		},
 *		prepare(stage) { … },	-- optional, before the system is opened
 *		async play(stage) { … },	-- throws if jobdir is wrong
 *		cell: (stage) => '1,000 rounds, 20,000 jobs',	-- optional
 *	});
 *
 * play() is the same for each system where that is possible; what only jobdir
 * must answer stands under `if (stage.system.is_jobdir)`.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

export const DIRECTORY = join(import.meta.dirname, '..');

export function scenario(meta, what) {
	const name = basename(meta.filename, '.mjs');

	for (const member of ['fault', 'truth', 'answer', 'play'])
		assert.ok(what[member], `${name}: no ${member}`);
	return { name, peers: {}, ...what };
}

/* All of them, by name, or those whose names begin with one of `words`. */
export async function scenarios(words = []) {
	const names = readdirSync(DIRECTORY)
	    .filter((n) => n.endsWith('.mjs') && !n.endsWith('.test.mjs'))
	    .filter((n) => !words.length || words.some((w) => n.startsWith(w)))
	    .sort();

	return Promise.all(names.map(async (n) =>
	    (await import(join(DIRECTORY, n))).default));
}
