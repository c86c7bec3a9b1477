/*
 * What people and agents do with jobs, from beginning to end, each through
 * every official MCP client.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CLIENTS } from './lib/clients.mjs';
import { alive, stat } from './lib/proc.mjs';
import { announce_clients, root_subtest } from './lib/root.mjs';
import { ok, refused, run, start, TIME, until_ended, until_output,
	until_status, UUID } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

announce_clients();

/* One test with a subtest for each client; body(root, connect) where
 * connect(options) gives a client of that kind. */
function workflow(name, body) {
	test(name, { concurrency: CLIENTS.length }, async (t) => {
		await Promise.all(CLIENTS.map((kind) => root_subtest(t, kind,
		    (root) => body(root,
			(options) => root.client(kind, options)))));
	});
}

/* A process that does nothing until it is ended. */
const FOREVER = 'exec sleep 1000';

describe('workflows', { concurrency: 3 }, () => {

workflow('W1 run to completion', async (root, connect) => {
	const client = await connect();
	const job = await start(client, "echo 'Hello World'; echo oops >&2");

	assert.match(job.job_id, UUID);

	const end = await until_ended(client, job.job_id);

	assert.equal(end.status, 'completed');
	assert.equal(end.exit_code, 0);
	assert.equal(end.signal, undefined);
	assert.match(end.started, TIME);
	assert.match(end.finished, TIME);
	assert.ok(end.finished >= end.started);
	assert.ok(end.duration_seconds >= 0);
	assert.equal(end.stdout_size, 12);
	assert.equal(end.stderr_size, 5);

	const output = await ok(client, 'get_job_output',
	    { job_id: job.job_id });

	assert.equal(output.stdout, 'Hello World\n');
	assert.equal(output.stderr, 'oops\n');
	assert.equal(output.truncated, false);
	assert.equal(output.complete, true);
});

workflow('W2 dev server', async (root, connect) => {
	const client = await connect();
	/* As npm does: a shell, a child of it, and the server below that. */
	const { job_id, pid } = await start(client,
	    `sh -c 'sleep 1000 & echo "listening on port $!"; wait'; exit 0`,
	    { name: 'dev' });
	const { stdout } = await until(async () => {
		const tail = await ok(client, 'tail_job_output',
		    { job_id: 'dev', lines: 20 });

		return tail.stdout && tail;
	}, 10000, 'the server says that it listens');
	const server = Number(/^listening on port (\d+)\n$/.exec(stdout)[1]);

	assert.equal((await ok(client, 'get_job_status', { job_id })).status,
	    'running');
	assert.ok(alive(server));

	const kill = await ok(client, 'kill_job', { job_id: 'dev' });

	assert.equal(kill.status, 'killed');
	assert.equal(kill.job_id, job_id);
	assert.equal(kill.job_status, 'killed');
	assert.ok(!alive(pid));
	await until(() => !alive(server), 5000, 'the whole tree is dead');

	const status = await ok(client, 'get_job_status', { job_id });

	assert.equal(status.status, 'killed');
	assert.equal(status.reason, 'cancelled');
	assert.equal(status.leftover, undefined);
	await until(() => !root.processes_of_jobs(client).length, 5000,
	    'nothing is left but the server that is asked');
});

workflow('W3 long build', async (root, connect) => {
	const client = await connect();
	const { job_id } = await start(client,
	    'for i in $(seq 20); do seq -f "step $i file %04g" 1 200; done;' +
	    ' echo done; until [ -e stop ]; do sleep 0.05; done; exit 3',
	    { name: 'build', cwd: root.work });
	const tail = await until(async () => {
		const answer = await ok(client, 'tail_job_output',
		    { job_id, lines: 5 });

		return answer.stdout.endsWith('done\n') && answer;
	}, 30000, 'the build is through');

	assert.equal(tail.status, 'running');
	assert.equal(tail.complete, false);
	assert.equal(tail.stdout, [197, 198, 199, 200].map((n) =>
	    `step 20 file 0${n}\n`).join('') + 'done\n');

	const all = await ok(client, 'get_job_output', { job_id });
	const log = readFileSync(join(root.runs, root.job_names()[0],
	    'stdout.log'));

	assert.equal(all.truncated, true);
	assert.equal(all.stdout_size, log.length);
	assert.match(all.stdout, /^step 1 file 0001\n/);
	assert.match(all.stdout, /done\n$/);

	/* What was left out can be had. */
	const { offset, bytes } = all.stdout_omitted;
	const gap = await ok(client, 'get_job_output',
	    { job_id, stdout_offset: offset, max_bytes: 65536 });

	assert.equal(gap.stdout.slice(0, bytes),
	    log.toString().slice(offset, offset + bytes).slice(0, 65536));
	await root.run('/bin/sh', ['-c', 'touch stop']);
	assert.equal((await until_ended(client, job_id)).exit_code, 3);
});

workflow('W4 REPL', async (root, connect) => {
	const client = await connect();
	const { job_id } = await start(client, process.execPath,
	    { args: ['-i'], name: 'repl', env: { NODE_REPL_HISTORY: '' } });

	/* The prompt is an unfinished line, and visible. */
	await until_output(client, job_id, /> $/);
	for (const [input, answer] of [['6*7', '42'], ['x = "é"', "'é'"],
	    ['x + x', "'éé'"]]) {
		const { stdout, bytes_written } = await ok(client,
		    'interact_with_job', { job_id, input, wait_seconds: 20 });

		assert.equal(stdout, `${answer}\n> `);
		assert.equal(bytes_written, Buffer.byteLength(input) + 1);
	}

	const end = await ok(client, 'interact_with_job',
	    { job_id, input: '.exit', wait_seconds: 20 });

	assert.equal(end.bytes_written, 6);
	assert.equal((await until_ended(client, job_id)).status, 'completed');

	const all = await ok(client, 'get_job_output', { job_id });

	assert.match(all.stdout, /> 42\n> 'é'\n> 'éé'\n> /);

	/* The other way to end it: end of file. */
	const cat = await start(client, 'cat', { name: 'cat' });
	const echo = await ok(client, 'interact_with_job',
	    { job_id: 'cat', input: 'one\ntwo', wait_seconds: 20 });

	assert.equal(echo.stdout, 'one\ntwo\n');
	await ok(client, 'interact_with_job',
	    { job_id: 'cat', input: '', eof: true });
	assert.equal((await until_ended(client, cat.job_id)).status,
	    'completed');
});

workflow('W5 inventory', async (root, connect) => {
	const client = await connect();
	const ids = [];

	for (const word of ['first', 'second', 'third'])
		ids.unshift((await run(client, `echo ${word}`)).job_id);

	const { jobs, root: path } = await ok(client, 'list_jobs');

	assert.equal(path, root.runs);
	assert.deepEqual(jobs.map((j) => j.job_id), ids);
	assert.deepEqual(jobs.map((j) => j.command),
	    ['echo third', 'echo second', 'echo first']);
	assert.deepEqual(jobs.map((j) => j.status),
	    ['completed', 'completed', 'completed']);
	for (const { job_id } of jobs)
		await ok(client, 'get_job_status', { job_id });
	assert.equal((await ok(client, 'get_job_output',
	    { job_id: jobs[1].job_id })).stdout, 'second\n');
});

workflow('W6 limit', async (root, connect) => {
	const client = await connect({ env: { MCP_BG_MAX_JOBS: '2' } });
	const until_told = 'until [ -e stop ]; do sleep 0.05; done';
	const first = await start(client, until_told);

	await start(client, FOREVER);
	assert.equal(await refused(client, 'execute_command',
	    { command: 'echo too many' }),
	    'Job limit reached: Maximum concurrent jobs limit (2) reached');
	assert.equal(root.job_names().length, 2);

	/* One ends by itself; nobody asks for it. */
	await root.run('/bin/sh', ['-c', 'touch stop']);
	await until(() => 'exit_code' in root.journal(root.job_names()
	    .find((n) => n.endsWith(first.job_id))), 10000, 'its end');
	assert.equal((await run(client, 'echo now')).stdout, 'now\n');
});

workflow('W7 bad input', async (root, connect) => {
	const client = await connect();
	const execute = (args) => refused(client, 'execute_command', args);

	assert.equal(await execute({ command: '  ' }),
	    'Invalid command: Command cannot be empty');
	assert.equal(await execute({ command: '/no/such/program', args: [] }),
	    'Failed to execute command: [Errno 2] No such file or directory:' +
	    " '/no/such/program'");
	assert.deepEqual(root.job_names(), []);

	/* A shell's complaint is the job's own failure. */
	const quote = await run(client, "echo 'unbalanced");

	assert.equal(quote.status, 'failed');
	assert.equal(quote.exit_code, 2);
	assert.notEqual(quote.stderr, '');
	assert.equal((await run(client, 'no-such-program')).exit_code, 127);

	const picky = await connect(
	    { env: { MCP_BG_ALLOWED_COMMANDS: '^ls' } });

	assert.equal(await refused(picky, 'execute_command',
	    { command: 'rm -r x' }),
	    'Invalid command: Command not in allowed patterns: rm -r x');
	for (const tool of ['get_job_status', 'get_job_output',
	    'tail_job_output'])
		assert.equal(await refused(client, tool, { job_id: 'nobody' }),
		    'Job nobody not found');
	assert.equal(await refused(client, 'interact_with_job',
	    { job_id: 'nobody', input: 'x' }), 'Job nobody not found');
	assert.equal((await ok(client, 'kill_job', { job_id: 'nobody' }))
	    .status, 'not_found');

	const { job_id } = await run(client, 'true');

	assert.equal(await refused(client, 'tail_job_output',
	    { job_id, lines: 0 }),
	    'Input validation error: 0 is less than the minimum of 1');
	assert.equal(await refused(client, 'tail_job_output',
	    { job_id, lines: 1001 }),
	    'Input validation error: 1001 is greater than the maximum of 1000');
	assert.equal(await refused(client, 'interact_with_job',
	    { job_id, input: 'x' }),
	    `Job ${job_id} is not running and cannot accept input`);

	const { job_id: victim } = await start(client, FOREVER);
	const once = await ok(client, 'kill_job', { job_id: victim });
	const twice = await ok(client, 'kill_job', { job_id: victim });

	assert.equal(once.status, 'killed');
	assert.equal(twice.status, 'already_terminated');
	assert.equal(twice.job_status, 'killed');
});

workflow('W8 shutdown', async (root, connect) => {
	/* The client goes, the server is told to go: jobs stay. */
	const first = await connect();
	const kept = await start(first,
	    'echo before; until [ -e stop ]; do sleep 0.05; done; echo after');

	await first.close();
	await until(() => !alive(first.pid), 5000, 'the server ends');
	assert.ok(alive(kept.pid));

	const second = await connect();
	const other = await start(second, FOREVER);

	process.kill(second.pid, 'SIGTERM');
	await until(() => !alive(second.pid), 5000, 'the server ends');
	assert.ok(alive(other.pid));

	const third = await connect();
	const { jobs } = await ok(third, 'list_jobs');

	assert.deepEqual(jobs.map((j) => [j.job_id, j.status]),
	    [[other.job_id, 'running'], [kept.job_id, 'running']]);
	assert.equal((await until_output(third, kept.job_id, /before/)).stdout,
	    'before\n');
	await root.run('/bin/sh', ['-c', 'touch stop']);
	assert.equal((await until_ended(third, kept.job_id)).status,
	    'completed');
	assert.equal((await ok(third, 'get_job_output',
	    { job_id: kept.job_id })).stdout, 'before\nafter\n');
});

workflow('W9 fire and forget', async (root, connect) => {
	const first = await connect();
	const job = await start(first,
	    'until [ -e stop ]; do sleep 0.05; done; exit 5');

	process.kill(first.pid, 'SIGKILL');
	await until(() => !alive(first.pid), 5000, 'the server is dead');

	const second = await connect();
	const status = await ok(second, 'get_job_status',
	    { job_id: job.job_id });

	assert.equal(status.status, 'running');
	assert.equal(status.pid, job.pid);
	assert.equal(status.started, job.started);
	await root.run('/bin/sh', ['-c', 'touch stop']);
	assert.equal((await until_ended(second, job.job_id)).exit_code, 5);

	/* And once more, now that nothing of it lives. */
	const third = await connect();

	assert.equal((await ok(third, 'get_job_status',
	    { job_id: job.job_id })).exit_code, 5);
});

workflow('W13 cancel', async (root, connect) => {
	const client = await connect();

	/* A worker that looks for the request, and no signal helps. */
	const polite = await start(client,
	    "trap '' TERM; echo ready;" +
	    ' until [ -e "$JOBDIR_DIR/cancel" ]; do sleep 0.05; done;' +
	    ' echo saw the request');

	await until_output(client, polite.job_id, /ready/);

	const asked = await ok(client, 'kill_job',
	    { job_id: polite.job_id, grace_seconds: 30 });

	assert.equal(asked.status, 'killed');
	assert.equal(asked.exit_code, 0);
	assert.equal(asked.signal, undefined);
	assert.equal((await ok(client, 'get_job_output',
	    { job_id: polite.job_id })).stdout, 'ready\nsaw the request\n');

	/* One that cleans up on the signal. */
	const tidy = await start(client,
	    "trap 'echo tidied; exit 3' TERM; echo ready;" +
	    ' while :; do sleep 0.05; done');

	await until_output(client, tidy.job_id, /ready/);
	assert.equal((await ok(client, 'kill_job', { job_id: tidy.job_id }))
	    .exit_code, 3);

	/* One that must be killed. */
	const deaf = await start(client, "trap '' TERM; echo ready;" +
	    ' while :; do sleep 0.05; done');

	await until_output(client, deaf.job_id, /ready/);

	const hard = await ok(client, 'kill_job',
	    { job_id: deaf.job_id, grace_seconds: 0.1 });

	assert.equal(hard.status, 'killed');
	assert.equal(hard.signal, 'SIGKILL');
	for (const { job_id } of [polite, tidy, deaf]) {
		const end = await ok(client, 'get_job_status', { job_id });

		assert.equal(end.status, 'killed');
		assert.equal(end.reason, 'cancelled');
		assert.equal(end.cancel_requested.signal, 'SIGTERM');
		assert.match(end.cancel_requested.at, TIME);
	}

	/* One that has ended, and none. */
	const { job_id } = await run(client, 'exit 4');
	const late = await ok(client, 'kill_job', { job_id });

	assert.equal(late.status, 'already_terminated');
	assert.equal(late.job_status, 'failed');
	assert.equal(late.exit_code, 4);
	assert.equal((await ok(client, 'kill_job', { job_id: 'nobody' }))
	    .status, 'not_found');
});

workflow('W19 shell-only inspection', async (root, connect) => {
	const client = await connect();
	const one = await run(client, 'echo out; echo err >&2; exit 7');
	const two = await start(client, 'echo still here; exec sleep 1000');
	const sh = async (script) =>
	    (await root.run('/bin/sh', ['-c', script], { cwd: root.runs }))
	    .stdout;

	await until_output(client, two.job_id, /still here/);
	await client.close();

	/* In order of time, and named by id. */
	const names = (await sh('ls')).trim().split('\n');

	assert.deepEqual(names.map((n) => n.split('__')[1]).sort(),
	    [one.job_id, two.job_id].sort());
	for (const name of names)
		assert.equal(name.split('__')[0],
		    root.journal(name).created.replace(/[-:]|\.\d+/g, ''));
	assert.equal(await sh(`cat *__${one.job_id}/stdout.log`), 'out\n');
	assert.equal(await sh(`cat *__${one.job_id}/stderr.log`), 'err\n');
	assert.equal(await sh(`cat *__${two.job_id}/pid`), `${two.pid}\n`);
	assert.equal(await sh(`grep -l '"exit_code": 7' */journal.json`),
	    `${names.find((n) => n.endsWith(one.job_id))}/journal.json\n`);
	assert.deepEqual((await sh(`ls *__${two.job_id}`)).split('\n')
	    .filter((n) => n), ['journal.json', 'pid', 'stderr.log',
	    'stdout.log']);

	/* Pretty, a key a line, and its mode tells whether it can change. */
	const journal = await sh(`cat *__${two.job_id}/journal.json`);

	for (const key of ['id', 'command', 'cwd', 'created', 'started'])
		assert.match(journal,
		    new RegExp(`^\\s+"${key}": .*[^,],?$`, 'm'));
	assert.equal(statSync(join(one.dir, 'journal.json')).mode & 0o7777,
	    0o400);
	assert.equal(statSync(join(two.dir, 'journal.json')).mode & 0o7777,
	    0o600);
	assert.equal(statSync(root.runs).mode & 0o7777, 0o700);

	/* Stop one with nothing but touch. */
	await sh(`cd *__${two.job_id} && touch cancel`);
	await until(() => !alive(two.pid), 15000, 'it is stopped');
	await until(async () => (await sh(`cat *__${two.job_id}/journal.json`))
	    .includes('"cancelled"'), 5000, 'its end is recorded');
});

workflow('W20 barrier', async (root, connect) => {
	const client = await connect();
	const until_told =
	    'until [ -e stop ]; do sleep 0.05; done; echo all clear';
	const a = await start(client, until_told, { name: 'a' });
	const b = await start(client, `${until_told}; exit 6`, { name: 'b' });

	/* The time is up first. */
	const early = await root.jobdir(['wait', '-t', '0', 'a', 'b']);

	assert.equal(early.code, 124);

	/* Both ways wait, and both are told. */
	const barrier = root.jobdir(['wait', 'a', 'b']);
	const single = root.jobdir(['wait', '--json', 'b']);
	const call = run(client, 'until [ -e stop ]; do sleep 0.05; done');
	const any = root.jobdir(['wait', '--any', '-q', 'a', 'b']);

	await until_status(client, 'b', 'running');
	await root.run('/bin/sh', ['-c', 'touch stop']);
	assert.equal((await call).status, 'completed');

	const all = await barrier;

	assert.equal(all.code, 1);
	assert.deepEqual(all.stdout.trim().split('\n').map((l) =>
	    l.split(/\s+/)).sort(), [[a.job_id, 'completed', '0'],
	    [b.job_id, 'failed', '6']].sort());

	const one = await single;

	assert.equal(one.code, 6);
	assert.deepEqual(JSON.parse(one.stdout).done.map((j) =>
	    [j.job_id, j.status, j.exit_code, j.stdout]),
	    [[b.job_id, 'failed', 6, 'all clear\n']]);
	assert.deepEqual(JSON.parse(one.stdout).pending, []);
	assert.ok([0, 1].includes((await any).code));
	assert.equal((await any).stdout, '');

	/* All completed is 0, also long after. */
	assert.equal((await root.jobdir(['wait', 'a'])).code, 0);
	/* A job that stays is not waited for beyond the limit. */
	const slow = await run(client, FOREVER, { wait_seconds: 1 });

	assert.equal(slow.status, 'running');
	assert.equal(typeof slow.hint, 'string');
	assert.equal(slow.stdout, '');
	assert.ok(existsSync(slow.dir));
	assert.equal(stat(slow.pid).session, slow.pid);
});

});
