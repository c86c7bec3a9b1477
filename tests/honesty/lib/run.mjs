/*
 * Play scenarios and print the table.
 * usage: run.mjs DIRECTORY [--peers] [--fast] [NAME...]
 *
 * DIRECTORY	receives the logs
 * --peers	play the peers, too
 * --fast	short rounds, and only what ./scripts/test plays
 * NAME		scenarios whose names begin so; default all
 *
 * Exit code 1 if jobdir failed in any way, or was worse than its scenario says.
 */
import { mkdirSync } from 'node:fs';
import { GRADES } from './judge.mjs';
import { scenarios } from './scenario.mjs';
import { Stage } from './stage.mjs';
import { outcome, table } from './table.mjs';
import { PEERS } from './systems.mjs';

const words = process.argv.slice(2);
const options = words.filter((w) => w.startsWith('--'));
const [directory, ...names] = words.filter((w) => !w.startsWith('--'));
const fast = options.includes('--fast');
const complaints = [];

async function play(scenario, system) {
	const stage = new Stage(scenario, system, !fast);
	const name = `${scenario.name}, ${system}`;

	process.stderr.write(`${name} … `);
	try {
		const { grade, words: said } = await stage.perform();

		process.stderr.write(`${grade}: ${said}\n`);
	} catch (e) {
		process.stderr.write(`FAILED: ${e.message}\n`);
		complaints.push(`${name}: ${e.message.split('\n')[0]}`);
	} finally {
		stage.save(directory);
	}
}

/* What a scenario declares (`grade`) is known, and stands in the table; anything
 * worse is a complaint.  Where a peer is better, that is said. */
function compare(scenario) {
	const rank = (system) => GRADES.indexOf(outcome(directory,
	    scenario.name, system)?.grade ?? 'wrong');
	const better = PEERS.filter((peer) => scenario.peers[peer] === true &&
	    outcome(directory, scenario.name, peer) &&
	    rank(peer) < rank('jobdir'));

	if (better.length)
		process.stderr.write(`${scenario.name}: better: ${better}\n`);
	if (rank('jobdir') > GRADES.indexOf(scenario.grade ?? 'right'))
		complaints.push(`${scenario.name}: worse than ` +
		    `${scenario.grade ?? 'right'}`);
}

mkdirSync(directory, { recursive: true });
for (const scenario of await scenarios(names)) {
	if (fast && !scenario.fast)
		continue;
	await play(scenario, 'jobdir');
	if (options.includes('--peers'))
		for (const peer of PEERS)
			if (scenario.peers[peer] === true)
				await play(scenario, peer);
	compare(scenario);
}
process.stdout.write(await table(directory, ''));
for (const complaint of complaints)
	process.stderr.write(`${complaint}\n`);
process.exit(complaints.length ? 1 : 0);
