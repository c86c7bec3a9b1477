/*
 * Another clock on the wall for everything of a stage, which can be set: by a
 * library that is loaded before all others (package faketime), so it needs a
 * dynamic build of jobdir.  The times of files stay those of the kernel.
 *
 *	const clock = new Clock(stage);		-- in prepare()
 *	clock.set('-1d');
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alive } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { judge_end } from './jobs.mjs';
import { TRUTH } from './judge.mjs';
import { gated, open_gate } from './kills.mjs';

const SHARED = '/dev/shm';

function left_shared() {
	return readdirSync(SHARED).filter((name) =>
	    /^(sem\.)?faketime_\w+_\d+$/.test(name));
}

export class Clock {
	constructor(stage) {
		const library = execFileSync('faketime', ['-f', '+0',
			'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();

		this.stage = stage;
		this.before = left_shared();
		stage.at_the_end(this);
		this.file = join(stage.root.top, 'clock');
		this.set('+0');
		stage.program = join(dirname(PROGRAM), 'dynamic/jobdir');
		stage.paths.push([stage.program, 'jobdir']);
		stage.root.binding = ['env', `LD_PRELOAD=${library}`,
			`FAKETIME_TIMESTAMP_FILE=${this.file}`,
			'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1',
			'NO_FAKE_STAT=1'];
	}

	/* The library leaves something of each process that does not end by
	 * exit(3). */
	dispose() {
		for (const name of left_shared())
			if (!this.before.includes(name) &&
			    !alive(Number(/\d+$/.exec(name)[0])))
				rmSync(join(SHARED, name), { force: true });
	}

	/* So far from the true time: '+0', '-1d', '+1y'. */
	set(offset) {
		this.stage.log(`the clock is set to ${offset}`);
		writeFileSync(this.file, `${offset}\n`);
	}
}

/* A job that is started now is listed, too: by the time that was told. */
async function check_order(stage) {
	const { root, system } = stage;

	await judge_end(stage, TRUTH.exited(0), await system.start(['true']));

	const { stdout } = await stage.run(system.program, ['ls', '-a', '-q']);

	assert.deepEqual(stdout.trim().split('\n'), root.job_names().reverse()
	    .map((name) => name.split('__')[1]));
}

/* The clock is set while a job runs, which ends thereafter, and back again;
 * collect: words of a gc that must not take it. */
export async function play_step(stage, offset, collect) {
	const { clock, system } = stage;
	const begun = performance.now();
	const job = await gated(stage);

	clock.set(offset);
	stage.judge(TRUTH.runs, await system.says(job));
	await open_gate(stage, job);

	const said = await judge_end(stage, TRUTH.exited(7), job);

	if (system.is_jobdir) {
		const took = (performance.now() - begun) / 1000;
		const { duration_seconds } = said.show;

		assert.ok(duration_seconds > 0 && duration_seconds < took,
		    `${duration_seconds} of ${took} s`);
		await check_order(stage);
		await stage.run(system.program, ['gc', ...collect]);
		stage.judge(TRUTH.exited(7), await system.says(job));
	}
	clock.set('+0');
	stage.judge(TRUTH.exited(7), await system.says(job));
}
