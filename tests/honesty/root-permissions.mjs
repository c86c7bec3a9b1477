import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { observe, pid_in, switches } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'nothing in the root may be written for a time',
	truth: 'it runs, and exits with 7 meanwhile',
	answer: '`running`, until the end can be recorded; then `failed` 7',
	fast: true,
	grade: 'wrong',
	peers: { tsp: 'writes nothing about jobs', nq: 'its keeper has its ' +
		'file open', supervisor: 'its daemon has its file open' },

	async play(stage) {
		const { root, system } = stage;
		const chmod = (mode) => {
			for (const name of ['', '.new', ...readdirSync(
			    root.runs).filter((n) => !n.startsWith('.'))])
				chmodSync(join(root.runs, name), mode);
		};

		root.bind_to_permissions();

		const job = await script(stage, 'echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		chmod(0o500);
		stage.judge(TRUTH.runs, await system.says(job));

		/* What can't be done is said, with its reason. */
		for (const words of [['run', 'true'], ['kill', job.id]]) {
			const { code, stderr } = await stage.run(PROGRAM,
			    words);

			assert.ok(code);
			assert.match(stderr, /Errno 13|Permission denied/);
		}
		await root.run('touch', ['go']);
		await system.gone(pid);
		stage.judge(TRUTH.exited(7), await system.says(job));

		/* It tries again, but not all the time. */
		const [keeper] = await system.keepers(job);
		const before = switches(keeper);

		await observe(1500);
		assert.ok(switches(keeper) - before < 50, 'it keeps quiet');
		chmod(0o700);
		await judge_end(stage, TRUTH.exited(7), job, 5000);
	},
});
