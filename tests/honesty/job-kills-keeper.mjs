import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, put_down, says, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command kills its own keeper, and exits with 0',
	truth: 'it ran, and its code nobody knows',
	answer: '`running`, `orphaned`; then `lost`, never `completed`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'keeper=$PPID; ' +
		    'kill -KILL $keeper; echo $keeper >keeper; echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 0');
		const pid = await pid_in(at(stage, 'pid'));

		await system.gone(await pid_in(at(stage, 'keeper')));
		stage.killed();
		stage.judge(TRUTH.runs, await says(stage, job));
		await root.run('touch', ['go']);
		await system.gone(pid);
		stage.judge(TRUTH.dead, await says(stage, job));
		await put_down(stage, [pid]);
	},
});
