import assert from 'node:assert/strict';
import { alive, identity } from '../e2e/lib/proc.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { inside, Realm } from './lib/realm.mjs';
import { scenario } from './lib/scenario.mjs';
import { age, plant_worker } from './lib/worker.mjs';

export default scenario(import.meta, {
	fault: 'a worker that wrote its pid itself dies; another process gets it',
	truth: 'it runs; it is dead, and the other one not to be touched',
	answer: '`running`; by an exact pid `lost`, by a bare one `unknown`',
	grade: 'vague',
	needs: 'a pid namespace',
	peers: {
		tsp: 'has no jobs that it did not start',
		nq: 'has no jobs that it did not start',
		supervisor: 'has no jobs that it did not start',
	},

	async prepare(stage) {
		stage.realm = await new Realm(stage, { reaps: true }).open();
	},

	async play(stage) {
		const { realm, system } = stage;
		const worker = await realm.take(1000);
		const jobs = [
			plant_worker(stage, 'exact', { ...identity(worker),
				pid: inside(worker) }),
			plant_worker(stage, 'bare', { pid: inside(worker) }),
		];

		for (const job of jobs)
			stage.judge(TRUTH.runs, await system.says(job));
		await kill_now(stage, [worker]);
		for (const job of jobs)
			stage.judge(TRUTH.dead, await system.says(job));

		/* Later: the two seconds in which a number is believed are
		 * over. */
		for (const job of jobs)
			age(stage, job, 10);

		const other = await realm.take(1000);

		for (const job of jobs) {
			stage.judge(TRUTH.dead, await system.says(job));
			await system.stop(job);
			assert.ok(alive(other), 'the other one lives');
		}
	},
});
