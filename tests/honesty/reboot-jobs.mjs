import assert from 'node:assert/strict';
import { alive } from '../e2e/lib/proc.mjs';
import { judge_end } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { gated, kill_keepers, open_gate } from './lib/kills.mjs';
import { OtherBoot } from './lib/reboot.mjs';
import { scenario } from './lib/scenario.mjs';

const KILLED = 'on a machine that lives: kill-all plays what a reboot does';

export default scenario(import.meta, {
	fault: 'a reboot, after which other processes have the same pids',
	truth: 'one had exited with 7, one runs no more',
	answer: '`failed` 7 as before; `lost`, by the reboot',
	needs: 'a mount over /proc',
	peers: { tsp: KILLED, nq: KILLED, supervisor: KILLED },

	async play(stage) {
		const { system } = stage;
		const ended = await gated(stage);

		await open_gate(stage, ended);

		const before = await judge_end(stage, TRUTH.exited(7), ended);
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);
		const boot = await new OtherBoot(stage).open();

		/* A supervisor would still act on what is asked. */
		await kill_keepers(stage, job);
		stage.judge(TRUTH.runs, await system.says(job));
		boot.enter();

		const after = await system.says(ended);
		const lost = await system.says(job);

		stage.judge(TRUTH.exited(7), after);
		assert.deepEqual(after.show, before.show);
		stage.judge(TRUTH.dead, lost);
		assert.equal(lost.show.reason, 'reboot');
		/* Those that have its pids now are somebody's. */
		await system.stop(job);
		assert.ok(alive(command), 'nothing was signalled');
		boot.leave();
		stage.judge(TRUTH.runs, await system.says(job));
	},
});
