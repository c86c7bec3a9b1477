import { identity } from '../e2e/lib/proc.mjs';
import { Clock } from './lib/clock.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_now } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';
import { plant_worker, start_worker } from './lib/worker.mjs';

const NONE = 'has no jobs that it did not start';

export default scenario(import.meta, {
	fault: 'the clock is set after a worker has written down its pid',
	truth: 'the worker lives, and then is dead',
	answer: 'by an exact pid `running`, by a bare one at worst `unknown`',
	grade: 'vague',
	needs: 'the package faketime, and a dynamic build',
	peers: { tsp: NONE, nq: NONE, supervisor: NONE },

	prepare(stage) {
		stage.clock = new Clock(stage);
	},

	async play(stage) {
		const { clock, system } = stage;
		const worker = await start_worker(stage);
		const jobs = [
			plant_worker(stage, 'exact', identity(worker.pid)),
			plant_worker(stage, 'bare', { pid: worker.pid }),
		];

		for (const offset of ['+0', '-1d', '+1y']) {
			clock.set(offset);
			for (const job of jobs)
				stage.judge(TRUTH.runs, await system.says(job));
		}
		await kill_now(stage, [worker.pid]);
		for (const offset of ['+1y', '-1d', '+0']) {
			clock.set(offset);
			for (const job of jobs)
				stage.judge(TRUTH.dead, await system.says(job));
		}
	},
});
