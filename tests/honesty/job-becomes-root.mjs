import assert from 'node:assert/strict';
import { chmodSync, copyFileSync } from 'node:fs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end, put_down, truth_after_stop }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const USER = 1900000000 + process.pid;

export default scenario(import.meta, {
	fault: 'a user\'s command becomes root, and is to be stopped',
	truth: 'it runs: nobody may signal it',
	answer: '`running`, a stop was asked for; never `killed`',
	needs: 'root: to make a program setuid; seconds: an asker waits',
	peers: { tsp: true, nq: true, supervisor: true },

	/* The system is that user's, too. */
	prepare({ root }) {
		for (const path of [root.top, root.work])
			chmodSync(path, 0o777);
		root.binding = ['setpriv', `--reuid=${USER}`,
			`--regid=${USER}`, '--clear-groups'];
		process.umask(0);
	},

	async play(stage) {
		const { system } = stage;
		const program = at(stage, 'misbehave');
		const file = at(stage, 'pid');

		copyFileSync(helper('misbehave'), program);
		chmodSync(program, 0o4755);

		const job = await system.start([program, 'root', file]);
		const pid = await pid_in(file);

		process.umask(0o022);
		stage.judge(TRUTH.runs, await system.says(job));
		await system.stop(job);

		const truth = truth_after_stop(pid);

		assert.equal(truth, TRUTH.runs);
		await judge_end(stage, truth, job);
		await put_down(stage, [pid]);
	},
});
