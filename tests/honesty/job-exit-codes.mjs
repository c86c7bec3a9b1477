import { TRUTH } from './lib/judge.mjs';
import { briefly, judge_end, judge_quietly, tally } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* Among them what shells, timeout(1) and jobdir itself mean something by. */
const SOME = [0, 1, 2, 3, 4, 7, 64, 77, 100, 124, 125, 126, 127, 128, 129, 130,
	137, 143, 254, 255];

export default scenario(import.meta, {
	fault: 'commands that exit with each code there is',
	truth: 'each exited with its code',
	answer: '`completed` for 0, `failed` with the code for every other',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const all = stage.amount(SOME, [...Array(256).keys()]);
		/* A second each, where a daemon has to be asked. */
		const codes = system.is_jobdir ? all : SOME;

		for (const code of codes)
			await briefly(stage, async () => {
				const job = await system.start(['/bin/sh', '-c',
					`exit ${code}`]);

				return judge_quietly(stage, () => judge_end(
				    stage, TRUTH.exited(code), job));
			});
		stage.after = `${codes.length} codes: ${tally(stage)}`;
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
