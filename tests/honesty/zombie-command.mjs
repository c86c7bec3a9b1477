import assert from 'node:assert/strict';
import { stat } from '../e2e/lib/proc.mjs';
import { says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { gated, kill_now, open_gate } from './lib/kills.mjs';
import { Realm } from './lib/realm.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'a command ends whose watcher was killed, and nobody reaps it',
	truth: 'it is dead, a zombie for ever',
	answer: '`lost`, never `running`',
	needs: 'a pid namespace',
	peers: { tsp: true, nq: true, supervisor: true },

	async prepare(stage) {
		stage.realm = await new Realm(stage, { reaps: false }).open();
	},

	async play(stage) {
		const job = await gated(stage);
		const watchers = await stage.realm.watchers(job);

		await kill_now(stage, watchers);
		stage.killed(watchers.length);
		await open_gate(stage, job);
		assert.equal(stat(job.pid).state, 'Z');
		stage.judge(TRUTH.dead, await says(stage, job));
	},
});
