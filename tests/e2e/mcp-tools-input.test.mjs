/*
 * interact_with_job.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { plant } from './lib/plant.mjs';
import { identity } from './lib/proc.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start, until_ended, until_output }
	from './lib/tools.mjs';

announce_clients();

const FOREVER = 'exec sleep 1000';

describe('interact_with_job', { concurrency: 4 }, () => {

root_test('lines to and fro', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'while printf "> ";' +
	    ' read -r line; do echo "got $line"; echo "err $line" >&2; done');

	await until_output(server, job_id, /^> $/);

	const first = await ok(server, 'interact_with_job',
	    { job_id, input: 'one', wait_seconds: 20 });

	assert.deepEqual(first, {
		job_id, status: 'running', bytes_written: 4, stdout_size: 12,
		stdout_next: 12, stderr_size: 8, stderr_next: 8,
		truncated: false, complete: false, stdout: 'got one\n> ',
		stderr: 'err one\n',
	});

	const send = async (input, more) => ok(server, 'interact_with_job',
	    { job_id, input, wait_seconds: 20, ...more });

	/* A newline is added where there is none, and only there. */
	assert.equal((await send('two\n')).bytes_written, 4);
	assert.equal((await send('')).stdout, 'got \n> ');
	assert.equal((await send('par', { newline: false, wait_seconds: 0 }))
	    .bytes_written, 3);
	assert.equal((await send('tial')).stdout, 'got partial\n> ');
	assert.equal((await send('a\nb')).stdout, 'got a\n> got b\n> ');
	/* What follows is had from where the answer ended. */
	const { stdout_next } = await send('last');

	assert.equal((await ok(server, 'get_job_output',
	    { job_id, stdout_offset: stdout_next })).stdout, '');
});

root_test('control characters are but characters', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'cat');
	const { stdout } = await ok(server, 'interact_with_job',
	    { job_id, input: '\u0003\u0004\u001a\0x', wait_seconds: 20 });

	assert.equal(stdout, '\u0003\u0004\u001a\0x\n');
	assert.equal((await ok(server, 'get_job_status', { job_id })).status,
	    'running');
});

root_test('much output after input is cut', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'read -r n; seq 1 $n; exec cat');
	const answer = await ok(server, 'interact_with_job',
	    { job_id, input: '20000', wait_seconds: 20, max_bytes: 1000 });

	assert.ok(Buffer.byteLength(answer.stdout) <= 1000 + 100);
	assert.equal(answer.truncated, true);
});

root_test('the end of input', async (root) => {
	const server = await root.server();
	const interact = (job_id, input, more) => ok(server,
	    'interact_with_job', { job_id, input, ...more });

	const counted = await start(server, 'wc -c');
	const end = await interact(counted.job_id, 'hello',
	    { eof: true, wait_seconds: 20 });

	assert.equal(end.bytes_written, 6);
	assert.equal((await until_ended(server, counted.job_id)).status,
	    'completed');
	assert.equal((await ok(server, 'get_job_output',
	    { job_id: counted.job_id })).stdout.trim(), '6');

	/* Nothing but the end: no newline. */
	const empty = await start(server, 'wc -c');

	assert.equal((await interact(empty.job_id, '', { eof: true }))
	    .bytes_written, 0);
	await until_ended(server, empty.job_id);
	assert.equal((await ok(server, 'get_job_output',
	    { job_id: empty.job_id })).stdout.trim(), '0');

	/* Afterwards there is no way in. */
	const on = await start(server, 'cat; exec sleep 1000');

	await interact(on.job_id, '', { eof: true });
	assert.equal(await refused(server, 'interact_with_job',
	    { job_id: on.job_id, input: 'x' }),
	    'Failed to interact with job: [Errno 32] Broken pipe');
});

root_test('jobs that take no input', async (root) => {
	const server = await root.server();
	const interact = (job_id) => refused(server, 'interact_with_job',
	    { job_id, input: 'x' });
	const closed = await start(server, FOREVER, { interactive: false });

	assert.equal(await interact(closed.job_id), `Job ${closed.job_id} ` +
	    'does not accept input: started with interactive false');
	assert.notEqual((await ok(server, 'get_job_status',
	    { job_id: closed.job_id })).interactive, true);

	const ended = await run(server, 'true');

	assert.equal(await interact(ended.job_id),
	    `Job ${ended.job_id} is not running and cannot accept input`);

	/* Somebody else's. */
	const stranger = spawn('sleep', ['1000'], { stdio: 'ignore' });

	try {
		await once(stranger, 'spawn');

		plant(root, '20260101T000000Z__stranger',
		    { name: 'theirs', ...identity(stranger.pid) });
		assert.equal((await ok(server, 'get_job_status',
		    { job_id: 'stranger' })).status, 'running');
		assert.equal(await interact('stranger'), 'Job stranger does' +
		    ' not accept input: not started by jobdir');
	} finally {
		stranger.kill('SIGKILL');
		await once(stranger, 'exit');
	}
});

root_test('a job that does not read', async (root) => {
	const server = await root.server();
	const job = await start(server,
	    'until [ -e go ]; do sleep 0.05; done; wc -c');
	const { job_id } = job;
	const input = 'x'.repeat(300000);
	const first = await ok(server, 'interact_with_job',
	    { job_id, input, wait_seconds: 0.2 });

	assert.ok(first.bytes_written > 0 && first.bytes_written < 300001);

	const second = await ok(server, 'interact_with_job',
	    { job_id, input, wait_seconds: 0.2 });

	assert.equal(second.bytes_written, 0);
	writeFileSync(join(root.work, 'go'), '');

	const third = await ok(server, 'interact_with_job',
	    { job_id, input, wait_seconds: 20, eof: true });

	/* What was reported as written is what the job got. */
	assert.equal(third.bytes_written, 300001);
	await until_ended(server, job_id);
	assert.equal(Number((await ok(server, 'get_job_output', { job_id }))
	    .stdout), first.bytes_written + 300001);
});

root_test('input from several servers', async (root) => {
	const servers = await Promise.all([1, 2, 3, 4].map(() =>
	    root.server()));
	const { job_id } = await start(servers[0], 'cat');
	const line = (i) => String(i).repeat(900);

	await Promise.all(servers.flatMap((server, i) => Array.from(
	    { length: 5 }, () => ok(server, 'interact_with_job',
		{ job_id, input: line(i), wait_seconds: 0 }))));
	await ok(servers[0], 'interact_with_job',
	    { job_id, input: '', eof: true });
	await until_ended(servers[0], job_id);

	/* Lines this short come through whole. */
	const { stdout } = await ok(servers[0], 'get_job_output',
	    { job_id, max_bytes: 65536 });
	const lines = stdout.trimEnd().split('\n');

	assert.equal(lines.length, 20);
	assert.ok(lines.every((l) => [0, 1, 2, 3].some((i) => l === line(i))));
});

});
