import { says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

/* What watches stands still while the command dies, so that it sees as much of
 * that as if both had died in one moment. */
export default scenario(import.meta, {
	fault: 'SIGKILL of a command, and of what watches over it at once',
	truth: 'it is dead, which nobody saw',
	answer: '`lost`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);

		const keepers = await system.keepers(job);

		for (const pid of keepers)
			process.kill(pid, 'SIGSTOP');
		process.kill(command, 'SIGKILL');
		await kill_now(stage, keepers);
		stage.killed(keepers.length);
		await system.gone(command);
		stage.judge(TRUTH.dead, await says(stage, job));
	},
});
