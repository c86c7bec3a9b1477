/*
 * jobdir send: bytes for a job's input.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fails, fine, finish, in_shell, launch, shown, until_logged }
	from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';

/* A job that copies its input to its output. */
const copier = (root) => launch(root, ['-i', 'cat']);

/* Its output after its end. */
async function all_of(root, id) {
	await root.jobdir(['wait', '-q', id]);
	return fine(root, ['log', id]);
}

describe('send', { concurrency: 4 }, () => {

root_test('words and a newline', async (root) => {
	const id = await copier(root);

	assert.equal(await fine(root, ['send', id, 'one']), '');
	await until_logged(root, id, /^one\n$/);
	await fine(root, ['send', id, 'two', 'three  four', '', '*', 'ü']);
	await fine(root, ['send', id, '']);
	await fine(root, ['send', '--eof', id, 'end']);
	assert.equal(await all_of(root, id),
	    'one\ntwo three  four  * ü\n\nend\n');
});

root_test('options come before the job, text is text', async (root) => {
	const id = await copier(root);

	await fine(root, ['send', id, '--eof', '-x']);
	await fine(root, ['send', '--eof', '--', id, '--', 'y']);
	assert.equal(await all_of(root, id), '--eof -x\n-- y\n');
});

root_test('--no-newline', async (root) => {
	const id = await copier(root);

	await fine(root, ['send', '--no-newline', id, 'a', 'b']);
	await fine(root, ['send', '--no-newline', '--eof', id, 'c']);
	assert.equal(await all_of(root, id), 'a bc');
});

root_test('stdin, as it is', async (root) => {
	const id = await copier(root);

	await fine(root, ['send', id], { input: 'no newline' });
	await until_logged(root, id, /^no newline$/);
	await fine(root, ['send', id], { input: '' });
	await fine(root, ['send', '--eof', id], { input: '\ntwo\nlines\n' });
	assert.equal(await all_of(root, id), 'no newline\ntwo\nlines\n');
});

root_test('more than a pipe holds, whole and in order', async (root) => {
	const bytes = randomBytes(700000);
	const id = await launch(root, ['-i', '--max-log', '0', 'sh', '-c',
		'cat >copy']);

	writeFileSync(join(root.work, 'bytes'), bytes);
	await in_shell(root, '"$@" <bytes', ['send', '--eof', id]);
	await root.jobdir(['wait', '-q', id]);
	assert.ok(readFileSync(join(root.work, 'copy')).equals(bytes));
});

root_test('--eof alone', async (root) => {
	const id = await copier(root);

	await fine(root, ['send', '--eof', id], { input: '' });
	assert.equal(await all_of(root, id), '');
	assert.equal((await shown(root, id)).status, 'completed');
});

root_test('by name', async (root) => {
	const id = await launch(root, ['-i', '-n', 'repl', 'cat']);

	await fine(root, ['send', '--eof', 'repl', 'x']);
	assert.equal(await all_of(root, id), 'x\n');
});

root_test('a job that does not accept input: exit 1', async (root) => {
	const ended = await launch(root, ['-i', 'true']);
	const deaf = await launch(root, ['sleep', '1000']);
	const done = await finish(root, ['true']);

	await root.jobdir(['wait', '-q', ended]);
	for (const [id, words] of [
		[ended, /is not running and cannot accept input/],
		[done, /is not running and cannot accept input/],
		[deaf, /does not accept input: started with interactive false/],
	]) {
		assert.match(await fails(root, 1, ['send', id, 'x']), words);
		assert.match(await fails(root, 1, ['send', id],
		    { input: 'x' }), words);
		assert.match(await fails(root, 1, ['send', '--eof', id],
		    { input: '' }), words);
	}
	plant(root, 'foreign', ENDED);
	await fails(root, 1, ['send', 'foreign', 'x']);
});

root_test('an input that was closed', async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c',
		'exec <&-; echo closed; exec sleep 1000']);

	await until_logged(root, id, /closed/);
	assert.match(await fails(root, 1, ['send', id, 'x']), /Broken pipe/);

	const sent = await launch(root, ['-i', 'sh', '-c',
		'cat >/dev/null; echo end; exec sleep 1000']);

	await fine(root, ['send', '--eof', sent, 'x']);
	await until_logged(root, sent, /end/);
	await fails(root, 1, ['send', sent, 'x']);
});

});
