import assert from 'node:assert/strict';
import { until } from '../e2e/lib/until.mjs';
import { observe, pid_in, switches } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script, until_file } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* Whoever watches over the log has seen what was written until now. */
async function until_asleep(pid) {
	await until(async () => {
		const before = switches(pid);

		await observe(100);
		return switches(pid) === before;
	}, 10000, `${pid} sleeps`);
}

export default scenario(import.meta, {
	fault: 'the command truncates its own output, and then deletes it',
	truth: 'it runs, and then exits with 7',
	answer: '`running`, `truncated_by_job`; then `failed` 7',
	fast: true,
	peers: { tsp: true, nq: true, supervisor: 'keeps it behind a pipe' },

	async play(stage) {
		const { root, system } = stage;
		const step = (name) => `until [ -e ${name} ]; do ` +
		    'sleep 0.02; done';
		const job = await script(stage, 'echo $$ >pid; ' +
		    'seq 10000; >written\n' + step('go1') + '\n' +
		    ': >/dev/stdout; echo kept; >truncated\n' + step('go2') +
		    '\nrm "$(readlink /proc/$$/fd/1)"; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		await until_file(at(stage, 'written'));
		if (system.is_jobdir)
			await until_asleep((await system.keepers(job))[0]);
		await root.run('touch', ['go1']);
		await until_file(at(stage, 'truncated'));
		if (system.is_jobdir)
			await until_asleep((await system.keepers(job))[0]);
		stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go2']);
		await system.gone(pid);
		await judge_end(stage, TRUTH.exited(7), job);
		if (system.is_jobdir)
			assert.equal(root.journal(root.job_names()[0])
			    .stdout.truncated_by_job, 1);
	},
});
