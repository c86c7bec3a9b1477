import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end, put_down, truth_after_stop }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command ignores SIGTERM, and is to be stopped',
	truth: 'it runs until it is dead',
	answer: '`killed`, once it is dead',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const file = at(stage, 'deaf');
		const job = await system.start([helper('misbehave'), 'deaf',
			file]);
		const pid = await pid_in(file);

		stage.judge(TRUTH.runs, await system.says(job));
		await system.stop(job);

		await judge_end(stage, truth_after_stop(pid), job);
		await put_down(stage, [pid]);
	},
});
