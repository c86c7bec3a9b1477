import assert from 'node:assert/strict';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command closes every descriptor it has',
	truth: 'it runs, and then exits with 7',
	answer: '`running`, then `failed` 7',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const file = at(stage, 'closed');
		const job = await system.start([helper('misbehave'), 'closed',
			file]);
		const pid = await pid_in(file);

		stage.judge(TRUTH.runs, await system.says(job));
		process.kill(pid, 'SIGUSR1');
		await system.gone(pid);

		const said = await judge_end(stage, TRUTH.exited(7), job);

		if (system.is_jobdir)
			assert.equal(said.show.leftover, undefined);
	},
});
