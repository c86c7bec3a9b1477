/*
 * What /proc says about processes.  A zombie counts as dead: it runs nothing,
 * and who reaps it when is not the business of these tests.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(pid, name) {
	try {
		return readFileSync(`/proc/${pid}/${name}`);
	} catch {
		return null;
	}
}

/* Fields of /proc/PID/stat from the third on, or null. */
export function stat(pid) {
	const text = read(pid, 'stat')?.toString('latin1');

	if (!text)
		return null;

	const field = text.slice(text.lastIndexOf(')') + 2).split(' ');

	return {
		state: field[0],
		ppid: Number(field[1]),
		pgrp: Number(field[2]),
		session: Number(field[3]),
		tty: Number(field[4]),
		start_time: Number(field[19]),
	};
}

/* The members of a journal that say which process is meant. */
export function identity(pid) {
	const namespace = readlinkSync(`/proc/${pid}/ns/pid`);

	return {
		pid,
		start_time: stat(pid).start_time,
		boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
		    .trim(),
		pid_namespace: Number(/\d+/.exec(namespace)[0]),
	};
}

export function alive(pid) {
	const s = stat(pid);

	return s !== null && s.state !== 'Z' && s.state !== 'X';
}

export function pids() {
	return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number);
}

/* The environment a process was started with, as an object. */
export function environment(pid) {
	const text = read(pid, 'environ')?.toString() ?? '';
	const pairs = text.split('\0').filter((s) => s.includes('='));

	return Object.fromEntries(pairs.map((s) => {
		const at = s.indexOf('=');

		return [s.slice(0, at), s.slice(at + 1)];
	}));
}

/* Live processes that have the variable with that value. */
export function with_variable(name, value) {
	const wanted = Buffer.from(`${name}=${value}\0`);

	return pids().filter((pid) => {
		const text = read(pid, 'environ');

		if (!text || !alive(pid))
			return false;

		const at = text.indexOf(wanted);

		return at === 0 || (at > 0 && text[at - 1] === 0);
	});
}

export function command_line(pid) {
	return read(pid, 'cmdline')?.toString().replaceAll('\0', ' ') ?? '';
}

/* The process that forks the supervisors of a server, and ends with it. */
export function is_forkserver(pid) {
	return /^jobdir supervise --fork\s*$/.test(command_line(pid));
}

/* Numbers and targets of the open descriptors. */
export function descriptors(pid) {
	const dir = `/proc/${pid}/fd`;
	const numbers = readdirSync(dir).map(Number).sort((a, b) => a - b);

	return numbers.map((fd) =>
	    ({ fd, target: readlinkSync(`${dir}/${fd}`) }));
}

/* A line of /proc/PID/status, e.g. SigBlk. */
export function status_line(pid, name) {
	const text = read(pid, 'status')?.toString() ?? '';

	return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1];
}

/* What it has written so far, to whatever. */
export function bytes_written(pid) {
	const text = read(pid, 'io')?.toString() ?? '';

	return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0);
}
