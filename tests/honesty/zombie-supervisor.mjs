import assert from 'node:assert/strict';
import { stat } from '../e2e/lib/proc.mjs';
import { judge_end, put_down, says, truth_after_stop } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { Realm } from './lib/realm.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'what watches is killed, and nobody reaps it',
	truth: 'the command runs, until it is stopped',
	answer: '`running`, `orphaned`; then `killed`',
	needs: 'a pid namespace',
	peers: { tsp: true, nq: true, supervisor: true },

	async prepare(stage) {
		stage.realm = await new Realm(stage, { reaps: false }).open();
	},

	async play(stage) {
		const { system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);
		const watchers = await stage.realm.watchers(job);

		await kill_now(stage, watchers);
		stage.killed(watchers.length);
		assert.equal(stat(watchers[0]).state, 'Z');

		const said = await says(stage, job);

		stage.judge(TRUTH.runs, said);
		if (system.is_jobdir)
			assert.equal(said.show.orphaned, true);
		await system.stop(job);

		const truth = truth_after_stop(command);

		await judge_end(stage, truth, job);
		if (system.is_jobdir)
			assert.equal(truth, TRUTH.stopped);
		await put_down(stage, [command]);
	},
});
