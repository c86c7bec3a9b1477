/*
 * The grammar of the command line: verbs, options, help, usage errors; and
 * which directory is the runs root.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fails, fine, finish, launch, lines } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';

const VERBS = ['run', 'ls', 'show', 'log', 'path', 'wait', 'kill', 'send',
	'rm', 'gc', 'mcp', 'help'];

/* The synopsis at the beginning of a verb's help. */
async function synopsis(root, verb) {
	return (await fine(root, ['help', verb])).split('\n\n')[0];
}

/* A usage error: one line that says what, and the synopsis of the verb. */
async function misused(root, args, message) {
	const said = lines(await fails(root, 2, args));

	assert.match(said[0], message, args.join(' '));
	return said.slice(1).join('\n');
}

describe('grammar', { concurrency: 4 }, () => {

root_test('no verb is ls', async (root) => {
	plant(root, '20260101T000000Z__planted', ENDED);
	assert.equal(await fine(root, []), await fine(root, ['ls']));
	assert.match(await fine(root, []), /planted/);
});

root_test('--root before and after the verb', async (root) => {
	const env = { JOBDIR_ROOT: join(root.top, 'other') };

	plant(root, '20260101T000000Z__planted', ENDED);
	for (const args of [
		['--root', root.runs],
		[`--root=${root.runs}`],
		['--root', root.runs, 'ls'],
		['ls', '--root', root.runs],
		['ls', '-q', `--root=${root.runs}`],
		['--root', '/nonexistent', 'ls', '--root', root.runs],
	])
		assert.match(await fine(root, args, { env }), /planted/);
});

root_test('help and version', async (root) => {
	const help = await fine(root, ['help']);

	assert.equal(await fine(root, ['--help']), help);
	assert.ok(help.startsWith(
	    'usage: jobdir [--root DIR] [VERB [ARG...]]\n'));
	for (const verb of VERBS) {
		assert.match(help, new RegExp(`^  ${verb} +\\S`, 'm'));

		const text = await fine(root, ['help', verb]);

		assert.ok(text.startsWith(`usage: jobdir ${verb}`), text);
		assert.equal(await fine(root, [verb, '--help']), text);
	}
	assert.equal(await fine(root, ['--version']), 'jobdir 1.0.0\n');
	assert.ok(!existsSync(root.runs));
});

root_test('help never runs the verb', async (root) => {
	assert.match(await fine(root, ['run', '-n', 'x', '--help', 'true']),
	    /^usage: jobdir run/);
	assert.deepEqual(root.job_names(), []);
});

root_test('options end at the first word', async (root) => {
	const id = await finish(root, ['echo', '-w', '--json', '--', '-x']);

	assert.equal(await fine(root, ['log', id]), '-w --json -- -x\n');
});

root_test('-- is for a COMMAND that begins with -', async (root) => {
	const id = await finish(root, ['-n', 'dashes', '--', 'echo', '--',
		'-n']);

	assert.equal(await fine(root, ['log', id]), '-- -n\n');
	assert.match(await fails(root, 127, ['run', '--', '-nope']),
	    /cannot execute -nope/);
	await misused(root, ['run', '-nope!', 'true'], /no name: 'ope!'/);
});

root_test('joined and abbreviated options', async (root) => {
	const id = await launch(root, ['-in', 'joined', '-t1000', '--max=1M',
		'cat']);

	await fine(root, ['send', '--no', '--eo', id, '1\n2\n3\n4\n5']);
	await fine(root, ['wait', '-qt30', id]);
	assert.equal(await fine(root, ['log', '-fN2', id]), '4\n5');
	assert.equal(await fine(root, ['log', '--li=1', '--stdo', id]), '5');
	assert.equal(await fine(root, ['ls', '-aqs', 'completed']), `${id}\n`);
	assert.equal(await fine(root, ['ls', '--quiet', '--nam=joined']),
	    `${id}\n`);
	/* Exact, not an abbreviation of --jsonl. */
	assert.ok(JSON.parse(await fine(root, ['ls', '--json'])).jobs);
	await misused(root, ['ls', '--js'], /option --js/);
	await misused(root, ['log', '--std'], /option --std/);
});

root_test('usage errors', async (root) => {
	for (const [message, ...args] of [
		[/--bogus/, 'ls', '--bogus'],
		[/-Z/, 'ls', '-Z'],
		[/too many arguments: word/, 'ls', 'word'],
		[/too many arguments: two/, 'show', 'one', 'two'],
		[/too many arguments: -f/, 'log', 'one', '-f'],
		[/too many arguments/, 'path', 'one', 'two'],
		[/no number: five/, 'ls', '-N', 'five'],
		[/no number: -1/, 'ls', '-N', '-1'],
		[/no state: 'dead'/, 'ls', '-s', 'running,dead'],
		[/no number of lines: x/, 'log', '-N', 'x'],
		[/no time: soon/, 'wait', '-t', 'soon'],
		[/no time: 1w/, 'wait', '-t', '1w'],
		[/no time limit: 0/, 'run', '-t', '0', 'true'],
		[/no size: 1X/, 'run', '--max-log', '1X', 'true'],
		[/no name/, 'run', '-n', 'a/b', 'true'],
		[/key/, 'run', '-k', '', 'true'],
		[/variable/, 'run', '-e', '=x', 'true'],
		[/COMMAND/, 'run'],
		[/needs an argument/, 'run', '-n'],
		[/needs an argument/, 'wait', '--timeout'],
		[/takes no argument/, 'ls', '--quiet=5'],
		[/no signal: BOGUS/, 'kill', '-s', 'BOGUS', 'job'],
		[/no signal: 99/, 'kill', '-s', '99', 'job'],
		[/no time: x/, 'kill', '-g', 'x', 'job'],
		[/JOB/, 'kill'],
		[/JOB/, 'send'],
		[/exclude/, 'run', '-w', '-f', 'true'],
		[/exclude/, 'run', '-f', '--json', 'true'],
		[/exclude/, 'ls', '-a', '-N', '3'],
		[/exclude/, 'ls', '-q', '--json'],
		[/exclude/, 'ls', '--json', '--jsonl'],
		[/exclude/, 'log', '--stdout', '--stderr'],
		[/exclude/, 'wait', '-q', '--json'],
		[/exclude/, 'wait', '-a', 'job'],
		[/exclude/, 'kill', '-q', '--json', 'job'],
	])
		assert.equal(await misused(root, args, message),
		    await synopsis(root, args[0]), args.join(' '));
	assert.ok(!existsSync(root.runs));
});

root_test('no such verb, no such option', async (root) => {
	const program = /^usage: jobdir \[--root DIR\] \[VERB/;

	assert.match(await misused(root, ['bogus'], /verb 'bogus'/), program);
	assert.match(await misused(root, ['--bogus'], /--bogus/), program);
	assert.match(await misused(root, ['--root'], /needs an argument/),
	    program);
	await misused(root, ['help', 'bogus'], /verb 'bogus'/);
	/* Verbs are not abbreviated. */
	await misused(root, ['kil', 'x'], /verb 'kil'/);
	await misused(root, ['li\x1b[31mst'], /verb 'li\\x1b\[31mst'/);
});

});

describe('the runs root', { concurrency: 4 }, () => {

root_test('one that is missing is empty, and stays so', async (root) => {
	const { code, stdout, stderr } = await root.jobdir(['ls']);

	assert.deepEqual([code, stdout], [0, '']);
	assert.ok(stderr.includes(root.runs), stderr);
	assert.deepEqual(JSON.parse(
	    (await root.jobdir(['ls', '--json'])).stdout),
	{ root: root.runs, jobs: [] });
	assert.equal((await root.jobdir(['ls', '--jsonl'])).stdout, '');
	for (const verb of ['show', 'log', 'path', 'wait']) {
		assert.match(await fails(root, 3, [verb, 'train']),
		    /Job train not found/);
		await fails(root, 3, [verb]);
	}
	await fails(root, 3, ['kill', 'train']);
	await fails(root, 3, ['send', 'train', 'x']);
	assert.equal(await fine(root, ['wait', '-a']), '');
	assert.ok(!existsSync(root.runs));
});

root_test('the first start makes it, mode 0700', async (root) => {
	const deep = join(root.top, 'a/b/runs');

	await fine(root, ['--root', deep, 'run', '-w', 'true']);
	assert.equal(statSync(deep).mode & 0o777, 0o700);
	assert.equal(lines(await fine(root, ['--root', deep, 'ls', '-q']))
	    .length, 1);
});

root_test('a file in its place', async (root) => {
	writeFileSync(root.runs, 'precious');
	for (const args of [['ls'], ['show'], ['run', 'true']])
		assert.ok((await fails(root, 125, args)).includes(root.runs));
	assert.equal(statSync(root.runs).size, 8);
});

root_test('one that cannot be made', async (root) => {
	writeFileSync(join(root.top, 'file'), '');
	await fails(root, 125, ['run', 'true'],
	    { env: { JOBDIR_ROOT: join(root.top, 'file/runs') } });
});

root_test('$JOBDIR_ROOT, else below the home directory', async (root) => {
	const below = '.local/state/jobdir/runs';
	const home = join(root.top, 'home');
	const other = join(root.top, 'state');
	const read = async (env) => JSON.parse((await root.jobdir(
	    ['ls', '--json', '-n', 'no-such-name'],
	    { env: { XDG_STATE_HOME: other, ...env } })).stdout).root;

	mkdirSync(home);
	assert.equal(await read({ HOME: home }), root.runs);
	assert.equal(await read({ HOME: home, JOBDIR_ROOT: undefined }),
	    join(home, below));
	assert.equal(await read({ HOME: undefined, JOBDIR_ROOT: undefined }),
	    join(userInfo().homedir, below));
	await fine(root, ['run', '-w', 'true'],
	    { env: { HOME: home, JOBDIR_ROOT: undefined } });
	assert.ok(existsSync(join(home, below)));
	assert.ok(!existsSync(root.runs));
});

root_test('a relative root', async (root) => {
	await fine(root, ['--root', 'rel/runs', 'run', '-w', '-C', '/',
		'true']);
	assert.ok((await fine(root, ['--root', 'rel/runs', 'path']))
	    .startsWith(join(root.work, 'rel/runs')));
});

});
