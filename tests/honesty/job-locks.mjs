import assert from 'node:assert/strict';
import { alive } from '../e2e/lib/proc.mjs';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { pid_in, until_dead } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, put_down, script } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the command frees its keeper\'s lock and takes all others',
	truth: 'it runs',
	answer: '`running`; `kill` says that it could not when the lock that ' +
	    'a new supervisor needs is held',
	needs: 'seconds: an asker waits before it gives up',
	peers: { tsp: 'has no locks', nq: 'see: closes every descriptor',
		supervisor: 'has no locks' },

	async play(stage) {
		const { root, system } = stage;
		/* 100: the description that the supervisor has locked, too. */
		const job = await script(stage, 'flock -u 100\n' +
		    'exec 7<"$JOBDIR_DIR" 8<"$JOBDIR_DIR/journal.json" ' +
		    '9<"$JOBDIR_DIR/pid" 6<"$JOBDIR_ROOT/.keys"\n' +
		    'for n in 6 7 8 9; do flock -n $n || exit 98; done\n' +
		    'echo $PPID >keeper; echo $$ >pid; exec sleep 600');
		const pid = await pid_in(at(stage, 'pid'));
		const keeper = await pid_in(at(stage, 'keeper'));

		stage.judge(TRUTH.runs, await system.says(job));
		for (const words of [['rm', job.id],
			['gc', '--failed', '--older-than', '0']]) {
			await stage.run(PROGRAM, words);
			assert.ok(alive(pid));
			assert.equal(root.job_names().length, 1);
		}
		assert.equal((await stage.run(PROGRAM, ['run', '-w', '-k',
			'key', 'true'])).code, 0);
		process.kill(keeper, 'SIGKILL');
		await until_dead([keeper], 'its supervisor');
		stage.killed();

		/* Two can't watch over one job: a new one would need a lock. */
		const { code, stdout } = await system.stop(job);

		stage.judge(TRUTH.runs, await system.says(job));
		assert.deepEqual([code, stdout],
		    [1, `${job.id} terminating\n`]);
		await put_down(stage, [pid]);
		stage.judge(TRUTH.dead, await system.says(job));
	},
});
