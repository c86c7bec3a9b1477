import assert from 'node:assert/strict';
import { ok } from '../e2e/lib/tools.mjs';
import { pid_in, size_of } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, briefly, judge_end, judge_quietly, script, tally }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'six stop one job at once, and it takes its time',
	truth: 'it was stopped',
	answer: '`killed`, to each of them; one SIGTERM',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { root, system } = stage;
		const rounds = stage.amount(3, 30);
		const servers = system.is_jobdir ?
		    [await root.server(), await root.server()] : [];
		const signals = new Set();

		for (let round = 0; round < rounds; round++)
			await briefly(stage, () => judge_quietly(stage,
			    async () => signals.add(await stop(stage, servers,
				round))));
		stage.after = `${rounds} times: ${tally(stage)}; SIGTERM ` +
		    `${[...signals].sort().join(' or ')} times`;
		stage.log(stage.after);
		if (system.is_jobdir)
			assert.deepEqual([...signals], [1]);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});

/* Who comes too late may find no process to signal. */
async function ask({ system }, job) {
	try {
		return await system.stop(job);
	} catch (e) {
		if (system.is_jobdir)
			throw e;
		return { stdout: '' };
	}
}

/* How many signals arrived? */
async function stop(stage, servers, round) {
	const { system } = stage;
	const counter = at(stage, `signals${round}`);
	const file = at(stage, `pid${round}`);
	const job = await script(stage, `trap 'printf x >>${counter}' TERM\n` +
	    `echo $$ >${file}\n` +
	    `until [ -s ${counter} ]; do sleep 0.02; done\n` +
	    'for i in 1 2 3 4 5; do sleep 0.02; done; exit 3');
	const pid = await pid_in(file);
	const answers = await Promise.all([
		...Array.from({ length: 6 - servers.length }, async () => {
			const { stdout } = await ask(stage, job);

			return stdout.trim().split(' ').at(-1);
		}),
		...servers.map(async (server) => (await ok(server, 'kill_job',
		    { job_id: job.id })).status)]);

	await system.gone(pid);
	await judge_end(stage, TRUTH.stopped, job);
	if (system.is_jobdir) {
		assert.ok(answers.every((a) => a === 'killed' ||
		    a === 'already_terminated'), answers.join());
		assert.ok(answers.includes('killed'));
	}
	return size_of(counter);
}
