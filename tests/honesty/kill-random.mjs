import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Havoc } from './lib/havoc.mjs';
import { scenario } from './lib/scenario.mjs';

const ROOT_ROUNDS = 20; /* more in one root make looking slow */

export default scenario(import.meta, {
	fault: 'random SIGKILLs of launchers, servers, supervisors and commands',
	truth: 'each command has a witness',
	answer: 'what the witness says; `lost` only without a supervisor',
	fast: true,
	injects: true,
	peers: {
		tsp: 'kill-supervisor takes all its jobs from it',
		nq: 'no tool lists its jobs; kill-supervisor has its answer',
		supervisor: 'kill-supervisor takes all its jobs from it',
	},

	async play(stage) {
		const havoc = new Havoc(stage);
		const rounds = stage.amount(5, 1000);

		stage.havoc = havoc;
		for (let i = 0; i < rounds; i++) {
			try {
				await havoc.round(i);
			} catch (e) {
				stage.log(`round ${i}`);
				stage.log(havoc.plan);
				stage.log(havoc.last.stdout);
				throw e;
			}
			if (i % ROOT_ROUNDS === ROOT_ROUNDS - 1 &&
			    i < rounds - 1) {
				stage.log(JSON.stringify(havoc.count));
				await stage.check_remains(true);
				for (const name of stage.root.job_names())
					await rm(join(stage.root.runs, name),
					    { recursive: true });
				havoc.begin_root();
			}
		}
		stage.grades.push('right');
	},

	cell(stage) {
		const { rounds, jobs, kills, lost } = stage.havoc.count;

		return `${rounds} rounds, ${jobs} jobs, ${kills} kills: 0 wrong, ` +
		    `${lost} lost, 0 records lost`;
	},
});
