import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { ok, run } from '../e2e/lib/tools.mjs';
import { observe } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { says, used_server } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'all the system has on disk is removed while jobs run',
	truth: 'the commands run on',
	answer: 'no such job; a server starts new jobs; supervisors end with ' +
	    'their commands, and nothing comes back',
	grade: 'silent',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const server = system.is_jobdir && await used_server(stage);
		const job = await system.start(['sleep', '600']);
		const other = await system.start(['sleep', '601']);
		const pids = [await system.command(job),
			await system.command(other)];
		const keepers = [...await system.keepers(job),
			...await system.keepers(other)];

		await rm(system.is_jobdir ? root.runs : system.dir,
		    { recursive: true, maxRetries: 3 });
		stage.judge(TRUTH.runs, await says(stage, job));
		if (system.is_jobdir) {
			assert.equal((await system.stop(job)).code, 3);
			assert.equal((await stage.run(PROGRAM, ['ls', '-q']))
			    .stdout, '');
			assert.ok(!existsSync(root.runs), 'a look makes none');
			await serve_on(stage, server);
		}
		for (const pid of pids)
			process.kill(pid, 'SIGTERM');
		for (const pid of pids)
			await system.gone(pid);
		if (system.is_jobdir)
			for (const pid of keepers)
				await system.gone(pid);
		stage.judge(TRUTH.signalled(15), await says(stage, job));
		if (system.is_jobdir)
			await nothing_came_back(root);
		for (const pid of keepers)
			if (existsSync(`/proc/${pid}`) && !system.is_jobdir)
				process.kill(pid, 'SIGKILL');
	},
});

/* The server makes a root again when it starts a job, and knows that one. */
async function serve_on(stage, server) {
	assert.deepEqual((await ok(server, 'list_jobs', {})).jobs, []);

	const { job_id, status } = await run(server, 'true');

	assert.equal(status, 'completed');
	assert.deepEqual((await ok(server, 'list_jobs', {})).jobs
	    .map((j) => j.job_id), [job_id]);
	await stage.root.jobdir(['rm', job_id]);
}

async function nothing_came_back(root) {
	await observe(300);
	assert.deepEqual(readdirSync(root.runs).filter((n) =>
	    !n.startsWith('.')), []);
	assert.deepEqual(readdirSync(`${root.runs}/.new`), []);
}
