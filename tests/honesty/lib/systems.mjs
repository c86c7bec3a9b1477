/*
 * The systems under one interface, each as its manual tells to use it.
 *
 *	await system.open();
 *	const job = await system.start(['sleep', '600']);
 *	await system.command(job)	-- pid of the command, as the kernel
 *					-- shows it, not as the system says it
 *	await system.keepers(job)	-- pids of what watches over it
 *	await system.says(job)		-- see judge.mjs
 *	await system.stop(job)		-- ask it to stop it
 *	await system.restart()		-- what its user would do after its death;
 *					-- nothing where nothing has to be done
 *	await system.close()		-- end whatever is left of it
 *
 * A command is found by a variable that start() gives it, so that a test knows
 * more than the system under test.
 */
import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync,
	readSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { alive, command_line, stat, with_variable }
	from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until } from '../../e2e/lib/until.mjs';

const MARK = 'HONESTY_JOB';
let marks = 0;

/* Signals without a name are told by their number: SIG40. */
function signal_number(name) {
	return constants.signals[name] ?? Number(name.slice('SIG'.length));
}

/* The last bytes of a file, which may be huge. */
function end_of(path, most) {
	const fd = openSync(path, 'r');
	const { size } = fstatSync(fd);
	const bytes = Buffer.alloc(Math.min(size, most));

	readSync(fd, bytes, 0, bytes.length, size - bytes.length);
	closeSync(fd);
	return bytes.toString();
}

class System {
	constructor(stage) {
		this.stage = stage;
		this.dir = join(stage.root.top, 'system');
		this.jobs = [];
	}

	async open() {
		mkdirSync(this.dir);
	}

	get is_jobdir() {
		return false;
	}

	async restart() {
	}

	/* Set what finds a job's command again. */
	mark() {
		const mark = `${process.pid}.${marks++}`;
		const job = { mark, env: { [MARK]: mark } };

		this.jobs.push(job);
		return job;
	}

	/* Processes of the job, or of all jobs. */
	processes(job) {
		return (job ? [job] : this.jobs)
		    .flatMap(({ mark }) => with_variable(MARK, mark));
	}

	/* The command itself: of the marked processes the one that executes
	 * what was asked for. */
	command(job) {
		return until(() => this.processes(job).find((pid) =>
		    command_line(pid).trim() === job.argv.join(' ')), 10000,
		    `${job.argv.join(' ')} is running`);
	}

	/* Dead, whoever has or has not reaped it. */
	gone(pid) {
		return until(() => !alive(pid), 10000, `${pid} is dead`);
	}

	async close() {
		for (const pid of this.processes())
			process.kill(pid, 'SIGKILL');
		await until(() => !this.processes().length, 10000,
		    'nothing of the jobs is left');
	}
}

class Jobdir extends System {
	static title = 'jobdir';

	get is_jobdir() {
		return true;
	}

	/* Some scenarios need another build of it. */
	get program() {
		return this.stage.program ?? PROGRAM;
	}

	/* options: words of `jobdir run`. */
	async start(argv, options = []) {
		const job = Object.assign(this.mark(), { argv });
		const { code, stdout, stderr } = await this.stage.run(this.program,
		    ['run', ...options, '--', ...argv], { env: job.env });

		assert.equal(code, 0, stderr);
		job.id = stdout.trim();
		return job;
	}

	async show(job) {
		const { code, stdout, stderr } = await this.stage.run(this.program,
		    ['show', '--json', job.id]);

		assert.equal(code, 0, stderr);
		return JSON.parse(stdout);
	}

	path(job) {
		const { root } = this.stage;

		return join(root.runs,
		    root.job_names().find((n) => n.endsWith(job.id)));
	}

	async keepers(job) {
		const { supervisor } = JSON.parse(readFileSync(
		    join(this.path(job), 'journal.json'), 'utf8'));

		return [supervisor.pid];
	}

	async says(job) {
		const { code, stdout, stderr } = await this.stage.run(this.program,
		    ['show', '--json', job.id]);

		if (code === 3)
			return { state: 'absent', words: 'no such job' };
		assert.equal(code, 0, stderr);
		return this.said(JSON.parse(stdout));
	}

	/* What an object of `show --json` or get_job_status says. */
	said(show) {
		const words = show.status + (show.orphaned ? ', orphaned' : '') +
		    (show.exit_code === undefined || show.exit_code === null ?
			'' : ` ${show.exit_code}`) +
		    (show.signal ? ` ${show.signal}` : '') +
		    (show.reason && show.reason !== 'exit' ?
			` (${show.reason})` : '');

		return { words, show, ...this.#state(show) };
	}

	#state(show) {
		switch (show.status) {
		case 'running':
			return { state: 'running' };
		case 'completed':
			return { state: 'ended', code: 0 };
		case 'failed':
			return show.signal ?
			    { state: 'ended',
				signal: signal_number(show.signal) } :
			    { state: 'ended', code: show.exit_code };
		case 'killed':
			return { state: 'ended', stopped: true };
		case 'lost':
			return { state: 'ended' };
		default:
			return { state: 'unknown' };
		}
	}

	stop(job) {
		return this.stage.run(this.program, ['kill', job.id]);
	}

	/* Through the program; root.tidy() sees whether that is enough. */
	async close() {
	}
}

class Tsp extends System {
	static title = 'task-spooler';

	get env() {
		return { TS_SOCKET: join(this.dir, 'socket'), TMPDIR: this.dir };
	}

	#tsp(args, job) {
		return this.stage.run('tsp', args, { env: { ...this.env,
			...job?.env } });
	}

	async open() {
		await super.open();
		await this.#tsp(['-S', '100']);
	}

	/* The server as well as the one process it has for the job. */
	async keepers(job) {
		const runner = stat(await this.command(job)).ppid;
		const server = with_variable('TS_SOCKET', this.env.TS_SOCKET)
		    .filter((pid) => command_line(pid).startsWith('tsp -S'));

		return [...server, runner];
	}

	async start(argv) {
		const job = Object.assign(this.mark(), { argv });
		const { code, stdout, stderr } = await this.#tsp(argv, job);

		assert.equal(code, 0, stderr);
		job.id = stdout.trim();
		return job;
	}

	async says(job) {
		const list = await this.#tsp([]);
		const line = list.stdout.split('\n').find((l) =>
		    l.startsWith(`${job.id} `) &&
		    l.trim().endsWith(job.argv.join(' ')));

		if (!line)
			return { state: 'absent', words: 'no such job' };
		if (/^\d+ +(running|queued)/.test(line))
			return { state: 'running', words: 'running' };

		const { stdout } = await this.#tsp(['-i', job.id]);
		const words = /^Exit status: (.*)$/m.exec(stdout)?.[1] ?? '';
		/* Codes from 128 on are shown as negative numbers. */
		const [, how, number] =
		    /(exit code|signal) (-?\d+)/.exec(words) ?? [];

		return { words: words || 'finished', state: 'ended',
			...(how === 'signal' ? { signal: Number(number) } :
			    how ? { code: Number(number) & 255 } : {}) };
	}

	stop(job) {
		return this.#tsp(['-k', job.id]);
	}

	async close() {
		if (existsSync(this.env.TS_SOCKET))
			await this.#tsp(['-K']);
		await super.close();
		for (const pid of with_variable('TS_SOCKET', this.env.TS_SOCKET))
			process.kill(pid, 'SIGKILL');
	}
}

/* Jobs in one directory wait for each other, so each has a directory. */
class Nq extends System {
	static title = 'nq';

	#nq(args, job) {
		return this.stage.run('nq', args, { env: { NQDIR: job.dir,
			...job.env } });
	}

	async start(argv) {
		const job = Object.assign(this.mark(), { argv });

		job.dir = join(this.dir, job.mark); /* nq makes it */

		const { code, stdout, stderr } = await this.#nq(argv, job);

		assert.equal(code, 0, stderr);
		job.id = stdout.trim();
		job.complaint = stderr.trim(); /* with code 0 */
		return job;
	}

	async keepers(job) {
		return [stat(await this.command(job)).ppid];
	}

	/* `nq -t` says whether it runs; how it ended is the last line of its
	 * log, if it is there. */
	async says(job) {
		const { code } = await this.#nq(['-t', job.id], job);

		if (code === 1)
			return { state: 'running', words: 'running' };

		const log = join(job.dir, job.id);

		if (!existsSync(log))
			return { state: 'absent', words: 'no such job' };

		const tail = end_of(log, 2000);
		const end = [...tail.matchAll(
		    /^\[(exited with status|killed by signal) (\d+)\.\]$/mg)]
		    .at(-1);

		this.stage.log(tail);
		if (!end)
			return { state: 'ended', words: 'not running' };
		return { words: end[0].slice(1, -2), state: 'ended',
			...(end[1].startsWith('killed') ?
			    { signal: Number(end[2]) } :
			    { code: Number(end[2]) }) };
	}

	/* As its manual says: kill the process group. */
	async stop(job) {
		const pid = await this.command(job);

		return this.stage.run('/bin/kill', ['-TERM', '--',
			`-${stat(pid).pgrp}`]);
	}
}

/* A program for each job; `autorestart` off, since jobs are no services. */
class Supervisor extends System {
	static title = 'supervisor';

	get config() {
		return join(this.dir, 'supervisord.conf');
	}

	#write() {
		writeFileSync(this.config, `[supervisord]
logfile=${this.dir}/supervisord.log
pidfile=${this.dir}/supervisord.pid
childlogdir=${this.dir}
[unix_http_server]
file=${this.dir}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${this.dir}/socket
${this.jobs.map((job) => `[program:${job.id}]
command=${job.argv.map((w) => `'${w.replaceAll('%', '%%')}'`).join(' ')}
environment=${MARK}="${job.mark}"
autorestart=false
startsecs=0
startretries=0
`).join('')}`);
	}

	#ctl(...args) {
		return this.stage.run('supervisorctl', ['-c', this.config,
			...args]);
	}

	async restart() {
		await this.stage.run('supervisord', ['-c', this.config]);
		await until(async () => (await this.#ctl('pid')).code === 0,
		    20000, 'supervisord answers');
	}

	async open() {
		await super.open();
		this.#write();
		await this.restart();
	}

	async start(argv) {
		const job = Object.assign(this.mark(), { argv });

		job.id = `job${this.jobs.length}`;
		this.#write();

		const { code, stdout } = await this.#ctl('update');

		assert.equal(code, 0, stdout);
		return job;
	}

	async keepers() {
		return [Number(readFileSync(join(this.dir, 'supervisord.pid'),
		    'utf8'))];
	}

	/* `status` has no exit code; the log of supervisord has. */
	async says(job) {
		const { stdout } = await this.#ctl('status', job.id);
		const [, state] = /^\S+ +([A-Z]+)/.exec(stdout) ?? [];

		if (!state || /no such/.test(stdout))
			return { state: 'absent', words: 'no answer' };
		if (['RUNNING', 'STARTING', 'STOPPING'].includes(state))
			return { state: 'running', words: state };
		if (state === 'UNKNOWN')
			return { state: 'unknown', words: state };

		const log = readFileSync(join(this.dir, 'supervisord.log'),
		    'utf8');
		const end = [...log.matchAll(new RegExp(`exited: ${job.id} ` +
		    '\\((exit status (\\d+)|terminated by (SIG\\w+))', 'g'))]
		    .at(-1);

		if (state === 'STOPPED')
			return { state: 'ended', stopped: true, words: state };
		if (!end)
			return { state: 'ended', words: state };
		this.stage.log(end[0]);
		return { words: `${state}: ${end[1]}`, state: 'ended',
			...(end[3] ? { signal: constants.signals[end[3]] } :
			    { code: Number(end[2]) }) };
	}

	stop(job) {
		return this.#ctl('stop', job.id);
	}

	async close() {
		await this.#ctl('shutdown');
		await super.close();
		await until(() => !this.keepers_now().some(alive), 10000,
		    'supervisord is gone');
	}

	keepers_now() {
		return with_variable('JOBDIR_ROOT', this.stage.root.runs)
		    .filter((pid) => command_line(pid).includes('supervisord'));
	}
}

export const SYSTEMS = { jobdir: Jobdir, tsp: Tsp, nq: Nq,
	supervisor: Supervisor };
export const PEERS = Object.keys(SYSTEMS).filter((name) => name !== 'jobdir');
