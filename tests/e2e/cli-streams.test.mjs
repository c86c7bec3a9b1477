/*
 * What goes to which stream, and what happens where a stream takes no more.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { begin, fine, finish, in_shell, launch, lines, pipe_without_reader,
	shown } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';
import { UUID } from './lib/tools.mjs';

const LOOKS = [['ls'], ['ls', '-q'], ['ls', '--json'], ['ls', '--jsonl'],
	['show'], ['show', '--json'], ['log'], ['log', '-f'], ['path'],
	['wait'], ['wait', '--json'], ['help'], ['--version']];

describe('streams', { concurrency: 4 }, () => {

root_test('stdout carries data only', async (root) => {
	await finish(root, ['echo', 'x']);
	for (const args of LOOKS) {
		const out = await fine(root, args);

		assert.match(out, /\n$/, args.join(' '));
		assert.doesNotMatch(out, /^jobdir: /m);
	}
	for (const args of [['bogus'], ['ls', '--bogus'], ['show', 'none'],
		['run'], ['run', 'no-such-program'], ['wait', 'none'],
		['ls', '-s', 'lost'], ['kill', 'none'], ['send', 'none']]) {
		const { stdout, stderr } = await root.jobdir(args);

		assert.equal(stdout, '', args.join(' '));
		assert.match(stderr, /^jobdir: /);
	}
});

root_test('no escape sequence into a pipe', async (root) => {
	await finish(root, ['false']);
	for (const args of [['ls'], ['show'], ['help']])
		assert.doesNotMatch(await fine(root, args,
		    { env: { TERM: 'xterm-256color' } }), /\x1b/);
});

root_test('JSON documents: one, or one a line', async (root) => {
	await finish(root, ['printf', '\\377\\000\\033\\n']);
	await finish(root, ['-n', 'two', 'echo', '\u2028"\\']);
	for (const args of [['ls', '--json'], ['show', '--json'],
		['wait', '--json'], ['kill', '--json', '@last'],
		['run', '-w', '--json', 'printf', '\\377']])
		JSON.parse(lines(await fine(root, args)).join());

	const all = lines(await fine(root, ['ls', '--jsonl']));

	assert.equal(all.length, 3);
	all.forEach((line) => assert.match(JSON.parse(line).job_id, UUID));
});

root_test('a reader that goes away is no error', async (root) => {
	for (let i = 0; i < 5; i++)
		plant(root, `planted${i}`, ENDED);
	await finish(root, ['seq', '100000']);
	for (const args of LOOKS) {
		const { fd } = pipe_without_reader(root);
		const { code, errors } = await begin(root, args,
		    { stdio: ['ignore', fd, 'pipe'] }).end();

		assert.deepEqual([code, errors], [0, ''], args.join(' '));
	}

	const { stdout, stderr } = await in_shell(root,
	    '{ "$@"; echo $? >code; } | head -n 1; cat code', ['log']);

	assert.deepEqual([stdout, stderr], ['1\n0\n', '']);
});

root_test('nobody reads a run any more: the job goes on', async (root) => {
	const { fd } = pipe_without_reader(root);
	const stdio = ['ignore', fd, 'pipe'];
	const run = begin(root, ['run', '-f', 'sh', '-c',
		'seq 100000; exit 7'], { stdio });

	assert.equal((await run.end()).code, 7);
	assert.equal((await shown(root)).stdout_size, 588895);

	const quiet = begin(root, ['run', 'sleep', '1000'], { stdio });

	assert.equal((await quiet.end()).code, 0);
	assert.equal((await shown(root)).status, 'running');
});

root_test('log -f ends when nobody reads', async (root) => {
	const id = await launch(root, ['sleep', '1000']);
	const { fd } = pipe_without_reader(root);
	const log = begin(root, ['log', '-f', id],
	    { stdio: ['ignore', fd, 'pipe'] });
	const { code, errors } = await log.end();

	assert.deepEqual([code, errors], [0, '']);
	assert.equal((await shown(root, id)).status, 'running');
});

root_test('what cannot be written is an error', async (root) => {
	await finish(root, ['echo', 'x']);
	for (const where of ['>/dev/full', '>&-'])
		for (const args of LOOKS) {
			const { code, stderr } = await in_shell(root,
			    `exec "$@" ${where}`, args);

			assert.equal(code, 125, `${args.join(' ')} ${where}`);
			assert.match(stderr,
			    /^jobdir: cannot write to standard output: /m);
		}
});

root_test('the id of a started job is told somewhere', async (root) => {
	for (const args of [['sleep', '1000'], ['--json', 'sleep', '1000'],
		['-w', 'true'], ['-f', 'echo', 'x']]) {
		const { code, stderr } = await in_shell(root,
		    'exec "$@" >/dev/full', ['run', ...args]);
		const { job_id } = await shown(root);

		assert.equal(code, 125, args.join(' '));
		assert.ok(stderr.includes(job_id), stderr);
	}
});

root_test('stderr that takes nothing', async (root) => {
	const id = await finish(root, ['echo', 'x']);

	for (const where of ['2>/dev/full', '2>&-']) {
		const ls = await in_shell(root, `exec "$@" ${where}`,
		    ['ls', '-q']);
		const bad = await in_shell(root, `exec "$@" ${where}`,
		    ['show', 'none']);

		assert.deepEqual([ls.code, ls.stdout, bad.code],
		    [0, `${id}\n`, 3]);
	}
});

root_test('all three are closed', async (root) => {
	const { code } = await in_shell(root, 'exec "$@" <&- >&- 2>&-',
	    ['run', 'sh', '-c', 'echo out; echo err >&2; cat']);

	assert.equal(code, 125);
	await root.jobdir(['wait', '-q']);

	const log = await root.jobdir(['log']);

	assert.deepEqual([log.stdout, log.stderr], ['out\n', 'err\n']);
});

});
