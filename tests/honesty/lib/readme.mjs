/*
 * The table in the README: where it stands, and what it must be.
 */
import { join } from 'node:path';
import { DIRECTORY } from './scenario.mjs';
import { table } from './table.mjs';

const TOP = join(DIRECTORY, '../..');

export const README = join(TOP, 'README.md');
export const LOGS = join(DIRECTORY, 'logs');
export const README_TABLE =
    /(<!-- honesty -->\n)([^]*?)(<!-- \/honesty -->\n)/;

export function readme_table() {
	return table(LOGS, 'tests/honesty/logs/');
}
