import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { ok } from '../e2e/lib/tools.mjs';
import { TRUTH } from './lib/judge.mjs';
import { judge_end, says, used_server } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'all it has on disk is renamed away, and back',
	truth: 'one runs on, one dies meanwhile',
	answer: 'no such job; after that `running` and `failed` SIGTERM',
	grade: 'silent',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const server = system.is_jobdir && await used_server(stage);
		const dir = system.is_jobdir ? root.runs : system.dir;
		const job = await system.start(['sleep', '600']);
		const other = await system.start(['sleep', '601']);
		const pid = await system.command(other);

		await system.command(job);
		renameSync(dir, `${dir}.away`);
		stage.judge(TRUTH.runs, await says(stage, job));
		process.kill(pid, 'SIGTERM');
		await system.gone(pid);
		stage.judge(TRUTH.signalled(15), await says(stage, other));
		if (system.is_jobdir) {
			assert.deepEqual((await ok(server, 'list_jobs', {}))
			    .jobs, []);
			assert.ok(!existsSync(dir), 'a look makes none');
		}
		renameSync(`${dir}.away`, dir);
		stage.judge(TRUTH.runs, await says(stage, job));
		await judge_end(stage, TRUTH.signalled(15), other);
		if (system.is_jobdir)
			for (const [id, truth] of [[job.id, TRUTH.runs],
				[other.id, TRUTH.signalled(15)]])
				stage.judge(truth, system.said(await ok(server,
				    'get_job_status', { job_id: id })));
		await system.stop(job);
		await judge_end(stage, TRUTH.stopped, job);
	},
});
