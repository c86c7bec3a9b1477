/*
 * A machine that loses its power, again and again: an ext4 of its own, and
 * processes in a pid namespace with a boot id of their own.
 *
 *	const machine = await new Machine(stage).open();
 *	machine.boot(script, args);	-- a shell command; machine.lines grow
 *	await machine.cut();		-- what was not on disk is gone, and
 *					-- every process; the next boot is new
 *	const { stdout } = await machine.look(words);
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until, within } from '../../e2e/lib/until.mjs';
import { image } from './filesystems.mjs';
import { at, helper } from './jobs.mjs';
import { place } from './places.mjs';

/* $1: a file with the boot id; the others: what to execute. */
const BOOT = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && ' +
    'exec "$@"';

export class Machine {
	constructor(stage) {
		this.stage = stage;
	}

	async open() {
		const { stage } = this;
		const { runs } = stage.root;

		await place(stage, 'rw', image('mkfs.ext4 -q -F', 64));
		stage.root.runs = runs; /* nothing of this machine's is there */
		this.room = stage.room;
		this.runs = stage.room.runs;
		this.#renew();
		return this;
	}

	#renew() {
		this.boot_id = at(this.stage, 'boot_id');
		writeFileSync(this.boot_id, `${randomUUID()}\n`);
		this.lines = [];
	}

	#words(words) {
		return this.room.enter(['unshare', '--mount', '--pid', '--fork',
			'--kill-child', '--mount-proc', 'sh', '-c', BOOT, 'sh',
			this.boot_id, ...words]);
	}

	boot(words) {
		const [program, ...args] = this.#words(words);
		let rest = '';

		this.child = spawn(program, args, { cwd: this.stage.root.work,
			env: this.stage.root.env({ JOBDIR_ROOT: this.runs }),
			stdio: ['ignore', 'pipe', 'ignore'] });
		this.exited = once(this.child, 'exit');
		this.child.stdout.on('data', (data) => {
			const lines = (rest + data).split('\n');

			rest = lines.pop();
			this.lines.push(...lines);
		});
	}

	/* Gives the lines that were read before the power went. */
	async cut() {
		const { room } = this;
		const image_path = join(room.root.top, 'image');
		const before = [...this.lines];

		execFileSync(helper('powercut'), [room.outside()]);
		this.child.kill('SIGKILL');
		await within(this.exited, 10000, 'everything is off');
		await until(async () => (await room.run(['umount', room.mount]))
		    .code === 0, 10000, 'the disk is free');
		/* Until the last process is gone the old one is there, too. */
		await until(async () => !(await room.run(['losetup', '-j',
			image_path])).stdout, 10000, 'its device is free');
		assert.equal((await room.run(['mount', '-o', 'loop', image_path,
			room.mount])).code, 0);
		this.#renew();
		return before;
	}

	/* A program on the machine, to its end, with nothing else there. */
	look(words) {
		const [program, ...args] = this.#words(words);

		return this.stage.root.run(program, args,
		    { env: { JOBDIR_ROOT: this.runs } });
	}
}

/* Jobs that exit with 0, with 7, and that do not end, told as they start; of
 * some the end is told, too, when `wait` has told it. */
export const WORK = `n=0; while :; do n=$((n + 1)); case $((n % 3)) in
0) id=$("$1" run sh -c 'exit 7') && echo "started $id 7" ;;
1) id=$("$1" run sh -c 'exit 0') && echo "started $id 0" ;;
2) id=$("$1" run sleep 600) && echo "started $id lives"; continue ;;
esac
[ $((n % 2)) = 0 ] || { "$1" wait -q "$id"; echo "ended $id $?"; }
done`;

/* What the lines tell: id -> { code, told }. */
export function jobs_of(lines) {
	const jobs = new Map();

	for (const [what, id, code] of lines.map((l) => l.split(' ')))
		if (what === 'started')
			jobs.set(id, { code: Number(code), told: false });
		else
			jobs.get(id).told = true;
	return jobs;
}

const LONGEST = 700; /* milliseconds until the power goes */

/* When it goes: at a random moment, or right after something was told. */
export const MOMENTS = [
	() => pause(Math.random() * LONGEST),
	(machine, nth) => told(machine, 'started', nth),
	(machine, nth) => told(machine, 'ended', nth),
];

function told(machine, what, nth) {
	return until(() => machine.lines.filter((l) => l.startsWith(what))
	    .length >= nth, 30000, `${nth} ${what}`);
}

export const CODES = [0, 7];

/* How many there are of what is said. */
export function tally(jobs) {
	const count = {};

	for (const { said } of jobs)
		count[said] = (count[said] ?? 0) + 1;
	return Object.entries(count).map(([what, n]) => `${n} ${what}`)
	    .join(', ');
}
