import assert from 'node:assert/strict';
import { judge_start, start_step_by_step } from './lib/places.mjs';
import { ask_step_by_step, QUESTIONS, two_jobs } from './lib/limits.mjs';
import { scenario } from './lib/scenario.mjs';

/* The command itself has enough; the hard limit stays. */
const ENOUGH = ['prlimit', '--nofile=512:'];

export default scenario(import.meta, {
	fault: 'few descriptors for who starts and asks, one more each time',
	truth: 'one runs, one exited with 7; new ones too, or never ran',
	answer: 'that, or refused with the reason',
	fast: true,
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'one process for everything: not started' },

	async play(stage) {
		const { system, root } = stage;
		const limit = (n) => ['prlimit', `--nofile=${n}:`];
		const steps = Array.from({ length: 30 }, (_, n) => n + 3);
		let n = 3;

		if (system.is_jobdir) {
			const jobs = await two_jobs(stage);

			stage.asked = 0;
			for (const name of Object.keys(QUESTIONS))
				stage.asked += await ask_step_by_step(stage,
				    name, jobs, steps, limit);
		}
		await start_step_by_step(stage, () => n += n < 30 ? 1 : 15, async () => {
			root.binding = limit(n);
			return judge_start(stage, ENOUGH);
		});
		assert.ok(n > 4);
		if (system.is_jobdir)
			stage.after = `${stage.asked} questions, ` +
			    `${stage.after}`;
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
