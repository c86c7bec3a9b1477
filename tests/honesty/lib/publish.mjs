/*
 * Put logs and table of a run of `make honesty` into the repository.
 * usage: publish.mjs DIRECTORY
 *
 * The logs go to tests/honesty/logs, the table of all logs there into the
 * README.  Logs of runs that failed stay where they are.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { LOGS, README, README_TABLE, readme_table } from './readme.mjs';
import { CELL } from './table.mjs';

const from = process.argv[2];

mkdirSync(LOGS, { recursive: true });
for (const name of readdirSync(from).filter((n) => n.endsWith('.log')))
	if (CELL.test(readFileSync(join(from, name), 'utf8')))
		copyFileSync(join(from, name), join(LOGS, name));

const text = await readme_table();

writeFileSync(README, readFileSync(README, 'utf8').replace(README_TABLE,
    (_, before, old, after) => before + text + after));
