import assert from 'node:assert/strict';
import { ok } from '../e2e/lib/tools.mjs';
import { size_of } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, briefly, judge_end, judge_quietly, tally, used_server }
	from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const SHELLS = 10, SERVERS = 5, CALLS = 2;
const PROGRAM = 'printf x >>"$0"; exit "$1"';

export default scenario(import.meta, {
	fault: '20 launches at once, from shells and over 5 servers',
	truth: 'each ran once, with its code',
	answer: '20 ids, each once, each with its code',
	fast: true,
	peers: { tsp: true, nq: true,
		supervisor: 'starts what its one configuration says' },

	async play(stage) {
		const { system } = stage;
		const rounds = stage.amount(2, 20);
		const servers = system.is_jobdir ? await Promise.all(
		    Array.from({ length: SERVERS }, () => used_server(stage))) :
		    [];

		for (let round = 0; round < rounds; round++)
			await briefly(stage, () => judge_quietly(stage,
			    () => launch(stage, servers, round)));
		stage.after = `${rounds} times 20: ${tally(stage)}`;
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});

async function launch(stage, servers, round) {
	const { system } = stage;
	const count = SHELLS + SERVERS * CALLS;
	const words = Array.from({ length: count }, (_, i) => ['/bin/sh', '-c',
		PROGRAM, at(stage, `ran-${round}-${i}`), String(i)]);
	const jobs = await Promise.all(words.map(async (argv, i) => {
		const server = servers[(i - SHELLS) % SERVERS];

		if (i < SHELLS || !server)
			return system.start(argv);

		const { job_id } = await ok(server, 'execute_command',
		    { command: argv[0], args: argv.slice(1) });

		return { id: job_id, argv };
	}));
	/* In nq each has a directory, and ids within that. */
	const ids = new Set(jobs.map(({ id, dir }) => `${dir}/${id}`));

	assert.equal(ids.size, count);
	for (const [i, job] of jobs.entries()) {
		await judge_end(stage, TRUTH.exited(i), job);
		assert.equal(size_of(at(stage, `ran-${round}-${i}`)), 1);
	}
	if (system.is_jobdir)
		assert.equal(stage.root.job_names().length,
		    count * (round + 1) + servers.length);
}
