/*
 * The command line in tests: calls that must succeed, calls that must fail,
 * processes that are watched and interrupted, and a terminal.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { descriptors } from './proc.mjs';
import { PROGRAM } from './root.mjs';
import { UUID } from './tools.mjs';
import { until, within } from './until.mjs';

/* Does the process watch something?  Descriptors come and go meanwhile. */
function has_watch(pid) {
	try {
		return descriptors(pid).some(({ target }) =>
		    /inotify/.test(target));
	} catch (e) {
		if (e.code !== 'ENOENT')
			throw e;
		return false;
	}
}

/* A process that goes on while the test does something else. */
export class Process {
	/* `options`: as of spawn(). */
	constructor(program, args, options) {
		this.what = `${program} ${args.join(' ')}`;
		this.child = spawn(program, args, options);
		this.parts = { stdout: [], stderr: [] };
		for (const name of ['stdout', 'stderr'])
			this.child[name]?.on('data',
			    (data) => this.parts[name].push(data));
		this.child.stdin?.on('error', () => {});
		this.over = new Promise((done, fail) => {
			this.child.on('error', fail);
			this.child.on('close', (code, signal) => {
				this.gone = { code, signal };
				done();
			});
		});
		this.over.catch(() => {});
	}

	bytes(name = 'stdout') {
		return Buffer.concat(this.parts[name]);
	}

	get out() {
		return this.bytes().toString();
	}

	get errors() {
		return this.bytes('stderr').toString();
	}

	/* Until it has written that to stdout, or to both together. */
	async prints(pattern, deadline = 15000) {
		await until(() => pattern.test(this.out + this.errors) ||
		    this.gone, deadline, `${this.what} prints ${pattern}`);
		assert.match(this.out + this.errors, pattern);
	}

	/* Until it waits for changes: it has looked, and what comes it sees. */
	async watches(deadline = 15000) {
		await until(() => this.gone || has_watch(this.child.pid),
		    deadline, `${this.what} waits for changes`);
	}

	/* Its end: code, signal, out, errors. */
	async end(deadline = 30000) {
		await within(this.over, deadline, `the end of ${this.what}`);
		return { ...this.gone, out: this.out, errors: this.errors };
	}

	async dispose() {
		if (!this.gone) {
			this.child.kill('SIGKILL');
			this.child.stdin?.destroy();
			this.child.stdout?.destroy();
			this.child.stderr?.destroy();
			await this.over;
		}
	}
}

/* jobdir with arguments, its input closed unless `stdio` says otherwise. */
export function begin(root, args, { env = {}, cwd = root.work,
    stdio = ['ignore', 'pipe', 'pipe'] } = {}) {
	return root.keep(new Process(PROGRAM, args,
	    { cwd, env: root.env(env), stdio }));
}

/* The same with a shell around it: "$@" is jobdir and its arguments. */
export function in_shell(root, script, args = [], options) {
	return root.run('/bin/sh', ['-c', script, PROGRAM, PROGRAM, ...args],
	    options);
}

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/* jobdir on a terminal of its own, so wide; stdin is what the user types. */
export function on_terminal(root, args, { env = {}, columns = 80 } = {}) {
	const line = [PROGRAM, ...args].map(quoted).join(' ');

	return root.keep(new Process('script', ['-qec',
	    `stty cols ${columns}; exec ${line}`, '/dev/null'], {
		cwd: root.work,
		env: root.env({ TERM: 'xterm', SHELL: '/bin/sh', ...env }),
	}));
}

/* What jobdir writes to a terminal, its code being 0. */
export async function seen(root, args, options) {
	const { code, out, errors } =
	    await on_terminal(root, args, options).end();

	assert.equal(code, 0, out + errors);
	return out.replaceAll('\r\n', '\n');
}

/* Call that must succeed and say nothing; gives stdout. */
export async function fine(root, args, options) {
	const { code, stdout, stderr } = await root.jobdir(args, options);

	assert.deepEqual([code, stderr], [0, ''], args.join(' '));
	return stdout;
}

/* Call that must fail with that code and no data; gives stderr. */
export async function fails(root, code, args, options) {
	const result = await root.jobdir(args, options);

	assert.deepEqual([result.code, result.stdout], [code, ''],
	    `${args.join(' ')}: ${result.stderr}`);
	assert.match(result.stderr, /^jobdir: [^\n]+\n/);
	return result.stderr;
}

/* Start a job: the arguments of `run`; gives the id. */
export async function launch(root, args, options) {
	const out = await fine(root, ['run', ...args], options);

	assert.match(out, /^[^\n]+\n$/);
	assert.match(out.trim(), UUID);
	return out.trim();
}

/* Start a job and wait for its end, whatever that is; gives the id. */
export async function finish(root, args, options) {
	const id = await launch(root, args, options);

	await root.jobdir(['wait', '-q', id]);
	return id;
}

/* The object of `show --json`. */
export async function shown(root, ...job) {
	return JSON.parse(await fine(root, ['show', '--json', ...job]));
}

/* The lines of a text, each with its newline. */
export function lines(text) {
	const all = text.split('\n');

	assert.equal(all.pop(), '', `a last line without end: ${text}`);
	return all;
}

/* Until a job's log has that in it. */
export function until_logged(root, id, pattern) {
	return until(async () =>
	    pattern.test((await root.jobdir(['log', id])).stdout), 15000,
	    `the log of ${id} has ${pattern}`);
}

/* The writing end of a pipe that nobody reads any more. */
export function pipe_without_reader(root) {
	const path = join(root.top, `pipe-${root.disposables.length}`);

	execFileSync('mkfifo', [path]);

	const reader = openSync(path,
	    constants.O_RDONLY | constants.O_NONBLOCK);
	const writer = openSync(path, constants.O_WRONLY);

	closeSync(reader);
	return root.keep({
		fd: writer,
		dispose: () => closeSync(writer),
	});
}
