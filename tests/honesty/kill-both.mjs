import { says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_keepers, kill_now } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of what watches over a job, then of the command',
	truth: 'it is dead, which nobody saw',
	answer: '`lost`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);

		await kill_keepers(stage, job);
		await kill_now(stage, [command]);
		stage.judge(TRUTH.dead, await says(stage, job));
	},
});
