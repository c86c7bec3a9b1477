import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script, until_file } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const BOUND = 64 << 20; /* unless something else is said */

/* Bytes on disk of all files below it. */
function on_disk(dir) {
	return readdirSync(dir, { recursive: true })
	    .reduce((sum, name) => sum + (statSync(join(dir, name),
		{ throwIfNoEntry: false })?.blocks ?? 0) * 512, 0);
}

export default scenario(import.meta, {
	fault: 'the command writes 600 MB of output at full speed',
	truth: 'it runs, then exits with 7',
	answer: '`running`, then `failed` 7',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await script(stage, 'echo $$ >pid\n' +
		    'head -c 600000000 /dev/zero | tr "\\\\0" x; >flooded\n' +
		    'until [ -e go ]; do sleep 0.1; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		await until_file(at(stage, 'flooded'));
		stage.judge(TRUTH.runs, await system.says(job));

		const bytes = on_disk(system.is_jobdir ? stage.root.runs :
		    system.dir);

		stage.after = `${Math.round(bytes / 1e6)} MB on disk`;
		await stage.root.run('touch', ['go']);
		await system.gone(pid);
		await judge_end(stage, TRUTH.exited(7), job);
		if (system.is_jobdir)
			assert.ok(bytes <= 2 * BOUND, stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
