/*
 * Scenarios in places of their own: file systems that are small, full, or of
 * another kind, and what is asked of systems there.
 *
 *	prepare: (stage) => place(stage, 'size=1m'),
 *
 * puts the root of jobs, or what the other systems keep, on a file system that
 * nobody else sees (stage.room); the commands work elsewhere.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Room } from '../../stress/lib/room.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { at, judge_end, judge_quietly, script_words } from './jobs.mjs';
import { TRUTH } from './judge.mjs';

/* The path through the keeper's root reaches it from outside. */
export async function place(stage, options, mounting) {
	const root = Object.create(stage.root, { keep: {
		value: (thing) => stage.at_the_end(thing),
	} });

	stage.room = await new Room(root, options, mounting).open();
	stage.root.runs = stage.room.outside(stage.room.runs);
	stage.paths.unshift([stage.room.outside(), '$ROOM']);
	stage.system.dir = stage.room.outside(join(stage.room.mount, 'system'));
	return stage;
}

/* The system and its jobs in a cgroup of make_oom() or make_few(), which goes
 * away when all is checked. */
export function confine(stage, make) {
	const cgroup = make(Object.create(stage.root, { keep: {
		value: (thing) => (stage.at_the_end(thing), thing),
	} }));

	assert.ok(cgroup, 'there can be a cgroup');
	stage.paths.push([cgroup.dir, '$CGROUP']);
	return cgroup;
}

/* What is said to a start that may fail: { job } or { refused }. */
async function try_start(stage, argv) {
	try {
		return { job: await stage.system.start(argv) };
	} catch (e) {
		if (e.code !== 'ERR_ASSERTION')
			throw e;
		assert.ok(e.message.trim(), 'it is refused with words');
		return { refused: e.message.trim() };
	}
}

let starts = 0;

/* Start a command that exits with 7, and judge what is said of it, knowing
 * from itself whether it ran; gives the words of a refusal, else null.
 * before: words that execute the command. */
export async function judge_start(stage, before = []) {
	const { system } = stage;
	const ran = at(stage, `ran${starts++}`);
	const { job, refused } = await try_start(stage, [...before,
		...script_words(stage, `echo >'${ran}'; exit 7`)]);

	stage.root.binding = []; /* who asks is not bound */

	/* It ran if it left a file; who accepts it may run it later. */
	await until(() => job && existsSync(ran) ||
	    !system.processes(system.jobs.at(-1)).length, 10000, 'it ran or not');

	const truth = existsSync(ran) ? TRUTH.exited(7) : TRUTH.never;
	const words = refused ?? (truth.never && job.complaint);

	await judge_quietly(stage, () => words ? stage.judge(truth,
	    { state: 'refused', words: truth.never ? 'refused' :
		'refused, and executed' }) :
	    judge_end(stage, truth, job));
	return words || null;
}

/* Nothing is left in the root of a launch that was refused. */
export function check_refused(stage, words, jobs) {
	const { runs } = stage.root;

	assert.match(words, /^jobdir: (.*\[Errno \d+\] |Too many open)/);
	assert.deepEqual(readdirSync(runs).sort(),
	    ['.keys', '.new', ...jobs].sort());
	assert.deepEqual(readdirSync(join(runs, '.new')), []);
}

/*
 * Start a command again and again while give() gives back some of what is
 * used up, until that is enough three times; every start must be refused or
 * be the whole truth.  start: how.  Gives how often it was refused.
 */
export async function start_step_by_step(stage, give, start = judge_start,
    most = 60) {
	const { is_jobdir } = stage.system;
	let refusals = 0, step = 0;

	for (let good = 0; good < 3; step++) {
		const jobs = stage.root.job_names();
		const refused = await start(stage);

		assert.ok(step < most, 'at last there is enough');
		if (refused === null) {
			good += stage.grades.at(-1) === 'right';
		} else {
			refusals++;
			if (is_jobdir)
				check_refused(stage, refused, jobs);
		}
		await give();
	}
	/* The first was with nothing left at all. */
	stage.fired(refusals || 1);
	stage.after = `${refusals} refused, ${step - refusals} executed`;
	return refusals;
}

