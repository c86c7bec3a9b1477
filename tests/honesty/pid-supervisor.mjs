import assert from 'node:assert/strict';
import { alive } from '../e2e/lib/proc.mjs';
import { judge_end, put_down, says, truth_after_stop } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { inside, Realm } from './lib/realm.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the watcher is killed, and somebody\'s process gets its pid',
	truth: 'the command runs, until it is stopped',
	answer: '`running`, `orphaned`; then `killed`; the other one lives',
	needs: 'a pid namespace',
	peers: {
		tsp: true,
		nq: true,
		supervisor: 'its pid stays in use, as the session of its jobs',
	},

	async prepare(stage) {
		stage.realm = await new Realm(stage, { reaps: true }).open();
	},

	async play(stage) {
		const { realm, system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);
		const watchers = await realm.watchers(job);
		const number = inside(watchers[0]);

		await kill_now(stage, watchers);
		stage.killed(watchers.length);

		const other = await realm.take(number);
		const said = await says(stage, job);

		stage.judge(TRUTH.runs, said);
		if (system.is_jobdir)
			assert.equal(said.show.orphaned, true);
		await system.stop(job);
		assert.ok(alive(other), 'the other one lives');

		const truth = truth_after_stop(command);

		await judge_end(stage, truth, job);
		if (system.is_jobdir)
			assert.equal(truth, TRUTH.stopped);
		await put_down(stage, [command]);
	},
});
