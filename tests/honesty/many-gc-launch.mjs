import assert from 'node:assert/strict';
import { size_of } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, briefly, judge_end, judge_quietly, tally }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'gc, again and again, while jobs are started',
	truth: 'each ran once and exited with 7',
	answer: '`failed` 7, each of them',
	fast: true,
	peers: { tsp: 'its one server removes', nq: 'removes nothing',
		supervisor: 'removes nothing' },

	async play(stage) {
		const { root, system } = stage;
		const jobs = stage.amount(30, 200);
		let over = false, collected = 0;
		const collectors = [1, 2].map(async () => {
			for (; !over; collected++)
				assert.equal((await root.jobdir(['gc'])).code,
				    0);
		});
		const launch = async (first) => {
			for (let i = first; i < jobs; i += 3)
				await judge_quietly(stage, async () => {
					const job = await system.start([
						'/bin/sh', '-c',
						'printf x >>"$0"; exit 7',
						at(stage, `ran${i}`)]);

					await judge_end(stage,
					    TRUTH.exited(7), job);
				});
		};

		await briefly(stage, () => judge_quietly(stage, () =>
		    Promise.all([launch(0), launch(1), launch(2)])));
		over = true;
		await Promise.all(collectors);
		for (let i = 0; i < jobs; i++)
			assert.equal(size_of(at(stage, `ran${i}`)), 1);
		assert.equal(root.job_names().length, jobs);
		stage.after = `${jobs} starts, ${collected} gc: ` +
		    tally(stage);
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
