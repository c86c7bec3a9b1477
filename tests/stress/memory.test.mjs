/*
 * The kernel itself kills for lack of memory: what is said of the job that it
 * meets, and of others.
 *
 * That needs a cgroup with a limit.  Where none can be made, that is said, and
 * there is nothing to be seen here: the same is played with planted counters in
 * tests/e2e/cli-show.test.mjs, which needs none.
 */
import assert from 'node:assert/strict';
import { root_test, PROGRAM } from '../e2e/lib/root.mjs';
import { amount, ended, minutes, record } from './lib/stress.mjs';
import { can_make_oom, HOG, make_oom } from './lib/oom.mjs';

const KILLED = 'the kernel killed 1 process of its cgroup for lack of ' +
    'memory while it ran';

async function start_in(small, ...args) {
	const { code, stdout, stderr } = await small.run([PROGRAM, 'run',
		...args]);

	assert.equal(code, 0, stderr);
	return stdout.trim();
}

/* The line `status` of show. */
async function status_of(root, id) {
	await ended(root, id);

	const { stdout } = await root.jobdir(['show', id]);

	return /^status +(.*)$/m.exec(stdout)[1];
}

if (await can_make_oom()) {

root_test('the command is killed for lack of memory', minutes(5),
    async (root) => {
	for (let i = 0; i < amount(3, 20); i++) {
		const id = await start_in(make_oom(root), 'sh', '-c',
		    `exec ${HOG}`);

		assert.equal(await status_of(root, id), 'failed: signal ' +
		    `SIGKILL, likely out of memory (${KILLED})`);
		assert.equal(record(root, id).oom_counter, 'cgroup');
	}
});

root_test('what the command runs is killed for lack of memory',
    async (root) => {
	const id = await start_in(make_oom(root), 'sh', '-c',
	    `${HOG}; exit $?`);

	assert.equal(await status_of(root, id),
	    `failed: exit code 137 (${KILLED})`);
});

root_test('SIGKILL beside it, in another cgroup, is not', async (root) => {
	const id = await start_in(make_oom(root), '-n', 'idle', 'sleep',
	    '1000');
	const other = await start_in(make_oom(root), 'sh', '-c',
	    `exec ${HOG}`);

	assert.match(await status_of(root, other), /out of memory/);
	process.kill(record(root, id).pid, 'SIGKILL');
	assert.equal(await status_of(root, id), 'failed: signal SIGKILL');
});

} else {
	console.error('memory.test.mjs: no cgroup with a limit on memory can ' +
	    'be made here; see tests/e2e/cli-show.test.mjs for what can');
}
