import assert from 'node:assert/strict';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { start } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { briefly, judge_quietly, tally } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* What gc counts, and what rm says of what is gone, or runs. */
const EXPECTED = new RegExp('^jobdir: (\\d+ jobs? removed, |' +
    'Job \\S+ (not found|is running: )|  stop it first)');

const ENDED = 30, RUNNING = 4, COLLECTORS = 4;

export default scenario(import.meta, {
	fault: 'four gc and two rm at once, while some jobs run',
	truth: 'what ended goes, what runs stays',
	answer: 'each ended job removed once, and nothing else',
	fast: true,
	peers: { tsp: 'its one server removes', nq: 'removes nothing',
		supervisor: 'removes nothing' },

	async play(stage) {
		const rounds = stage.amount(2, 20);

		for (let round = 0; round < rounds; round++)
			await briefly(stage, () => judge_quietly(stage,
			    () => collect(stage)));
		stage.after = `${rounds * ENDED} removed once; ` +
		    `what runs: ${tally(stage)}`;
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});

async function collect(stage) {
	const { root, system } = stage;
	const running = await Promise.all(Array.from({ length: RUNNING },
	    () => system.start(['sleep', '600'])));
	const ended = await Promise.all(Array.from({ length: ENDED },
	    () => start(root, 'true')));

	await root.jobdir(['wait', '-q', ...ended]);

	const gone = await Promise.all([
		...Array.from({ length: COLLECTORS }, () => stage.run(PROGRAM,
		    ['gc', '--older-than', '0'])),
		...[ended, ended.toReversed()].map((ids) => stage.run(PROGRAM,
		    ['rm', ...ids, running[0].id])),
	]);
	const told = gone.flatMap(({ stdout }) => stdout.match(/\S+/g) ?? [])
	    .filter((word) => ended.includes(word));

	/* Who came too late says so, and nothing else is wrong. */
	for (const { stderr } of gone)
		for (const line of stderr.split('\n').filter((l) => l))
			assert.match(line, EXPECTED);
	assert.equal(root.job_names().length, RUNNING);
	assert.deepEqual(told.sort(), ended.sort(), 'each once');
	for (const job of running) {
		stage.judge(TRUTH.runs, await system.says(job));
		await system.stop(job);
	}
	await root.jobdir(['rm', ...running.map(({ id }) => id)]);
	assert.deepEqual(root.job_names(), []);
}
