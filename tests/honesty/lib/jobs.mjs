/*
 * What the scenarios of jobs that misbehave, of many at once, and of roots that
 * go away have in common.
 *
 *	const job = await script(stage, 'echo $$ >ready; exec sleep 600');
 *	const pid = await pid_in(join(stage.root.work, 'ready'));
 *	await judge_end(stage, TRUTH.exited(7), job);
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { alive } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { ok, run } from '../../e2e/lib/tools.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { grade, TRUTH, worst } from './judge.mjs';

/* Path of a program made of tests/honesty/NAME.c. */
export function helper(name) {
	return join(dirname(PROGRAM), 'honesty', name);
}

/* A path in the directory where the programs of this stage run. */
export function at(stage, name) {
	return join(stage.root.work, name);
}

let scripts = 0;

/* A file that a shell executes, in the working directory whatever the system
 * made it; gives the words that start it. */
export function script_words(stage, text) {
	const path = at(stage, `script${scripts++}`);

	writeFileSync(path, `cd '${stage.root.work}' || exit 99\n${text}\n`);
	stage.log(`script: ${text}`);
	return ['/bin/sh', path];
}

/* A job of such a file; options: words of `jobdir run`. */
export function script(stage, text, options) {
	return stage.system.start(script_words(stage, text),
	    ...stage.system.is_jobdir && options ? [options] : []);
}

export function until_file(path) {
	return until(() => existsSync(path), 20000, `there is ${path}`);
}

/* What it says, with no more lines of the log than the last answer. */
export async function says(stage, job) {
	try {
		return await stage.system.says(job);
	} catch (e) {
		if (!e.message.startsWith('not within'))
			throw e;
		stage.log(e.message);
		return { state: 'absent', words: 'no answer' };
	}
}

/* Judge what it says of an end, as soon as that is right, or after a while: it
 * needs a moment to arrive.  Gives the last answer. */
export async function judge_end(stage, truth, job, patience = 2000) {
	const end = performance.now() + patience;
	const kept = stage.lines.length;

	for (;;) {
		const said = await says(stage, job);

		if (grade(truth, said) === 'right' || performance.now() > end) {
			stage.judge(truth, said);
			return said;
		}
		await pause(20);
		stage.lines.length = kept;
	}
}

/* Do something; its lines stay in the log only if it fails or is not right. */
export async function briefly(stage, act) {
	const kept = stage.lines.length;

	if (await act() === 'right')
		stage.lines.length = kept;
}

/* Let something judge; its words go into the cell only if it is not right.
 * Gives the worst of it. */
export async function judge_quietly(stage, act) {
	const words = stage.words.length;
	const before = stage.grades.length;

	await act();

	const result = worst(stage.grades.slice(before));

	if (result === 'right')
		stage.words.length = words;
	return result;
}

/* Is it alive?  Then that is the truth, else that the system ended it. */
export function truth_after_stop(pid) {
	return alive(pid) ? TRUTH.runs : TRUTH.stopped;
}

/* End what the system could not end, or was not to. */
export async function put_down(stage, pids) {
	for (const pid of pids.filter(alive))
		process.kill(pid, 'SIGKILL');
	await until(() => !pids.some(alive), 10000, `${pids} are dead`);
}

/* A server that has started a job: from now on it needs no more descriptors. */
export async function used_server(stage) {
	const server = await stage.root.server();

	await run(server, 'true');
	await ok(server, 'list_jobs', {});
	stage.watch(server.pid);
	return server;
}

/* How many judgements there were of each kind: "3 right, 1 vague". */
export function tally(stage) {
	const count = new Map();

	for (const one of stage.grades)
		count.set(one, (count.get(one) ?? 0) + 1);
	return [...count].map(([one, n]) => `${n} ${one}`).join(', ');
}
