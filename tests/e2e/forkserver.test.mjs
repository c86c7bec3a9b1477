/*
 * The process that forks the supervisors of a server: it is there for speed,
 * and nothing rests on it.
 */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { alive, command_line, descriptors, is_forkserver, status_line }
	from './lib/proc.mjs';
import { shown } from './lib/cli.mjs';
import { root_test } from './lib/root.mjs';
import { ok, start } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const forkservers = (root) => root.processes().filter(is_forkserver);

const directory = (root, { job_id }) =>
    root.job_names().find((name) => name.endsWith(job_id));

function supervisor(root, job) {
	return root.journal(directory(root, job)).supervisor.pid;
}

root_test('there is none without a job, one for all jobs, none after the end',
    async (root) => {
	const server = await root.server();

	await ok(server, 'list_jobs');
	assert.deepEqual(forkservers(root), []);

	const jobs = [await start(server, 'sleep 1000'),
		await start(server, 'exit 7')];
	const [pid, ...others] = forkservers(root);

	assert.deepEqual(others, []);
	/* Nobody's child, and in a session of its own: who ends the server's
	 * tree, group or session does not end jobs. */
	assert.notEqual(Number(status_line(pid, 'PPid')), server.pid);
	assert.notEqual(status_line(pid, 'NSsid'),
	    status_line(server.pid, 'NSsid'));
	assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
	assert.equal(command_line(supervisor(root, jobs[0])).trim(),
	    `jobdir supervise ${directory(root, jobs[0])}`);
	server.close_stdin();
	await server.end();
	await until(() => !forkservers(root).length, 10000, 'it ends, too');
	assert.equal((await shown(root, jobs[0].job_id)).status, 'running');
	assert.equal((await root.jobdir(['wait', '-q', jobs[1].job_id])).code,
	    7);
});

root_test('it keeps nothing of what passes through it', async (root) => {
	const server = await root.server();

	await start(server, 'sleep 1000');

	const [pid] = forkservers(root);
	const before = descriptors(pid);

	for (let i = 0; i < 20; i++)
		await start(server, 'true', { idempotency_key: `key ${i}` });
	await until(() => descriptors(pid).length === before.length, 10000,
	    'its descriptors are those it had');
	/* Nor does a supervisor have its socket. */
	const job = await start(server, 'sleep 1000');

	await until(() => !descriptors(supervisor(root, job))
	    .some(({ target }) => /^socket|memfd/.test(target)), 10000,
	    'a supervisor has no socket');
});

root_test('killed, it is replaced, and its jobs run on', async (root) => {
	const server = await root.server();
	const first = await start(server, 'sleep 1000');
	const [pid] = forkservers(root);

	process.kill(pid, 'SIGKILL');
	await until(() => !alive(pid), 10000, 'it is dead');
	assert.equal((await ok(server, 'get_job_status',
	    { job_id: first.job_id })).status, 'running');

	const second = await start(server, 'exit 3');

	assert.equal((await root.jobdir(['wait', '-q', second.job_id])).code,
	    3);
	assert.equal(forkservers(root).length, 1);
	assert.equal((await ok(server, 'kill_job',
	    { job_id: first.job_id })).status, 'killed');
});

root_test('killed with an order on its way, that one fails, and leaves nothing',
    async (root) => {
	const server = await root.server();

	await start(server, 'true');

	const [pid] = forkservers(root);

	process.kill(pid, 'SIGSTOP');

	const asked = server.call('execute_command', { command: 'true' });

	/* It is on its way when others after it are answered. */
	await ok(server, 'list_jobs');
	process.kill(pid, 'SIGKILL');

	const { isError, content } = await asked;

	assert.ok(isError);
	assert.match(content[0].text,
	    /its supervisor was killed before the command was executed/);
	assert.equal(root.job_names().length, 1);
	await ok(server, 'execute_command', { command: 'true' });
	assert.equal(root.job_names().length, 2);
});

root_test('words and variables of any size arrive', async (root) => {
	const server = await root.server();
	const long = 'x'.repeat(100000);
	const { job_id } = await start(server, 'sh', {
		args: ['-c', 'printf %s "$1$LONG" | wc -c', 'sh', long],
		env: { LONG: long } });

	await root.jobdir(['wait', '-q', job_id]);
	assert.equal((await root.jobdir(['log', job_id])).stdout.trim(),
	    '200000');
});
