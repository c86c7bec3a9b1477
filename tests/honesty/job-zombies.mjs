import assert from 'node:assert/strict';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command never reaps its 50 children',
	truth: 'it runs, then dies of SIGKILL',
	answer: '`running`, then `failed` SIGKILL, no `leftover`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const file = at(stage, 'zombies');
		const job = await system.start([helper('misbehave'), 'zombies',
			file]);
		const pid = await pid_in(file);

		stage.judge(TRUTH.runs, await system.says(job));
		process.kill(pid, 'SIGKILL');
		await system.gone(pid);

		const said = await judge_end(stage, TRUTH.signalled(9),
			job);

		if (system.is_jobdir)
			assert.equal(said.show.leftover, undefined);
	},
});
