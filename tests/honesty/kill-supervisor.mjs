import assert from 'node:assert/strict';
import { TRUTH } from './lib/judge.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of what watches over a running job',
	truth: 'the command runs on',
	answer: '`running`, `orphaned`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);

		for (const pid of await system.keepers(job)) {
			process.kill(pid, 'SIGKILL');
			await system.gone(pid);
		}
		stage.killed();
		assert.equal(await system.command(job), command);

		const said = await system.says(job);

		stage.judge(TRUTH.runs, said);
		if (system.is_jobdir)
			assert.equal(said.show.orphaned, true);
	},
});
