import { TRUTH } from './lib/judge.mjs';
import { briefly, judge_end, judge_quietly, tally } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const HARMLESS = [17, 18, 19, 20, 21, 22, 23, 28]; /* or only stop it */
const numbers = (from, to) => Array.from({ length: to - from + 1 },
    (_, i) => from + i);
const CLASSIC = numbers(1, 31).filter((n) => !HARMLESS.includes(n));
const REAL_TIME = [34, 40, 63, 64];

export default scenario(import.meta, {
	fault: 'commands that die of each signal there is',
	truth: 'each died of its signal',
	answer: '`failed`, with the signal\'s name',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const signals = system.is_jobdir ? [...CLASSIC, ...REAL_TIME] :
		    CLASSIC;

		for (const n of signals)
			await briefly(stage, async () => {
				const job = await system.start(['env',
					'--default-signal', '/bin/sh', '-c',
					`ulimit -c 0; kill -${n} $$`]);

				return judge_quietly(stage, () => judge_end(
				    stage, TRUTH.signalled(n), job));
			});
		stage.after = `${signals.length} signals: ${tally(stage)}`;
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
