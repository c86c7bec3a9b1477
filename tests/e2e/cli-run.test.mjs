/*
 * jobdir run: what it starts, what of it is told, and what is left if it
 * cannot be started.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync,
	statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe } from 'node:test';
import { begin, fails, fine, finish, in_shell, launch, lines, seen, shown }
	from './lib/cli.mjs';
import { environment } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { start, TIME, UUID } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

/* Nothing was started, and nothing is left of the attempt; the supervisor, who
 * tidies up, may end a moment after the launcher. */
async function nothing_is_left(root) {
	const hidden = join(root.runs, '.new');

	assert.deepEqual(root.job_names(), []);
	await until(() => !existsSync(hidden) || !readdirSync(hidden).length,
	    5000, 'nothing is left in .new');
}

describe('run', { concurrency: 4 }, () => {

root_test('prints the id and nothing else', async (root) => {
	const { code, stdout, stderr } = await root.jobdir(['run', 'sh', '-c',
		'echo out; echo err >&2; exec sleep 1000']);

	assert.deepEqual([code, stderr], [0, '']);
	assert.match(lines(stdout).join(), UUID);
	assert.equal((await shown(root)).status, 'running');
	assert.ok(root.job_names()[0].endsWith(`__${stdout.trim()}`));
});

root_test('executes COMMAND without a shell', async (root) => {
	await finish(root, ['printf', '%s|', '$HOME', '*', 'a b', '', ';',
		'ü\n']);
	assert.equal(await fine(root, ['log']), '$HOME|*|a b||;|ü\n|');
	assert.equal((await shown(root)).exit_code, 0);
});

root_test('in this directory with this environment', async (root) => {
	const id = await launch(root, ['sh', '-c', 'pwd -P; exec sleep 1000'],
	    { env: { FRUIT: 'plum', JOBDIR_ID: 'stale' } });
	const { cwd, dir, pid } = await shown(root, id);

	assert.equal(realpathSync(cwd), realpathSync(root.work));
	assert.equal(basename(dir), root.job_names()[0]);

	const { FRUIT, JOBDIR_ROOT, JOBDIR_ID, JOBDIR_DIR } = environment(pid);

	assert.deepEqual({ FRUIT, JOBDIR_ROOT, JOBDIR_ID, JOBDIR_DIR },
	    { FRUIT: 'plum', JOBDIR_ROOT: root.runs, JOBDIR_ID: id,
		JOBDIR_DIR: dir });
});

root_test('-e sets or passes a variable, only names are stored',
    async (root) => {
	const id = await finish(root, ['-e', 'SET=s3cret=1', '-e', 'PASSED',
		'-e', 'EMPTY=', '-e', 'UNSET', 'sh', '-c',
		'echo "$SET,$PASSED,${EMPTY-none},${UNSET-none}"'],
	{ env: { PASSED: 'pa55ed', EMPTY: 'full' } });

	assert.equal(await fine(root, ['log', id]), 's3cret=1,pa55ed,,none\n');

	const text = readFileSync(join((await shown(root)).dir,
	    'journal.json'), 'utf8');

	assert.match(text, /"SET"/);
	assert.match(text, /"PASSED"/);
	assert.doesNotMatch(text, /s3cret|pa55ed/);
});

root_test('-C', async (root) => {
	const deep = join(root.work, 'deep');

	mkdirSync(deep);
	await finish(root, ['-C', 'deep', 'pwd']);
	assert.equal(await fine(root, ['log']),
	    `${realpathSync(deep)}\n`);
	assert.equal((await shown(root)).cwd, realpathSync(deep));
	/* A program is looked for where it will run. */
	writeFileSync(join(deep, 'prog'), '#!/bin/sh\necho found\n',
	    { mode: 0o755 });
	await finish(root, ['-C', deep, './prog']);
	assert.equal(await fine(root, ['log']), 'found\n');
});

root_test('-n', async (root) => {
	const first = await finish(root, ['-n', 'A.b_c:d+e-1', 'true']);
	const second = await finish(root, ['-n', 'A.b_c:d+e-1', 'true']);

	assert.notEqual(first, second);
	assert.equal((await shown(root, 'A.b_c:d+e-1')).job_id, second);
});

root_test('-k starts a job once', async (root) => {
	const id = await launch(root, ['-k', 'the key', 'echo', 'one']);
	const again = await root.jobdir(['run', '-k', 'the key', 'echo',
		'two']);

	assert.deepEqual([again.code, again.stdout], [0, `${id}\n`]);
	assert.match(again.stderr, /already started/);
	assert.equal(root.job_names().length, 1);

	const json = await root.jobdir(['run', '-k', 'the key', '--json',
		'true']);
	const job = JSON.parse(json.stdout);

	assert.deepEqual([job.job_id, job.reused], [id, true]);
});

root_test('-k: the end of the first job is waited for', async (root) => {
	await launch(root, ['-k', 'k', 'sh', '-c', 'exit 9']);

	const { code } = await root.jobdir(['run', '-w', '-k', 'k', 'true']);

	assert.equal(code, 9);
});

root_test('the input is empty, with -i open', async (root) => {
	await finish(root, ['cat']);
	assert.equal((await shown(root)).status, 'completed');
	assert.ok(!(await shown(root)).interactive);

	const id = await launch(root, ['-i', 'cat']);

	assert.equal((await shown(root, id)).interactive, true);
	await fine(root, ['send', '--eof', id, 'fed']);
	await fine(root, ['wait', '-q', id]);
	assert.equal(await fine(root, ['log', id]), 'fed\n');
});

root_test('-m keeps the order of lines', async (root) => {
	await finish(root, ['-m', 'sh', '-c',
		'echo 1; echo 2 >&2; echo 3; echo 4 >&2']);
	assert.equal(await fine(root, ['log']), '1\n2\n3\n4\n');
	assert.equal(await fine(root, ['log', '--stderr']), '');
});

root_test('-w prints the id first, then waits', async (root) => {
	const run = begin(root, ['run', '-w', '-i', 'sh', '-c',
		'read x; exit $x']);

	await run.prints(/\n/);

	const id = run.out.trim();

	assert.match(id, UUID);
	assert.equal(run.gone, undefined);
	await fine(root, ['send', id, '5']);

	const { code, out, errors } = await run.end();

	assert.deepEqual([code, out, errors], [5, `${id}\n`, '']);
});

root_test('-f shows the output as it comes', async (root) => {
	const run = begin(root, ['run', '-f', '-i', 'sh', '-c',
		'echo one; read x; echo two; echo bad >&2; exit 6']);

	await run.prints(/one/);

	const [, id] = /^jobdir: job (\S+)\n/.exec(run.errors);

	assert.match(id, UUID);
	await fine(root, ['send', id, 'go']);

	const { code, out, errors } = await run.end();

	assert.deepEqual([code, out], [6, 'one\ntwo\n']);
	assert.equal(errors, `jobdir: job ${id}\nbad\n`);
});

root_test('--json', async (root) => {
	const job = JSON.parse(await fine(root, ['run', '--json', '-n', 'j',
		'sleep', '1000']));

	assert.match(job.job_id, UUID);
	assert.match(job.started, TIME);
	assert.deepEqual([job.status, job.name, job.command, job.cwd, job.dir],
	    ['running', 'j', 'sleep 1000', realpathSync(root.work),
		join(root.runs, root.job_names()[0])]);
	assert.equal(job.pid, Number(readFileSync(join(job.dir, 'pid'))));
});

root_test('--json with -w is written after the end', async (root) => {
	const { code, stdout } = await root.jobdir(['run', '-w', '--json', 'sh',
		'-c', 'echo out; printf "\\377" >&2; exit 3']);
	const job = JSON.parse(lines(stdout).join());

	assert.equal(code, 3);
	assert.match(job.finished, TIME);
	assert.deepEqual([job.status, job.reason, job.exit_code, job.stdout,
		job.stderr, job.truncated],
	['failed', 'exit', 3, 'out\n', '\ufffd', false]);
});

root_test('--max-log bounds each stream', async (root) => {
	await finish(root, ['--max-log', '64K', 'seq', '100000']);

	const { dir, stdout_size } = await shown(root);

	assert.equal(stdout_size, 588895);
	/* Blocks: where a hole can't be taken out, the length stays. */
	assert.ok(statSync(join(dir, 'stdout.log')).blocks * 512 <= 65536);
});

root_test('@last is of jobdir run, not of a server', async (root) => {
	const id = await finish(root, ['true']);
	const server = await root.server();
	const other = await start(server, 'true');

	assert.equal((await shown(root)).job_id, id);
	assert.equal((await shown(root, '@last')).job_id, id);

	const next = await finish(root, ['true']);

	assert.equal(lines(await fine(root, ['ls', '-q'])).length, 3);
	assert.equal((await shown(root)).job_id, next);
	assert.notEqual(other.job_id, id);
});

root_test('without a job of run there is no @last', async (root) => {
	const server = await root.server();

	await start(server, 'true');
	await fails(root, 3, ['show']);
	await fails(root, 3, ['log', '@last']);
	await fails(root, 3, ['wait']);
});

root_test('a job outlives its shell and its terminal', async (root) => {
	const { stdout } = await in_shell(root,
	    'exec setsid sh -c \'"$@" & wait; kill -HUP 0\' sh "$@"',
	    ['run', 'sleep', '1000']);
	const id = (await seen(root, ['run', 'sleep', '1000'])).trim();

	for (const one of [stdout.trim(), id])
		assert.equal((await shown(root, one)).status, 'running');
});

});

describe('what cannot be started', { concurrency: 4 }, () => {

root_test('a missing program', async (root) => {
	const none = join(root.work, 'none');

	assert.match(await fails(root, 127, ['run', 'no-such-program']),
	    /cannot execute no-such-program: No such file/);
	assert.match(await fails(root, 127, ['run', '-w', none, 'x']),
	    /No such file/);
	assert.match(await fails(root, 127, ['run', '-f', './none']),
	    /No such file/);
	assert.equal((await root.jobdir(['run', '--json', 'none'])).stdout, '');
	await nothing_is_left(root);
});

root_test('a file that is no program', async (root) => {
	writeFileSync(join(root.work, 'text'), 'text\n', { mode: 0o644 });
	assert.match(await fails(root, 126, ['run', './text']),
	    /cannot execute \.\/text: Permission denied/);
	await fails(root, 126, ['run', '/']);
	await nothing_is_left(root);
});

root_test('a directory that is none', async (root) => {
	writeFileSync(join(root.work, 'file'), '');
	for (const dir of ['missing', 'file', '', join(root.top, 'no/no')])
		await fails(root, 125, ['run', '-C', dir, 'true']);
	await nothing_is_left(root);
});

root_test('a shell line by mistake', async (root) => {
	for (const [line, proposal] of [
		['make && make test', "'make && make test'"],
		['echo $HOME', "'echo $HOME'"],
		["echo 'it'", "'echo '\\''it'\\'''"],
	])
		assert.ok((await fails(root, 127, ['run', line]))
		    .includes(`jobdir run sh -c ${proposal}\n`), line);
	/* With more words it was no shell line. */
	assert.doesNotMatch(await fails(root, 127, ['run', 'a && b', 'c']),
	    /sh -c/);
	await nothing_is_left(root);
});

root_test('the proposal works', async (root) => {
	const said = await fails(root, 127, ['run', 'echo "a b" && echo c']);
	const [, line] = /jobdir (run sh -c .*)\n/.exec(said);

	await in_shell(root, `"$1" ${line}`);
	await root.jobdir(['wait', '-q']);
	assert.equal(await fine(root, ['log']), 'a b\nc\n');
});

root_test('a key is free again after a failed start', async (root) => {
	await fails(root, 127, ['run', '-k', 'k', 'no-such-program']);
	assert.match(await launch(root, ['-k', 'k', 'true']), UUID);
});

});
