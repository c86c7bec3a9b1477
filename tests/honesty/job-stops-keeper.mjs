import { alive } from '../e2e/lib/proc.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, says, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command sends SIGSTOP to its own keeper',
	truth: 'it runs, then exits with 7',
	answer: '`running`, in the end `failed` 7; `running` (its end is to ' +
	    'be recorded) as long as the supervisor stands still',
	grade: 'wrong',
	needs: 'time: some answer nothing, and that takes long',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage,
		    'until [ -e started ]; do sleep 0.02; done\n' +
		    'kill -STOP $PPID; echo $PPID >keeper; echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');

		/* Stopped any sooner, it would not even tell of the start. */
		await root.run('touch', ['started']);

		const pid = await pid_in(at(stage, 'pid'));
		const keeper = await pid_in(at(stage, 'keeper'));

		stage.judge(TRUTH.runs, await says(stage, job));
		await root.run('touch', ['go']);
		await system.gone(pid);
		await judge_end(stage, TRUTH.exited(7), job);
		if (alive(keeper))
			process.kill(keeper, 'SIGCONT');
		await judge_end(stage, TRUTH.exited(7), job);
	},
});
