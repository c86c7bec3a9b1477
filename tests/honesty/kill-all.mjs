import { begin } from '../e2e/lib/cli.mjs';
import { until } from '../e2e/lib/until.mjs';
import { judge_end, says } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { gated, kill_now, open_gate } from './lib/kills.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of everything: servers, clients, watchers and jobs',
	truth: 'one had exited with 7; the others are dead',
	answer: '`failed` 7 as before; the others `lost`',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const ended = await gated(stage);

		await open_gate(stage, ended);
		await judge_end(stage, TRUTH.exited(7), ended);

		const others = [];

		for (let i = 0; i < 5; i++) {
			others.push(await system.start(['sleep', `${600 + i}`]));
			await system.command(others.at(-1));
		}
		if (system.is_jobdir) {
			const server = await root.server();

			await server.call('list_jobs');
			await begin(root, ['wait', others[0].id]).watches();
			await begin(root, ['watch']).watches();
		}

		/* Until nothing comes any more: supervisord starts some anew. */
		const kill_all = async () => {
			await kill_now(stage, root.processes());
			return !root.processes().length;
		};

		await until(kill_all, 10000, 'all are dead');
		stage.killed(others.length);
		stage.judge(TRUTH.exited(7), await says(stage, ended));
		for (const job of others)
			stage.judge(TRUTH.dead, await says(stage, job));
	},
});
