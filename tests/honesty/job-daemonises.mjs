import assert from 'node:assert/strict';
import { alive } from '../e2e/lib/proc.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end, put_down } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command leaves a daemon with everything closed',
	truth: 'it exited with 0',
	answer: '`completed`, `leftover` 1; `kill` ends it',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const file = at(stage, 'daemon');
		const job = await system.start([helper('misbehave'), 'daemon',
			file]);
		const daemon = await pid_in(file);
		const said = await judge_end(stage, TRUTH.exited(0), job);

		assert.ok(alive(daemon));
		if (system.is_jobdir)
			assert.equal(said.show.leftover, 1);
		/* nq stops a process group, and that has ended. */
		if (stage.system_name !== 'nq')
			await system.stop(job);
		stage.after = alive(daemon) ?
		    'the daemon lives on after a stop' :
		    'a stop ends the daemon';
		stage.judge(TRUTH.exited(0), await system.says(job));
		if (system.is_jobdir)
			assert.ok(!alive(daemon));
		await put_down(stage, [daemon]);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
