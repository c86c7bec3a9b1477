import assert from 'node:assert/strict';
import { alive, identity } from '../e2e/lib/proc.mjs';
import { TRUTH } from './lib/judge.mjs';
import { OtherBoot } from './lib/reboot.mjs';
import { scenario } from './lib/scenario.mjs';
import { age, plant_worker, start_worker } from './lib/worker.mjs';

const NONE = 'has no jobs that it did not start';

export default scenario(import.meta, {
	fault: 'a reboot; another process has the pid that a worker wrote down',
	truth: 'the worker is dead, the other one not to be touched',
	answer: 'by an exact pid `lost`, by a bare one `unknown`',
	grade: 'vague',
	needs: 'a mount over /proc',
	peers: { tsp: NONE, nq: NONE, supervisor: NONE },

	async play(stage) {
		const { system } = stage;
		const other = await start_worker(stage);
		const jobs = [
			plant_worker(stage, 'exact', identity(other.pid)),
			plant_worker(stage, 'bare', { pid: other.pid }),
		];
		const boot = await new OtherBoot(stage).open();

		/* The worker wrote before the machine went down. */
		for (const job of jobs)
			age(stage, job, 10);
		boot.enter();
		for (const job of jobs) {
			stage.judge(TRUTH.dead, await system.says(job));
			await system.stop(job);
		}
		assert.ok(alive(other.pid), 'nothing was signalled');
		boot.leave();
	},
});
