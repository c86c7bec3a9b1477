import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { alive } from '../e2e/lib/proc.mjs';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { TRUTH } from './lib/judge.mjs';
import { briefly, judge_end, judge_quietly, tally } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const ADOPTERS = 6;

export default scenario(import.meta, {
	fault: 'six adopt one process at once',
	truth: 'one process, so one job; it runs, and is stopped',
	answer: 'one id; five are told whose it is',
	fast: true,
	peers: { tsp: 'adopts nothing', nq: 'adopts nothing',
		supervisor: 'adopts nothing' },

	async play(stage) {
		const rounds = stage.amount(2, 30);

		for (let round = 0; round < rounds; round++)
			await briefly(stage, () => judge_quietly(stage,
			    () => adopt(stage)));
		stage.after = `${rounds} times one: ${tally(stage)}`;
		stage.log(stage.after);
		assert.equal(stage.root.job_names().length, rounds);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});

async function adopt(stage) {
	const { system } = stage;
	const child = spawn('sleep', ['600'], { cwd: stage.root.work });
	const answers = await Promise.all(Array.from({ length: ADOPTERS },
	    () => stage.run(PROGRAM, ['adopt', String(child.pid)])));
	const won = answers.filter(({ code }) => code === 0);

	assert.equal(won.length, 1);

	const id = won[0].stdout.trim();

	for (const { code, stdout, stderr } of answers)
		if (code !== 0) {
			assert.equal(stdout, '');
			assert.match(stderr, new RegExp(id));
		}
	stage.judge(TRUTH.runs, await system.says({ id }));
	await system.stop({ id });
	await system.gone(child.pid);
	await judge_end(stage, TRUTH.stopped, { id });
	assert.ok(!alive(child.pid));
}
