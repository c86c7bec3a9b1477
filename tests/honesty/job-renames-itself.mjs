import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* In nq it is a file that has the job's name. */
export default scenario(import.meta, {
	fault: 'the command renames its own directory within the root',
	truth: 'it runs, and then exits with 7',
	answer: 'no such job; under its new name `running`, then `failed` 7',
	fast: true,
	grade: 'silent',
	peers: { tsp: 'has no directories', nq: true,
		supervisor: 'has no directories' },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'if [ "$JOBDIR_DIR" ]; then\n' +
		    '	mv "$JOBDIR_DIR" "$JOBDIR_ROOT/renamed"\n' +
		    'else mv "$NQDIR/$NQJOBID" "$NQDIR/,renamed.1"; fi\n' +
		    'echo $$ >pid; until [ -e go ]; do sleep 0.02; done; ' +
		    'exit 7');
		const pid = await pid_in(at(stage, 'pid'));
		const now = { ...job, id: system.is_jobdir ? 'renamed' :
		    ',renamed.1' };

		stage.judge(TRUTH.runs, await system.says(job));
		stage.judge(TRUTH.runs, await system.says(now));
		await root.run('touch', ['go']);
		await system.gone(pid);
		stage.judge(TRUTH.exited(7), await system.says(job));
		await judge_end(stage, TRUTH.exited(7), now);
		if (system.is_jobdir) {
			assert.deepEqual(root.job_names(), ['renamed']);
			assert.ok(!existsSync(join(root.runs, 'renamed/.end')));
		}
	},
});
