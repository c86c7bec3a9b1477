/*
 * jobdir wait: the ends of jobs, in the order of the ends.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { begin, fails, fine, finish, launch, lines } from './lib/cli.mjs';
import { root_test } from './lib/root.mjs';
import { TIME } from './lib/tools.mjs';

/* A job that ends with the code it is sent. */
const told = (root) => launch(root, ['-i', 'sh', '-c', 'read x; exit $x']);

const end = (root, id, code = 0) => fine(root, ['send', id, String(code)]);

describe('wait', { concurrency: 4 }, () => {

root_test('a line for each end, in the order of the ends', async (root) => {
	const ids = [await told(root), await told(root), await told(root)];
	const wait = begin(root, ['wait', ...ids]);
	const order = [[ids[1], 0], [ids[2], 7], [ids[0], 0]];

	for (const [id, code] of order) {
		assert.equal(wait.gone, undefined);
		await end(root, id, code);
		await wait.prints(new RegExp(id));
	}

	const { code, out, errors } = await wait.end();

	assert.deepEqual([code, errors], [1, '']);
	assert.deepEqual(lines(out), [`${ids[1]} completed 0`,
		`${ids[2]} failed 7`, `${ids[0]} completed 0`]);
	/* Those that have ended before count, too, in the same order. */
	assert.equal((await root.jobdir(['wait', ...ids])).stdout, out);
});

root_test('what ended how', async (root) => {
	for (const [words, ...args] of [
		['completed 0', 'true'],
		['failed 7', 'sh', '-c', 'exit 7'],
		['failed SEGV', 'sh', '-c', 'kill -SEGV $$'],
		['failed TERM', '-t', '0.1', 'sleep', '1000'],
	]) {
		const id = await finish(root, args);

		assert.equal((await root.jobdir(['wait', id])).stdout,
		    `${id} ${words}\n`);
	}
});

root_test('the job started last, without a name', async (root) => {
	const id = await finish(root, ['true']);

	assert.equal(await fine(root, ['wait']), `${id} completed 0\n`);
});

root_test('--any', async (root) => {
	const ids = [await told(root), await told(root)];
	const wait = begin(root, ['wait', '--any', ...ids]);

	await end(root, ids[1]);

	const { code, out } = await wait.end();

	assert.deepEqual([code, out], [0, `${ids[1]} completed 0\n`]);

	const bad = await finish(root, ['false']);
	const result = await root.jobdir(['wait', '--any', ids[0], bad]);

	assert.deepEqual([result.code, result.stdout],
	    [1, `${bad} failed 1\n`]);
});

root_test('-t', async (root) => {
	const live = await told(root);
	const done = await finish(root, ['true']);

	for (const args of [['-t0'], ['-t', '0.05'], ['-t0.05s'],
		['--any', '-t0'], ['-qt', '0']]) {
		const { code, stdout } = await root.jobdir(['wait', ...args,
			live]);

		assert.deepEqual([code, stdout], [124, '']);
	}

	const { code, stdout } = await root.jobdir(['wait', '-t', '0', live,
		done]);

	assert.deepEqual([code, stdout], [124, `${done} completed 0\n`]);
	assert.equal(await fine(root, ['wait', '-t', '0', done]),
	    `${done} completed 0\n`);
	assert.equal(await fine(root, ['wait', '--any', '-t', '1h', live,
		done]), `${done} completed 0\n`);
});

root_test('-q', async (root) => {
	const bad = await finish(root, ['sh', '-c', 'exit 5']);
	const { code, stdout, stderr } = await root.jobdir(['wait', '-q', bad]);

	assert.deepEqual([code, stdout, stderr], [5, '', '']);
});

root_test('--json is the object of wait_for_jobs', async (root) => {
	const good = await finish(root, ['-n', 'good', 'echo', 'x']);
	const bad = await finish(root, ['sh', '-c', 'echo y >&2; exit 3']);
	const live = await told(root);
	const result = await root.jobdir(['wait', '--json', '-t', '0', good,
		live, bad]);
	const said = JSON.parse(lines(result.stdout).join());

	assert.equal(result.code, 124);
	assert.deepEqual([said.timed_out, said.pending], [true, [live]]);
	assert.deepEqual(said.done.map((j) => [j.job_id, j.exit_code, j.stdout,
		j.stderr]), [[good, 0, 'x\n', ''], [bad, 3, '', 'y\n']]);
	assert.match(said.done[0].finished, TIME);

	const one = await root.jobdir(['wait', '--json', bad]);

	assert.deepEqual([one.code, JSON.parse(one.stdout).timed_out],
	    [3, false]);
});

root_test('--json with --any', async (root) => {
	const ids = [await told(root), await told(root)];
	const wait = begin(root, ['wait', '--json', '--any', ...ids]);

	await end(root, ids[0]);

	const { code, out } = await wait.end();
	const { done, pending } = JSON.parse(out);

	assert.equal(code, 0);
	assert.deepEqual([done[0].job_id, pending], [ids[0], [ids[1]]]);
});

root_test('-a: all that live now', async (root) => {
	await finish(root, ['false']);

	const ids = [await told(root), await told(root)];
	const wait = begin(root, ['wait', '-a']);

	await wait.watches();
	await end(root, ids[0]);
	await wait.prints(/completed 0/);

	const later = await told(root);

	await end(root, ids[1]);

	const { code, out } = await wait.end();

	assert.equal(code, 0);
	assert.deepEqual(lines(out), ids.map((id) => `${id} completed 0`));
	assert.equal((await root.jobdir(['wait', '-at0'])).code, 124);
	await end(root, later, 3);
	await root.jobdir(['wait', '-q', later]);
	/* Nothing lives: all have ended. */
	assert.equal(await fine(root, ['wait', '-a']), '');
	assert.deepEqual(JSON.parse(await fine(root, ['wait', '-a', '--json']))
	    .done, []);
});

root_test('-a: one of them is not completed', async (root) => {
	const ids = [await told(root), await told(root)];
	const wait = begin(root, ['wait', '-a']);

	await wait.watches();
	await end(root, ids[0]);
	await wait.prints(/completed 0/);
	await end(root, ids[1], 7);
	assert.equal((await wait.end()).code, 1);
});

root_test('an unknown job is told before any wait', async (root) => {
	const live = await told(root);

	assert.match(await fails(root, 3, ['wait', live, 'none']),
	    /Job none not found/);
});

root_test('the directory of a job goes away', async (root) => {
	const id = await told(root);
	const other = await told(root);
	const wait = begin(root, ['wait', id, other]);

	await end(root, other);
	await wait.prints(/completed 0/);

	const path = (await fine(root, ['path', id])).trim();

	await end(root, id);
	await root.run('rm', ['-rf', path]);

	const { code, out } = await wait.end();

	/* Whether its end was seen in time, decides the word. */
	assert.match(lines(out)[1],
	    new RegExp(`^${id} (unknown -|completed 0|lost -)$`));
	assert.equal(code, out.endsWith('completed 0\n') ? 0 : 1);
});

});
