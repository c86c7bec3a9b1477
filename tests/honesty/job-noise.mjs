import assert from 'node:assert/strict';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { TRUTH } from './lib/judge.mjs';
import { judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* What a terminal obeys, what is no UTF-8, and no end of the line. */
const CONTROLS = '\\033]0;title\\007\\033[2J\\033[31m' +
    '\\000\\377\\300\\200\\r\\b';

export default scenario(import.meta, {
	fault: 'the command prints controls, no UTF-8, 1 GB without a newline',
	truth: 'it exited with 7',
	answer: '`failed` 7; output in bounded pieces, always UTF-8 in JSON',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const bytes = stage.amount(2e7, 1e9);
		const job = await script(stage, `printf '${CONTROLS}'\n` +
		    `head -c ${bytes} /dev/zero | tr '\\0' x\n` +
		    `printf '${CONTROLS}'; exit 7`);

		await judge_end(stage, TRUTH.exited(7), job, 60000);
		if (system.is_jobdir)
			await look(stage, job);
	},
});

/* Every view ends, is bounded, and does not speak to the terminal. */
async function look(stage, job) {
	const server = await stage.root.server();
	const { structuredContent } = await server.call('get_job_output',
	    { job_id: job.id });

	assert.ok(structuredContent.stdout.length < 1 << 20);
	await server.dispose(); /* keeps lines that are no UTF-8 as a fault */
	assert.deepEqual(server.faults, []);
	for (const words of [['ls'], ['show', job.id]]) {
		const { code, stdout } = await stage.run(PROGRAM, words);

		assert.equal(code, 0);
		assert.doesNotMatch(stdout, /[\0-\x08\x0b-\x1f\x7f\ufffd]/);
		assert.ok(stdout.length < 10000);
	}
}
