import assert from 'node:assert/strict';
import { begin, Process } from '../e2e/lib/cli.mjs';
import { ok } from '../e2e/lib/tools.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_quietly, script, tally, used_server }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* What waits, as the manual tells. */
const WAITER = {
	tsp: ({ system }, job) => new Process('tsp', ['-w', job.id],
	    { env: { ...process.env, ...system.env } }),
	nq: (stage, job) => new Process('nq', ['-w', job.id],
	    { env: { ...process.env, NQDIR: job.dir } }),
	jobdir: ({ root }, job) => begin(root, ['wait', '-q', job.id]),
};

export default scenario(import.meta, {
	fault: '40 wait for one job',
	truth: 'it exited with 7, and not before it did',
	answer: '7, to each of them',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: 'has nothing that waits' },

	async play(stage) {
		const { root, system, system_name } = stage;
		const servers = system.is_jobdir ?
		    [await used_server(stage), await used_server(stage)] : [];
		const job = await script(stage, 'echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');

		await pid_in(at(stage, 'pid'));

		const count = stage.amount(20, 40) - servers.length;
		const waiters = Array.from({ length: count },
		    () => root.keep(WAITER[system_name](stage, job)));
		const calls = servers.map((server) => ok(server,
		    'wait_for_jobs', { job_ids: [job.id] }));

		if (system.is_jobdir)
			for (const waiter of waiters)
				await waiter.watches();
		assert.ok(waiters.every((w) => !w.gone));
		await root.run('touch', ['go']);
		for (const waiter of waiters) {
			const { code } = await waiter.end();

			await judge_quietly(stage, () => stage.judge(
			    TRUTH.exited(7), { state: 'ended',
				words: `code ${code}`,
				/* 0 says that it ended, and no more. */
				...(code ? { code } : {}) }));
		}
		for (const { done } of await Promise.all(calls))
			stage.judge(TRUTH.exited(7), system.said(done[0]));
		stage.after = `${stage.grades.length} told: ${tally(stage)}`;
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
