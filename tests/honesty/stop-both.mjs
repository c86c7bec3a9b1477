import { play_halted } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGSTOP of command and what watches, then it is to be stopped',
	truth: 'it lives, until it is dead',
	answer: '`running`, then `killed`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);

		await play_halted(stage, job, [await system.command(job),
			...await system.keepers(job)]);
	},
});
