#!/usr/bin/env node
/*
 * A worker that jobdir did not start, and that is a job all the same.
 * usage: worker.mjs ROOT NAME STEPS [FAIL_AT]
 *
 * NAME	letters, digits, '.', '_' and '-', not '.' first
 * STEPS	how many steps it works
 * FAIL_AT	the step that fails
 *
 * A step takes a second; with STEP_ON_INPUT=1 in the environment it takes until
 * a line comes on standard input.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync,
	rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

class Stopped extends Error {}

function refuse(why) {
	console.error(`worker.mjs: ${why}`);
	process.exit(2);
}

const now = () => new Date().toISOString();

/* A directory in the root; its record is replaced, never changed. */
class Job {
	constructor(root, name, members) {
		const stamp = now().replace(/[-:]|\.\d+/g, '');
		const dirname = `${stamp}__${name}`;

		mkdirSync(root, { recursive: true });
		/* Built under a hidden name, so that nobody sees half a job;
		 * mkdir lets one worker at a time build it. */
		this.dir = join(root, `.${dirname}`);
		mkdirSync(this.dir);
		if (existsSync(join(root, dirname))) {
			rmdirSync(this.dir);
			refuse(`${dirname} is there already`);
		}
		/* It stays open: with it jobdir can prove whose process this
		 * is. */
		this.log = openSync(join(this.dir, 'stdout.log'), 'w');
		this.record = { name, ...members };
		this.update({});
		renameSync(this.dir, join(root, dirname));
		this.dir = join(root, dirname);
	}

	/* Put members into the record.  Who reads meanwhile sees the old one or
	 * the new one. */
	update(members) {
		Object.assign(this.record, members);

		const path = join(this.dir, '.journal.json');
		const file = openSync(path, 'w');

		writeFileSync(file, `${JSON.stringify(this.record, null, 1)}\n`);
		fsyncSync(file);
		closeSync(file);
		renameSync(path, join(this.dir, 'journal.json'));
	}

	say(line) {
		writeFileSync(this.log, `${line}\n`);
	}

	/* The directory is new: `cancel` is never from before the start. */
	check_cancel() {
		if (existsSync(join(this.dir, 'cancel')))
			throw new Stopped('stopped on request');
	}

	end(exit_code, members) {
		this.update({ ...members, finished: now(), exit_code });
		return exit_code;
	}
}

const input = process.env.STEP_ON_INPUT === '1' &&
    createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function work(job, steps, fail_at) {
	for (let step = 1; step <= steps; step++) {
		job.check_cancel();
		job.update({
			phase: `step ${step}`,
			progress: { current: step - 1, total: steps,
				unit: 'steps',
				message: `working on step ${step}` },
		});
		await (input ? input.next() : pause(1000));
		if (step === fail_at)
			throw new Error(`step ${step} failed`);
		job.say(`step ${step} of ${steps} done`);
	}
}

async function main(root, name, steps, fail_at) {
	process.umask(0o077);

	const job = new Job(root, name, {
		pid: process.pid,
		command: process.argv.join(' '),
		cwd: process.cwd(),
		started: now(),
	});

	try {
		await work(job, steps, fail_at);
	} catch (e) {
		/* An end that is not written reads as lost, so write all. */
		job.say(e.message);
		return job.end(e instanceof Stopped ? 130 : 1,
		    { error: e.message });
	}
	return job.end(0, {
		phase: 'end',
		progress: { current: steps, total: steps, unit: 'steps',
			message: 'all done' },
		result: { steps },
	});
}

const [root, name, steps, fail_at = '0'] = process.argv.slice(2);

if (!/^[\w-][\w.-]*$/.test(name ?? '') || !/^\d+$/.test(steps ?? '') ||
    !/^\d+$/.test(fail_at))
	refuse('usage: worker.mjs ROOT NAME STEPS [FAIL_AT]');
process.exit(await main(root, name, Number(steps), Number(fail_at)));
