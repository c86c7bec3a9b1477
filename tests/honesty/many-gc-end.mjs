import assert from 'node:assert/strict';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { begin } from '../e2e/lib/cli.mjs';
import { until } from '../e2e/lib/until.mjs';
import { TRUTH } from './lib/judge.mjs';
import { briefly, judge_quietly, tally } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const JOBS = 10;

export default scenario(import.meta, {
	fault: 'gc of all that ended, again and again, while jobs end',
	truth: 'each exited with 7, and was waited for',
	answer: '`failed` 7 to who waits, or that its directory is gone',
	needs: 'luck: which of the two it is, differs',
	grade: 'vague',
	peers: { tsp: 'its one server removes', nq: 'removes nothing',
		supervisor: 'removes nothing' },

	async play(stage) {
		const rounds = stage.amount(2, 30);

		for (let round = 0; round < rounds; round++)
			await briefly(stage, () => judge_quietly(stage,
			    () => race(stage, round)));
		stage.after = `${rounds * JOBS} ends: ${tally(stage)}`;
		stage.log(stage.after);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});

async function race(stage, round) {
	const { root, system } = stage;
	const go = `go${round}`;
	const jobs = await Promise.all(Array.from({ length: JOBS }, (_, i) =>
	    system.start(['/bin/sh', '-c', `until [ -e ${go} ]; do ` +
		`sleep 0.02; done; sleep 0.0${i}; exit 7`])));
	const waiters = jobs.map(({ id }) => begin(root, ['wait', id]));

	for (const waiter of waiters)
		await waiter.watches();

	let over = false;
	const collectors = [1, 2].map(async () => {
		while (!over)
			assert.equal((await stage.root.run(PROGRAM, ['gc',
				'--failed', '--older-than', '0'])).code, 0);
	});

	await root.run('touch', [go]);
	for (const waiter of waiters) {
		const { code, out, errors } = await waiter.end();

		stage.log(`wait: ${code}: ${out}${errors}`);
		stage.judge(TRUTH.exited(7), code === 7 ?
		    { state: 'ended', code: 7, words: 'failed 7' } :
		    { state: 'unknown', words: out.split(' ').slice(1)
			.join(' ').trim() });
		assert.ok([4, 7].includes(code), `${code}: ${out}${errors}`);
	}
	await until(() => !root.job_names().length, 10000, 'all are collected');
	over = true;
	await Promise.all(collectors);
}
