import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script, until_file } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'a job starts another job, and is stopped',
	truth: 'the other one runs on, until it is stopped itself',
	answer: '`killed`; the other `running`, then `killed`',
	fast: true,
	peers: { tsp: true, nq: 'waits for what is in its queue',
		supervisor: 'starts what its configuration says' },

	async play(stage) {
		const { system } = stage;
		const again = system.is_jobdir ? `'${PROGRAM}' run` : 'tsp';
		const inner_words = ['sleep', '601'];
		const outer = await script(stage,
		    `${again} sleep 601 >id.new\n` +
		    'echo $$ >pid; mv id.new id; exec sleep 600');
		const pid = await pid_in(at(stage, 'pid'));

		await until_file(at(stage, 'id'));

		const inner = { ...outer, argv: inner_words,
			id: readFileSync(at(stage, 'id'), 'utf8').trim() };
		const inner_pid = await system.command(inner);

		stage.judge(TRUTH.runs, await system.says(outer));
		await system.stop(outer);
		await system.gone(pid);
		await judge_end(stage, TRUTH.stopped, outer);
		assert.equal(await system.command(inner), inner_pid);
		stage.judge(TRUTH.runs, await system.says(inner));
		await system.stop(inner);
		await system.gone(inner_pid);
		await judge_end(stage, TRUTH.stopped, inner);
	},
});
