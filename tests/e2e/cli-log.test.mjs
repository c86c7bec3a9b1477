/*
 * jobdir log: the bytes of a job's output, as they are or as they come.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { begin, fine, finish, in_shell, launch, lines, seen, shown,
	until_logged } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';

/* Both streams of a call with code 0. */
async function both(root, ...args) {
	const { code, stdout, stderr } = await root.jobdir(['log', ...args]);

	assert.equal(code, 0, stderr);
	return [stdout, stderr];
}

/* A job that answers each line of its input on both streams. */
function echoing_job(root) {
	return launch(root, ['-i', 'sh', '-c',
		'while read x; do echo "$x"; echo "e$x" >&2; done']);
}

/* stdout of a call, as bytes. */
async function bytes(root, ...args) {
	const log = begin(root, ['log', ...args]);
	const { code, errors } = await log.end();

	assert.deepEqual([code, errors], [0, '']);
	return log.bytes();
}

describe('log of an ended job', { concurrency: 4 }, () => {

root_test('each stream to its own', async (root) => {
	const id = await finish(root, ['sh', '-c',
		'echo 1; echo a >&2; echo 2; printf b >&2']);

	assert.deepEqual(await both(root), ['1\n2\n', 'a\nb']);
	assert.deepEqual(await both(root, id), ['1\n2\n', 'a\nb']);
	assert.deepEqual(await both(root, '--stdout'), ['1\n2\n', '']);
	assert.deepEqual(await both(root, '--stderr'), ['', 'a\nb']);
	assert.deepEqual(await both(root, '-f'), ['1\n2\n', 'a\nb']);
});

root_test('stdout first, then stderr', async (root) => {
	await finish(root, ['sh', '-c', 'echo a >&2; echo 1; echo b >&2']);

	const { stdout } = await in_shell(root, '"$@" 2>&1', ['log']);

	assert.equal(stdout, '1\na\nb\n');
});

root_test('-N: the last lines of each stream', async (root) => {
	await finish(root, ['sh', '-c', 'seq 1 50000; seq 1 30 >&2; ' +
		'printf end']);
	assert.deepEqual(await both(root, '-N', '3'),
	    ['49999\n50000\nend', '28\n29\n30\n']);
	assert.deepEqual(await both(root, '-N1', '--stdout'), ['end', '']);
	assert.deepEqual(await both(root, '-N', '0'), ['', '']);

	const [out, err] = await both(root, '-N', '20001');

	assert.equal(out.split('\n').length, 20001);
	assert.ok(out.startsWith('30001\n'));
	assert.equal(lines(err).length, 30);
	assert.equal((await both(root, '-N', '999999999'))[0],
	    (await both(root))[0]);
});

root_test('bytes stay what they are', async (root) => {
	const wanted = Buffer.concat([randomBytes(300000),
		Buffer.from('\0\x1b[31m\r\xff\n\x1b]0;t\x07', 'latin1')]);

	writeFileSync(join(root.work, 'bytes'), wanted);
	await finish(root, ['sh', '-c', 'cat bytes; cat bytes >&2']);
	assert.ok((await bytes(root, '--stdout')).equals(wanted));
	assert.ok((await bytes(root, '--stdout', '--raw')).equals(wanted));
	assert.ok((await bytes(root, '--stdout', '-f')).equals(wanted));

	const log = begin(root, ['log', '--stderr']);

	assert.equal((await log.end()).code, 0);
	assert.ok(log.bytes('stderr').equals(wanted));
	assert.equal(log.bytes().length, 0);
});

root_test('a dropped middle is one line', async (root) => {
	await finish(root, ['--max-log', '64K', 'seq', '60000']);

	const all = Array.from({ length: 60000 }, (_, i) => `${i + 1}\n`)
	    .join('');
	const out = await fine(root, ['log']);
	const [marker, count] =
	    /^\[jobdir: (\d+) bytes dropped here\]\n/m.exec(out);
	const [before, after] = out.split(marker);

	/* The marker begins a line, whatever was before it. */
	assert.ok(all.startsWith(before.slice(0, -1)));
	assert.ok(before.endsWith('\n'));
	assert.ok(all.endsWith(after));

	const kept = all.length - Number(count) - after.length;

	assert.ok([before, before.slice(0, -1)].includes(all.slice(0, kept)));
	assert.ok(kept > 0 && after.length > kept);
	assert.equal((await shown(root)).stdout_size, all.length);
	assert.equal(await fine(root, ['log', '-f']), out);
	assert.equal(await fine(root, ['log', '-N', '2']), '59999\n60000\n');
	assert.equal(await fine(root, ['log', '-N', '99999']), out);
});

root_test('a job without logs', async (root) => {
	plant(root, 'bare', ENDED);
	assert.deepEqual(await both(root, 'bare'), ['', '']);
	assert.deepEqual(await both(root, '-f', 'bare'), ['', '']);
});

root_test('to search in', async (root) => {
	await finish(root, ['seq', '1000']);

	const { stdout } = await in_shell(root, '"$@" | grep 99', ['log']);

	assert.equal(lines(stdout).length, 19);
});

root_test('a pipe or a directory in the place of a log', async (root) => {
	const dir = plant(root, 'pipe', ENDED);

	await root.run('mkfifo', [join(dir, 'stdout.log')]);
	await root.run('mkdir', [join(dir, 'stderr.log')]);
	await root.jobdir(['log', 'pipe']); /* ends */
	await root.run('rm', [join(dir, 'stdout.log')]);
});

});

describe('log -f', { concurrency: 4 }, () => {

root_test('follows until the end', async (root) => {
	const id = await echoing_job(root);
	const log = begin(root, ['log', '-f', id]);

	for (const word of ['one', 'two', 'three']) {
		await fine(root, ['send', id, word]);
		await log.prints(new RegExp(`^e${word}$`, 'm'));
		assert.equal(log.gone, undefined);
	}
	await fine(root, ['send', '--eof', id, 'four']);

	const { code, out, errors } = await log.end();

	assert.deepEqual([code, out, errors], [0, 'one\ntwo\nthree\nfour\n',
		'eone\netwo\nethree\nefour\n']);
});

root_test('tells how the writing went, not how the job ended',
    async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c', 'cat; exit 7']);
	const log = begin(root, ['log', '-f', id]);

	await fine(root, ['send', '--eof', id, 'x']);

	const { code, out } = await log.end();

	assert.deepEqual([code, out], [0, 'x\n']);
});

root_test('-N counts from now, then all that comes', async (root) => {
	const id = await echoing_job(root);

	await fine(root, ['send', id, '1\n2\n3\n4']);
	await until_logged(root, id, /^4$/m);

	const log = begin(root, ['log', '-f', '-N', '2', '--stdout', id]);

	await log.prints(/^4$/m);
	await fine(root, ['send', '--eof', id, '5']);

	const { out, errors } = await log.end();

	assert.deepEqual([out, errors], ['3\n4\n5\n', '']);
});

root_test('an unfinished line comes at once', async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c',
		'printf "name? "; read x; echo "hello $x"']);
	const log = begin(root, ['log', '-f', id]);

	await log.prints(/^name\? $/);
	await fine(root, ['send', id, 'you']);
	assert.equal((await log.end()).out, 'name? hello you\n');
});

root_test('much output, whole and in order', async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c',
		'read x; seq 200000']);
	const log = begin(root, ['log', '-f', id]);

	await fine(root, ['send', id, 'go']);

	const { out } = await log.end();

	assert.equal(out, Array.from({ length: 200000 }, (_, i) => `${i + 1}\n`)
	    .join(''));
});

root_test('a job that truncates its log', async (root) => {
	const id = await launch(root, ['-i', 'sh', '-c', 'echo long long ' +
		'line; read x; : >"$JOBDIR_DIR/stdout.log"; read x; echo new']);
	const log = begin(root, ['log', '-f', id]);

	await log.prints(/line/);
	await fine(root, ['send', id, '1']);
	await log.prints(/stdout\.log was truncated by the job/);
	await fine(root, ['send', id, '2']);

	const { code, out } = await log.end();

	assert.equal(code, 0);
	assert.match(out, /^long long line\n[^]*new\n$/);
});

root_test('the job is killed', async (root) => {
	const id = await echoing_job(root);
	const log = begin(root, ['log', '-f', id]);

	await fine(root, ['send', id, 'one']);
	await log.prints(/eone/);
	await fine(root, ['kill', '-q', id]);
	assert.equal((await log.end()).code, 0);
});

});

describe('log on a terminal', { concurrency: 4 }, () => {

const NOISE = '\\033[31mred\\033[0m \\033]0;title\\007 \\033[2J\\n';

root_test('colours are kept, the rest is shown', async (root) => {
	await finish(root, ['printf', NOISE]);
	assert.equal(await seen(root, ['log']),
	    '\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\x1b[2J\n');
	assert.equal(await seen(root, ['log', '-f']),
	    '\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\x1b[2J\n');
});

root_test('--raw', async (root) => {
	await finish(root, ['printf', NOISE]);
	assert.equal(await seen(root, ['log', '--raw']),
	    '\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\n');
});

});
