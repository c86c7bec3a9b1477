/*
 * One test for each defect of the background-job server that jobdir replaces:
 * D1.1 and so on are the numbers of its list of defects.  Each test does what
 * went wrong there and shows what happens instead.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { alive, pids, stat } from './lib/proc.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start, until_ended, until_output }
	from './lib/tools.mjs';
import { until } from './lib/until.mjs';

announce_clients();

const FOREVER = 'exec sleep 1000';

/* The end of a job as the file says it, with nobody asking for it. */
function recorded_end(job) {
	return until(() => {
		const file = join(job.dir, 'journal.json');
		const text = readFileSync(file, 'utf8');

		return /"finished"/.test(text) && JSON.parse(text);
	}, 20000, `the end of ${job.job_id} is recorded`);
}

/* The server ends with code 2 and one line that names the variable. */
async function refuses_to_start(root, name, value) {
	const { code, stdout, stderr } = await root.jobdir(['mcp'],
	    { env: { [name]: value } });

	assert.equal(code, 2, `${name}=${value}`);
	assert.equal(stdout, '');
	assert.match(stderr, new RegExp(`^[^\n]*${name}[^\n]*\n$`));
	return stderr;
}

describe('defects of the background-job server', { concurrency: 4 }, () => {

root_test('D1.1 a stop asked for stays killed, whatever the exit code',
    async (root) => {
	const server = await root.server();

	for (const code of [0, 3, 143]) {
		const { job_id } = await start(server,
		    `trap 'exit ${code}' TERM; echo ready;` +
		    ' while :; do sleep 0.05; done');

		await until_output(server, job_id, /ready/);

		const kill = await ok(server, 'kill_job', { job_id });

		assert.equal(kill.status, 'killed');
		assert.equal(kill.exit_code, code);
		for (const asked of [server, await root.server()]) {
			const job = await ok(asked, 'get_job_status',
			    { job_id });

			assert.equal(job.status, 'killed');
			assert.equal(job.reason, 'cancelled');
			assert.equal(job.exit_code, code);
			assert.equal(job.cancel_requested.by,
			    'jobdir-tests 1.2.3');
		}
	}
});

root_test('D1.2 the limit counts what lives', async (root) => {
	const server = await root.server({ env: { MCP_BG_MAX_JOBS: '2' } });

	/* Two jobs that end by themselves, and nobody polls. */
	for (const job of [await start(server, 'true'),
	    await start(server, 'false')])
		await recorded_end(job);
	await start(server, FOREVER);
	await start(server, FOREVER);
	assert.equal(await refused(server, 'execute_command',
	    { command: 'true' }),
	    'Job limit reached: Maximum concurrent jobs limit (2) reached');
});

root_test('D1.3 working directory and time limit have their effect',
    async (root) => {
	const server = await root.server({ env: {
		MCP_BG_WORKING_DIR: root.top,
		MCP_BG_JOB_TIMEOUT: '1',
	} });
	const where = await run(server, 'pwd');

	assert.equal(where.stdout, `${root.top}\n`);
	assert.equal(where.cwd, root.top);

	const slow = await run(server, FOREVER);

	assert.equal(slow.status, 'failed');
	assert.equal(slow.reason, 'timeout');

	/* And for one job. */
	const there = await run(server, 'pwd', { cwd: root.work });

	assert.equal(there.stdout, `${root.work}\n`);

	const patient = await start(server, FOREVER, { timeout_seconds: 500 });

	assert.equal((await ok(server, 'get_job_status',
	    { job_id: patient.job_id })).timeout_seconds, 500);
	await refuses_to_start(root, 'MCP_BG_CLEANUP_INTERVAL', '5');
});

root_test('D1.4 a shell command has a shell, a program has none',
    async (root) => {
	const server = await root.server();
	const shell = await run(server,
	    'A=1; cd / && echo $A$PWD | tr 1 2 # words');

	assert.equal(shell.stdout, '2/\n');

	const plain = await run(server, 'printf',
	    { args: ['[%s]', '$HOME', 'a b', '&&', '*', '#', '\\'] });

	assert.equal(plain.stdout, '[$HOME][a b][&&][*][#][\\]');
});

root_test('D1.5 a stop reaches the whole tree', async (root) => {
	const server = await root.server();
	const { job_id, pid } = await start(server,
	    'sleep 1000 & echo $!; setsid sleep 1000 & echo $!;' +
	    " (sh -c 'sleep 1000 & echo $!; wait') & wait");
	const { stdout } = await until_output(server, job_id, /^(\d+\n){3}/);
	const tree = [pid, ...stdout.trim().split('\n').map(Number)];

	assert.deepEqual(tree.map(alive), [true, true, true, true]);
	assert.equal(stat(pid).session, pid);
	assert.equal(stat(pid).pgrp, pid);
	assert.notEqual(stat(server.pid).session, pid);
	assert.equal((await ok(server, 'kill_job', { job_id })).status,
	    'killed');
	await until(() => !tree.some(alive), 10000, 'the whole tree is dead');
});

root_test('D1.6 invalid UTF-8 harms nothing', async (root) => {
	const server = await root.server();
	const job = await run(server,
	    "printf 'a\\377b\\n'; seq 1 40000; echo end");

	assert.equal(job.status, 'completed');

	const { stdout, lossy } = await ok(server, 'get_job_output',
	    { job_id: job.job_id, stdout_offset: 0, max_bytes: 20 });

	assert.equal(stdout.split('\n')[0], 'a\ufffdb');
	assert.equal(lossy, true);
	assert.match(job.stdout, /\n40000\nend\n$/);
	assert.deepEqual(readFileSync(join(job.dir, 'stdout.log'))
	    .subarray(0, 4), Buffer.from([0x61, 0xff, 0x62, 0x0a]));
});

root_test('D1.7 a prompt is visible before its newline', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server,
	    "printf 'Password: '; read -r x; echo \"got $x\"");

	await until_output(server, job_id, /^Password: $/);
	assert.equal((await ok(server, 'tail_job_output', { job_id, lines: 1 }))
	    .stdout, 'Password: ');
	assert.equal((await ok(server, 'interact_with_job',
	    { job_id, input: 'sesame', wait_seconds: 20 })).stdout,
	    'got sesame\n');
});

root_test('D1.8 answers are bounded in bytes and say so', async (root) => {
	const server = await root.server();
	const wide = await run(server,
	    "head -c 5000000 /dev/zero | tr '\\0' x");
	const { job_id } = wide;
	const all = await ok(server, 'get_job_output', { job_id, raw: true });

	assert.ok(Buffer.byteLength(all.stdout) < 16384 + 200);
	assert.equal(all.truncated, true);
	assert.equal(all.stdout_size, 5000000);
	assert.ok(all.stdout_omitted.bytes > 4900000);

	const part = await ok(server, 'get_job_output',
	    { job_id, raw: true, stdout_offset: 4999000, max_bytes: 600 });

	assert.equal(part.stdout, 'x'.repeat(600));
	assert.equal(part.stdout_next, 4999600);
	assert.equal(part.complete, false);

	/* A hundred lines are a hundred lines. */
	const lines = await run(server, 'seq 1 100');

	assert.equal((await ok(server, 'get_job_output',
	    { job_id: lines.job_id })).stdout.split('\n').length, 101);
});

root_test('D1.9 interaction sees new output however much there was',
    async (root) => {
	const server = await root.server(
	    { env: { MCP_BG_MAX_OUTPUT_SIZE: '1024' } });
	const { job_id } = await start(server,
	    'seq 1 110000; echo ready; exec cat');

	await until(async () => (await ok(server, 'tail_job_output',
	    { job_id, lines: 1 })).stdout === 'ready\n', 30000, 'all is out');
	for (const word of ['hello', 'again'])
		assert.equal((await ok(server, 'interact_with_job',
		    { job_id, input: word, wait_seconds: 20 })).stdout,
		    `${word}\n`);
});

root_test('D1.10 input that is not read delays nobody', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, FOREVER);
	const input = 'x'.repeat(1 << 20);
	const id = server.post('tools/call', {
		name: 'interact_with_job',
		arguments: { job_id, input, wait_seconds: 3 },
	});
	let answered = false;
	const answer = server.response(id).then((a) => {
		answered = true;
		return a.result.structuredContent;
	});

	for (let i = 0; i < 5; i++)
		await ok(server, 'list_jobs');
	assert.equal(answered, false);

	const { bytes_written } = await answer;

	assert.ok(bytes_written > 0 && bytes_written < input.length);

	/* There is an end of input. */
	const cat = await start(server, 'cat');

	await ok(server, 'interact_with_job',
	    { job_id: cat.job_id, input: 'last words', eof: true });
	assert.equal((await until_ended(server, cat.job_id)).status,
	    'completed');
});

root_test('D1.11 a stop delays nobody and ends in the end', async (root) => {
	const server = await root.server();
	const { job_id, pid } = await start(server,
	    "trap '' TERM; echo ready; while :; do sleep 0.05; done");

	await until_output(server, job_id, /ready/);
	process.kill(pid, 'SIGSTOP');

	const id = server.post('tools/call', {
		name: 'kill_job',
		arguments: { job_id, grace_seconds: 2 },
	});
	let answered = false;
	const answer = server.response(id).then((a) => {
		answered = true;
		return a.result.structuredContent;
	});

	for (let i = 0; i < 5; i++)
		await ok(server, 'list_jobs');
	assert.equal(answered, false);
	assert.equal((await answer).status, 'killed');
	assert.equal((await answer).signal, 'SIGKILL');

	/* A stopped job that would obey gets the chance to. */
	const tidy = await start(server,
	    "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");

	await until_output(server, tidy.job_id, /ready/);
	process.kill(tidy.pid, 'SIGSTOP');
	assert.equal((await ok(server, 'kill_job', { job_id: tidy.job_id }))
	    .exit_code, 9);
});

root_test('D1.12 a bad setting is never ignored', async (root) => {
	for (const [name, value] of [['MCP_BG_MAX_JOBS', '0'],
	    ['MCP_BG_MAX_JOBS', 'many'], ['MCP_BG_MAX_OUTPUT_SIZE', '10KB'],
	    ['MCP_BG_JOB_TIMEOUT', '-1'],
	    ['MCP_BG_WORKING_DIR', join(root.top, 'missing')]])
		await refuses_to_start(root, name, value);
});

root_test('D1.13 an allow-list allows what it says', async (root) => {
	/* No list of forbidden words. */
	const free = await root.server();

	assert.equal((await run(free, 'echo fdisk > /dev/null; echo mkfs.'))
	    .stdout, 'mkfs.\n');

	/* A rule for echo does not allow what follows a semicolon. */
	const server = await root.server({ env: {
		MCP_BG_ALLOWED_COMMANDS: '^echo , ^printf x{1,3}$',
	} });
	const victim = join(root.work, 'victim');

	writeFileSync(victim, '');
	assert.equal((await run(server, `echo a; rm ${victim}`)).stdout,
	    `a; rm ${victim}\n`);
	assert.ok(existsSync(victim));
	assert.equal((await run(server, 'printf xxx')).stdout, 'xxx');
	for (const command of ['printf xxxx', `rm ${victim}`, 'printf x{1'])
		assert.equal(await refused(server, 'execute_command',
		    { command }), 'Invalid command: Command not in allowed' +
		    ` patterns: ${command}`);
	await refuses_to_start(root, 'MCP_BG_ALLOWED_COMMANDS', '*');
});

root_test('D1.14 a restart loses nothing', async (root) => {
	const first = await root.server();
	const done = await run(first, 'echo result; exit 3');
	const live = await start(first, 'cat');

	first.kill();
	await first.end();

	const second = await root.server();
	const status = await ok(second, 'get_job_status',
	    { job_id: done.job_id });

	assert.equal(status.exit_code, 3);
	assert.equal(status.finished, done.finished);
	assert.equal((await ok(second, 'get_job_output',
	    { job_id: done.job_id })).stdout, 'result\n');
	assert.equal((await ok(second, 'interact_with_job',
	    { job_id: live.job_id, input: 'hello', wait_seconds: 20 })).stdout,
	    'hello\n');
});

root_test('D1.15 jobs outlive a client that goes away', async (root) => {
	const server = await root.server();
	const { job_id, dir } = await start(server,
	    'until [ -e stop ]; do echo tick; sleep 0.05; done; echo whole');

	await until_output(server, job_id, /tick/);
	server.close_stdin();
	await server.end();

	/* Its pipes are not broken: it goes on and comes to its end. */
	writeFileSync(join(root.work, 'stop'), '');
	assert.equal((await recorded_end({ job_id, dir })).exit_code, 0);
	assert.match(readFileSync(join(dir, 'stdout.log'), 'utf8'),
	    /whole\n$/);
});

root_test('D1.16 SIGTERM ends an idle server', async (root) => {
	const server = await root.server();

	await ok(server, 'list_jobs');
	server.kill('SIGTERM');
	await server.end();
});

root_test('D1.17 ends are seen when they happen', async (root) => {
	const server = await root.server();
	const job = await start(server, 'exit 1');

	await recorded_end(job);

	const seen = new Date().toISOString();
	const status = await ok(server, 'get_job_status',
	    { job_id: job.job_id });

	assert.ok(status.finished.slice(0, 23) <= seen.slice(0, 23));
	assert.ok(status.finished >= status.started);
	await until(() => stat(job.pid) === null, 10000, 'it is reaped');
	await until(() => !pids().some((pid) => {
		const s = stat(pid);

		return s?.ppid === server.pid && s.state === 'Z';
	}), 10000, 'the server has no zombies');
});

root_test('D1.18 everything known is told', async (root) => {
	const server = await root.server();
	const exit = await run(server, 'exit 42');
	const signal = await run(server, 'kill -SEGV $$');

	for (const [job, wanted] of [[exit, { reason: 'exit', exit_code: 42 }],
	    [signal, { reason: 'signal', signal: 'SIGSEGV' }]]) {
		const { reason, exit_code, signal, ...more } = await ok(server,
		    'get_job_status', { job_id: job.job_id });

		assert.deepEqual(JSON.parse(JSON.stringify(
		    { reason, exit_code, signal })), wanted);
		assert.equal(more.status, 'failed');
		assert.equal(more.cwd, root.work);
		assert.ok(more.rusage.user_seconds >= 0);
		assert.ok(more.rusage.max_rss_bytes > 0);
		assert.equal(more.started_by, 'jobdir-tests 1.2.3');
		for (const key of ['started', 'finished', 'created',
		    'duration_seconds', 'evidence'])
			assert.ok(key in more, key);
		assert.equal(job.finished, more.finished);
		assert.equal(job.duration_seconds, more.duration_seconds);
	}
});

root_test('D1.19 a record stays until it is removed, and can be',
    async (root) => {
	const server = await root.server();
	const gone = await run(server, 'echo gone');
	const kept = await run(server, 'echo kept; exit 1');

	/* What a job leaves behind does not keep it from ending. */
	const mess = await run(server, 'sleep 1000 & echo done');

	assert.equal(mess.status, 'completed');
	assert.equal(mess.stdout, 'done\n');
	assert.equal((await ok(server, 'get_job_status',
	    { job_id: mess.job_id })).leftover, 1);

	/* The directory is all there is of it. */
	rmSync(gone.dir, { recursive: true });
	assert.equal(await refused(server, 'get_job_status',
	    { job_id: gone.job_id }), `Job ${gone.job_id} not found`);
	for (const asked of [server, await root.server()]) {
		assert.deepEqual((await ok(asked, 'list_jobs')).jobs
		    .map((j) => j.job_id), [mess.job_id, kept.job_id]);
		assert.equal((await ok(asked, 'get_job_output',
		    { job_id: kept.job_id })).stdout, 'kept\n');
	}
});

root_test('D1.20 killed means that somebody asked', async (root) => {
	const server = await root.server();

	for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']) {
		const job = await run(server,
		    `trap - INT; kill -${signal.slice(3)} $$`);

		assert.equal(job.status, 'failed');
		assert.equal(job.reason, 'signal');
		assert.equal(job.signal, signal);
		assert.equal(job.exit_code, undefined);
	}
});

root_test('D1.21 an unknown id is answered alike', async (root) => {
	const server = await root.server();

	for (const [tool, more] of [['get_job_status', {}],
	    ['get_job_output', {}], ['tail_job_output', {}],
	    ['interact_with_job', { input: '' }]])
		assert.equal(await refused(server, tool,
		    { job_id: 'nobody', ...more }), 'Job nobody not found');
	/* The word that programs wait for. */
	assert.deepEqual(await ok(server, 'kill_job', { job_id: 'nobody' }),
	    { status: 'not_found' });
});

root_test('D1.22 lists are filtered and come in pages', async (root) => {
	const server = await root.server();
	const ids = [];

	for (const command of ['true', 'false', 'true', 'false', 'true'])
		ids.unshift((await run(server, command)).job_id);

	const first = await ok(server, 'list_jobs', { limit: 2 });
	const second = await ok(server, 'list_jobs',
	    { limit: 2, cursor: first.next_cursor });
	const third = await ok(server, 'list_jobs',
	    { limit: 2, cursor: second.next_cursor });

	assert.deepEqual([first, second, third].flatMap((p) => p.jobs)
	    .map((j) => j.job_id), ids);
	assert.equal(third.next_cursor, undefined);
	assert.deepEqual((await ok(server, 'list_jobs', { status: ['failed'] }))
	    .jobs.map((j) => j.job_id), [ids[1], ids[3]]);
	for (const { name, annotations, description } of await server.tools()) {
		assert.deepEqual(Object.keys(annotations).sort(),
		    ['destructiveHint', 'idempotentHint', 'openWorldHint',
		    'readOnlyHint', 'title'], name);
		assert.notEqual(description, '');
	}
});

root_test('D1.23 every byte is kept, and the order if asked for',
    async (root) => {
	const server = await root.server();
	const order = await run(server,
	    'for i in 1 2 3; do echo out$i; echo err$i >&2; done',
	    { merge_output: true });

	assert.equal(order.stdout, 'out1\nerr1\nout2\nerr2\nout3\nerr3\n');
	assert.equal(order.stderr, '');

	const read = async (command, more) => (await ok(server,
	    'get_job_output',
	    { job_id: (await run(server, command)).job_id, ...more })).stdout;

	assert.equal(await read('true'), '');
	assert.equal(await read('echo'), '\n');
	assert.equal(await read("printf 'no end'"), 'no end');
	assert.equal(await read("printf 'a\\r\\nb\\rc\\n'", { raw: true }),
	    'a\r\nb\rc\n');
});

root_test('D1.24 a failed start is an error that says why', async (root) => {
	const server = await root.server();
	const junk = join(root.work, 'junk');
	const folder = join(root.work, 'folder');
	const execute = (command) => refused(server, 'execute_command',
	    { command, args: [] });

	writeFileSync(junk, '\x7fno program');
	await mkdir(folder);
	assert.equal(await execute('no-such-program'), 'Failed to execute' +
	    " command: [Errno 2] No such file or directory: 'no-such-program'");
	assert.equal(await execute(junk), 'Failed to execute command:' +
	    ` [Errno 13] Permission denied: '${junk}'`);
	await chmod(junk, 0o755);
	assert.equal(await execute(junk), 'Failed to execute command:' +
	    ` [Errno 8] Exec format error: '${junk}'`);
	assert.equal(await execute(folder), 'Failed to execute command:' +
	    ` [Errno 13] Permission denied: '${folder}'`);
	assert.deepEqual(root.job_names(), []);
	assert.deepEqual((await ok(server, 'list_jobs')).jobs, []);
});

root_test('D1.25 environment, limits and input can be set', async (root) => {
	const server = await root.server({ env: { SERVERS: 'own' } });
	const secret = 'very-secret-value';
	const job = await run(server, 'echo "$SERVERS $TOKEN $(ulimit -n)"',
	    { env: { TOKEN: secret } });

	assert.match(job.stdout, /^own very-secret-value \d+\n$/);

	const journal = readFileSync(join(job.dir, 'journal.json'), 'utf8');

	assert.match(journal, /^\s+"env_names": \["TOKEN"\],$/m);
	assert.doesNotMatch(journal, /very-secret-value/);
	assert.equal((await run(server, 'ulimit -n 100; ulimit -n')).stdout,
	    '100\n');
	assert.equal((await run(server, 'cat; echo end',
	    { interactive: false })).stdout, 'end\n');
});

});
