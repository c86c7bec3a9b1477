/*
 * Jobs whose supervisor was killed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { release } from 'node:os';
import { alive } from '../e2e/lib/proc.mjs';
import { root_test } from '../e2e/lib/root.mjs';
import { ok } from '../e2e/lib/tools.mjs';
import { until } from '../e2e/lib/until.mjs';
import { ended, helper, pid_in, record, show, start, until_dead }
	from './lib/stress.mjs';

/* Since 6.15 a pidfd tells the exit code of a process that is no child. */
const [major, minor] = release().split('.').map(Number);
const TOLD = major > 6 || (major === 6 && minor >= 15);

/* Kill the supervisor of a job, and see that this is seen. */
async function orphan(root, id) {
	const { pid } = record(root, id).supervisor;

	process.kill(pid, 'SIGKILL');
	await until_dead([pid], 'the supervisor');

	const job = await show(root, id);

	assert.deepEqual([job.status, job.orphaned], ['running', true]);
	/* A look is no act. */
	assert.equal(record(root, id).supervisor.pid, pid);
	return pid;
}

/* With another supervisor than before. */
function taken_over(root, id, former) {
	return until(() => {
		const { pid } = record(root, id).supervisor;

		return pid !== former && alive(pid);
	}, 10000, 'there is a new supervisor');
}

for (const face of ['jobdir kill', 'kill_job'])
	root_test('a supervisor is killed with SIGKILL, then the job: the ' +
	    `whole tree ends and it reads killed for ever: ${face}`,
	    async (root) => {
		const id = await start(root, helper('family'), root.work);
		const pids = [record(root, id).pid];

		for (const name of ['daemon', 'deaf', 'apart'])
			pids.push(await pid_in(join(root.work, name)));
		await orphan(root, id);
		assert.ok(pids.every((pid) => alive(pid)));
		if (face === 'kill_job') {
			const server = await root.server();

			assert.equal((await ok(server, 'kill_job', {
				job_id: id,
				grace_seconds: 0.3,
			})).status, 'killed');
			await server.dispose();
		} else {
			assert.equal((await root.jobdir(['kill', '-g', '0.3s',
				id])).stdout, `${id} killed\n`);
		}
		assert.deepEqual(pids.filter((pid) => alive(pid)), []);
		await until(() => !root.processes().length, 10000,
		    'the new supervisor is gone');

		const job = await show(root, id);

		assert.deepEqual([job.status, job.reason],
		    ['killed', 'cancelled']);
		assert.equal(job.signal, TOLD ? 'SIGTERM' : undefined);
		assert.equal((await root.jobdir(['kill', id])).stdout,
		    `${id} already_terminated\n`);
		assert.equal((await show(root, id)).status, 'killed');
	});

root_test('the exit code of an orphan is recorded after it was taken over, ' +
    'where the kernel tells it', async (root) => {
	const gate = join(root.work, 'gate');

	execFileSync('mkfifo', [gate]);

	/* It obeys the request with an exit code of its own. */
	const id = await start(root, 'sh', '-c', 'trap "exit 7" TERM; ' +
	    'echo ready; while :; do read x <> "$1"; done', 'sh', gate);

	await until(async () => (await root.jobdir(['log', id])).stdout, 10000,
	    'it has set its trap');

	const former = await orphan(root, id);
	const { stdout } = await root.jobdir(['kill', id]);

	assert.equal(stdout, `${id} killed\n`);

	const job = await show(root, id);

	assert.equal(job.status, 'killed');
	assert.equal(job.exit_code, TOLD ? 7 : undefined);
	assert.notEqual(record(root, id).supervisor.pid, former);
});

root_test('an orphan that was taken over and ends by itself has its exit ' +
    'code, where the kernel tells it', async (root) => {
	const gate = join(root.work, 'gate');

	execFileSync('mkfifo', [gate]);

	const id = await start(root, '-i', 'sh', '-c', 'read x < "$1"; exit 7',
	    'sh', gate);
	const former = await orphan(root, id);

	/* Asked to act: the input is gone, but somebody looks after it now. */
	await root.jobdir(['send', id, 'hello']);
	await taken_over(root, id, former);
	assert.equal((await show(root, id)).orphaned, undefined);
	execFileSync('sh', ['-c', 'echo go > "$1"', 'sh', gate]);

	const job = await ended(root, id);

	if (TOLD)
		assert.deepEqual([job.status, job.reason, job.exit_code],
		    ['failed', 'exit', 7]);
	else
		assert.deepEqual([job.status, job.exit_code],
		    ['lost', undefined]);
});
