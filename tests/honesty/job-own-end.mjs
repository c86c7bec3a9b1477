import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command removes what is hidden, and leaves its own .end',
	truth: 'it runs, and then exits with 7',
	answer: '`running`, then `failed` 7',
	fast: true,
	peers: { tsp: 'hides nothing', nq: 'hides nothing',
		supervisor: 'hides nothing' },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'cd "$JOBDIR_DIR"; rm .??*\n' +
		    'echo \'{"exit_code":0}\' >.end\n' +
		    `cd '${root.work}'; echo $$ >pid\n` +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go']);
		await system.gone(pid);

		const { show } = await judge_end(stage, TRUTH.exited(7), job);

		assert.equal(show.journal_error, undefined);
		assert.ok(!existsSync(join(system.path(job), '.end')));
	},
});
