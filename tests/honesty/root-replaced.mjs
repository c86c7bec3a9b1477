import assert from 'node:assert/strict';
import { existsSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { ok } from '../e2e/lib/tools.mjs';
import { TRUTH } from './lib/judge.mjs';
import { judge_end, says, used_server } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

async function listed(server) {
	return (await ok(server, 'list_jobs', {})).jobs.map((j) => j.job_id);
}

export default scenario(import.meta, {
	fault: 'another root stands in its place, then a link to the old one',
	truth: 'the command runs on',
	answer: 'no such job, and what is there now; then `running` again',
	fast: true,
	grade: 'silent',
	peers: { tsp: 'has no directory of jobs', nq: 'as: renamed away',
		supervisor: 'has no directory of jobs' },

	async play(stage) {
		const { root, system } = stage;
		const server = await used_server(stage);
		const job = await system.start(['sleep', '600']);
		const other = join(root.top, 'other');
		const away = join(root.top, 'away');
		const { stdout } = await stage.run(PROGRAM, ['--root', other,
			'run', '-w', 'sh', '-c', 'exit 7']);
		const id = /^\S+/.exec(stdout)[0];

		await system.command(job);
		renameSync(root.runs, away);
		renameSync(other, root.runs);
		stage.judge(TRUTH.runs, await says(stage, job));
		assert.equal((await system.stop(job)).code, 3);
		stage.judge(TRUTH.exited(7), await says(stage, { id }));
		assert.deepEqual(await listed(server), [id]);

		/* The path of a root may be a link. */
		renameSync(root.runs, other);
		symlinkSync(away, root.runs);
		stage.judge(TRUTH.runs, await says(stage, job));
		assert.ok((await listed(server)).includes(job.id));
		assert.ok(!(await listed(server)).includes(id));
		await system.stop(job);
		await judge_end(stage, TRUTH.stopped, job);
		unlinkSync(root.runs);
		renameSync(away, root.runs);
		assert.ok(existsSync(system.path(job)));
	},
});
