import assert from 'node:assert/strict';
import { command_line } from '../e2e/lib/proc.mjs';
import { judge_end } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { kill_keepers } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the same, and its user starts the system, or the job, again',
	truth: 'the command runs on, once',
	answer: '`running`, `orphaned`; with the same key no second copy',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const argv = ['sleep', '600'];
		const key = system.is_jobdir ? [['-k', 'key']] : [];
		const job = await system.start(argv, ...key);

		await system.command(job);
		await kill_keepers(stage, job);
		await system.restart();
		if (system.is_jobdir)
			assert.equal((await system.start(argv, ...key)).id,
			    job.id, 'the same job');
		await judge_end(stage, TRUTH.runs, job);

		const copies = system.processes().filter((pid) =>
		    command_line(pid).trim() === argv.join(' '));

		stage.log(`processes that execute it: ${copies}`);
		if (copies.length > 1)
			stage.words.push(`${copies.length} copies run`);
		if (system.is_jobdir)
			assert.equal(copies.length, 1);
	},
});
