import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { pids, stat, status_line } from '../e2e/lib/proc.mjs';
import { until } from '../e2e/lib/until.mjs';
import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, helper, judge_end, put_down } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

const MOST = 60;
/* Nobody else's: the limit counts all processes of a user. */
const USER = 1900000000 + process.pid;

function bombs() {
	return pids().filter((pid) => stat(pid)?.state !== 'Z' &&
	    status_line(pid, 'Uid')?.startsWith(`${USER}\t`));
}

export default scenario(import.meta, {
	fault: 'the command forks as fast as it can, each child a session',
	truth: 'it runs; after a stop it is dead',
	answer: '`running`; `killed`, and nothing of it lives',
	needs: 'root: a limit of processes binds only other users',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const dir = at(stage, 'open');
		const program = at(stage, 'misbehave');

		copyFileSync(helper('misbehave'), program);
		chmodSync(stage.root.top, 0o711);
		mkdirSync(dir);
		chmodSync(dir, 0o777);

		const job = await system.start(['prlimit', `--nproc=${MOST}`,
			'setpriv', `--reuid=${USER}`, `--regid=${USER}`,
			'--clear-groups', program, 'bomb', `${dir}/bomb`]);
		const pid = await pid_in(`${dir}/bomb`);

		await until(() => bombs().length > MOST / 2, 10000,
		    'it has forked');
		stage.judge(TRUTH.runs, await system.says(job));
		job.argv = [program, 'bomb', `${dir}/bomb`]; /* executed last */
		await system.stop(job);
		await system.gone(pid);

		const said = await system.says(job);
		const left = bombs();

		/* Of what lives on it is no lie that it runs. */
		await judge_end(stage, left.length &&
		    said.state === 'running' ? TRUTH.runs : TRUTH.stopped, job);

		stage.after = left.length ?
		    `${left.length} processes live on` : 'nothing of it lives';
		if (system.is_jobdir)
			assert.deepEqual(left, []);
		/* They fork while they are killed: those that live are put
		 * down until there are none. */
		await until(async () => {
			for (const one of bombs())
				process.kill(one, 'SIGKILL');
			return !bombs().length;
		}, 30000, 'nothing of it lives');
		await put_down(stage, [pid]);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
