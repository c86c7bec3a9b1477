import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { alive } from '../e2e/lib/proc.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command deletes its own directory',
	truth: 'it runs, and then exits with 7',
	answer: 'no such job; its supervisor ends with it, and nothing ' +
	    'comes back',
	fast: true,
	grade: 'silent',
	peers: { tsp: 'has no directories', nq: true,
		supervisor: 'has no directories' },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'keeper=$PPID\n' +
		    'rm -r "${JOBDIR_DIR:-$NQDIR/$NQJOBID}"\n' +
		    'echo $keeper >keeper; echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));
		const keeper = await pid_in(at(stage, 'keeper'));

		stage.judge(TRUTH.runs, await system.says(job));
		if (system.is_jobdir) {
			const { code, stdout } = await system.stop(job);

			assert.deepEqual([code, stdout], [3, '']);
			assert.ok(alive(pid) && alive(keeper));
		}
		await root.run('touch', ['go']);
		await system.gone(pid);
		await system.gone(keeper);
		stage.judge(TRUTH.exited(7), await system.says(job));
		if (system.is_jobdir)
			assert.deepEqual([root.job_names(),
				readdirSync(`${root.runs}/.new`)], [[], []]);
	},
});
