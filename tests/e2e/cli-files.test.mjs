/*
 * Without jobdir: everything can be read, and jobs be stopped, with ls, cat,
 * grep, touch and kill.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine, finish, launch, lines, shown, until_logged }
	from './lib/cli.mjs';
import { alive } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

/* A shell line in the parent of runs/; gives stdout. */
async function shell(root, line, ...args) {
	const { code, stdout, stderr } = await root.run('/bin/sh',
	    ['-c', line, 'sh', ...args], { cwd: root.top });

	assert.deepEqual([code, stderr], [0, ''], line);
	return stdout;
}

describe('without jobdir', { concurrency: 4 }, () => {

root_test('ls runs/', async (root) => {
	const ids = [];

	/* Names carry whole seconds. */
	for (let i = 0; i < 2; i++) {
		const id = await finish(root, ['true']);
		const name = root.job_names().find((n) => n.endsWith(id));

		assert.match(name, /^\d{8}T\d{6}Z__/);
		ids.push(id);
		await until(() => new Date().toISOString().slice(0, 19)
		    .replace(/[-:]/g, '') !== name.slice(0, 15), 5000,
		    'the next second');
	}

	const listed = lines(await shell(root, 'ls runs/'));

	assert.deepEqual(listed.map((n) => n.split('__')[1]), ids);
});

root_test('cat of the record: pretty, a key a line', async (root) => {
	const id = await finish(root, ['-n', 'x', 'sh', '-c', 'exit 7']);
	const text = await shell(root, 'cat runs/*__"$1"*/journal.json',
	    id.slice(0, 8));

	assert.equal(JSON.parse(text).exit_code, 7);
	for (const key of ['id', 'command', 'name', 'started', 'finished',
		'exit_code'])
		assert.match(text, new RegExp(`^ +"${key}": .*[^{\\[]$`, 'm'));
});

root_test('cat of everything ends', async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c',
		'echo out; echo err >&2; exec cat']);

	await until_logged(root, id, /out/);

	const text = await shell(root, 'cat runs/*__"$1"*/*', id);

	assert.match(text, /^out$/m);
	assert.match(text, /^err$/m);

	const names = lines(await shell(root, 'ls runs/*__"$1"*', id));

	assert.ok(names.includes('journal.json') && names.includes('pid') &&
	    names.includes('stdout.log') && names.includes('stderr.log'));
	for (const name of names)
		assert.ok(statSync(join(root.runs, root.job_names()[0], name))
		    .isFile(), name);
});

root_test('grep for an exit code', async (root) => {
	await finish(root, ['true']);

	const id = await finish(root, ['sh', '-c', 'exit 7']);
	const found = lines(await shell(root,
	    'grep -l \'"exit_code": 7\' runs/*/journal.json'));

	assert.equal(found.length, 1);
	assert.ok(found[0].endsWith(`__${id}/journal.json`));
});

root_test('the logs hold the bytes of the job', async (root) => {
	const id = await finish(root, ['printf', 'a\\000\\377\n']);

	assert.deepEqual([...readFileSync(join((await shown(root, id)).dir,
	    'stdout.log'))], [97, 0, 255, 10]);
});

root_test('touch cancel asks it to stop', async (root) => {
	const id = await launch(root, ['sleep', '1000']);

	/* A pattern with a file that is not there yet would match nothing. */
	await shell(root, 'cd runs/*__"$1"* && touch cancel', id.slice(0, 8));

	const { code, stdout } = await root.jobdir(['wait', id]);

	assert.deepEqual([code, stdout], [143, `${id} killed TERM\n`]);
});

root_test('kill by the pid file', async (root) => {
	for (const [signal, number] of [['TERM', 15], ['KILL', 9]]) {
		const id = await launch(root, ['sleep', '1000']);
		const { pid } = await shown(root, id);

		assert.equal(await shell(root, 'cat runs/*__"$1"*/pid', id),
		    `${pid}\n`);
		await shell(root, 'kill -"$2" "$(cat runs/*__"$1"*/pid)"', id,
		    signal);

		const { code, stdout } = await root.jobdir(['wait', id]);

		assert.deepEqual([code, stdout],
		    [128 + number, `${id} failed ${signal}\n`]);
		assert.match(await fine(root, ['show', id]),
		    new RegExp(`^status +failed: signal SIG${signal}$`, 'm'));
		assert.ok(!alive(pid));
	}
});

});
