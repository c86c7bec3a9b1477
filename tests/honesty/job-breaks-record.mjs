import assert from 'node:assert/strict';
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command puts a directory where its record was',
	truth: 'it runs, and then exits with 7',
	answer: '`unknown`, with the errno; `failed` 7 once it is mended',
	grade: 'vague',
	peers: { tsp: 'has no records', nq: 'has no records',
		supervisor: 'has no records' },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'cd "$JOBDIR_DIR"\n' +
		    'rm journal.json; mkdir -p journal.json/x\n' +
		    `cd '${root.work}'; echo $$ >pid\n` +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));
		const said = await system.says(job);

		stage.judge(TRUTH.runs, said);
		assert.match(said.show.evidence, /Is a directory/);
		await root.run('touch', ['go']);
		await system.gone(pid);
		stage.judge(TRUTH.exited(7), await system.says(job));
		rmdirSync(join(system.path(job), 'journal.json/x'));
		rmdirSync(join(system.path(job), 'journal.json'));
		await judge_end(stage, TRUTH.exited(7), job);
	},
});
