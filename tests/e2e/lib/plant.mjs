/*
 * Jobs that jobdir did not start: directories left in the root by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/* Make a job's directory with that journal (an object, or text as it is);
 * gives its path. */
export function plant(root, name, journal) {
	const dir = join(root.runs, name);

	mkdirSync(dir, { recursive: true, mode: 0o700 });
	writeFileSync(join(dir, 'journal.json'), typeof journal === 'string' ?
	    journal : JSON.stringify(journal));
	return dir;
}

/* The journal of a job that is over. */
export const ENDED = {
	command: 'planted',
	exit_code: 0,
	started: '2026-01-01T00:00:00.000000Z',
	finished: '2026-01-01T00:00:01.000000Z',
};
