/*
 * A cgroup with little memory, in which the kernel kills; or one with few
 * processes.
 *
 *	const small = make_oom(root);
 *	if (small)
 *		await small.run([PROGRAM, 'run', 'sh', '-c', HOG]);
 *	const few = make_few(root);
 *	few?.set(3);
 *
 * Below the test's own cgroup or one above it, of version 2 where that has the
 * memory controller, else of version 1; it goes away after the test.  Nothing
 * that exists is changed, so it can't be had everywhere: null, then.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync }
	from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../e2e/lib/until.mjs';

const LIMIT = String(24 << 20);
const MANY = '1000';

/* A command for `sh -c` that wants more than that. */
export const HOG = 'tail /dev/zero';

/* Mount points by type of file system, from /proc/self/mounts. */
function mounts(type, option) {
	return readFileSync('/proc/self/mounts', 'utf8').split('\n')
	    .map((line) => line.split(' '))
	    .filter(([, , fs, options]) => fs === type &&
		(!option || options.split(',').includes(option)))
	    .map(([, path]) => path);
}

/* The own cgroup: of version 2, or of a controller of version 1. */
function own_path(controller) {
	const line = readFileSync('/proc/self/cgroup', 'utf8').split('\n')
	    .map((text) => text.split(':'))
	    .find(([, names]) => controller ?
		names?.split(',').includes(controller) : names === '');

	return line?.slice(2).join(':');
}

/* Below what already gives its children that controller. */
function parent_v2(controller) {
	const [mount] = mounts('cgroup2');
	let path = own_path();

	for (; mount && path; path = path === '/' ? null : dirname(path)) {
		const control = join(mount, path, 'cgroup.subtree_control');

		if (existsSync(control) && readFileSync(control, 'utf8')
		    .trim().split(' ').includes(controller))
			return join(mount, path);
	}
	return null;
}

function parent_v1(controller) {
	const [mount] = mounts('cgroup', controller);
	const path = own_path(controller);

	return mount && path ? join(mount, path) : null;
}

/* What must be written into the new directory; the last, against swapping,
 * where the file is there. */
const MEMORY = [
	[parent_v2, { 'memory.max': LIMIT, 'memory.swap.max': '0' }],
	[parent_v1, { 'memory.limit_in_bytes': LIMIT,
		'memory.memsw.limit_in_bytes': LIMIT }],
];
const PROCESSES = [
	[parent_v2, { 'pids.max': MANY }],
	[parent_v1, { 'pids.max': MANY }],
];

let count = 0;

function make(parent, files) {
	const dir = join(parent, `jobdir-test-${process.pid}-${count++}`);

	try {
		mkdirSync(dir);
		for (const [nth, name] of Object.keys(files).entries())
			if (nth === 0 || existsSync(join(dir, name)))
				writeFileSync(join(dir, name), files[name]);
		return dir;
	} catch (e) {
		if (existsSync(dir))
			rmdirSync(dir);
		if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(e.code))
			throw e;
		return null;
	}
}

function make_one(root, controller, kinds) {
	for (const [parent, files] of kinds) {
		const above = parent(controller);
		const dir = above && make(above, files);

		if (dir)
			return root.keep(new SmallCgroup(root, dir));
	}
	return null;
}

export function make_oom(root) {
	return make_one(root, 'memory', MEMORY);
}

/* set() says how many processes there may be in it. */
export function make_few(root) {
	return make_one(root, 'pids', PROCESSES);
}

/* Can one be made here? */
export async function can_make_oom() {
	const small = make_oom({
		keep: (thing) => thing,
		kill_jobs: () => {},
	});

	await small?.dispose();
	return small !== null;
}

class SmallCgroup {
	constructor(root, dir) {
		this.root = root;
		this.dir = dir;
	}

	set(most) {
		writeFileSync(join(this.dir, 'pids.max'), String(most));
	}

	/* How many processes there are in it, with those nobody has reaped. */
	get size() {
		return Number(readFileSync(join(this.dir, 'pids.current'),
		    'utf8'));
	}

	/* Words before a command that put it in there. */
	get enter() {
		return ['/bin/sh', '-c',
			'echo $$ >"$1/cgroup.procs" && shift && exec "$@"',
			'sh', this.dir];
	}

	/* A program in there, to its end. */
	run(words) {
		const [program, ...args] = [...this.enter, ...words];

		return this.root.run(program, args);
	}

	/* When the last process of its jobs is gone. */
	async dispose() {
		await this.root.kill_jobs();
		await until(() => {
			try {
				rmdirSync(this.dir);
				return true;
			} catch (e) {
				if (e.code !== 'EBUSY')
					throw e;
				return false;
			}
		}, 15000, `${this.dir} is empty`);
	}
}
