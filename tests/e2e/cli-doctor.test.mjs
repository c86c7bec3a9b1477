/*
 * jobdir doctor: says what is wrong and what to do; looking leaves no trace,
 * and --fix does what was proposed and nothing else.  Judgements on machines
 * that this one is not are tested in unit/test_doctor.c.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync,
	readdirSync, renameSync, rmSync, symlinkSync, writeFileSync }
	from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { before, describe } from 'node:test';
import { fails, finish, launch, lines, seen, shown } from './lib/cli.mjs';
import { MOUNTS } from './lib/mounts.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { alive } from './lib/proc.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { differences, keeps_every_access, tree } from './lib/tree.mjs';
import { until } from './lib/until.mjs';

const NAMES = ['root', 'access', 'environment', 'settings', 'filesystem',
	'space', 'locks', 'logs', 'proc', 'pidfd', 'adopt', 'watching',
	'limits', 'program', 'hidden', 'remains', 'keys', 'records', 'jobs',
	'supervisors', 'leftover', 'clock'];

/* The report that a call printed, with all checked that always holds; members
 * are the checks by name. */
function report_of({ code, stdout, stderr }) {
	const report = JSON.parse(lines(stdout).join());
	const count = (status) =>
	    report.checks.filter((c) => c.status === status).length;

	assert.equal(stderr, '');
	assert.equal(code, report.fail ? 1 : 0);
	assert.deepEqual(Object.keys(report).sort(),
	    ['checks', 'fail', 'ok', 'root', 'root_from', 'warn']);
	assert.deepEqual(report.checks.map(({ name }) => name), NAMES);
	for (const status of ['ok', 'warn', 'fail'])
		assert.equal(report[status], count(status));
	for (const check of report.checks) {
		assert.ok(check.text, check.name);
		assert.equal('advice' in check, check.status !== 'ok',
		    JSON.stringify(check));
		assert.ok(!('fixed' in check) || check.fixed === true);
	}
	return { checks: report.checks, path: report.root,
		from: report.root_from, ...Object.fromEntries(
		    report.checks.map((c) => [c.name, c])) };
}

/* doctor --json on the root, which is named: nothing of the environment
 * matters. */
async function doctor(root, args = [], options) {
	return report_of(await root.jobdir(['doctor', '--root', root.runs,
		'--json', ...args], { ...options,
		env: { JOBDIR_ROOT: undefined, ...options?.env } }));
}

/* The same under a shell line in which "$@" is jobdir and its arguments, with
 * namespaces made by unshare. */
async function doctor_in(root, namespaces, line, runs = root.runs) {
	return report_of(await root.run('unshare', [...namespaces, 'sh', '-ec',
		line, runs, PROGRAM, 'doctor', '--root', runs, '--json']));
}

/* Where /proc is none of its own, a sanitizer can't look for leaks. */
const NO_LEAKS = 'export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"; ';

/* The check is not ok, in these words. */
function assert_bad(check, status, text, advice = /./) {
	assert.equal(check.status, status, JSON.stringify(check));
	assert.match(check.text, text);
	assert.match(check.advice, advice);
}

const dir_of = (root, id) => join(root.runs,
    root.job_names().find((name) => name.endsWith(id)));

/* Kill the supervisor of a job. */
async function orphan(root, id) {
	const { pid } = root.journal(basename(dir_of(root, id))).supervisor;

	process.kill(pid, 'SIGKILL');
	await until(() => !alive(pid), 10000, 'the supervisor is dead');
}

/* As a removal and an unlucky launch leave it that were killed. */
function leave_remains(root, hidden) {
	const old = join(root.runs, '.old');

	mkdirSync(old, { mode: 0o700 });
	renameSync(hidden, join(old, basename(hidden)));
	renameSync(plant(root, 'dead', ENDED), join(old, 'dead'));
	mkdirSync(join(old, '.gone-3', 'a/b'), { recursive: true });
	writeFileSync(join(root.runs, '.keys', 'void'), 'no-such-job\nkey');
	mkdirSync(join(root.runs, '.new', 'young'));
}

/* A root in which most things are wrong; gives the ids. */
async function plant_trouble(root) {
	const ids = {
		live: await launch(root, ['-k', 'key', 'sleep', '1000']),
		hidden: await launch(root, ['sleep', '1001']),
		orphan: await launch(root, ['sleep', '1002']),
		left: await finish(root, ['sh', '-c', 'sleep 1003 & echo']),
		ended: await finish(root, ['-n', 'x', 'echo', 'told']),
	};

	await orphan(root, ids.orphan);
	plant(root, 'torn', '{"exit_code"');
	plant(root, 'undecided', { name: 'x' });
	plant(root, 'future', { ...ENDED, started: '2999-01-01T00:00:00Z' });
	leave_remains(root, dir_of(root, ids.hidden));
	return ids;
}

let with_atime;

before(async () => {
	const dir = mkdtempSync(join(tmpdir(), 'jobdir-e2e-'));

	with_atime = !await keeps_every_access(dir);
	rmSync(dir, { recursive: true });
});

describe('doctor', { concurrency: 4 }, () => {

root_test('a good root: a line a check, nothing fails', async (root) => {
	await finish(root, ['true']);

	const report = await doctor(root);
	const { code, stdout, stderr } = await root.jobdir(['--root',
		root.runs, 'doctor'], { env: { JOBDIR_ROOT: undefined } });
	const said = lines(stdout).map((line) => line.match(
	    /^(ok|warn|fail) +([a-z]+) +(.*)$/).slice(1, 4));

	assert.deepEqual([code, stderr], [0, '']);
	assert.deepEqual([report.path, report.from],
	    [root.runs, '--root']);
	assert.deepEqual(said.map(([, name]) => name), NAMES);
	for (const [i, [status, name, text]] of said.entries()) {
		const check = report.checks[i];

		assert.equal(status, check.status);
		if (!['watching', 'space'].includes(name))
			assert.equal(text, check.text +
			    (check.advice ? ` - ${check.advice}` : ''));
	}
	for (const name of ['root', 'access', 'environment', 'settings',
		'locks', 'proc', 'pidfd', 'hidden', 'remains', 'keys',
		'records', 'jobs', 'supervisors', 'leftover', 'clock'])
		assert.equal(report[name].status, 'ok',
		    JSON.stringify(report[name]));
	assert.match(report.jobs.text, /^1 job, 0 alive$/);
	assert.match(report.program.text, /^jobdir \d+\.\d+\.\d+, \//);
});

root_test('usage; colours on a terminal only', async (root) => {
	assert.match(await fails(root, 2, ['doctor', 'x']),
	    /usage: jobdir doctor \[--fix\] \[--json\]/);
	assert.match(await fails(root, 2, ['doctor', '--root', '']), /empty/);
	assert.match(await seen(root, ['doctor']),
	    /^\x1b\[32mok {2}\x1b\[0m {2}root /);
	assert.doesNotMatch(await seen(root, ['doctor'],
	    { env: { NO_COLOR: '1' } }), /\x1b/);
	assert.ok(!existsSync(root.runs));
});

root_test('looking leaves no trace, whatever is wrong', async (root) => {
	const ids = await plant_trouble(root);

	await until(() => root.journal(basename(dir_of(root, ids.ended)))
	    .finished, 10000, 'its end is on record');

	const was = tree(root.top);

	for (let round = 0; round < 2; round++) {
		const report = await doctor(root);

		assert_bad(report.hidden, 'fail', new RegExp(ids.hidden),
		    /--fix/);
		assert_bad(report.remains, 'warn',
		    /^2 of killed removals in \.old$/, /--fix/);
		assert_bad(report.keys, 'warn', /^1 claim of/, /--fix/);
		assert_bad(report.records, 'warn', /: torn$/, /jobdir show/);
		assert_bad(report.jobs, 'warn', /: undecided$/);
		assert_bad(report.supervisors, 'warn',
		    new RegExp(`: ${ids.orphan}$`), /jobdir kill/);
		assert_bad(report.leftover, 'warn',
		    new RegExp(`: ${ids.left}$`), /jobdir kill/);
		assert_bad(report.clock, 'warn', /: future$/);
	}
	assert.deepEqual(differences(was, tree(root.top), with_atime), []);
	/* Hidden jobs are not ended with the others. */
	await doctor(root, ['--fix']);
});

root_test('--fix does what was proposed, and nothing else', async (root) => {
	const ids = await plant_trouble(root);
	const job = basename(join(root.runs, '.old', readdirSync(
	    join(root.runs, '.old')).find((n) => n.endsWith(ids.hidden))));
	const was = tree(root.top);
	const fixed = await doctor(root, ['--fix']);

	assert.deepEqual(fixed.checks.filter((c) => c.fixed)
	    .map(({ name, status }) => [name, status]),
	    ['hidden', 'remains', 'keys'].map((name) => [name, 'ok']));
	assert.match(fixed.hidden.text, new RegExp(`^brought back: .*${job}`));
	assert.match(fixed.remains.text, /^cleared: 2 of killed removals/);
	assert.equal((await shown(root, ids.hidden)).status, 'running');
	for (const name of ['records', 'jobs', 'supervisors', 'leftover',
		'clock'])
		assert.equal(fixed[name].status, 'warn', name);

	const words = differences(was, tree(root.top), false)
	    .map((w) => w.replace(`${root.top}/`, '').replace(/: .*/s, ''));
	const at = (path) => words.filter((w) => w.startsWith(path)).length;

	assert.deepEqual(readdirSync(join(root.runs, '.old')), []);
	/* Its directories changed, what lay in .old went or moved, the void
	 * claim went. */
	assert.deepEqual(words.filter((w) => !/^runs\/\.old\/\S+ is gone$/
	    .test(w) && !w.startsWith(`runs/${job}`)).sort(),
	    ['runs', 'runs/.keys', 'runs/.keys/void is gone', 'runs/.old']);
	assert.ok(at(`runs/${job}`) >= 4);
	assert.ok(existsSync(join(root.runs, '.new/young')));

	/* Once more there is nothing to do. */
	const then = tree(root.top);
	const again = await doctor(root, ['--fix']);

	assert.deepEqual(again.checks.filter((c) => c.fixed), []);
	for (const name of ['hidden', 'remains', 'keys'])
		assert.equal(again[name].status, 'ok');
	assert.deepEqual(differences(then, tree(root.top), false), []);

	/* In words. */
	writeFileSync(join(root.runs, '.keys', 'void'), 'no-such-job\nkey');
	assert.match((await root.jobdir(['doctor', '--fix'])).stdout,
	    /^ok {4}keys {9}cleared: 1 claim [^\n]* \(fixed\)$/m);
});

root_test('--fix of what cannot be fixed says so', async (root) => {
	await finish(root, ['true']);

	const old = join(root.runs, '.old');
	const kept = join(old, '.gone-0');

	mkdirSync(join(kept, 'a'), { recursive: true });
	chmodSync(kept, 0o500);
	root.bind_to_permissions();

	const { remains } = await doctor(root, ['--fix']);

	chmodSync(kept, 0o700);
	assert_bad(remains, 'warn', /^1 of killed removals/,
	    /could not be fixed: .*Permission denied/);
	assert.ok(!('fixed' in remains));
});

root_test('a removal at work leaves no remains', async (root) => {
	const old = join(root.runs, '.old');

	await finish(root, ['true']);
	mkdirSync(join(old, '.gone-0'), { recursive: true });

	const { stdout } = await root.run('flock', [old, PROGRAM, 'doctor',
		'--root', root.runs]);

	assert.match(stdout, /^ok {4}hidden .*are being removed just now$/m);
	assert.match(stdout, /^ok {4}remains +none$/m);
});

root_test('a root that does not exist is not made', async (root) => {
	const was = tree(root.top);
	const report = await doctor(root);

	assert.equal(report.path, root.runs);
	for (const name of ['access', 'locks', 'logs', 'jobs', 'hidden'])
		assert.notEqual(report[name].status, 'fail');
	assert.match(report.root.text, /not there yet/);
	await doctor(root, ['--fix']);
	assert.deepEqual(differences(was, tree(root.top), with_atime), []);

	/* Below a directory that can't be written, or is none. */
	const closed = join(root.work, 'closed');

	mkdirSync(closed, { mode: 0o500 });
	root.bind_to_permissions();
	root.runs = join(closed, 'a/b');
	assert_bad((await doctor(root)).access, 'fail',
	    /\/closed: mode 0500.*cannot be started: Permission denied/);
	chmodSync(closed, 0o700);
	writeFileSync(join(closed, 'a'), '');

	const { root: first, space } = await doctor(root);

	assert_bad(first, 'fail', /Not a directory/, /--root/);
	assert_bad(space, 'warn', /not looked at/);
});

root_test('a root that is none', async (root) => {
	writeFileSync(root.runs, '');
	assert_bad((await doctor(root)).root, 'fail', /Not a directory/);
	rmSync(root.runs);
	symlinkSync('nowhere', root.runs);
	assert_bad((await doctor(root)).root, 'fail', /link to nothing/);
	rmSync(root.runs);
	mkdirSync(root.runs, { mode: 0 });
	root.bind_to_permissions();

	const closed = await doctor(root);

	assert_bad(closed.root, 'fail', /Permission denied/);
	assert_bad(closed.records, 'warn', /not looked at/);
	chmodSync(root.runs, 0o700);
	writeFileSync(join(root.runs, '.new'), '');
	assert_bad((await doctor(root)).root, 'fail',
	    /\.new in it is no directory/, /remove it/);
});

root_test('who may write to it', async (root) => {
	mkdirSync(root.runs);
	chmodSync(root.runs, 0o755);
	assert.equal((await doctor(root)).access.status, 'ok');
	chmodSync(root.runs, 0o770);
	assert_bad((await doctor(root)).access, 'warn', /its group may write/,
	    /^chmod g-w \S+\/runs$/);
	chmodSync(root.runs, 0o1777);
	assert_bad((await doctor(root)).access, 'fail', /everybody may write/,
	    /^chmod go-w /);
	chmodSync(root.runs, 0o700);
	chmodSync(root.top, 0o777);
	assert_bad((await doctor(root)).access, 'fail', /may replace it.*/);
	chmodSync(root.top, 0o1777);
	assert.equal((await doctor(root)).access.status, 'ok');
	chmodSync(root.top, 0o700);
	chmodSync(root.runs, 0o500);
	root.bind_to_permissions();

	const closed = await doctor(root);

	assert_bad(closed.access, 'fail', /cannot be started: Permission/);
	assert_bad(closed.locks, 'warn', /not looked at.*Permission denied/);
});

root_test('variables that others may not see', async (root) => {
	const home = join(root.top, 'home');
	const usual = join(home, '.local/state/jobdir/runs');
	const ask = async (env, args = []) => report_of(await root.jobdir(
	    ['doctor', '--json', ...args], { env: { HOME: home, ...env } }));

	plant(root, 'mine', ENDED);

	const own = await ask();

	assert.deepEqual([own.path, own.from],
	    [root.runs, 'JOBDIR_ROOT']);
	assert_bad(own.environment, 'warn', new RegExp(`children only: who ` +
	    `does not have it looks at ${usual}$`), /MCP servers/);
	mkdirSync(join(usual, 'theirs'), { recursive: true });
	writeFileSync(join(usual, 'theirs/journal.json'), '{}');
	assert_bad((await ask()).environment, 'warn', /both hold jobs/);
	assert.equal((await ask({ JOBDIR_ROOT: usual })).environment.status,
	    'ok');
	assert_bad((await ask({ JOBDIR_ROOT: '../runs' })).environment, 'warn',
	    /is relative/, /absolute/);

	/* HOME is not what the password database says. */
	const other = await ask({ JOBDIR_ROOT: undefined });

	assert.deepEqual([other.path, other.from], [usual, 'default']);
	assert_bad(other.environment, 'warn', /HOME is .* looks there/);
	assert.equal((await doctor(root, [], { env: { HOME: home } }))
	    .environment.status, 'ok');

	/* Nobody knows a home; shown as it is, without effect. */
	const odd = await root.jobdir(['doctor'],
	    { env: { JOBDIR_ROOT: `${root.runs}/\x1b[31m\n` } });

	assert.match(odd.stdout, /^ok +root +\S+\/\\x1b\[31m\\n, from JOB/);
	assert.equal(lines(odd.stdout).length, NAMES.length);
});

root_test('limits of the server, in its own words', async (root) => {
	const ask = async (env) => (await doctor(root, [], { env })).settings;
	const bad = { MCP_BG_MAX_JOBS: '0', MCP_BG_JOB_TIMEOUT: 'x\x1b' };
	const mcp = await root.run(PROGRAM, ['mcp'], { env: bad });

	assert.equal((await ask({})).status, 'ok');

	const both = await ask(bad);

	assert_bad(both, 'fail', /^MCP_BG_MAX_JOBS: .*; MCP_BG_JOB_TIMEOUT: /,
	    /unset MCP_BG_MAX_JOBS/);
	assert.equal(`jobdir: ${both.text.split(';')[0]}\n`, mcp.stderr);
	assert_bad(await ask({ MCP_BG_CLEANUP_INTERVAL: '60' }), 'warn',
	    /MCP_BG_CLEANUP_INTERVAL has no effect/, /jobdir gc/);
	assert.match((await ask({ MCP_BG_MAX_JOBS: '5' })).text,
	    /^MCP_BG_MAX_JOBS, good/);
});

root_test('a file system in memory, full, without holes', async (root) => {
	mkdirSync(root.runs);

	const small = await doctor_in(root, MOUNTS,
	    'mount -t tmpfs -o size=1m,nr_inodes=100 x "$0"; "$@"');

	assert_bad(small.filesystem, 'warn', /^tmpfs; in memory/);
	assert_bad(small.space, 'warn', /^1 MiB free; \d+ inodes free$/, /gc/);
	assert.equal(small.logs.status, 'ok');
	assert_bad((await doctor_in(root, MOUNTS,
	    'mount -t tmpfs -o size=1m,nr_inodes=100 x "$0"; ' +
	    'dd if=/dev/zero of="$0/x" 2>/dev/null || :; "$@"')).space,
	    'fail', /^0 MiB free/);
	assert_bad((await doctor_in(root, MOUNTS,
	    'mount -t tmpfs -o size=900m,nr_inodes=100 x "$0"; cd "$0"; ' +
	    '! seq 200 | xargs touch 2>/dev/null; "$@"')).space,
	    'fail', /; 0 inodes free/);

	const ramfs = await doctor_in(root, MOUNTS,
	    'mount -t ramfs x "$0"; "$@"');

	assert_bad(ramfs.filesystem, 'warn', /^ramfs; in memory/);
	assert_bad(ramfs.logs, 'warn', /not bounded: .*cannot punch holes/,
	    /ext4/);
	assert.equal(ramfs.space.status, 'ok');
	assert.equal(ramfs.locks.status, 'ok');
});

root_test('a file system without files that have no name', async (root) => {
	root.runs = '/proc/self/task';
	for (const name of ['locks', 'logs'])
		assert_bad((await doctor(root))[name], 'warn',
		    /^not looked at: no file without a name/);
	root.runs = join(root.top, 'runs');
});

root_test('a /proc of another pid namespace, and of one of its own',
    async (root) => {
	const own = MOUNTS.includes('-Urm') ? ['-Ur'] : [];

	mkdirSync(root.runs);
	assert_bad((await doctor_in(root, [...own, '-p', '-f'],
	    NO_LEAKS + '"$@"')).proc, 'fail', /of another pid namespace/);
	assert.match((await doctor_in(root, [...MOUNTS, '-p', '-f'],
	    'mount -t proc x /proc; "$@"')).proc.text,
	    /^shows all processes; in a pid namespace of its own/);
});

root_test('in another pid namespace without its /proc a job is what its ' +
    'lock says', async (root) => {
	const own = MOUNTS.includes('-Urm') ? ['-Ur'] : [];
	const { stdout } = await root.run('unshare', [...own, '-p', '-f', 'sh',
		'-ec', NO_LEAKS + '"$0" run sleep 1000 >id; "$0" show; ' +
		'"$0" ls -q -s running | cmp - id', PROGRAM]);

	assert.match(stdout, /^status +running$/m);
	assert.doesNotMatch(stdout, /^time /m);
});

root_test('no inotify, no watch to be had', async (root) => {
	const limited = (what) => doctor_in(root, ['-Ur'],
	    `echo 0 >/proc/sys/user/max_inotify_${what}; "$@"`);

	mkdirSync(root.runs);
	assert_bad((await limited('instances')).watching, 'warn',
	    /^by polling: no inotify: .*; 0 of 0 instances in use$/,
	    /fs\.inotify\.max_user_instances/);
	assert_bad((await limited('watches')).watching, 'warn',
	    /^by polling: no watch: .*; 0 of 0 watches in use$/,
	    /fs\.inotify\.max_user_watches/);

	/* Enough for the root, not for its live jobs, too. */
	await launch(root, ['sleep', '1000']);
	assert_bad((await doctor_in(root, ['-Ur'],
	    'echo 1 >/proc/sys/user/max_inotify_watches; "$@"')).watching,
	    'warn', /^0 of 1 watches in use; 2 more are needed/);
});

root_test('limits that jobs inherit', async (root) => {
	const limited = async (...limits) => report_of(await root.run(
	    'prlimit', [...limits, PROGRAM, 'doctor', '--json', '--root',
		root.runs])).limits;

	assert_bad(await limited('--nofile=100:'), 'warn',
	    /^open files at most 100$/, /ulimit -n/);
	assert_bad(await limited('--fsize=1000:'), 'warn',
	    /bytes of a file at most 1000$/, /ulimit -f/);
	assert_bad(await limited('--cpu=1000:'), 'warn',
	    /seconds of CPU time at most 1000$/, /ulimit -t/);
});

root_test('a program that was replaced, or is not the one in the path',
    async (root) => {
	const copy = join(root.work, 'jobdir');

	copyFileSync(PROGRAM, copy);
	chmodSync(copy, 0o755);
	assert_bad((await doctor(root, [],
	    { env: { PATH: `${root.work}:${process.env.PATH}` } })).program,
	    'warn', /"jobdir" in the path is \S+\/work\/jobdir$/);

	const gone = report_of(await root.run('sh', ['-c',
		'exec 3<"$0"; rm "$0"; exec /proc/self/fd/3 "$@"', copy,
		'doctor', '--json', '--root', root.runs]));

	assert_bad(gone.program, 'warn', /replaced or removed/);
});

});
