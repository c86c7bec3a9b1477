/*
 * The table of figures in the README, and the figures that it is made of.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown } from './table.mjs';

const HERE = join(import.meta.dirname, '..');

export const README = join(HERE, '../../README.md');
export const FIGURES = join(HERE, 'figures.json');
export const README_TABLE = /(<!-- bench -->\n)([^]*?)(<!-- \/bench -->\n)/;

export function readme_table() {
	return markdown(JSON.parse(readFileSync(FIGURES, 'utf8')));
}
