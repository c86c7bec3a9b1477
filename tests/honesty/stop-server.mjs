import assert from 'node:assert/strict';
import { ok } from '../e2e/lib/tools.mjs';
import { TRUTH } from './lib/judge.mjs';
import { gated, go_on, halt, open_gate } from './lib/kills.mjs';
import { judge_end } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGSTOP of a server that was just asked, later SIGCONT',
	truth: 'its job runs, and exits with 7 meanwhile',
	answer: 'others say so at once, the server when it goes on',
	fast: true,
	peers: {
		tsp: 'its server is what watches over jobs: stop-supervisor',
		nq: 'has no server',
		supervisor: 'its server is what watches: stop-supervisor',
	},

	async play(stage) {
		const { root, system } = stage;
		const server = await root.server();
		const job = await gated(stage);

		assert.equal((await ok(server, 'get_job_status',
		    { job_id: job.id })).status, 'running');
		await halt(stage, [server.pid]);

		const asked = [
			server.post('tools/call', { name: 'get_job_status',
				arguments: { job_id: job.id } }),
			server.post('tools/call', { name: 'wait_for_jobs',
				arguments: { job_ids: [job.id] } }),
		];

		stage.judge(TRUTH.runs, await system.says(job));
		await open_gate(stage, job);
		await judge_end(stage, TRUTH.exited(7), job);
		assert.deepEqual(server.messages, []);
		go_on(stage, [server.pid]);

		const [status, wait] = await Promise.all(asked.map((id) =>
		    server.response(id)));

		stage.judge(TRUTH.exited(7),
		    system.said(status.result.structuredContent));
		assert.equal(wait.result.structuredContent.done[0].exit_code,
		    7);
	},
});
