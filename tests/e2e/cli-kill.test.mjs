/*
 * jobdir kill: stop jobs, all of a job, as asked.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { fails, fine, finish, launch, lines, shown, until_logged }
	from './lib/cli.mjs';
import { plant } from './lib/plant.mjs';
import { alive, stat } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { UUID } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const sleeper = (root) => launch(root, ['sleep', '1000']);

/* A job that prints the signals it gets and goes on; gives the id. */
async function deaf_job(root) {
	const id = await launch(root, ['sh', '-c',
		'for s in HUP INT USR1 TERM; do trap "echo got $s" $s; done; ' +
		'echo ready; while :; do sleep 0.02; done']);

	await until_logged(root, id, /ready/);
	return id;
}

describe('kill', { concurrency: 4 }, () => {

root_test('one job; twice is no error', async (root) => {
	const id = await sleeper(root);

	assert.equal(await fine(root, ['kill', id]), `${id} killed\n`);

	const { status, reason, signal, pid } = await shown(root, id);

	assert.deepEqual([status, reason, signal],
	    ['killed', 'cancelled', 'SIGTERM']);
	assert.ok(!pid || !alive(pid));
	assert.equal(await fine(root, ['kill', id]),
	    `${id} already_terminated\n`);
});

root_test('an ended job stays what it was', async (root) => {
	const id = await finish(root, ['sh', '-c', 'exit 7']);

	assert.equal(await fine(root, ['kill', id]),
	    `${id} already_terminated\n`);
	assert.equal((await shown(root, id)).status, 'failed');
});

root_test('several, whatever becomes of the others', async (root) => {
	const [one, two, three] = [await sleeper(root), await sleeper(root),
		await sleeper(root)];
	const done = await finish(root, ['true']);
	const { code, stdout, stderr } = await root.jobdir(['kill', one,
		'none', done, two]);

	assert.equal(code, 3);
	assert.match(stderr, /^jobdir: Job none not found\n$/);
	assert.deepEqual(lines(stdout).sort(), [`${one} killed`,
		`${done} already_terminated`, `${two} killed`].sort());
	assert.equal((await shown(root, three)).status, 'running');
	assert.equal(lines(await fine(root, ['kill', three, done])).length, 2);
});

root_test('by name and by prefix', async (root) => {
	const id = await launch(root, ['-n', 'dev', 'sleep', '1000']);
	const other = await sleeper(root);

	assert.equal(await fine(root, ['kill', 'dev']), `${id} killed\n`);
	assert.equal(await fine(root, ['kill', other.slice(0, 8)]),
	    `${other} killed\n`);
});

root_test('unknown', async (root) => {
	assert.match(await fails(root, 3, ['kill', 'none']),
	    /^jobdir: Job none not found\n$/);
	assert.match(await fails(root, 3, ['kill', '-q', 'none']), /not found/);
});

root_test('a job whose state cannot be decided: exit 1', async (root) => {
	plant(root, 'torn', '{"comm');
	assert.match(await fails(root, 1, ['kill', 'torn']),
	    /state unknown/);
});

for (const signal of ['KILL', 'SIGKILL', '9'])
	root_test(`-s ${signal}`, async (root) => {
		const id = await deaf_job(root);

		await fine(root, ['kill', '-s', signal, id]);
		assert.equal((await shown(root, id)).signal, 'SIGKILL');
		assert.equal(await fine(root, ['log', '--stdout', id]),
		    'ready\n');
	});

for (const signal of ['15', 'TERM', 'HUP', 'SIGINT', '10'])
	root_test(`-s ${signal} first, SIGKILL after -g`, async (root) => {
		const name = { 15: 'TERM', 10: 'USR1', SIGINT: 'INT' }[signal]
		    ?? signal;
		const id = await deaf_job(root);

		assert.equal(await fine(root, ['kill', '-s', signal, '-g',
			'0.3', id]), `${id} killed\n`);
		assert.equal(await fine(root, ['log', '--stdout', id]),
		    `ready\ngot ${name}\n`);

		const job = await shown(root, id);

		assert.deepEqual([job.signal, job.cancel_requested.signal,
			job.cancel_requested.by],
		['SIGKILL', `SIG${name}`, 'shell']);
	});

root_test('-g 0', async (root) => {
	const id = await deaf_job(root);

	assert.equal(await fine(root, ['kill', '-g', '0', id]),
	    `${id} killed\n`);
	assert.equal((await shown(root, id)).signal, 'SIGKILL');
});

root_test('the whole tree, with those that left the group', async (root) => {
	const id = await launch(root, ['sh', '-c', 'sleep 1000 & ' +
		'setsid sh -c "echo $$; trap : TERM; while :; ' +
		'do sleep 1000; done" & echo ready; wait']);

	await until(async () => lines(await fine(root, ['log', '--stdout',
	    id])).length === 2, 10000, 'both have spoken');
	assert.equal(await fine(root, ['kill', '-g', '0.1', id]),
	    `${id} killed\n`);
	assert.deepEqual(root.processes(), []);
});

root_test('its supervisor stands still', async (root) => {
	const id = await sleeper(root);
	const { supervisor } = root.journal(root.job_names()[0]);

	process.kill(supervisor.pid, 'SIGSTOP');
	await until(() => stat(supervisor.pid).state === 'T', 5000,
	    'it stands still');
	assert.equal((await shown(root, id)).status, 'running');
	assert.equal(await fine(root, ['kill', id]), `${id} killed\n`);
});

root_test('what an ended job left behind', async (root) => {
	const id = await finish(root, ['sh', '-c', 'sleep 1000 & echo']);

	assert.equal((await shown(root, id)).leftover, 1);

	const { code, stdout, stderr } = await root.jobdir(['kill', id]);

	assert.deepEqual([code, stdout],
	    [0, `${id} already_terminated\n`]);
	assert.match(stderr, /left behind/);
	assert.equal((await shown(root, id)).leftover, undefined);
	assert.equal((await shown(root, id)).status, 'completed');
	assert.deepEqual(root.processes(), []);
});

root_test('-q', async (root) => {
	const id = await sleeper(root);

	assert.equal(await fine(root, ['kill', '-q', id]), '');
	assert.equal((await shown(root, id)).status, 'killed');
});

root_test('--json', async (root) => {
	const id = await sleeper(root);
	const { code, stdout } = await root.jobdir(['kill', '--json', id,
		'none']);
	const { jobs } = JSON.parse(lines(stdout).join());

	assert.equal(code, 3);
	assert.deepEqual(jobs.map((j) => [j.job_id, j.status]),
	    [[id, 'killed'], ['none', 'not_found']]);
	assert.match(jobs[0].job_id, UUID);
});

root_test('the same job named twice', async (root) => {
	const id = await sleeper(root);
	const out = await fine(root, ['kill', id, id.slice(0, 8)]);

	assert.match(out, new RegExp(`^${id} killed$`, 'm'));
});

});
