import assert from 'node:assert/strict';
import { writeFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { judge_end, put_down, script, truth_after_stop } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { judge_start, place } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

/* One that SIGTERM ends, one that ignores it, one that is asked by `touch`. */
const IGNORES = 1;
const TOUCHED = 2;

function ask(stage, job, nth) {
	const { system } = stage;

	if (system.is_jobdir && nth === IGNORES)
		return stage.run(PROGRAM, ['kill', '-s', 'KILL',
			job.id]);
	if (system.is_jobdir && nth === TOUCHED)
		return writeFileSync(join(system.path(job), 'cancel'), '');
	return system.stop(job);
}

export default scenario(import.meta, {
	fault: 'a stop on a full disk; then there is space again',
	truth: 'they run; then they are dead; new ones run as ever',
	answer: '`running`, then `killed`; after that `failed` 7',
	fast: true,
	injects: true,
	peers: { tsp: true, nq: true, supervisor: true },

	prepare: (stage) => place(stage, 'size=1m'),

	async play(stage) {
		const { system, room } = stage;
		const jobs = [], pids = [];

		for (let nth = 0; nth < 3; nth++) {
			jobs.push(nth !== IGNORES ?
			    await system.start(['sleep', `60${nth}`]) :
			    await script(stage, 'trap "" TERM\n' +
				'while :; do sleep 1; done'));
			pids.push(await system.command(jobs[nth]));
		}

		const full = room.fill('full');

		assert.equal(room.bytes_free(), 0);
		stage.fired(jobs.length);
		for (const [nth, job] of jobs.entries()) {
			stage.judge(TRUTH.runs, await system.says(job));
			await ask(stage, job, nth);
			if (system.is_jobdir || nth !== IGNORES)
				await system.gone(pids[nth]);
			await judge_end(stage, truth_after_stop(pids[nth]),
			    job);
		}
		unlinkSync(full);
		await judge_start(stage);
		await put_down(stage, pids);
	},
});
