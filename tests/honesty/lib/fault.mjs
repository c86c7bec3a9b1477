/*
 * Faults at every system call: the program is run again and again, and each
 * time the nth call of a kind in one of its processes fails, or kills it
 * (inject.c); after each run it is seen whether what was said is so.
 *
 *	await explore(stage, PATHS, { errors: ERRORS });
 *
 * A path is what the program is asked for:
 *	name		for the log
 *	prepare(lane)	gives the state of this round
 *	words(lane, state)	of the command line
 *	talk(lane, state)	optional: its input, until it answers that
 *	check(round)	asserts; gives a word for the count: "done", "refused".
 *			round: lane, state, fault, code, signal, stdout,
 *			stderr, said() (what inject reported)
 *	tidy(lane, state)	optional: remove what it left, as a user would
 *	reads		it must change nothing
 *	codes		that need no words, besides 0
 * Options: errors; places(all), which of the processes it strikes in, in the
 * order of their first calls; short, how many numbers of each kind the short
 * form plays; lanes, roots of their own (lib/lane.mjs) that are played side by
 * side, more of them where rounds wait.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper } from './jobs.mjs';
import { Lane } from './lane.mjs';

const LANES = 2;
/* So many calls of a kind are a loop that looks again and again; each turn is
 * like the first ones. */
const LOOP_LEAST = 100;
const LOOP_TURNS = 20;
/* More than were counted: no two rounds are quite alike. */
const SLACK = 50;
const FAILURES_MOST = 10;

/* What these may say, by the manuals of the calls; the likeliest first.
 * Absent ones cannot fail, or nothing may come of it (close). */
export const ERRORS = {
	access: ['EIO'],
	brk: ['ENOMEM'],
	chdir: ['EIO'],
	clone: ['EAGAIN', 'ENOMEM'],
	dup2: ['EINTR', 'EBUSY'],
	dup3: ['EINTR', 'EBUSY'],
	execve: ['ENOMEM', 'EIO', 'E2BIG'],
	faccessat: ['EIO'],
	faccessat2: ['EIO', 'EINTR'],
	fallocate: ['ENOSPC', 'EINTR', 'EIO', 'EOPNOTSUPP'],
	fchdir: ['EIO'],
	fchmod: ['EIO'],
	fchmodat: ['EIO'],
	fcntl: ['EMFILE', 'EINTR', 'ENOMEM'],
	fdatasync: ['EIO', 'ENOSPC'],
	flock: ['EINTR', 'ENOLCK'],
	fork: ['EAGAIN', 'ENOMEM'],
	fstat: ['EIO', 'ENOMEM'],
	fstatfs: ['EIO', 'EINTR'],
	fsync: ['EIO', 'ENOSPC'],
	ftruncate: ['EIO', 'EINTR'],
	getdents64: ['EIO', 'ENOMEM'],
	getrandom: ['EINTR', 'EAGAIN'],
	inotify_add_watch: ['ENOSPC', 'ENOMEM'],
	inotify_init1: ['EMFILE', 'ENOMEM'],
	ioctl: ['ENOTTY', 'EIO'],
	kill: ['EPERM', 'EAGAIN'],
	linkat: ['ENOSPC', 'EIO'],
	lseek: ['EIO'],
	mkdir: ['ENOSPC', 'EIO'],
	mkdirat: ['ENOSPC', 'EIO'],
	mknodat: ['ENOSPC', 'EIO'],
	mmap: ['ENOMEM'],
	mremap: ['ENOMEM'],
	newfstatat: ['EIO', 'ENOMEM'],
	open: ['EMFILE', 'EINTR', 'EIO', 'ENOMEM'],
	openat: ['EMFILE', 'EINTR', 'EIO', 'ENOSPC', 'ENOMEM'],
	pidfd_open: ['EMFILE', 'ENOMEM'],
	pidfd_send_signal: ['EPERM', 'EAGAIN'],
	pipe2: ['EMFILE'],
	poll: ['EINTR', 'ENOMEM'],
	ppoll: ['EINTR', 'ENOMEM'],
	pread64: ['EINTR', 'EIO'],
	prlimit64: ['EPERM'],
	pwrite64: ['ENOSPC', 'EINTR', 'EIO'],
	read: ['EINTR', 'EIO', 'ENOMEM'],
	readlink: ['EIO', 'ENOMEM'],
	readlinkat: ['EIO', 'ENOMEM'],
	renameat: ['ENOSPC', 'EIO'],
	renameat2: ['ENOSPC', 'EIO'],
	stat: ['EIO', 'ENOMEM'],
	statfs: ['EIO', 'EINTR'],
	statx: ['EIO', 'ENOMEM'],
	unlinkat: ['EIO', 'EBUSY'],
	vfork: ['EAGAIN', 'ENOMEM'],
	wait4: ['EINTR'],
	waitid: ['EINTR'],
	write: ['ENOSPC', 'EINTR', 'EIO'],
	writev: ['EIO', 'EINTR'],
};

/* Of a launch: the child that becomes the command, the supervisor before it,
 * and who else there is, from the launcher on. */
export const LAUNCHERS = (all) => all.slice(0, -2);
export const SUPERVISOR = (all) => all.slice(-2, -1);
export const SUPERVISOR_AND_CHILD = (all) => all.slice(-2);

/* Why nobody else is in these rows. */
const OWN = 'it makes other system calls: its faults are not these';

export const PEERS = { tsp: OWN, nq: OWN, supervisor: OWN };

/* One of them each. */
export const LIKELIEST = Object.fromEntries(Object.entries(ERRORS)
    .map(([call, [first]]) => [call, [first]]));

/* Transfers of one byte, which no reader or writer may take for all. */
export const SHORT = Object.fromEntries(['read', 'pread64', 'write',
	'pwrite64'].map((call) => [call, ['short']]));

/* SIGKILL before each call, whichever it is; before each that others see: what
 * lies between two of these is one state, however long. */
export const DEATH = { any: ['kill'] };
export const DEATH_AT_CHANGE = { change: ['kill'] };

function number_of(how) {
	return constants.errno[how] ?? how;
}

const text_of = ({ place, call, nth, how }) => `${place} ${call} ${nth} ${how}`;

/* The program with that fault; `stdin` may be a descriptor. */
async function strike(lane, path, state, fault) {
	const report = join(lane.work, `report${lane.rounds++}`);
	const how = fault === 'list' ? ['list'] : [fault.place, fault.call,
		fault.nth, number_of(fault.how)];
	const words = [report, ...how, PROGRAM, ...path.words(lane, state)]
	    .map(String);
	const end = path.talk ?
	    await lane.talk(helper('inject'), words, path.talk(lane, state)) :
	    await lane.run(helper('inject'), words, { deadline: 20000 });

	return { ...end, lane, path, state, fault, report,
		said: () => existsSync(report) ? readFileSync(report, 'utf8')
		    .split('\n').slice(0, -1) : [] };
}

/* Whatever is said is said with words, and by who is not dead. */
function check_end({ fault, path, code, signal, stderr }) {
	const told = [0, ...path.codes ?? []];
	const kills = fault.how === 'kill';

	/* glibc gives up where a heap can't grow by less than a page. */
	assert.ok(signal === null || (kills && signal === 'SIGKILL') ||
	    (fault.call === 'brk' && /^Fatal glibc error/.test(stderr)),
	    `it died: ${signal} ${stderr}`);
	if (!told.includes(code) && signal === null && !kills)
		assert.notEqual(stderr, '', `exit code ${code} without words`);
}

/* One round; gives the word for it, or null if nothing was injected. */
async function play(lane, path, fault) {
	const state = await path.prepare?.(lane);
	const before = path.reads ? lane.snapshot() : null;
	let round, word;

	try {
		round = await strike(lane, path, state, fault);
		check_end(round);
		word = await path.check(round);
		if (path.reads)
			assert.deepEqual(lane.snapshot(), before,
			    'a look changes nothing');
		await path.tidy?.(lane, state, round);
		await lane.check(fault.how === 'kill');

		const fired = round.said().length > 0;

		rmSync(round.report, { force: true });
		return fired ? word ?? 'done' : null;
	} catch (e) {
		e.message = `${path.name}, ${text_of(fault)}: ${e.message}\n` +
		    `said: ${JSON.stringify({ code: round?.code,
			signal: round?.signal, stdout: round?.stdout,
			stderr: round?.stderr })} fired: ${round?.said()}`;
		await lane.renew();
		throw e;
	}
}

/* The calls of a path: "place call" -> how many. */
async function calls_of(lane, path) {
	const state = await path.prepare?.(lane);
	const round = await strike(lane, path, state, 'list');
	const calls = new Map();
	const word = await path.check({ ...round, fault: { how: 'list' } });

	/* Without a fault it must do what is asked for. */
	assert.doesNotMatch(word ?? '', /refused|no answer|unknown/,
	    `${path.name}: ${round.stdout} ${round.stderr}`);
	await path.tidy?.(lane, state, round);
	for (const line of round.said())
		calls.set(line, (calls.get(line) ?? 0) + 1);
	return calls;
}

/* What a line of the list counts for. */
function kinds_of(line, errors) {
	const [, call, change] = line.split(' ');

	return [call, 'any', change].filter((kind) => errors[kind]);
}

/* Chains to be stepped through: place, and whether it is the last one; call,
 * how; how many are expected. */
function chains_of(calls, { errors, places, short }) {
	const counts = new Map();
	const all = [...new Set([...calls.keys()].map((line) =>
	    parseInt(line)))].sort((a, b) => a - b);
	const wanted = places(all);

	for (const [line, count] of calls)
		for (const kind of kinds_of(line, errors)) {
			const key = `${parseInt(line)} ${kind}`;

			counts.set(key, (counts.get(key) ?? 0) + count);
		}
	return [...counts].flatMap(([key, count]) => {
		const [, call] = key.split(' ');
		const place = parseInt(key);

		return (short ? errors[call].slice(0, 1) : errors[call])
		    .map((how) => ({ place, last: place === all.at(-1), call,
			how, count }));
	}).filter(({ place }) => wanted.includes(place));
}

/* One number after the other, or, in short form, a few of them: the first ones
 * of a kind, or spread over all. */
function numbers({ call, how, count }, short) {
	const from_1 = (n) => Array.from({ length: n }, (_, i) => i + 1);

	if (short)
		return how === 'kill' ? from_1(short)
		    .map((i) => 1 + Math.floor((i - 1) * count / short)) :
		    from_1(short);
	return from_1(how !== 'kill' && count >= LOOP_LEAST ? LOOP_TURNS :
	    count + SLACK);
}

let names = 0;

export class Explorer {
	constructor(stage, options) {
		this.stage = stage;
		this.options = { lanes: LANES, places: (all) => all, ...options,
			short: stage.full ? 0 : options.short ?? 1 };
		this.failures = [];
		this.tally = new Map();
	}

	#count(path, chain, word) {
		const key = `${path.name}, process ${chain.place}`;
		const words = this.tally.get(key) ?? new Map();

		this.stage.fired(1);
		if (chain.how === 'kill')
			this.stage.killed();
		words.set(word, (words.get(word) ?? 0) + 1);
		this.tally.set(key, words);
	}

	/* Step through a chain until nothing is injected any more. */
	async #step(lane, path, chain) {
		for (const nth of numbers(chain, this.options.short)) {
			if (this.failures.length >= FAILURES_MOST)
				return;
			try {
				const word = await play(lane, path,
				    { ...chain, nth });

				if (word !== null)
					this.#count(path, chain, word);
				else if (nth >= chain.count)
					return;
			} catch (e) {
				this.failures.push(e);
				this.stage.log(`WRONG: ${e.message}`);
			}
		}
	}

	async #paths(lanes, paths) {
		const left = [];

		for (const path of paths)
			left.push(...chains_of(await calls_of(lanes[0], path),
			    this.options).map((chain) => ({ path, chain })));
		/* The longest first. */
		left.sort((a, b) => b.chain.count - a.chain.count);
		await Promise.all(lanes.map(async (lane) => {
			for (let one; (one = left.shift());)
				await this.#step(lane, one.path, one.chain);
		}));
	}

	async play(paths) {
		const { stage } = this;
		const lanes = [];

		for (let i = 0; i < this.options.lanes; i++)
			lanes.push(await new Lane(stage, `lane${names++}`)
			    .open());
		await this.#paths(lanes, paths);
		for (const [key, words] of [...this.tally].sort())
			stage.log(`${key}: ${[...words].sort().map(([w, n]) =>
			    `${n} ${w}`).join(', ')}`);
		for (const lane of lanes)
			await lane.judge();
		for (const lane of stage.full ? lanes : [])
			stage.log(`${await lane.sweep()} hidden, then none`);
		for (const lane of lanes)
			await lane.close();
		if (this.failures.length)
			throw this.failures[0];
	}
}

/* Step through the calls of the paths. */
export function explore(stage, paths, options) {
	return new Explorer(stage, options).play(paths);
}

/* For the cell: how many faults, and what came of them. */
export function cell(stage) {
	return `${stage.faults} faults, nothing wrong said`;
}
