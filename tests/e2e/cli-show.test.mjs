/*
 * jobdir show: what is known of one job, and from what evidence.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine, finish, launch, lines, shown, until_logged }
	from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { ok, start, until_ended, UUID } from './lib/tools.mjs';

const DAY = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;

/* The lines as pairs of name and value. */
async function facts(root, ...job) {
	return lines(await fine(root, ['show', ...job])).map((line) => {
		assert.match(line, /^[a-z ]{11} \S/);
		return [line.slice(0, 12).trim(), line.slice(12)];
	});
}

const names = (pairs) => pairs.map(([name]) => name);

describe('show', { concurrency: 4 }, () => {

root_test('a failed job: all lines, in order', async (root) => {
	const id = await finish(root, ['sh', '-c',
		'echo out; echo oops >&2; exit 7']);
	const all = await facts(root);
	const job = Object.fromEntries(all);

	assert.deepEqual(names(all).filter((n) => n !== 'error'), ['id',
		'status', 'command', 'directory', 'started', 'ended', 'cpu',
		'output', 'last line', 'job', 'evidence']);
	assert.equal(job.id, id);
	assert.equal(job.status, 'failed: exit code 7');
	assert.equal(job.command, "sh -c 'echo out; echo oops >&2; exit 7'");
	assert.equal(job.directory, root.work);
	assert.match(job.started, DAY);
	assert.match(job.started, / by shell$/);
	assert.match(job.ended, DAY);
	assert.match(job.ended, /, after [0-9.]+s$/);
	assert.match(job.cpu,
	    /^[0-9.]+s user, [0-9.]+s system, .*i?B at most$/);
	assert.match(job.output,
	    /^stdout 4 B, stderr 5 B, last at (.* )?\d\d:\d\d:\d\d$/);
	assert.match(job['last line'], /^(out|oops)$/);
	assert.equal(job.job, join(root.runs, root.job_names()[0]));
	assert.equal(job.evidence,
	    'journal.json has an end record: exit code 7');
});

root_test('a running job', async (root) => {
	const id = await launch(root, ['-n', 'live', '-t', '2h', 'sh', '-c',
		'printf "no end"; exec sleep 1000']);

	await until_logged(root, id, /no end/);

	const all = await facts(root, 'live');
	const job = Object.fromEntries(all);

	assert.deepEqual(names(all), ['id', 'name', 'status', 'command',
		'directory', 'started', 'time', 'time limit', 'output',
		'last line', 'job', 'evidence']);
	assert.deepEqual([job.id, job.name, job.status, job['time limit'],
		job['last line']], [id, 'live', 'running', '2h', 'no end']);
	assert.match(job.evidence, /^process \d+ lives/);
});

root_test('a killed job', async (root) => {
	const id = await launch(root, ['sleep', '1000']);

	await fine(root, ['kill', '-q', id]);

	const job = Object.fromEntries(await facts(root, id));

	assert.match(job.status, /^killed: .*SIGTERM/);
	assert.match(job['stop asked'], /by shell, SIGTERM$/);
});

root_test('a job that a server started', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'true');

	await until_ended(server, job_id);

	const job = Object.fromEntries(await facts(root, job_id));

	assert.equal(job.status, 'completed: exit code 0');
	assert.match(job.started, / by jobdir-tests 1\.2\.3$/);
});

root_test('a torn record', async (root) => {
	plant(root, 'torn', '{"comm');

	const job = Object.fromEntries(await facts(root, 'torn'));

	assert.match(job.status, /^unknown: /);
	assert.match(job.evidence, /cannot be read/);
	assert.equal(job.job, join(root.runs, 'torn'));
	assert.equal((await shown(root, 'torn')).reason, 'unreadable');
});

root_test('a line a value, whatever it holds', async (root) => {
	const dir = join(root.work, 'new\nline\x1b[31m');

	mkdirSync(dir);
	await finish(root, ['-C', dir, 'printf', 'a\nb\x1b[5m\rc\x07d']);
	plant(root, 'evil', { ...ENDED, name: 'n\nid x', command: '\x1bc' });

	const job = Object.fromEntries(await facts(root));

	assert.ok(job.directory.endsWith('new\\nline\\x1b[31m'));
	assert.doesNotMatch(job['last line'], /[\x00-\x1f]/);

	const evil = Object.fromEntries(await facts(root, 'evil'));

	assert.deepEqual([evil.name, evil.command], ['n\\nid x', '\\x1bc']);
});

root_test('--json is the object of get_job_status', async (root) => {
	const server = await root.server();

	for (const args of [['sh', '-c', 'echo x; exit 7'], ['-n', 'n', 'true'],
		['sh', '-c', 'kill -KILL $$']]) {
		const job_id = await finish(root, args);
		const { hint, ...told } = await ok(server, 'get_job_status',
		    { job_id });
		const { hint: other, ...said } = await shown(root, job_id);

		assert.match(said.job_id, UUID);
		assert.deepEqual(said, told, hint ?? other);
	}
});

});

describe('path', { concurrency: 4 }, () => {

root_test('for the shell', async (root) => {
	const runs = join(root.top, 'a b\'c$d');

	await fine(root, ['--root', runs, 'run', '-w', 'echo', 'found']);

	const { stdout } = await root.run('/bin/sh', ['-c',
		'cat "$("$JOBDIR" --root "$1" path)/stdout.log"', 'sh', runs],
	{ env: { JOBDIR: PROGRAM } });

	assert.equal(stdout, 'found\n');
});

root_test('of a foreign job', async (root) => {
	const dir = plant(root, '20260101T000000Z__planted', ENDED);

	for (const job of ['planted', '20260101T000000Z__planted', 'plan'])
		assert.equal(await fine(root, ['path', job]), `${dir}\n`);
});

});
