import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { alive } from '../e2e/lib/proc.mjs';
import { HOG, make_oom } from '../stress/lib/oom.mjs';
import { TRUTH } from './lib/judge.mjs';
import { confine } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';
import { kills } from './oom-command.mjs';

const FIRST = '1000'; /* to be killed */

export default scenario(import.meta, {
	fault: 'the kernel kills what watches over a job for lack of memory',
	truth: 'the command runs on',
	answer: '`running`, `orphaned`',
	needs: 'root: a cgroup with the memory controller',
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'needs more memory than there is' },

	prepare(stage) {
		stage.small = confine(stage, make_oom);
		stage.root.binding = stage.small.enter;
	},

	async play(stage) {
		const { system, small } = stage;
		const job = await system.start(['sleep', '600']);
		const command = await system.command(job);
		const keepers = await system.keepers(job);

		for (const pid of keepers)
			writeFileSync(`/proc/${pid}/oom_score_adj`, FIRST);
		/* They take all memory, each too little to be killed before. */
		await small.run(['sh', '-c', `${HOG} & ${HOG} & ${HOG}; wait`]);
		for (const pid of keepers)
			await system.gone(pid);
		stage.fired(kills(small));
		stage.killed();
		assert.ok(alive(command));

		const said = await system.says(job);

		stage.judge(TRUTH.runs, said);
		if (system.is_jobdir)
			assert.equal(said.show.orphaned, true);
	},
});
