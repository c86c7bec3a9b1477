/*
 * Arguments of all tools; execute_command, get_job_status and kill_job.  The
 * others are in mcp-tools-list, -output and -input.test.mjs, the MCP_BG_*
 * variables in mcp-tools-settings.test.mjs.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync,
	writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe } from 'node:test';
import { alive } from './lib/proc.mjs';
import { announce_clients, PROGRAM, root_test } from './lib/root.mjs';
import { modern_meta, NEWEST_LEGACY } from './lib/rpc.mjs';
import { ok, refused, refused_lines, run, start, TIME, until_output, UUID }
	from './lib/tools.mjs';
import { until } from './lib/until.mjs';

announce_clients();

const INVALID = 'Input validation error: ';

describe('arguments', { concurrency: 4 }, () => {

/* Arguments of the wrong shape: [tool, arguments, rest of the first line] */
const WRONG = [
	['get_job_status', {}, "'job_id' is a required property"],
	['get_job_output', {}, "'job_id' is a required property"],
	['tail_job_output', {}, "'job_id' is a required property"],
	['kill_job', {}, "'job_id' is a required property"],
	['execute_command', {}, "'command' is a required property"],
	['interact_with_job', { job_id: 'x' },
	    "'input' is a required property"],
	['get_job_status', { job_id: 5 }, "5 is not of type 'string'"],
	['get_job_status', { job_id: null }, "None is not of type 'string'"],
	['tail_job_output', { job_id: 'x', lines: 0 },
	    '0 is less than the minimum of 1'],
	['tail_job_output', { job_id: 'x', lines: 1001 },
	    '1001 is greater than the maximum of 1000'],
	['tail_job_output', { job_id: 'x', lines: '50' },
	    "'50' is not of type 'integer'"],
	['tail_job_output', { job_id: 'x', lines: 'x' },
	    "'x' is not of type 'integer'"],
	['tail_job_output', { job_id: 'x', lines: 2.5 },
	    "2.5 is not of type 'integer'"],
	['tail_job_output', { job_id: 'x', lines: true },
	    "True is not of type 'integer'"],
	['tail_job_output', { job_id: 'x', max_bytes: 65537 },
	    '65537 is greater than the maximum of 65536'],
	['get_job_output', { job_id: 'x', stdout_offset: -1 },
	    '-1 is less than the minimum of 0'],
	['get_job_output', { job_id: 'x', stream: 'all' },
	    "'all' is not one of ['both', 'stdout', 'stderr']"],
	['get_job_output', { job_id: 'x', raw: 1 },
	    "1 is not of type 'boolean'"],
	['get_job_output', { job_id: 'x', context_lines: 21 },
	    '21 is greater than the maximum of 20'],
	['interact_with_job', { job_id: 'x', input: 'y', wait_seconds: 50.5 },
	    '50.5 is greater than the maximum of 50'],
	['interact_with_job', { job_id: 'x', input: 'y', wait_seconds: '1' },
	    "'1' is not of type 'number'"],
	['kill_job', { job_id: 'x', signal: 'SIGSTOP' }, "'SIGSTOP' is not" +
	    " one of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL']"],
	['kill_job', { job_id: 'x', grace_seconds: -1 },
	    '-1 is less than the minimum of 0'],
	['list_jobs', { status: 'running' },
	    "'running' is not of type 'array'"],
	['list_jobs', { limit: 101 }, '101 is greater than the maximum of 100'],
	['execute_command', { command: ['ls'] },
	    "['ls'] is not of type 'string'"],
	['execute_command', { command: 'true', args: 'x' },
	    "'x' is not of type 'array'"],
	['execute_command', { command: 'true', args: [1] },
	    "1 is not of type 'string'"],
	['execute_command', { command: 'true', env: { A: 1 } },
	    "1 is not of type 'string'"],
	['execute_command', { command: 'true', wait_seconds: 51 },
	    '51 is greater than the maximum of 50'],
	['execute_command', { command: 'true', timeout_seconds: 0 },
	    '0 is less than the minimum of 1'],
	['execute_command', { command: 'true', name: '-x' },
	    "'-x' does not match '^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$'"],
	['execute_command', { command: 'true', timeout: 5 }, 'Additional' +
	    " properties are not allowed ('timeout' was unexpected)"],
];

root_test('what does not fit the schema is said in its words',
    async (root) => {
	const server = await root.server();

	for (const [tool, args, words] of WRONG)
		assert.equal(await refused(server, tool, args),
		    INVALID + words, `${tool} ${JSON.stringify(args)}`);
	for (const [tool, args] of [
	    ['execute_command', { command: 'true', idempotency_key: '' }],
	    ['execute_command',
		{ command: 'true', idempotency_key: 'k'.repeat(129) }],
	    ['execute_command', { command: 'true', name: 'n'.repeat(65) }],
	    ['execute_command', { command: 'true', name: 'a b' }],
	    ['get_job_output', { job_id: 'x', grep: '' }],
	    ['get_job_output', { job_id: 'x', grep: 'g'.repeat(257) }]])
		assert.ok((await refused(server, tool, args))
		    .startsWith(INVALID), `${tool} ${JSON.stringify(args)}`);
	assert.deepEqual(root.job_names(), []);
});

root_test('an unknown argument is told the nearest known one',
    async (root) => {
	const server = await root.server();

	for (const [unknown, known] of [['timeout', 'timeout_seconds'],
	    ['wait', 'wait_seconds'], ['working_directory', 'cwd'],
	    ['environment', 'env'], ['comand', 'command']]) {
		const [first, second] = await refused_lines(server,
		    'execute_command', { command: 'true', [unknown]: 'x' });

		assert.equal(first, `${INVALID}Additional properties are not ` +
		    `allowed ('${unknown}' was unexpected)`);
		/* "cwd" is not near to "working_directory" in letters. */
		if (known.startsWith(unknown.slice(0, 3)))
			assert.match(second, new RegExp(known));
	}
});

root_test('null is absent, 50.0 is 50', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server, 'echo x', {
		args: null, cwd: null, env: null, name: null,
		timeout_seconds: null, interactive: null, merge_output: null,
		idempotency_key: null, notify: null,
	});

	server.send('{"jsonrpc":"2.0","id":"fifty","method":"tools/call",' +
	    `"params":{"_meta":${JSON.stringify(modern_meta())},` +
	    `"name":"tail_job_output","arguments":{"job_id":"${job_id}",` +
	    '"lines":50.0,"max_bytes":null,"raw":null}}}\n');
	assert.equal((await server.response('fifty')).result.structuredContent
	    .stdout, 'x\n');
});

});

describe('execute_command', { concurrency: 4 }, () => {

root_test('what is answered', async (root) => {
	const server = await root.server();
	const job = await start(server, '  echo hello  \n', { name: 'greet' });

	assert.match(job.job_id, UUID);
	assert.match(job.started, TIME);
	assert.equal(job.name, 'greet');
	assert.equal(job.command, 'echo hello');
	assert.equal(job.cwd, root.work);
	assert.ok(job.pid > 1);
	assert.equal(job.dir, join(root.runs, basename(job.dir)));
	assert.ok(basename(job.dir).endsWith(`__${job.job_id}`));
	assert.ok(existsSync(join(job.dir, 'journal.json')));
	assert.equal(job.reused, undefined);
	assert.equal(job.stdout, undefined);
	assert.equal(job.stderr, undefined);

	const end = await run(server, 'echo out; echo err >&2; exit 3');

	assert.equal(end.status, 'failed');
	assert.equal(end.reason, 'exit');
	assert.equal(end.exit_code, 3);
	assert.equal(end.signal, undefined);
	assert.equal(end.stdout, 'out\n');
	assert.equal(end.stderr, 'err\n');
	assert.equal(end.truncated, false);
	assert.ok(end.duration_seconds >= 0);
	assert.ok(end.finished >= end.started);

	/* Of much output the last 4 KiB. */
	const long = await run(server, 'seq 1 5000');

	assert.equal(long.truncated, true);
	assert.ok(long.stdout.endsWith('\n4999\n5000\n'));
	assert.ok(long.stdout.length <= 4096 && long.stdout.length > 4000);
});

root_test('the shell, and none', async (root) => {
	const server = await root.server();

	for (const [command, stdout, more] of [
	    ['echo a && echo b | tr b c', 'a\nc\n', {}],
	    ['for i in 1 2; do echo $i; done # end', '1\n2\n', {}],
	    ['echo "$0"', /^(.*\/)?(ba)?sh\n$/, {}],
	    ['printf', '%s\n', { args: ['%%s\\n'] }],
	    ['echo', 'a b  $HOME * ; x\n', { args: ['a b ', '$HOME', '*', ';',
		'x'] }],
	    ['pwd', `${root.work}\n`, { args: [] }]]) {
		const job = await run(server, command, more);

		assert.equal(job.status, 'completed', command);
		if (stdout instanceof RegExp)
			assert.match(job.stdout, stdout);
		else
			assert.equal(job.stdout, stdout);
	}
	assert.equal((await run(server, 'no-such-program')).exit_code, 127);
});

root_test('words that are no command', async (root) => {
	const server = await root.server();
	const execute = (args) => refused(server, 'execute_command', args);
	const file = join(root.work, 'file');
	const missing = join(root.work, 'missing');

	for (const command of ['', ' ', '\t\n ', '\u0020'])
		assert.equal(await execute({ command }),
		    'Invalid command: Command cannot be empty');
	for (const args of [{ command: 'ec\0ho' },
	    { command: 'echo', args: ['a', '\0'] },
	    { command: 'echo', cwd: '/tmp\0/x' },
	    { command: 'echo', env: { A: 'x\0y' } },
	    { command: 'echo', name: 'a\0b' }])
		assert.equal(await execute(args), 'Invalid command: embedded' +
		    ' null byte', JSON.stringify(args));

	/* In the name of a variable a NUL may be too much for the parser. */
	server.send('{"jsonrpc":"2.0","id":"key","method":"tools/call",' +
	    '"params":{"name":"execute_command","_meta":' +
	    `${JSON.stringify(modern_meta())},` +
	    '"arguments":{"command":"true","env":{"A\\u0000B":"x"}}}}\n');

	const odd = await server.receive();

	assert.ok(odd.error?.code === -32700 || odd.result?.isError,
	    JSON.stringify(odd));

	writeFileSync(file, '');
	assert.equal(await execute({ command: 'pwd', cwd: missing }),
	    'Failed to execute command: [Errno 2] No such file or directory:' +
	    ` '${missing}'`);
	assert.equal(await execute({ command: 'pwd', cwd: file }),
	    `Failed to execute command: [Errno 20] Not a directory: '${file}'`);
	assert.equal(await execute({ command: missing, args: [] }),
	    'Failed to execute command: [Errno 2] No such file or directory:' +
	    ` '${missing}'`);
	assert.equal(await execute({ command: file, args: [] }), 'Failed to' +
	    ` execute command: [Errno 13] Permission denied: '${file}'`);
	assert.deepEqual(root.job_names(), []);
});

root_test('a root that cannot be made', async (root) => {
	const server = await root.server({ env: {
		JOBDIR_ROOT: join(root.top, 'sub/runs'),
	} });

	await ok(server, 'list_jobs');
	writeFileSync(join(root.top, 'sub'), '');
	assert.match(await refused(server, 'execute_command',
	    { command: 'true' }),
	    /^Failed to start job: \[Errno 20\] Not a directory: '.*sub.*'$/);
});

root_test('directory, environment, name', async (root) => {
	const server = await root.server(
	    { env: { KEPT: 'k', CHANGED: 'old' } });
	const sub = join(root.work, 'sub dir');

	mkdirSync(sub);
	for (const cwd of [sub, 'sub dir', './sub dir/.']) {
		const job = await run(server, 'pwd', { cwd });

		assert.equal(job.stdout, `${sub}\n`);
		assert.equal(realpathSync(job.cwd), sub);
	}

	const job = await run(server, 'echo "$KEPT $CHANGED $NEW"; env |' +
	    ' grep ^JOBDIR_ | sort', { env: { CHANGED: 'new', NEW: 'n=1 2' } });

	assert.equal(job.stdout, 'k new n=1 2\n' +
	    `JOBDIR_DIR=${job.dir}\nJOBDIR_ID=${job.job_id}\n` +
	    `JOBDIR_ROOT=${root.runs}\n`);
	for (const name of ['a', 'A.b_c:d+e-1', 'x'.repeat(64)])
		assert.equal((await run(server, 'true', { name })).name, name);
});

root_test('CLAUDE_PROJECT_DIR is the default directory', async (root) => {
	const project = join(root.top, 'project');

	mkdirSync(join(project, 'sub'), { recursive: true });

	const server = await root.server(
	    { env: { CLAUDE_PROJECT_DIR: project } });

	assert.equal((await run(server, 'pwd')).stdout, `${project}\n`);
	assert.equal((await run(server, 'pwd', { cwd: 'sub' })).stdout,
	    `${project}/sub\n`);

	const other = await root.server({ env: {
		CLAUDE_PROJECT_DIR: project, MCP_BG_WORKING_DIR: root.top,
	} });

	assert.equal((await run(other, 'pwd')).stdout, `${root.top}\n`);
});

root_test('time limit', async (root) => {
	const server = await root.server();
	const job = await run(server, "trap '' TERM; sleep 1000; sleep 1000",
	    { timeout_seconds: 1 });

	assert.equal(job.status, 'failed');
	assert.equal(job.reason, 'timeout');

	const fine = await run(server, 'echo done', { timeout_seconds: 1000 });

	assert.equal(fine.status, 'completed');
});

root_test('the wait ends before the job', async (root) => {
	const server = await root.server();
	const job = await start(server, 'echo begun; exec sleep 1000',
	    { wait_seconds: 1 });

	assert.equal(job.status, 'running');
	assert.equal(job.stdout, 'begun\n');
	assert.equal(job.exit_code, undefined);
	assert.equal(job.finished, undefined);
	assert.match(job.hint, /wait_for_jobs|get_job_status/);
});

root_test('notify says where it has no effect', async (root) => {
	for (const era of [NEWEST_LEGACY, '2026-07-28']) {
		const server = await root.server({}, era);
		const job = await start(server, 'true', { notify: true });

		assert.equal(typeof job.hint, 'string');
		assert.match(job.hint, /notify|task/i);
	}
});

root_test('an idempotency key starts one job', async (root) => {
	const servers = await Promise.all(Array.from({ length: 5 },
	    () => root.server()));
	const calls = Array.from({ length: 50 }, (_, i) => start(servers[i % 5],
	    'echo once >>"$JOBDIR_ROOT/../count"; exec sleep 1000',
	    { idempotency_key: 'key of 50' }));
	const jobs = await Promise.all(calls);

	assert.equal(new Set(jobs.map((j) => j.job_id)).size, 1);
	assert.equal(jobs.filter((j) => j.reused === true).length, 49);
	assert.equal(root.job_names().length, 1);
	await until(() => existsSync(join(root.top, 'count')), 5000, 'it runs');

	const server = servers[0];
	const [{ job_id, dir }] = jobs;
	const again = (key) => run(server, 'true', { idempotency_key: key });

	/* Not after its end either, nor for another key or root. */
	await ok(server, 'kill_job', { job_id });
	assert.equal((await again('key of 50')).job_id, job_id);
	assert.notEqual((await again('another key')).job_id, job_id);

	const elsewhere = await root.server(
	    { env: { JOBDIR_ROOT: join(root.top, 'runs2') } });

	assert.equal((await run(elsewhere, 'true',
	    { idempotency_key: 'key of 50' })).reused, undefined);
	assert.equal(readFileSync(join(root.top, 'count'), 'utf8'), 'once\n');

	/* With its directory the claim goes. */
	rmSync(dir, { recursive: true });

	const fresh = await again('key of 50');

	assert.notEqual(fresh.job_id, job_id);
	assert.equal(fresh.reused, undefined);
	/* Keys are no paths. */
	for (const key of ['../../x', '/', '.', 'k'.repeat(128), '\u00fc\n%'])
		assert.equal((await again(key)).job_id,
		    (await again(key)).job_id);
});

});

describe('get_job_status', { concurrency: 4 }, () => {

root_test('a running job', async (root) => {
	const server = await root.server();
	const job = await start(server, 'echo 12345; exec sleep 1000',
	    { name: 'r', timeout_seconds: 600 });

	await until_output(server, job.job_id, /12345/);

	const { duration_seconds, created, last_output, evidence, ...status } =
	    await ok(server, 'get_job_status', { job_id: job.job_id });

	assert.ok(duration_seconds >= 0);
	assert.match(created, TIME);
	assert.match(last_output, TIME);
	assert.notEqual(evidence, '');
	assert.ok(!evidence.includes('\n'));
	delete status.hint;
	assert.deepEqual(status, {
		job_id: job.job_id, status: 'running', name: 'r',
		command: 'echo 12345; exec sleep 1000', cwd: root.work,
		dir: job.dir, started: job.started, pid: job.pid,
		timeout_seconds: 600, interactive: true, stdout_size: 6,
		stderr_size: 0, started_by: 'jobdir-tests 1.2.3',
	});
});

root_test('an ended job', async (root) => {
	const server = await root.server();
	const job = await run(server, 'echo hello; exit 2',
	    { interactive: false });
	const { duration_seconds, created, last_output, rusage, finished,
	    evidence, ...status } = await ok(server, 'get_job_status',
	    { job_id: job.job_id });

	assert.match(evidence, /end record.*exit code 2/);
	assert.ok(duration_seconds >= 0 && created <= job.started);
	assert.match(last_output, TIME);
	assert.equal(finished, job.finished);
	assert.deepEqual(Object.keys(rusage), ['user_seconds', 'system_seconds',
	    'max_rss_bytes']);
	delete status.interactive;
	delete status.pid;
	assert.deepEqual(status, {
		job_id: job.job_id, status: 'failed', reason: 'exit',
		exit_code: 2, command: 'echo hello; exit 2', cwd: root.work,
		dir: job.dir, started: job.started, stdout_size: 6,
		stderr_size: 0, started_by: 'jobdir-tests 1.2.3',
	});
});

root_test('what a job says about itself', async (root) => {
	const server = await root.server();
	const progress = { phase: 'training', current: 3, total: 10,
		unit: 'epochs', message: 'loss 0.5' };
	const job = await start(server,
	    `printf '%s' '${JSON.stringify(progress)}'` +
	    ' >"$JOBDIR_DIR/.p" && mv "$JOBDIR_DIR/.p"' +
	    ' "$JOBDIR_DIR/progress.json"; echo ready; exec sleep 1000');

	await until_output(server, job.job_id, /ready/);

	const status = await ok(server, 'get_job_status',
	    { job_id: job.job_id });

	assert.equal(status.phase, 'training');
	assert.deepEqual(status.progress, { current: 3, total: 10,
		unit: 'epochs', message: 'loss 0.5' });

	const [listed] = (await ok(server, 'list_jobs')).jobs;

	assert.equal(listed.phase, 'training');
	assert.deepEqual(listed.progress, status.progress);
});

root_test('processes left behind', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server,
	    'sleep 1000 & sleep 1000 & echo $!');
	const status = await ok(server, 'get_job_status', { job_id });

	assert.equal(status.status, 'completed');
	assert.equal(status.leftover, 2);
	assert.match(status.hint, /&|left/);

	const kill = await ok(server, 'kill_job', { job_id });

	assert.equal(kill.status, 'already_terminated');
	assert.equal(kill.job_status, 'completed');
	assert.match(kill.message, /2/);
	assert.equal((await ok(server, 'get_job_status', { job_id })).leftover,
	    undefined);
	assert.equal((await ok(server, 'get_job_status', { job_id })).status,
	    'completed');
});

});

describe('kill_job', { concurrency: 4 }, () => {

root_test('signals and what comes of them', async (root) => {
	const server = await root.server();

	for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT',
	    'SIGKILL']) {
		/* Not a shell's child, which would ignore SIGINT. */
		const { job_id } = await start(server, 'sleep',
		    { args: ['1000'] });
		const kill = await ok(server, 'kill_job', { job_id, signal });

		assert.equal(kill.status, 'killed');
		assert.equal(kill.job_id, job_id);
		assert.equal(kill.job_status, 'killed');
		assert.equal(kill.signal, signal);
		assert.equal(kill.exit_code, undefined);
		assert.match(kill.finished, TIME);

		const status = await ok(server, 'get_job_status', { job_id });

		assert.equal(status.finished, kill.finished);
		assert.equal(status.signal, signal);
		assert.equal(status.cancel_requested.signal, signal);
	}
});

root_test('a stop is asked for once, by many', async (root) => {
	const servers = await Promise.all([1, 2, 3].map(() => root.server()));
	const { job_id, pid } = await start(servers[0],
	    "trap '' TERM; echo ready; while :; do sleep 0.05; done");

	await until_output(servers[0], job_id, /ready/);

	const answers = await Promise.all(servers.map((server, i) =>
	    ok(server, 'kill_job', { job_id, grace_seconds: [9, 0.2, 9][i] })));

	for (const answer of answers) {
		assert.equal(answer.status, 'killed');
		assert.equal(answer.job_status, 'killed');
	}
	assert.ok(!alive(pid));
	for (let i = 0; i < 2; i++) {
		const late = await ok(servers[1], 'kill_job', { job_id });

		assert.equal(late.status, 'already_terminated');
		assert.equal(late.job_status, 'killed');
		assert.equal(late.signal, 'SIGKILL');
	}
});

root_test('a stronger request counts', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server,
	    "trap '' TERM; echo ready; while :; do sleep 0.05; done");

	await until_output(server, job_id, /ready/);

	const slow = server.post('tools/call', { name: 'kill_job',
		arguments: { job_id, grace_seconds: 3600 } });

	await until(async () => (await ok(server, 'get_job_status', { job_id }))
	    .cancel_requested, 10000, 'a stop is asked for');
	assert.equal((await ok(server, 'get_job_status', { job_id })).status,
	    'running');
	assert.equal((await ok(server, 'kill_job',
	    { job_id, signal: 'SIGKILL' })).status, 'killed');
	assert.equal((await server.response(slow)).result.structuredContent
	    .status, 'killed');
});

root_test('jobs that multiply as they die', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'echo ready; f() {' +
	    " trap 'f & f &' TERM; while :; do sleep 0.1; done; }; f & f");

	await until_output(server, job_id, /ready/);
	assert.equal((await ok(server, 'kill_job',
	    { job_id, grace_seconds: 0.5 })).status, 'killed');
	await until(() => !root.processes_of_jobs(server).length, 10000,
	    'none of it is left');
});

root_test('a job in a job is another job', async (root) => {
	const server = await root.server();
	const outer = await start(server,
	    `'${PROGRAM}' run sleep 1000; echo started; exec sleep 1000`);

	await until_output(server, outer.job_id, /started/);
	assert.equal((await ok(server, 'kill_job', { job_id: outer.job_id }))
	    .status, 'killed');

	const { jobs } = await ok(server, 'list_jobs', { status: ['running'] });

	assert.deepEqual(jobs.map((j) => j.command), ['sleep 1000']);
	assert.equal((await ok(server, 'get_job_status',
	    { job_id: outer.job_id })).leftover, undefined);
});

});
