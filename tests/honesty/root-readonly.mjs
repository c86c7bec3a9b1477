import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pid_in, size_of } from '../stress/lib/stress.mjs';
import { Process } from '../e2e/lib/cli.mjs';
import { until } from '../e2e/lib/until.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* A file system on which somebody writes is not made read-only by mount; an
 * error in it does that, and then each call fails so. */
const CALLS = 'write,pwrite64,renameat,renameat2,fsync,ftruncate,fchmod,' +
    'fallocate';

export default scenario(import.meta, {
	fault: 'what its supervisor writes fails with EROFS for a time',
	truth: 'it runs, and exits with 7 meanwhile',
	answer: '`running` until the end can be recorded; then `failed` 7',
	grade: 'wrong',
	injects: true,
	peers: { tsp: 'writes nothing about jobs',
		nq: 'its file is open already',
		supervisor: 'writes nothing about jobs' },

	async play(stage) {
		const { root, system } = stage;
		const job = await script(stage, 'echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));
		const [keeper] = await system.keepers(job);
		const trace = at(stage, 'trace');
		const strace = root.keep(new Process('strace', ['-o', trace,
			'-p', String(keeper), '-e', `trace=${CALLS}`, '-e',
			`inject=${CALLS}:error=EROFS`],
		    { stdio: ['ignore', 'pipe', 'pipe'] }));

		await strace.prints(/attached/);
		stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go']);
		await system.gone(pid);
		await until(() => size_of(trace), 5000, 'something failed');

		const { show, ...said } = await system.says(job);

		stage.judge(TRUTH.exited(7), said);
		assert.match(show.evidence, /has ended/);
		await until(() => readFileSync(trace, 'utf8').split('INJECTED')
		    .length > 2, 5000, 'it has tried again');
		strace.child.kill('SIGINT');
		await strace.end();
		stage.fired(readFileSync(trace, 'utf8').split('INJECTED')
		    .length - 1);
		await judge_end(stage, TRUTH.exited(7), job, 5000);
	},
});
