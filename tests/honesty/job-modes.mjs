import { chmodSync } from 'node:fs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command takes all rights from its directory',
	truth: 'it runs, and then exits with 7',
	answer: '`unknown`, with the errno; `failed` 7 once it is mended',
	grade: 'vague',
	fast: true,
	peers: { tsp: 'has no directories', nq: 'its directory is of all jobs',
		supervisor: 'has no directories' },

	async play(stage) {
		const { root, system } = stage;

		root.bind_to_permissions();

		const job = await script(stage, 'chmod 0 "$JOBDIR_DIR"; ' +
		    'echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go']);
		await system.gone(pid);
		stage.judge(TRUTH.exited(7), await system.says(job));
		chmodSync(system.path(job), 0o700);
		await judge_end(stage, TRUTH.exited(7), job);
	},
});
