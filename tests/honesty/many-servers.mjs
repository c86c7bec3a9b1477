import assert from 'node:assert/strict';
import { ok, run, start } from '../e2e/lib/tools.mjs';
import { TRUTH } from './lib/judge.mjs';
import { says, used_server } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* What must be the same whoever is asked, and when. */
function facts({ jobs }) {
	return jobs.map(({ job_id, status, exit_code, signal, command }) =>
	    ({ job_id, status, exit_code, signal, command }));
}

export default scenario(import.meta, {
	fault: 'two servers and a shell work on one root',
	truth: 'each job is what it is, whoever started or stopped it',
	answer: 'the same, from all three',
	fast: true,
	peers: { tsp: 'has one server', nq: 'has no servers',
		supervisor: 'has one server' },

	async play(stage) {
		const { system } = stage;
		const servers = [await used_server(stage),
			await used_server(stage)];
		const [one, two] = servers;
		const of_shell = await system.start(['sleep', '600']);
		const jobs = [[of_shell.id, TRUTH.runs]];

		for (const server of servers) {
			jobs.push([(await start(server, 'exec sleep 600'))
			    .job_id, TRUTH.runs],
			    [(await run(server, 'exit 0')).job_id,
				TRUTH.exited(0)],
			    [(await run(server, 'exit 7')).job_id,
				TRUTH.exited(7)]);
		}
		await ok(two, 'kill_job', { job_id: jobs[1][0] });
		jobs[1][1] = TRUTH.stopped;
		await ok(one, 'kill_job', { job_id: of_shell.id });
		jobs[0][1] = TRUTH.stopped;
		for (const [id, truth] of jobs) {
			for (const server of servers)
				stage.judge(truth, system.said(await ok(server,
				    'get_job_status', { job_id: id })));
			stage.judge(truth, await says(stage, { id }));
		}

		const lists = await Promise.all(servers.map(async (server) =>
		    facts(await ok(server, 'list_jobs', {}))));

		assert.equal(lists[0].length, jobs.length + 2);
		assert.deepEqual(lists[0], lists[1]);
	},
});
