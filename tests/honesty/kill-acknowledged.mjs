import assert from 'node:assert/strict';
import { briefly, at, helper, judge_end } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { scenario } from './lib/scenario.mjs';

const CALLS = 4; /* the answer to one comes while others are launched */

/* What was acknowledged before the server died: ids. */
async function acknowledged(stage, round) {
	const server = await stage.root.server();

	for (let i = 0; i < CALLS; i++)
		server.post('tools/call', { name: 'execute_command',
			arguments: { command: helper('actor'), args: [
				at(stage, `${round}.${i}`), 'end', '5000',
				'7'] } });

	const first = await server.receive();

	server.kill();
	stage.fired(1);
	await server.end();
	return [first, ...server.messages].map(({ result }) => {
		assert.ok(!result.isError, JSON.stringify(result));
		return result.structuredContent.job_id;
	});
}

export default scenario(import.meta, {
	fault: 'SIGKILL of the server as soon as it has answered',
	truth: 'what it has acknowledged exits with 7',
	answer: 'each acknowledged job is there, `failed` 7',
	fast: true,
	injects: true,
	peers: {
		tsp: 'its server is what watches over jobs: kill-supervisor',
		nq: 'has no server',
		supervisor: 'its server is what watches: kill-supervisor',
	},

	async play(stage) {
		stage.jobs = 0;
		for (let i = 0; i < stage.amount(10, 200); i++)
			for (const id of await acknowledged(stage, i)) {
				stage.jobs++;
				await briefly(stage, async () => {
					await judge_end(stage, TRUTH.exited(7),
					    { id });
					return stage.grades.at(-1);
				});
			}
		/* What was being launched may have been left hidden. */
		stage.killed(stage.faults * CALLS - stage.jobs);
	},

	cell: (stage) => `${stage.jobs} acknowledged, 0 lost`,
});
