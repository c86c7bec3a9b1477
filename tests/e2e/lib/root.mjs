/*
 * A test with a runs root of its own.
 *
 *	root_test('W1 run to completion', async (root, t) => {
 *		const server = await root.server();
 *		...
 *	});
 *
 * After the test everything it started is ended by means of the program, and
 * then no process of the root may be left and `cat` of everything in every
 * job's directory must end.  The root of a failed test is kept; its path is
 * printed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync }
	from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { clients_used, OfficialClient } from './clients.mjs';
import { command_line, is_forkserver, with_variable } from './proc.mjs';
import { MODERN, Server } from './rpc.mjs';
import { until, within } from './until.mjs';

export const PROGRAM = resolve(process.env.JOBDIR_PROGRAM ??
    join(import.meta.dirname, '../../../build/jobdir'));

/* For what runs under strace, where a sanitizer can't look for leaks. */
export const TRACED = { ASAN_OPTIONS:
	`${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` };

/* Nothing of the tester's environment reaches the program but these. */
const PASSED = /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|.*SAN_OPTIONS|GCOV_.*)$/;

function base_environment() {
	return Object.fromEntries(Object.entries(process.env)
	    .filter(([name]) => PASSED.test(name)));
}

export class Root {
	constructor() {
		this.top = mkdtempSync(join(tmpdir(), 'jobdir-e2e-'));
		this.runs = join(this.top, 'runs'); /* made by the program */
		this.work = join(this.top, 'work');
		mkdirSync(this.work);
		this.disposables = [];
		this.binding = []; /* what jobdir() runs the program under */
	}

	/* From now on permissions bind the program, also if the tests run as
	 * root: without the capabilities that open everything. */
	bind_to_permissions() {
		if (process.getuid() === 0)
			this.binding = ['setpriv',
				'--inh-caps=-dac_override,-dac_read_search',
				'--bounding-set=-dac_override,-dac_read_search'];
	}

	env(more = {}) {
		return {
			...base_environment(),
			JOBDIR_ROOT: this.runs,
			...more,
		};
	}

	/* Dispose of `thing` (which has dispose()) after the test. */
	keep(thing) {
		this.disposables.push(thing);
		return thing;
	}

	/* A server on the wire, not yet spoken to.  `under`: words that run
	 * the rest of their command line. */
	raw_server({ args = [], env = {}, under = [], program = PROGRAM,
	    ...options } = {}) {
		const [first, ...words] = [...under, program, 'mcp', ...args];

		return this.keep(new Server(first, words,
		    { cwd: this.work, env: this.env(env), ...options }));
	}

	/* A server that is spoken to in revision `era`. */
	server(options = {}, era = MODERN) {
		return this.raw_server(options).open(era);
	}

	/* An official client with a server. */
	client(kind, { args = [], env = {} } = {}) {
		return this.keep(new OfficialClient(kind)).connect({
			command: PROGRAM,
			args: ['mcp', ...args],
			env: this.env(env),
			cwd: this.work,
		});
	}

	/* Run a program to its end; gives code, signal, stdout, stderr. */
	async run(program, args, { env = {}, input = '', cwd = this.work,
	    deadline = 30000 } = {}) {
		const child = spawn(program, args, { cwd, env: this.env(env) });
		const out = { stdout: '', stderr: '' };
		const end = new Promise((done, fail) => {
			child.on('error', fail);
			child.on('close', (code, signal) =>
			    done({ code, signal }));
		});

		child.stdout.on('data', (data) => out.stdout += data);
		child.stderr.on('data', (data) => out.stderr += data);
		child.stdin.on('error', () => {});
		child.stdin.end(input);
		try {
			return { ...await within(end, deadline,
			    `${program} ${args.join(' ')}`), ...out };
		} catch (e) {
			child.kill('SIGKILL');
			throw e;
		}
	}

	/* jobdir with arguments. */
	jobdir(args, options) {
		const [program, ...rest] = [...this.binding, PROGRAM, ...args];

		return this.run(program, rest, options);
	}

	/* Names of the directories of jobs, in the order of ls. */
	job_names() {
		return existsSync(this.runs) ?
		    readdirSync(this.runs).filter((n) => !n.startsWith('.'))
		    .sort() : [];
	}

	journal(name) {
		return JSON.parse(readFileSync(resolve(this.runs, name,
		    'journal.json'), 'utf8'));
	}

	/* Processes of this root. */
	processes() {
		return with_variable('JOBDIR_ROOT', this.runs);
	}

	/* Those that jobs have to do with. */
	processes_of_jobs(server) {
		return this.processes().filter((pid) => pid !== server.pid &&
		    !is_forkserver(pid));
	}

	/* `cat *` in every job's directory ends. */
	async cat_ends() {
		if (existsSync(this.runs))
			await this.run('/bin/sh', ['-c',
			    'printf "%s\\0" "$1"/*/* | xargs -0 cat >/dev/null',
			    'sh', this.runs]);
	}

	/* End all that lives, through the program. */
	async kill_jobs() {
		if (!this.processes().length)
			return;

		const { stdout } = await this.jobdir(['ls', '-a', '-q']);
		const ids = stdout.split('\n').filter((id) => id);

		if (ids.length)
			await this.jobdir(['kill', '-q', '-s', 'KILL', '-g',
			    '0', ...ids]);
		await until(() => !this.processes().length, 15000,
		    'no process of the root is left');
	}

	async tidy() {
		const faults = [];

		for (const disposable of this.disposables.reverse()) {
			await disposable.dispose();
			faults.push(...disposable.faults ?? []);
			/* Clients show what a server says there as an error. */
			if (disposable.stderr)
				faults.push(`stderr: ${disposable.stderr}`);
		}
		try {
			await this.cat_ends();
			await this.kill_jobs();
			await this.cat_ends();
		} catch (e) {
			for (const pid of this.processes()) {
				e.message += `\n${pid} ${command_line(pid)}`;
				process.kill(pid, 'SIGKILL');
			}
			throw e;
		}
		assert.deepEqual(faults, []);
	}
}

/* A test with a fresh root.  Options as of test(). */
export function root_test(name, ...rest) {
	return root_subtest({ test }, name, ...rest);
}

/* The same inside test `parent`. */
export function root_subtest(parent, name, ...rest) {
	const body = rest.pop();
	const options = { timeout: 120000, ...rest[0] };

	return parent.test(name, options, async (t) => {
		const root = new Root();
		const errors = [];

		for (const step of [() => body(root, t), () => root.tidy()])
			try {
				await step();
			} catch (e) {
				errors.push(e);
			}
		if (!errors.length) {
			await rm(root.top, { recursive: true, force: true });
			return;
		}
		console.error(`${name}: root kept: ${root.top}`);
		if (errors[1])
			errors[0].message += `\nand then: ${errors[1].message}`;
		throw errors[0];
	});
}

/* Say at the end of the file what was used. */
export function announce_clients() {
	after(() => console.error(`clients: ${clients_used() ||
	    'none but our own'}; node ${process.version}`));
}
