import assert from 'node:assert/strict';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { plant_ended, record } from '../stress/lib/stress.mjs';
import { ask_step_by_step, QUESTIONS, two_jobs } from './lib/limits.mjs';
import { scenario } from './lib/scenario.mjs';

const PAGE = 4096;
const JOBS = 100;

/* The least with which it starts at all: below that the kernel ends it. */
async function least(stage) {
	for (let pages = 64;; pages += 16) {
		const { code } = await stage.root.run('prlimit',
		    [`--as=${pages * PAGE}:`, PROGRAM, '--version']);

		if (code === 0)
			return pages;
		assert.ok(pages < 1 << 20, 'it starts at last');
	}
}

export default scenario(import.meta, {
	fault: `little memory for who asks of ${JOBS} jobs, 32 KiB more each time`,
	truth: 'one runs, one exited with 7',
	answer: 'that, or refused with the reason',
	fast: true,
	injects: true,
	peers: { tsp: 'its server answers', nq: 'keeps nothing in memory',
		supervisor: 'its server answers' },

	async play(stage) {
		const jobs = await two_jobs(stage);
		const first = await least(stage);
		const steps = Array.from({ length: 400 },
		    (_, n) => (first + 8 * n) * PAGE);
		let refused = 0;

		plant_ended(stage.root, record(stage.root, jobs.ended.id), JOBS);
		stage.log(`it starts with ${first} pages`);
		for (const name of Object.keys(QUESTIONS))
			refused += await ask_step_by_step(stage, name, jobs,
			    steps, (n) => ['prlimit', `--as=${n}:`]);
		stage.after = `${refused} questions refused`;
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
