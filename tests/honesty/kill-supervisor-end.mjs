import { scenario } from './lib/scenario.mjs';
import { gated, kill_keepers, open_gate } from './lib/kills.mjs';
import { says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of what watches over a job, which then ends by itself',
	truth: 'it exited with 7, which nobody was told',
	answer: '`lost`, never `completed`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const job = await gated(stage);

		await kill_keepers(stage, job);
		await open_gate(stage, job);
		stage.judge(TRUTH.dead, await says(stage, job));
	},
});
