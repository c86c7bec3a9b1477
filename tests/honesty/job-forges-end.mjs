import { pid_in } from '../stress/lib/stress.mjs';
import { TRUTH } from './lib/judge.mjs';
import { at, judge_end, script, until_file } from './lib/jobs.mjs';
import { scenario } from './lib/scenario.mjs';

/* Each is told in its own words; who keeps states in memory is not moved. */
const FORGE = `
if [ -n "$JOBDIR_DIR" ]; then
	sed 's/^}/,"finished":"2026-01-01T00:00:00Z","exit_code":0}/' \\
		"$JOBDIR_DIR/journal.json" >"$JOBDIR_DIR/.forged"
	mv "$JOBDIR_DIR/.forged" "$JOBDIR_DIR/journal.json"
fi
printf '\\n[exited with status 0.]\\nExit status: died with exit code 0\\n'`;

export default scenario(import.meta, {
	fault: 'the command writes into its own record that it exited with 0',
	truth: 'it runs, and then exits with 7',
	answer: '`completed` with `leftover` as long as it runs (what it may ' +
	    'write it may forge), then `failed` 7',
	fast: true,
	grade: 'wrong',
	peers: { tsp: true, nq: true, supervisor: true },

	async play(stage) {
		const { system } = stage;
		const job = await script(stage, `echo $$ >pid${FORGE}; ` +
		    '>forged\nuntil [ -e go ]; do sleep 0.02; done; exit 7');
		const pid = await pid_in(at(stage, 'pid'));

		await until_file(at(stage, 'forged'));
		stage.judge(TRUTH.runs, await system.says(job));
		await stage.root.run('touch', ['go']);
		await system.gone(pid);
		await judge_end(stage, TRUTH.exited(7), job);
	},
});
