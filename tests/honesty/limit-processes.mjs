import assert from 'node:assert/strict';
import { until } from '../e2e/lib/until.mjs';
import { make_few } from '../stress/lib/oom.mjs';
import { ask_step_by_step, QUESTIONS, two_jobs } from './lib/limits.mjs';
import { confine, judge_start, start_step_by_step } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'few processes for who starts and asks, one more each time',
	truth: 'one runs, one exited with 7; new ones too, or never ran',
	answer: 'that, or refused with the reason',
	needs: 'root: a cgroup with the pids controller',
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'one process for everything: not started' },

	prepare(stage) {
		stage.few = confine(stage, make_few);
	},

	async play(stage) {
		const { system, root, few } = stage;
		let n = 1;

		if (system.is_jobdir) {
			const jobs = await two_jobs(stage);

			stage.asked = 0;
			for (const name of Object.keys(QUESTIONS))
				stage.asked += await ask_step_by_step(stage,
				    name, jobs, [1, 2, 3, 4], (most) => {
					few.set(most);
					return few.enter;
				    });
		}
		await start_step_by_step(stage, () => n++, async () => {
			await until(() => !few.size, 10000, 'nothing is left');
			few.set(n);
			root.binding = few.enter;
			return judge_start(stage);
		});
		few.set(1000);
		if (system.is_jobdir) {
			assert.ok(n > 4, 'not without any process');
			stage.after = `${stage.asked} questions, ` +
			    `${stage.after}`;
		}
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
