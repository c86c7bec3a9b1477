/*
 * jobdir kill of what an ended job left behind, its supervisor being dead, too.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine, finish, launch, shown } from './lib/cli.mjs';
import { alive } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

const record = (root, id) =>
	root.journal(root.job_names().find((n) => n.endsWith(id)));

function dead(pids, what) {
	return until(() => !pids.some((pid) => alive(pid)), 10000,
	    `${what} is dead`);
}

/* Nothing of it is left: the supervisor neither. */
function gone(root) {
	return until(() => !root.processes().length, 10000,
	    'no process of the root is left');
}

/* The pid that a process wrote into a file. */
async function pid_in(root, name) {
	const text = () => {
		try {
			return readFileSync(join(root.work, name), 'utf8');
		} catch {
			return '';
		}
	};

	await until(() => /^\d+\n/.test(text()), 10000, `${name} is there`);
	return Number(text());
}

describe('kill of what an ended job left behind', { concurrency: 4 }, () => {

/* An ended job with `script`'s processes left, its supervisor dead. */
async function abandoned(root, script) {
	const id = await finish(root, ['sh', '-c', script]);
	const { supervisor } = record(root, id);

	process.kill(supervisor.pid, 'SIGKILL');
	await dead([supervisor.pid], 'its supervisor');
	return id;
}

for (const [what, args] of [['SIGTERM', []], ['SIGKILL', ['-g', '0']]])
	root_test(`its supervisor was killed, too: ${what}`, async (root) => {
		const id = await abandoned(root,
		    'sleep 1000 & echo $! >one; ' +
		    'setsid sleep 1000 & echo $! >two; exit 3');
		const left = [await pid_in(root, 'one'),
			await pid_in(root, 'two')];
		const dir = (await fine(root, ['path', id])).trim();
		const before = readFileSync(join(dir, 'journal.json'), 'utf8');

		assert.equal((await shown(root, id)).leftover, 2);

		const started = performance.now();
		const { code, stdout, stderr } = await root.jobdir(['kill',
			...args, id]);

		assert.deepEqual([code, stdout],
		    [0, `${id} already_terminated\n`], stderr);
		assert.match(stderr, /2 processes left behind were ended/);
		assert.ok(performance.now() - started < 4000,
		    'not only after the grace');
		assert.deepEqual(left.filter((pid) => alive(pid)), []);
		await gone(root);

		const job = await shown(root, id);

		assert.deepEqual([job.status, job.exit_code, job.leftover],
		    ['failed', 3, undefined]);
		assert.equal(readFileSync(join(dir, 'journal.json'), 'utf8'),
		    before);
		assert.deepEqual(readdirSync(dir).filter((n) =>
		    n.startsWith('.')), []);
	});

root_test('a lost job: its supervisor was killed, then the command',
    async (root) => {
	const id = await launch(root, ['sh', '-c', 'sleep 1000 & ' +
	    'setsid sleep 1000 & echo $! >two; wait']);
	const { pid, supervisor } = record(root, id);
	const two = await pid_in(root, 'two');

	for (const one of [supervisor.pid, pid]) {
		process.kill(one, 'SIGKILL');
		await dead([one], 'one of them');
	}

	const job = await shown(root, id);

	assert.deepEqual([job.status, job.leftover], ['lost', 2]);

	const { code, stdout, stderr } = await root.jobdir(['kill', id]);

	assert.deepEqual([code, stdout], [0, `${id} already_terminated\n`]);
	assert.match(stderr, /2 processes left behind were ended/);
	assert.ok(!alive(two));
	await gone(root);

	const after = await shown(root, id);

	assert.deepEqual([after.status, after.leftover], ['lost', undefined]);
	assert.deepEqual(readdirSync(after.dir).filter((n) =>
	    n.startsWith('.')), []);
});

root_test('one that ignores the signal, after the grace', async (root) => {
	const id = await abandoned(root, 'sh -c \'trap "" TERM; ' +
	    'echo $$ >deaf; while :; do sleep 1000; done\' & ' +
	    'until [ -e deaf ]; do sleep 0.01; done');
	const pid = await pid_in(root, 'deaf');

	assert.equal((await root.jobdir(['kill', '-g', '0.3', id])).code, 0);
	assert.ok(!alive(pid));
	await gone(root);
});

root_test('a look starts nothing, and two at once do no harm', async (root) => {
	const id = await abandoned(root, 'sleep 1000 &');

	await shown(root, id);
	assert.equal(root.processes().length, 1);

	const results = await Promise.all([1, 2, 3].map(() =>
	    root.jobdir(['kill', id])));

	for (const { code, stdout } of results)
		assert.deepEqual([code, stdout],
		    [0, `${id} already_terminated\n`]);
	await gone(root);
});

});
