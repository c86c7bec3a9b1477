/*
 * Exit codes: what a script learns without reading anything.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { begin, fails, fine, finish, launch, on_terminal, shown,
	until_logged } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { alive, stat } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

/* The code of jobdir with arguments. */
async function code_of(root, ...args) {
	return (await root.jobdir(args)).code;
}

/* A job that lost supervisor and process; gives its id. */
async function lost_job(root) {
	const id = await launch(root, ['sleep', '1000']);
	const { pid } = await shown(root, id);
	const supervisor = stat(pid).ppid;

	process.kill(supervisor, 'SIGKILL');
	process.kill(pid, 'SIGKILL');
	await until(() => !alive(supervisor) && !alive(pid), 10000,
	    'both are gone');
	return id;
}

/* A job that says `ready` and then obeys SIGTERM, or does not. */
async function stubborn_job(root, trap) {
	const id = await launch(root, ['sh', '-c', `${trap}; echo ready; ` +
	    'while :; do sleep 0.02; done']);

	await until_logged(root, id, /ready/);
	return id;
}

describe('the code of one job', { concurrency: 4 }, () => {

root_test('its own', async (root) => {
	for (const code of [0, 1, 2, 3, 4, 124, 125, 130, 255]) {
		const command = ['sh', '-c', `exit ${code}`];

		assert.equal(await code_of(root, 'run', '-w', ...command),
		    code);
		assert.equal(await code_of(root, 'wait'), code);
	}
	assert.equal(await code_of(root, 'run', '-f', 'sh', '-c', 'exit 42'),
	    42);
	/* To look at it is no failure. */
	for (const verb of ['show', 'log', 'path'])
		assert.equal(await code_of(root, verb), 0);
});

root_test('128 plus the signal that ended it', async (root) => {
	for (const [name, number] of [['KILL', 9], ['SEGV', 11], ['HUP', 1]]) {
		const command = ['sh', '-c', `kill -${name} $$`];

		assert.equal(await code_of(root, 'run', '-w', ...command),
		    128 + number);
		assert.equal(await code_of(root, 'run', '-f', ...command),
		    128 + number);
		assert.equal(await code_of(root, 'wait'), 128 + number);
		assert.equal((await shown(root)).status, 'failed');
	}
});

root_test('killed by a signal', async (root) => {
	const id = await launch(root, ['sleep', '1000']);

	assert.equal(await code_of(root, 'kill', '-s', 'INT', id), 0);
	assert.equal(await code_of(root, 'wait', id), 130);
	assert.equal((await shown(root, id)).status, 'killed');
});

root_test('killed, and it exits with 0: 128 plus what was asked for',
    async (root) => {
	const id = await stubborn_job(root, 'trap "exit 0" TERM USR1');
	const wait = begin(root, ['wait', id]);

	assert.equal(await code_of(root, 'kill', id), 0);

	const { code, out } = await wait.end();

	assert.deepEqual([code, out], [128 + 15, `${id} killed 0\n`]);
	assert.equal((await shown(root, id)).exit_code, 0);

	const other = await stubborn_job(root, 'trap "exit 0" USR1');

	assert.equal(await code_of(root, 'kill', '-s', 'USR1', other), 0);
	assert.equal(await code_of(root, 'wait', other), 128 + 10);
});

root_test('killed, and it exits with a code of its own', async (root) => {
	const id = await stubborn_job(root, 'trap "exit 9" TERM');

	assert.equal(await code_of(root, 'kill', id), 0);
	assert.equal(await code_of(root, 'wait', id), 9);
});

root_test('its time limit', async (root) => {
	assert.equal(await code_of(root, 'run', '-w', '-t', '0.1', 'sleep',
	    '1000'), 124);
	assert.equal(await code_of(root, 'wait'), 124);
	assert.equal(await code_of(root, 'run', '-f', '-t', '0.1s', 'sleep',
	    '1000'), 124);

	const { status, reason } = await shown(root);

	assert.deepEqual([status, reason], ['failed', 'timeout']);
});

root_test('lost', async (root) => {
	const id = await lost_job(root);
	const { code, stdout } = await root.jobdir(['wait', id]);

	assert.deepEqual([code, stdout], [4, `${id} lost -\n`]);
	assert.equal(await code_of(root, 'wait', '-q', id), 4);
	/* It has ended: nothing to do, nothing failed. */
	assert.equal(await code_of(root, 'kill', id), 0);
});

root_test('unknown', async (root) => {
	plant(root, 'torn', '{"comm');

	const { code, stdout } = await root.jobdir(['wait', 'torn']);

	assert.deepEqual([code, stdout], [4, 'torn unknown -\n']);
});

root_test('as a record that jobdir did not write says', async (root) => {
	plant(root, 'zero', ENDED);
	plant(root, 'other', { ...ENDED, exit_code: 77 });
	assert.equal(await code_of(root, 'wait', 'zero'), 0);
	assert.equal(await code_of(root, 'wait', 'other'), 77);
});

});

describe('other codes', { concurrency: 4 }, () => {

root_test('several jobs: 0 if every one is completed', async (root) => {
	const good = await finish(root, ['true']);
	const also = await finish(root, ['true']);
	const bad = await finish(root, ['sh', '-c', 'exit 7']);

	assert.equal(await code_of(root, 'wait', good, also), 0);
	assert.equal(await code_of(root, 'wait', good, bad), 1);
	assert.equal(await code_of(root, 'wait', good, also, bad), 1);
	/* One job, however often it is named. */
	assert.equal(await code_of(root, 'wait', bad, bad.slice(0, 12)), 7);
});

root_test('not found', async (root) => {
	await finish(root, ['-n', 'there', 'true']);
	for (const job of ['none', '', '..', '.', '/', 'a/b', '../runs',
		'the', 'x\x1by']) {
		for (const verb of ['show', 'log', 'path', 'wait', 'kill',
			'send'])
			await fails(root, 3, [verb, job]);
		await fails(root, 3, ['wait', 'there', job]);
	}
	/* Verbs that change something take no default. */
	for (const verb of ['kill', 'send'])
		await fails(root, 2, [verb]);
});

root_test('ambiguous', async (root) => {
	plant(root, '20260101T000000Z__beef0001', ENDED);
	plant(root, '20260101T000001Z__beef0002', ENDED);
	for (const verb of ['show', 'log', 'path', 'wait', 'kill', 'send'])
		assert.match(await fails(root, 3, [verb, 'beef']),
		    /Job beef is ambiguous: beef000[12], beef000[12]\n/);
	assert.match(await fine(root, ['path', 'beef0001']), /beef0001\n$/);
	await fails(root, 3, ['path', 'bee']);
});

root_test('every way to name a job', async (root) => {
	const id = await finish(root, ['-n', 'train', 'true']);
	const path = await fine(root, ['path', id]);

	assert.equal(path, `${join(root.runs, root.job_names()[0])}\n`);
	for (const job of [id, id.slice(0, 4), id.slice(0, 13), 'train',
		root.job_names()[0], `${id}~${root.job_names()[0]}`, '@last'])
		assert.equal(await fine(root, ['path', job]), path, job);
	assert.equal(await fine(root, ['path']), path);
});

root_test('jobdir itself failed', async (root) => {
	writeFileSync(root.runs, '');
	for (const verb of ['ls', 'show', 'log', 'path', 'wait'])
		await fails(root, 125, [verb]);
	for (const verb of ['run', 'kill', 'send'])
		await fails(root, 125, [verb, 'true']);
});

});

describe('interrupted', { concurrency: 4 }, () => {

/* The words that say how to stop the job work, and the job runs on. */
async function runs_on(root, id, said) {
	const [, kill] = /: (jobdir .*kill \S+)$/m.exec(said);

	assert.equal((await shown(root, id)).status, 'running');
	assert.equal((await shown(root, id)).cancel_requested, undefined);
	assert.deepEqual(kill.split(' ').slice(-2), ['kill', id]);
	await fine(root, kill.split(' ').slice(1));
	assert.equal((await shown(root, id)).status, 'killed');
}

for (const option of ['-w', '-f'])
	root_test(`run ${option}`, async (root) => {
		const run = begin(root, ['run', option, 'sh', '-c',
			'echo ready; exec sleep 1000']);

		await run.prints(option === '-f' ? /ready/ : /\n/);
		run.child.kill('SIGINT');

		const { code, errors } = await run.end();

		assert.equal(code, 130);
		await runs_on(root, (await shown(root)).job_id, errors);
	});

root_test('wait for one, with a root of its own', async (root) => {
	const id = await launch(root, ['sleep', '1000']);
	const ended = await finish(root, ['true']);
	const wait = begin(root, ['--root', root.runs, 'wait', ended, id],
	    { env: { JOBDIR_ROOT: undefined } });

	await wait.prints(/completed 0/);
	wait.child.kill('SIGINT');

	const { code, out, errors } = await wait.end();

	assert.deepEqual([code, out], [130, `${ended} completed 0\n`]);
	assert.ok(errors.includes(`--root ${root.runs} kill ${id}`), errors);
	await runs_on(root, id, errors);
});

root_test('wait for several', async (root) => {
	const ids = [await launch(root, ['sleep', '1000']),
		await launch(root, ['sleep', '1000'])];
	const ended = await finish(root, ['true']);
	const wait = begin(root, ['wait', ended, ...ids]);

	await wait.prints(/completed 0/);
	wait.child.kill('SIGINT');

	const { code, errors } = await wait.end();

	assert.equal(code, 130);
	assert.ok(errors.includes(ids.join(' ')), errors);
	for (const id of ids)
		assert.equal((await shown(root, id)).status, 'running');
});

root_test('log -f', async (root) => {
	const id = await launch(root, ['sh', '-c',
		'echo ready; exec sleep 1000']);
	const log = begin(root, ['log', '-f', id]);

	await log.prints(/ready/);
	log.child.kill('SIGINT');

	const { code, out, errors } = await log.end();

	assert.deepEqual([code, out], [130, 'ready\n']);
	await runs_on(root, id, errors);
});

root_test('Ctrl-C on a terminal', async (root) => {
	const run = on_terminal(root, ['run', '-f', 'sh', '-c',
		'echo ready; exec sleep 1000']);

	await run.prints(/ready/);
	run.child.stdin.write('\x03');

	const { code, out } = await run.end();

	assert.equal(code, 130);
	await runs_on(root, (await shown(root)).job_id,
	    out.replaceAll('\r', ''));
});

root_test('run without -w or -f tells its id, whatever happens',
    async (root) => {
	const run = begin(root, ['run', 'sleep', '1000']);

	await run.prints(/\n/);
	run.child.kill('SIGINT');
	await run.end();
	assert.equal((await shown(root, run.out.trim())).status, 'running');
});

});
