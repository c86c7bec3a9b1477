import assert from 'node:assert/strict';
import { alive } from '../e2e/lib/proc.mjs';
import { says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { inside, Realm } from './lib/realm.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'command and watcher are killed; somebody\'s process gets its pid',
	truth: 'it is dead; the other one is not to be touched',
	answer: '`lost`; the other one outlives a `kill`',
	needs: 'a pid namespace',
	peers: { tsp: true, nq: true, supervisor: true },

	async prepare(stage) {
		stage.realm = await new Realm(stage, { reaps: true }).open();
	},

	async play(stage) {
		const { realm, system } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);
		const number = inside(command);
		const watchers = await realm.watchers(job);

		await kill_now(stage, [...watchers, command]);
		stage.killed(watchers.length);

		const other = await realm.take(number);

		stage.judge(TRUTH.dead, await says(stage, job));
		if (system.is_jobdir) {
			await system.stop(job);
			assert.ok(alive(other), 'the other one lives');
		}
	},
});
