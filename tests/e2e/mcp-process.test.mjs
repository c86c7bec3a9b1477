/*
 * The server as a process: how it ends, what its end does to jobs (nothing),
 * and what of it reaches a job (nothing).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { alive, bytes_written, descriptors, environment, stat, status_line }
	from './lib/proc.mjs';
import { announce_clients, PROGRAM, root_test } from './lib/root.mjs';
import { LEGACY, MODERN, NEWEST_LEGACY, Server } from './lib/rpc.mjs';
import { ok, start, until_ended, until_output } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

announce_clients();

const WAITING = {
	name: 'execute_command',
	arguments: { command: 'exec sleep 1000', wait_seconds: 50 },
};

/* A server with a call that waits for a job; gives the server and the job. */
async function waiting_server(root, options, era = MODERN) {
	const server = await root.server(options, era);

	server.post('tools/call', WAITING, { id: 'wait' });

	const job = await until(async () =>
	    (await ok(server, 'list_jobs')).jobs[0], 10000, 'the job is there');

	return { server, job: await ok(server, 'get_job_status',
	    { job_id: job.job_id }) };
}

async function lives_on(root, job) {
	assert.ok(alive(job.pid));

	const server = await root.server();
	const status = await ok(server, 'get_job_status',
	    { job_id: job.job_id });

	assert.equal(status.status, 'running');
	assert.equal(status.cancel_requested, undefined);
	assert.match(status.evidence, /./);
}

/* A server whose stdout is a pipe that the test reads or not; gives the server
 * and the descriptor to read from (without blocking). */
async function piped_server(root) {
	const path = join(root.top, 'stdout');

	execFileSync('mkfifo', [path]);

	const reader = openSync(path,
	    constants.O_RDONLY | constants.O_NONBLOCK);
	const writer = openSync(path, constants.O_WRONLY);
	const server = root.raw_server({ stdio: ['pipe', writer, 'pipe'] });

	closeSync(writer);
	return { server, reader };
}

/* More answers than a pipe holds. */
function flood(server, count = 50) {
	for (let i = 0; i < count; i++)
		server.post('tools/list', {}, { id: i });
}

/* Answers fill the pipe, as far as the size of one lets them. */
function pipe_is_full(server) {
	return until(() => bytes_written(server.pid) > (1 << 15) &&
	    stat(server.pid)?.state === 'S', 10000, 'the pipe is full');
}

describe('the end of the server', { concurrency: 4 }, () => {

root_test('no input at all', async (root) => {
	const { code, stdout, stderr } = await root.jobdir(['mcp']);

	assert.deepEqual([code, stdout, stderr], [0, '', '']);
	assert.deepEqual(root.job_names(), []);
});

for (const era of [NEWEST_LEGACY, MODERN])
	root_test(`end of input during a waiting call: ${era}`,
	    async (root) => {
		const { server, job } = await waiting_server(root, {}, era);

		server.close_stdin();
		assert.deepEqual(await server.end('the end', 1000),
		    { code: 0, signal: null });
		assert.equal(server.stderr, '');
		await lives_on(root, job);
	});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGKILL'])
	root_test(`${signal} during a waiting call`, async (root) => {
		const { server, job } = await waiting_server(root);

		server.kill(signal);
		await server.end('the end of the server', 1000);
		assert.equal(server.stderr, '');
		await lives_on(root, job);
	});

root_test('stdout closed by the client', async (root) => {
	const { server, job } = await waiting_server(root);

	server.child.stdout.destroy();
	server.post('tools/list');
	await server.end('the end of the server', 2000);
	assert.equal(server.stderr, '');
	await lives_on(root, job);
});

root_test('stdout is a pipe, and closed by the client', async (root) => {
	const { server, reader } = await piped_server(root);

	closeSync(reader);
	flood(server, 1);
	await server.end('the end of the server', 2000);
	assert.equal(server.stderr, '');
});

root_test('SIGKILL to the process group of the server', async (root) => {
	const { server, job } = await waiting_server(root, { detached: true });

	assert.equal(stat(server.pid).pgrp, server.pid);
	process.kill(-server.pid, 'SIGKILL');
	await server.end();
	await lives_on(root, job);

	/* And it comes to its own end. */
	process.kill(job.pid, 'SIGUSR1');

	const end = await until_ended(await root.server(), job.job_id);

	assert.equal(end.signal, 'SIGUSR1');
});

root_test('stdout is not read, and the input ends', async (root) => {
	const { server, reader } = await piped_server(root);

	flood(server);
	server.close_stdin();
	await server.end('the end of the server', 5000);
	closeSync(reader);
});

root_test('stdout is not read, and SIGTERM comes', async (root) => {
	const { server, reader } = await piped_server(root);

	flood(server);
	await pipe_is_full(server);
	server.kill('SIGTERM');
	await server.end('the end of the server', 5000);
	closeSync(reader);
});

root_test('stdout is read late, and nothing is lost', async (root) => {
	const { server, reader } = await piped_server(root);
	const chunk = Buffer.alloc(1 << 16);
	const chunks = [];
	const count = 200;

	flood(server, count);
	await pipe_is_full(server);

	const lines = await until(() => {
		for (;;) {
			let got = 0;

			try {
				got = readSync(reader, chunk);
			} catch (e) {
				if (e.code !== 'EAGAIN')
					throw e;
			}
			if (!got)
				break;
			chunks.push(Buffer.from(chunk.subarray(0, got)));
		}

		const all = Buffer.concat(chunks).toString().split('\n');

		return all.length > count && all;
	}, 20000, 'all answers');

	assert.deepEqual(lines.slice(0, count).map((l) => JSON.parse(l).id)
	    .sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
	server.close_stdin();
	assert.deepEqual(await server.end(), { code: 0, signal: null });
	closeSync(reader);
});

root_test('ten servers on one root', async (root) => {
	const servers = await Promise.all(Array.from({ length: 10 },
	    (_, i) => root.server({}, [...LEGACY.slice(2), MODERN][i % 3])));
	const jobs = await Promise.all(servers.map((server, i) =>
	    start(server, `echo ${i}`)));
	const ids = jobs.map((j) => j.job_id).sort();

	for (const server of servers)
		assert.deepEqual((await ok(server, 'list_jobs')).jobs
		    .map((j) => j.job_id).sort(), ids);
});

});

describe('what reaches a job', { concurrency: 4 }, () => {

/* Signals 32 and 33 are the C library's own: no program can set what becomes of
 * them, and some testers' environments ignore them. */
const SETTABLE = ~(3n << 31n);

/* `sleep` sets up nothing, so all of it is as jobdir left it. */
const SLEEP = { args: ['1000'] };

function check_process(job, [input, output, errors]) {
	const [fd0, fd1, fd2, lock, ...more] = descriptors(job.pid);

	assert.deepEqual([fd0.fd, fd1.fd, fd2.fd], [0, 1, 2]);
	assert.match(fd0.target, input);
	assert.equal(fd1.target, output);
	assert.equal(fd2.target, errors);
	assert.ok(lock.fd >= 100, `lock is ${lock.fd}`);
	assert.equal(lock.target, join(job.dir, 'pid'));
	assert.deepEqual(more, []);
	for (const name of ['SigBlk', 'SigIgn', 'SigCgt', 'SigPnd', 'ShdPnd'])
		assert.equal(SETTABLE &
		    BigInt(`0x${status_line(job.pid, name)}`), 0n, name);

	const { session, pgrp, tty } = stat(job.pid);

	assert.equal(session, job.pid);
	assert.equal(pgrp, job.pid);
	assert.equal(tty, 0);
}

/* A server with more descriptors than it wants, and all signals ignored. */
async function burdened_server(root) {
	const null_fd = openSync('/dev/null', constants.O_RDWR);
	const server = root.keep(new Server('/bin/sh', ['-c',
	    "trap '' HUP INT QUIT PIPE ALRM TERM USR1 USR2 CHLD TSTP;" +
	    ' exec "$0" mcp', PROGRAM], {
		cwd: root.work,
		env: root.env(),
		stdio: ['pipe', 'pipe', 'pipe', null_fd, 'pipe', null_fd,
		    null_fd],
	}));

	closeSync(null_fd);
	return server.open(MODERN);
}

root_test('descriptors, signals and session of a job', async (root) => {
	for (const server of [await root.server(),
	    await burdened_server(root)]) {
		const job = await start(server, 'sleep', SLEEP);

		check_process(job, [/\/\.stdin$/, join(job.dir, 'stdout.log'),
		    join(job.dir, 'stderr.log')]);

		const quiet = await start(server, 'sleep',
		    { ...SLEEP, interactive: false });

		check_process(quiet, [/^\/dev\/null$/,
		    join(quiet.dir, 'stdout.log'),
		    join(quiet.dir, 'stderr.log')]);

		const merged = await start(server, 'sleep',
		    { ...SLEEP, merge_output: true });

		check_process(merged, [/\/\.stdin$/,
		    join(merged.dir, 'stdout.log'),
		    join(merged.dir, 'stdout.log')]);
	}
});

root_test('a job lists its own descriptors', async (root) => {
	const server = await burdened_server(root);
	const { job_id } = await start(server, 'ls',
	    { args: ['/proc/self/fd'] });

	await until_ended(server, job_id);

	/* ls itself has the directory open as the lowest free number. */
	const { stdout } = await ok(server, 'get_job_output', { job_id });
	const numbers = stdout.trim().split('\n').map(Number)
	    .sort((a, b) => a - b);

	assert.deepEqual(numbers.slice(0, 4), [0, 1, 2, 3]);
	assert.equal(numbers.length, 5);
	assert.ok(numbers[4] >= 100);
});

root_test('a job reads nothing of the protocol', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server,
	    'cat; echo still; echo loud >&2');

	for (let i = 0; i < 5; i++)
		await ok(server, 'list_jobs');
	await ok(server, 'interact_with_job',
	    { job_id, input: 'mine', eof: true });
	await until_output(server, job_id, /^mine\nstill\n/);
	assert.deepEqual(await server.quiet(), []);
});

root_test('environment of a job', async (root) => {
	const server = await root.server({ env: { FROM_SERVER: 'a=b c' } });
	const job = await start(server, 'sleep', { ...SLEEP, env: {
		EXTRA: 'x y', FROM_JOB: '',
	} });
	const env = environment(job.pid);

	assert.equal(env.FROM_SERVER, 'a=b c');
	assert.equal(env.EXTRA, 'x y');
	assert.equal(env.FROM_JOB, '');
	assert.equal(env.JOBDIR_ROOT, root.runs);
	assert.equal(env.JOBDIR_DIR, job.dir);
	assert.equal(env.JOBDIR_ID, job.job_id);
	assert.equal(env.PATH, process.env.PATH);
});

root_test('nothing ties a job to its server', async (root) => {
	const server = await root.server();
	const job = await start(server,
	    'until [ -e stop ]; do sleep 0.05; done; exit 8');

	for (let pid = job.pid; pid > 1; pid = stat(pid)?.ppid ?? 0)
		assert.notEqual(pid, server.pid, 'the server is no ancestor');
	assert.notEqual(stat(job.pid).session, stat(server.pid).session);
	server.kill();
	await server.end();
	writeFileSync(join(root.work, 'stop'), '');
	assert.equal((await until_ended(await root.server(), job.job_id))
	    .exit_code, 8);
});

});
