/*
 * The table of the README, made of logs alone: a cell is the last line of the
 * log of the run that made it, and links to it; no log, no cell.
 *
 *	const text = await table(directory, link);
 *
 * directory	where NAME.SYSTEM.log are
 * link		what comes before such a name in the table; '' for plain words
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRADES } from './judge.mjs';
import { scenarios } from './scenario.mjs';
import { PEERS, SYSTEMS } from './systems.mjs';

export const CELL = /^ *[\d.]+ {2}cell: (\w+): (.*)\n$/m;

function shown(grade, words) {
	const text = words.replaceAll('|', '\\|');

	return grade === 'right' ? text :
	    `${grade === 'wrong' ? '**wrong**' : grade}: ${text}`;
}

/* What the run of a scenario in a system came to, or null. */
export function outcome(directory, name, system) {
	const path = join(directory, `${name}.${system}.log`);

	if (!existsSync(path))
		return null;

	const [, grade, words] = CELL.exec(readFileSync(path, 'utf8')) ?? [];

	return GRADES.includes(grade) ? { grade, words } : null;
}

function cell(directory, link, scenario, system) {
	const peer = scenario.peers[system];

	if (system !== 'jobdir' && peer !== true)
		return '';

	const end = outcome(directory, scenario.name, system);

	if (!end)
		return '(not run)';

	const text = shown(end.grade, end.words);

	return link ? `[${text}](${link}${scenario.name}.${system}.log)` : text;
}

export async function table(directory, link) {
	const systems = ['jobdir', ...PEERS];
	const rows = (await scenarios()).map((s) => [
		`${s.fault}: ${s.truth}`,
		...systems.map((system) => cell(directory, link, s, system)),
	]);

	return [
		['fault: truth', ...systems.map((s) => SYSTEMS[s].title)],
		['', ...systems].map(() => '---'),
		...rows,
	].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
