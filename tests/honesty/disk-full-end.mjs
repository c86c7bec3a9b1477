import assert from 'node:assert/strict';
import { pid_in, until_dead } from '../stress/lib/stress.mjs';
import { at, judge_end, script, until_file } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { place } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

/* Waits outside of the full disk, then does what is left to do. */
function waiting(stage, name, rest) {
	return script(stage, `echo $$ >${name}.pid\n` +
	    `until [ -e go ]; do sleep 0.05; done\n${rest}`);
}

export default scenario(import.meta, {
	fault: 'a command fills the disk, and more end on it',
	truth: 'they run; they exit with 7 and 0, SIGKILL ends one',
	answer: '`running`; `failed` 7, `completed`, `failed` SIGKILL',
	fast: true,
	injects: true,
	peers: { tsp: true, nq: true, supervisor: true },

	prepare: (stage) => place(stage, 'size=1m'),

	async play(stage) {
		const { system, root, room } = stage;
		const jobs = [
			[TRUTH.exited(0), await waiting(stage, 'good',
			    'echo an end; exit 0')],
			[TRUTH.signalled(9), await waiting(stage, 'dies',
			    'kill -9 $$')],
			/* What it writes then is lost to it. */
			[TRUTH.exited(7), await script(stage,
			    'echo $$ >fills.pid; yes | head -c 2000000; ' +
			    '>full\n' +
			    'until [ -e go ]; do sleep 0.05; done; exit 7')],
		];
		const pids = [];

		for (const name of ['good', 'dies', 'fills'])
			pids.push(await pid_in(at(stage, `${name}.pid`)));
		await until_file(at(stage, 'full'));
		room.fill('rest');
		assert.equal(room.bytes_free(), 0);
		stage.fired(jobs.length);
		for (const [, job] of jobs)
			stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go']);
		await until_dead(pids, 'the commands');
		for (const [truth, job] of jobs)
			await judge_end(stage, truth, job);
	},
});
