/*
 * jobdir rm: directories of ended jobs, and of nothing else.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync,
	renameSync, symlinkSync, truncateSync, utimesSync, writeFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fails, fine, finish, launch, lines, shown } from './lib/cli.mjs';
import { MOUNTS } from './lib/mounts.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { identity, status_line } from './lib/proc.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

const dir_of = async (root, job) =>
	(await fine(root, ['path', job])).trim();

/* A process of the test's own, in that directory. */
function process_in(root, cwd) {
	const child = spawn('sleep', ['1000'], { cwd, env: root.env() });

	root.keep({ dispose: () => child.kill('SIGKILL') });
	return child;
}

describe('rm', { concurrency: 4 }, () => {

root_test('jobs that have ended', async (root) => {
	const done = await finish(root, ['-n', 'build', 'true']);
	const failed = await finish(root, ['false']);
	const killed = await launch(root, ['sleep', '1000']);

	await fine(root, ['kill', '-q', killed]);
	assert.equal(await fine(root, ['rm', 'build', failed.slice(0, 8),
		killed]), [done, failed, killed]
	    .map((id) => `${id} removed\n`).join(''));
	assert.deepEqual(root.job_names(), []);
	assert.deepEqual(readdirSync(join(root.runs, '.old')), []);
	assert.equal(lstatSync(join(root.runs, '.old')).mode & 0o777, 0o700);
});

root_test('right after the end', async (root) => {
	for (let i = 0; i < 10; i++) {
		const { stdout } = await root.jobdir(['run', '-w', 'true']);

		assert.equal(await fine(root, ['rm', '@last']),
		    `${stdout.split('\n')[0].split(' ')[0]} removed\n`);
	}
});

root_test('no default; no such job: the others go', async (root) => {
	const id = await finish(root, ['true']);

	assert.match(await fails(root, 2, ['rm']), /which JOB/);
	assert.match(await fails(root, 3, ['rm', 'none']),
	    /^jobdir: Job none not found\n$/);
	await fails(root, 3, ['rm', '../runs']);
	await fails(root, 3, ['rm', '.']);
	await fails(root, 3, ['rm', '.new']);

	const { code, stdout, stderr } = await root.jobdir(['rm', 'none', id]);

	assert.deepEqual([code, stdout], [3, `${id} removed\n`]);
	assert.match(stderr, /^jobdir: Job none not found\n$/);
	assert.deepEqual(root.job_names(), []);
});

root_test('a root that does not exist', async (root) => {
	await fails(root, 3, ['rm', 'none']);
	assert.ok(!existsSync(root.runs));
});

root_test('the same job named twice', async (root) => {
	const id = await finish(root, ['true']);

	assert.equal(await fine(root, ['rm', id, id.slice(0, 8)]),
	    `${id} removed\n${id} removed\n`);
});

root_test('D2.28 a live job is refused, the others go', async (root) => {
	const live = await launch(root, ['sleep', '1000']);
	const done = await finish(root, ['true']);
	const stderr = await fails(root, 1, ['rm', live]);

	assert.match(stderr, new RegExp(`^jobdir: Job ${live} is running: `));
	assert.match(stderr, new RegExp(`jobdir kill ${live}`));

	const { code, stdout } = await root.jobdir(['rm', live, done]);

	assert.deepEqual([code, stdout], [1, `${done} removed\n`]);
	assert.equal((await root.jobdir(['rm', live, 'none'])).code, 3);
	assert.equal((await shown(root, live)).status, 'running');
	assert.ok(!readdirSync(join(root.runs, '.old')).length);
});

root_test('D2.28 a job that left processes behind is refused',
    async (root) => {
	const id = await finish(root, ['sh', '-c', 'sleep 1000 & echo']);

	assert.match(await fails(root, 1, ['rm', id]),
	    /has left 1 process behind\n.*jobdir kill/);
	await root.jobdir(['kill', '-q', id]);
	assert.equal(await fine(root, ['rm', id]), `${id} removed\n`);
});

root_test('D2.28 a lost job of which something lives is refused',
    async (root) => {
	const id = await launch(root, ['sh', '-c',
		'sleep 1000 >/dev/null & echo $!; exec sleep 1000']);
	const journal = root.journal(root.job_names()[0]);
	const child = await until(async () =>
	    Number((await root.jobdir(['log', id])).stdout), 10000, 'its pid');

	process.kill(journal.supervisor.pid, 'SIGKILL');
	process.kill(journal.pid, 'SIGKILL');
	await until(async () => (await shown(root, id)).status === 'lost',
	    10000, 'it is lost');
	assert.match(await fails(root, 1, ['rm', id]),
	    /has left 1 process behind\n.*jobdir kill/);
	process.kill(child, 'SIGKILL');
	await until(async () => (await root.jobdir(['rm', id])).code === 0,
	    10000, 'it may go');
});

root_test('D2.28 an unreadable record of a running job is no excuse',
    async (root) => {
	const id = await launch(root, ['sleep', '1000']);
	const journal = join(await dir_of(root, id), 'journal.json');
	const text = readFileSync(journal);

	truncateSync(journal, 20);
	assert.equal((await shown(root, id)).status, 'unknown');
	assert.match(await fails(root, 1, ['rm', id]), /lock on its file pid/);
	writeFileSync(journal, text);
	await fine(root, ['kill', '-q', id]);
});

root_test('an unreadable record with no sign of life goes', async (root) => {
	const ids = ['torn', 'empty', 'dead-pid', 'bytes'];

	plant(root, 'torn', '{"comm');
	mkdirSync(join(root.runs, 'empty'));
	writeFileSync(join(plant(root, 'dead-pid', '['), 'pid'), '4194303\n');
	writeFileSync(join(plant(root, 'bytes', ''), 'journal.json'),
	    Buffer.from([0xff, 0, 0xff]));
	assert.equal(await fine(root, ['rm', ...ids.filter((id) =>
	    id !== 'dead-pid')]), 'torn removed\nempty removed\n' +
	    'bytes removed\n');
	assert.equal(await fine(root, ['rm', 'dead-pid']),
	    'dead-pid removed\n');
});

root_test('D2.28 an unreadable record with a sign of life stays',
    async (root) => {
	const dir = plant(root, 'torn', '{"comm');
	const worker = process_in(root, dir);

	assert.match(await fails(root, 1, ['rm', 'torn']),
	    new RegExp(`process ${worker.pid} .* works in its directory`));

	/* A number that some process has, though maybe another one. */
	const other = plant(root, 'other', '{"comm');

	writeFileSync(join(other, 'pid'), `${process.pid}\n`);
	utimesSync(join(other, 'pid'), 1, 1);
	assert.match(await fails(root, 1, ['rm', 'other']),
	    new RegExp(`process ${process.pid}`));

	worker.kill('SIGKILL');
	await until(() => worker.signalCode, 10000, 'it is dead');
	await fine(root, ['rm', 'torn']);
	assert.deepEqual(root.job_names(), ['other']);
});

root_test('D2.28 what cannot be decided stays', async (root) => {
	const far = { ...identity(process.pid), pid_namespace: 1 };

	plant(root, 'nothing', { name: 'x' });
	plant(root, 'far', far);
	writeFileSync(join(root.runs, 'far', 'pid'), '');
	assert.match(await fails(root, 1, ['rm', 'nothing']), /may live/);
	assert.match(await fails(root, 1, ['rm', 'far']), /may live/);
	assert.deepEqual(root.job_names(), ['far', 'nothing']);
});

root_test('workers: a live one stays, a dead one goes', async (root) => {
	const worker = process_in(root, root.work);

	plant(root, 'live', { pid: worker.pid });
	plant(root, 'gone', { pid: 4194303 });
	plant(root, 'ended', ENDED);
	assert.match(await fails(root, 1, ['rm', 'live']), /is running/);
	assert.equal(await fine(root, ['rm', 'gone', 'ended']),
	    'gone removed\nended removed\n');

	/* It has written its end, and goes on in its directory. */
	const busy = plant(root, 'busy', ENDED);
	const still = process_in(root, busy);

	writeFileSync(join(busy, 'journal.json'), JSON.stringify({
		...ENDED, ...identity(still.pid) }));
	assert.match(await fails(root, 1, ['rm', 'busy']),
	    new RegExp(`process ${still.pid} `));
});

root_test('D2.28 a directory of several jobs goes with all of them',
    async (root) => {
	const dir = join(root.runs, 'run');
	const put = (stem, journal) => writeFileSync(join(dir,
	    `${stem}.weave_journal.json`), JSON.stringify(journal));
	const a = 'weave-direct-a', b = 'weave-direct-b';

	mkdirSync(dir, { recursive: true });
	put('a', { last_run_completed: true });
	put('b', { last_run_completed: true });
	assert.match(await fails(root, 1, ['rm', a]),
	    /holds other jobs\n.*weave-direct-b/);
	put('b', { phase: 'x' });
	assert.match(await fails(root, 1, ['rm', a, b]), /may live/);
	put('b', { last_run_completed: true });

	const { code, stdout } = await root.jobdir(['rm', b, 'none', a]);

	assert.deepEqual([code, lines(stdout)],
	    [3, [`${b} removed`, `${a} removed`]]);
	assert.deepEqual(root.job_names(), []);
});

root_test('D2.28 nothing outside goes: links, FIFOs, paths in records',
    async (root) => {
	const outside = join(root.top, 'outside');
	const file = join(outside, 'precious');

	mkdirSync(outside);
	writeFileSync(file, 'x');

	const dir = plant(root, 'trap', { ...ENDED, logs_path: file,
		log_file: file, adopted: true, cwd: outside });

	symlinkSync(file, join(dir, 'link'));
	symlinkSync(outside, join(dir, 'directory'));
	symlinkSync('..', join(dir, 'up'));
	symlinkSync(file, join(dir, 'stdout.log'));
	linkSync(file, join(dir, 'hard'));
	mkdirSync(join(dir, 'a/b/c'), { recursive: true });
	symlinkSync(outside, join(dir, 'a/b/c/out'));
	writeFileSync(join(dir, 'a/b/file'), 'x');
	await root.run('mkfifo', [join(dir, 'fifo')]);
	symlinkSync(outside, join(root.runs, 'linked'));
	await fails(root, 3, ['rm', 'linked']);
	assert.equal(await fine(root, ['rm', 'trap']), 'trap removed\n');
	assert.deepEqual(readdirSync(outside), ['precious']);
	assert.equal(readFileSync(file, 'utf8'), 'x');
	assert.ok(lstatSync(join(root.runs, 'linked')).isSymbolicLink());
	assert.ok(!existsSync(dir));
});

root_test('D2.28 too deep a directory stays whole', async (root) => {
	const dir = plant(root, 'deep', ENDED);
	const names = Array(70).fill('d').join('/');

	mkdirSync(join(dir, names), { recursive: true });
	writeFileSync(join(dir, names, 'f'), 'x');
	assert.match(await fails(root, 1, ['rm', 'deep']), /64 directories/);
	assert.ok(existsSync(join(dir, names, 'f')));
	assert.ok(existsSync(join(dir, 'journal.json')));
});

root_test('D2.28 a mount point inside stays, and the job whole',
    async (root) => {
	const outside = join(root.top, 'outside');
	const dir = plant(root, 'mounted', ENDED);

	mkdirSync(outside);
	writeFileSync(join(outside, 'precious'), 'x');
	mkdirSync(join(dir, 'a/mnt'), { recursive: true });
	/* Of the same device, where device numbers tell nothing; and another. */
	for (const mount of ['--bind "$2"', '-t tmpfs x']) {
		const { code, stdout, stderr } = await root.run('unshare',
		    [...MOUNTS, 'sh', '-c', `mount ${mount} "$3" && ` +
			'touch "$3/precious" && "$1" rm mounted; code=$?; ' +
			'ls "$3"; umount "$3"; exit $code',
			'sh', PROGRAM, outside, join(dir, 'a/mnt')]);

		assert.deepEqual([code, stdout], [1, 'precious\n'], stderr);
		assert.match(stderr, /a\/mnt is a mount point\n.*unmount/);
		assert.deepEqual(readdirSync(outside), ['precious']);
		assert.ok(existsSync(join(dir, 'journal.json')));
	}
	await fine(root, ['rm', 'mounted']);
});

root_test('what a killed removal left: what lives comes back',
    async (root) => {
	const live = await launch(root, ['sleep', '1000']);
	const done = await finish(root, ['true']);
	const [first, second] = [live, done].map((id) =>
	    root.job_names().find((name) => name.endsWith(id)));
	const old = join(root.runs, '.old');

	mkdirSync(old, { mode: 0o700 });
	renameSync(join(root.runs, first), join(old, first));
	renameSync(join(root.runs, second), join(old, second));
	mkdirSync(join(old, '.gone-0', 'sub'), { recursive: true });
	writeFileSync(join(old, '.gone-0', 'journal.json'), 'x');
	await fails(root, 3, ['show', live]);
	await fails(root, 1, ['rm', live]);
	assert.deepEqual(root.job_names(), [first]);
	assert.deepEqual(readdirSync(old), []);
	assert.equal((await shown(root, live)).status, 'running');
});

root_test('a name that was given away meanwhile: both stay in sight',
    async (root) => {
	const worker = process_in(root, root.work);
	const dir = plant(root, 'twice', { pid: worker.pid });
	const old = join(root.runs, '.old');

	mkdirSync(old);
	renameSync(dir, join(old, 'twice'));
	plant(root, 'twice', ENDED);

	const { code, stdout, stderr } = await root.jobdir(['rm', 'twice']);

	assert.deepEqual([code, stdout], [0, 'twice removed\n']);
	assert.match(stderr, /it is twice\.1 now/);
	assert.equal((await shown(root, 'twice.1')).status, 'running');
});

root_test('two at once: each job is removed by one', async (root) => {
	const names = Array.from({ length: 40 }, (_, i) => `job-${i}x`);

	for (const name of names)
		plant(root, name, ENDED);

	const results = await Promise.all([1, 2].map(() =>
	    root.jobdir(['rm', ...names])));
	const removed = results.flatMap(({ stdout }) => lines(stdout));

	assert.deepEqual(removed.sort(),
	    names.map((name) => `${name} removed`).sort());
	for (const { code, stderr } of results) {
		assert.ok([0, 3].includes(code));
		assert.match(stderr, /^(jobdir: Job .* not found\n)*$/);
	}
	assert.deepEqual(root.job_names(), []);
});

root_test('no permission: 125, and nothing is lost',
    async (root) => {
	root.bind_to_permissions();
	const id = await finish(root, ['true']);

	await root.run('chmod', ['0500', root.runs]);
	try {
		assert.match(await fails(root, 125, ['rm', id]), /\[Errno 13\]/);
	} finally {
		await root.run('chmod', ['0700', root.runs]);
	}
	assert.equal((await shown(root, id)).status, 'completed');
});

});
