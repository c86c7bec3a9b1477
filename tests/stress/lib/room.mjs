/*
 * A file system of one's own in a mount namespace that goes away with the
 * processes in it: a small tmpfs, or what else a shell command mounts.
 *
 *	const room = await new Room(root, 'size=1m').open();
 *	await room.jobdir(['run', 'true']);
 *	const path = room.fill('full');
 *
 * The runs root in it is not that of `root`.  A tmpfs works as root, and for
 * users who may have user namespaces.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command_line, with_variable } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until, within } from '../../e2e/lib/until.mjs';

/* What unshare and nsenter need for a mount namespace: as root, as root in a
 * directory that is no mount point (chroot), as a user. */
const WAYS = [
	{ make: ['-m'], enter: ['-m'] },
	{ make: ['-m', '--propagation', 'unchanged'], enter: ['-m', '-r'] },
	{ make: ['-Urm'], enter: ['-U', '-m', '--preserve-credentials'] },
];

export function namespace_options() {
	return WAYS.find(({ make }) =>
	    spawnSync('unshare', [...make, 'true']).status === 0) ?? WAYS.at(-1);
}

/* Write to a file until not one byte more fits; some file systems find room
 * when they have written. */
const FILL = 'dd if=/dev/zero of="$1" bs=64k; until n=$(stat -c %s "$1"); ' +
    'dd if=/dev/zero of="$1" bs=1 oflag=append conv=notrunc; ' +
    'sync "$1"; [ "$(stat -c %s "$1")" = "$n" ]; do :; done';

export class Room {
	/* mounting: a shell command that mounts something at "$2"; "$1" are
	 * the options, and the working directory is one outside of it. */
	constructor(root, options,
	    mounting = 'mount -t tmpfs -o "$1" room "$2"') {
		this.root = root;
		this.options = options;
		this.mounting = mounting;
		this.mount = join(root.top, 'room');
		this.runs = join(this.mount, 'runs');
		this.namespace = namespace_options();
		mkdirSync(this.mount);
	}

	/* Its keeper mounts it, says so, and stays until its input ends. */
	async open() {
		this.keeper = spawn('unshare', [...this.namespace.make,
			'/bin/sh', '-c',
			`${this.mounting} && echo ok && { cat; umount -l "$2"; }`,
			'sh', this.options, this.mount],
		    { cwd: this.root.top });
		this.exited = once(this.keeper, 'exit');
		this.root.keep(this);
		this.keeper.stderr.pipe(process.stderr);
		await within(once(this.keeper.stdout, 'data'), 10000,
		    'the room is mounted');
		return this;
	}

	/* The way into it from outside. */
	outside(path = this.mount) {
		return `/proc/${this.keeper.pid}/root${path}`;
	}

	/* Words that run a command inside. */
	enter(words) {
		return ['nsenter', '-t', String(this.keeper.pid),
			...this.namespace.enter, '--', ...words];
	}

	run(words, options = {}) {
		const [program, ...args] = this.enter(words);

		return this.root.run(program, args, { ...options,
			env: { JOBDIR_ROOT: this.runs, ...options.env } });
	}

	jobdir(args, options) {
		return this.run([PROGRAM, ...args], options);
	}

	/* Names in a directory of it, hidden ones too. */
	names(path) {
		return readdirSync(this.outside(path)).sort();
	}

	bytes_used() {
		const { bsize, blocks, bfree } = statfsSync(this.outside());

		return (blocks - bfree) * bsize;
	}

	bytes_free() {
		const { bsize, bfree } = statfsSync(this.outside());

		return bfree * bsize;
	}

	/* Write to a file of it until nothing fits any more; gives its path. */
	fill(name) {
		const path = this.outside(join(this.mount, name));

		execFileSync('sh', ['-c', FILL, 'sh', path],
		    { stdio: 'ignore' });
		return path;
	}

	/* Make files until there is no inode left; gives their paths. */
	take_inodes() {
		const made = [];

		for (;;) {
			const path = this.outside(join(this.mount,
			    `file${made.length}`));

			try {
				writeFileSync(path, '');
			} catch (e) {
				assert.equal(e.code, 'ENOSPC');
				return made;
			}
			made.push(path);
		}
	}

	processes() {
		return with_variable('JOBDIR_ROOT', this.runs);
	}

	async dispose() {
		const { stdout } = await this.jobdir(['ls', '-a', '-q']);
		const ids = stdout.split('\n').filter((id) => id);

		try {
			if (ids.length && this.processes().length)
				await this.jobdir(['kill', '-q', '-s', 'KILL',
					...ids]);
			await until(() => !this.processes().length, 15000,
			    'no process in the room is left');
		} catch (e) {
			for (const pid of this.processes())
				e.message += `\n${pid} ${command_line(pid)}`;
			throw e;
		} finally {
			for (const pid of this.processes())
				process.kill(pid, 'SIGKILL');
			this.keeper.stdin.end();
			await this.exited;
		}
		assert.equal(this.keeper.exitCode, 0);
	}
}
