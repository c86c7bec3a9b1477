import { judge_end } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of the command alone, by somebody',
	truth: 'it died of SIGKILL',
	answer: '`failed` SIGKILL, not `killed`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);

		await kill_now(stage, [await system.command(job)]);
		await judge_end(stage, TRUTH.signalled(9), job);
	},
});
