/*
 * Everything in a tree that reading could change: names, kinds, modes, owners,
 * contents, and all times.  The access time, too, where the file system leaves
 * it alone (relatime: once it is newer than the others).
 */
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync,
	readlinkSync, utimesSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.mjs';

const CONTENT_MAX = 65536;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/* Beginning of a file; its change time answers for the rest. */
function content(path) {
	const bytes = Buffer.alloc(CONTENT_MAX);
	let fd;

	try {
		fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
		return bytes.toString('latin1', 0,
		    readSync(fd, bytes, 0, CONTENT_MAX, 0));
	} catch (e) {
		return e.code;
	} finally {
		if (fd !== undefined)
			closeSync(fd);
	}
}

function children(path) {
	try {
		return readdirSync(path, { encoding: 'buffer' });
	} catch {
		return []; /* it may be closed to us, too */
	}
}

function describe(path) {
	const kind = lstatSync(path);
	const inside = kind.isDirectory() ? children(path) : [];
	const what = kind.isFile() ? content(path) :
	    kind.isSymbolicLink() ? readlinkSync(path, 'latin1') : '';
	const st = lstatSync(path, { bigint: true });
	const settled = st.atimeNs > st.mtimeNs && st.atimeNs > st.ctimeNs;

	return { inside, settled, atime: st.atimeNs, facts: [st.ino, st.mode,
		st.nlink, st.uid, st.gid, st.rdev, st.size, st.mtimeNs,
		st.ctimeNs, what].map(String) };
}

/* Name (in Latin-1) -> facts, of a directory and all below it. */
export function tree(top) {
	const found = new Map();
	const walk = (path) => {
		const one = describe(path);

		found.set(path.toString('latin1'), one);
		for (const name of one.inside)
			walk(Buffer.concat([path, Buffer.from('/'), name]));
	};

	walk(Buffer.from(top));
	return found;
}

/* Does each reading leave a trace (mount option strictatime)? */
export async function keeps_every_access(dir) {
	const file = join(dir, 'access');
	const clock = join(dir, 'clock');
	const atime = () => lstatSync(file, { bigint: true }).atimeNs;

	writeFileSync(file, 'x');
	utimesSync(file, new Date(), new Date(0));

	const before = atime();

	/* The file system's clock has a grain. */
	await until(() => {
		writeFileSync(clock, 'x');
		return lstatSync(clock, { bigint: true }).mtimeNs >
		    lstatSync(file, { bigint: true }).ctimeNs;
	}, 5000, 'the clock of the file system goes on');
	readFileSync(file);

	const once = atime();

	await until(() => {
		writeFileSync(clock, 'x');
		return lstatSync(clock, { bigint: true }).mtimeNs > once;
	}, 5000, 'the clock of the file system goes on');
	readFileSync(file);
	return once !== before && atime() !== once;
}

/* What is different, in words; empty if nothing is. */
export function differences(before, after, with_atime) {
	const words = [];

	for (const name of new Set([...before.keys(), ...after.keys()])) {
		const a = before.get(name), b = after.get(name);

		if (!a || !b)
			words.push(`${name} ${a ? 'is gone' : 'is new'}`);
		else if (a.facts.join() !== b.facts.join())
			words.push(`${name}: ${a.facts} -> ${b.facts}`
			    .slice(0, 400));
		else if (with_atime && a.settled && a.atime !== b.atime)
			words.push(`${name}: accessed: ${a.atime} -> ` +
			    `${b.atime}`);
	}
	return words;
}
