/*
 * jobdir gc: what ended long ago goes; what lives or may live stays, whatever
 * else happens at the same moment.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync,
	renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { begin, fails, fine, finish, launch, lines, shown }
	from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { alive, identity, status_line } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

const DAY = 86400;

/* The journal of a job that ended so many seconds ago. */
const ended = (seconds, more = {}) => ({ ...ENDED, ...more,
	finished: new Date(Date.now() - seconds * 1000).toISOString() });

/* gc, its code and its last line being as they should; gives the ids. */
async function gc(root, args = [], code = 0) {
	const result = await root.jobdir(['gc', ...args]);
	const ids = lines(result.stdout);
	const last = result.stderr.trimEnd().split('\n').pop();

	assert.equal(result.code, code, result.stderr);
	assert.match(last, new RegExp(`^jobdir: ${ids.length} jobs? ` +
	    `(would be )?removed, [\\d.]+ [KMG]?i?B freed$`));
	return ids;
}

/* A thing of the test's own that is ended with it. */
function process_in(root, cwd) {
	const child = spawn('sleep', ['1000'], { cwd, env: root.env() });

	root.keep({ dispose: () => child.kill('SIGKILL') });
	return child;
}

const NOW = ['--older-than', '0'];

/* Directories in which a removal takes its time. */
function plant_big(root, name, files) {
	const dir = plant(root, name, ended(40 * DAY));

	for (let i = 0; i < files; i++)
		writeFileSync(join(dir, `file-${i}`), '');
	return dir;
}

describe('gc', { concurrency: 4 }, () => {

root_test('W18 completed and killed jobs of more than 30 days',
    async (root) => {
	plant(root, 'old', ended(31 * DAY));
	plant(root, 'young', ended(29 * DAY));
	plant(root, 'old-killed', ended(31 * DAY,
	    { exit_code: 1, cancel: { signal: 'SIGTERM' } }));
	plant(root, 'old-failed', ended(31 * DAY, { exit_code: 7 }));
	plant(root, 'old-lost', ended(31 * DAY, { exit_code: null }));
	plant(root, 'future', ended(-DAY));
	await finish(root, ['true']);
	assert.deepEqual(await gc(root), ['old', 'old-killed']);
	assert.deepEqual(await gc(root), []);
	assert.deepEqual(await gc(root, ['--failed']),
	    ['old-failed', 'old-lost']);
	assert.equal(root.job_names().length, 3);
	assert.deepEqual(await gc(root, ['--older-than', '28d']), ['young']);
	assert.deepEqual(await gc(root, ['--older-than=28d']), []);
	assert.equal((await gc(root, NOW)).length, 1);
	assert.deepEqual(root.job_names(), ['future']);
});

root_test('usage', async (root) => {
	for (const args of [['--older-than', 'x'], ['--older-than'], ['job'],
		['--older-than', '-1'], ['--nothing']])
		assert.match(await fails(root, 2, ['gc', ...args]),
		    /usage: jobdir gc \[--dry-run\]/);
	assert.ok(!existsSync(root.runs));
});

root_test('a lost job without an end: the newest of its record and logs',
    async (root) => {
	const dir = plant(root, 'lost', { pid: 4194303 });
	const at = (seconds) => Date.now() / 1000 - seconds;

	writeFileSync(join(dir, 'stdout.log'), 'x');
	utimesSync(join(dir, 'journal.json'), at(50 * DAY), at(50 * DAY));
	assert.deepEqual(await gc(root, ['--failed']), []);
	utimesSync(join(dir, 'stdout.log'), at(40 * DAY), at(40 * DAY));
	assert.deepEqual(await gc(root, ['--failed', '--older-than', '45d']),
	    []);
	assert.deepEqual(await gc(root, ['--failed']), ['lost']);
});

root_test('--dry-run shows and removes nothing', async (root) => {
	const dir = plant(root, 'old', ended(31 * DAY));

	writeFileSync(join(dir, 'stdout.log'), Buffer.alloc(100000));
	writeFileSync(join(dir, '.cancel-4194303'), 'x');

	const { code, stdout, stderr } = await root.jobdir(['gc',
		'--dry-run']);

	assert.deepEqual([code, stdout], [0, 'old\n']);
	assert.match(stderr, /^jobdir: 1 job would be removed, \d+ KiB freed\n$/);
	assert.ok(existsSync(join(dir, 'stdout.log')));
	assert.ok(!existsSync(join(root.runs, '.old')));
});

root_test('--json', async (root) => {
	for (const name of ['old-1', 'old-2'])
		writeFileSync(join(plant(root, name, ended(31 * DAY)),
		    'stdout.log'), Buffer.alloc(65536));
	for (const dry_run of [true, false, false]) {
		const { code, stdout } = await root.jobdir(['gc', '--json',
			...dry_run ? ['--dry-run'] : []]);
		const all = JSON.parse(lines(stdout).join());
		const count = root.gone ? 0 : 2;

		assert.equal(code, 0);
		assert.deepEqual(Object.keys(all).sort(),
		    ['bytes', 'dry_run', 'removed']);
		assert.equal(all.dry_run, dry_run);
		assert.equal(all.removed.length, count);
		assert.equal(all.bytes, all.removed.reduce(
		    (sum, job) => sum + job.bytes, 0));
		for (const job of all.removed) {
			assert.match(job.job_id, /^old-[12]$/);
			assert.equal(job.status, 'completed');
			assert.ok(Date.parse(job.finished));
			assert.ok(job.bytes >= 65536 && job.bytes < 200000);
		}
		root.gone = !dry_run;
	}
});

root_test('a root that does not exist, an empty one', async (root) => {
	assert.deepEqual(await gc(root), []);
	assert.ok(!existsSync(root.runs));
	assert.deepEqual(JSON.parse((await root.jobdir(['gc', '--json']))
	    .stdout), { removed: [], bytes: 0, dry_run: false });
	mkdirSync(root.runs);
	assert.deepEqual(await gc(root), []);
	assert.deepEqual(readdirSync(root.runs), []);
});

root_test('D2.28 never what lives, is unreadable or undecided',
    async (root) => {
	const live = await launch(root, ['sleep', '1000']);
	const left = await finish(root, ['sh', '-c', 'sleep 1000 & echo']);
	const worker = process_in(root, root.work);
	const orphan = await launch(root, ['sleep', '1000']);
	const name = root.job_names().find((n) => n.endsWith(orphan));

	process.kill(root.journal(name).supervisor.pid, 'SIGKILL');
	plant(root, 'torn', '{"finished": "2001-01-01T00:00:00Z", "exit_code"');
	plant(root, 'live', { pid: worker.pid });
	plant(root, 'undecided', { name: 'x' });
	mkdirSync(join(root.runs, 'empty'));
	writeFileSync(join(root.runs, 'file'), 'x');

	const before = root.job_names();

	assert.deepEqual(await gc(root, [...NOW, '--failed']), []);
	assert.deepEqual(root.job_names(), before);
	assert.equal((await shown(root, live)).status, 'running');
	assert.equal((await shown(root, left)).leftover, 1);
	assert.equal((await shown(root, orphan)).status, 'running');
});

root_test('D2.28 nothing outside of the root, whatever a record says',
    async (root) => {
	const outside = mkdtempSync(join(root.top, 'outside-'));
	const file = join(outside, 'precious');

	writeFileSync(file, 'x');

	const dir = plant(root, 'trap', ended(31 * DAY, { logs_path: file,
		log_file: file, cwd: outside, directory: outside }));

	symlinkSync(outside, join(dir, 'out'));
	symlinkSync(file, join(dir, 'stdout.log'));
	symlinkSync(outside, join(root.runs, 'linked'));
	writeFileSync(join(outside, 'journal.json'), readFileSync(
	    join(dir, 'journal.json')));
	assert.deepEqual(await gc(root), ['trap']);
	assert.deepEqual(readdirSync(outside), ['journal.json', 'precious']);
	assert.deepEqual(root.job_names(), ['linked']);
});

root_test('D2.28 a hidden directory that is a link is not followed',
    async (root) => {
	const outside = mkdtempSync(join(root.top, 'outside-'));

	mkdirSync(join(outside, '.gone-0'));
	plant(root, 'old', ended(31 * DAY));
	symlinkSync(outside, join(root.runs, '.old'));
	assert.match((await root.jobdir(['gc'])).stderr, /\.old'/);
	assert.deepEqual(await gc(root, [], 125), []);
	assert.deepEqual(readdirSync(outside), ['.gone-0']);
	assert.deepEqual(root.job_names(), ['old']);
});

root_test('D2.28 a directory of several jobs goes only as a whole',
    async (root) => {
	const dir = join(root.runs, 'run');
	const put = (stem, journal) => {
		const path = join(dir, `${stem}.weave_journal.json`);

		writeFileSync(path, JSON.stringify(journal));
		utimesSync(path, 1e9, 1e9);
	};

	mkdirSync(dir, { recursive: true });
	put('a', { last_run_completed: true });
	put('b', { phase: 'x' });
	assert.deepEqual(await gc(root), []);
	put('b', { last_run_error: 'x' });
	assert.deepEqual(await gc(root), []);
	assert.deepEqual(await gc(root, ['--failed']),
	    ['weave-direct-a', 'weave-direct-b']);
});

root_test('remains: launches, requests, end records, inputs',
    async (root) => {
	const kept = await finish(root, ['true']);
	const live = await launch(root, ['-i', 'cat']);
	const [of_kept, of_live] = [kept, live].map((id) => join(root.runs,
	    root.job_names().find((name) => name.endsWith(id))));
	const hidden = (dir) => readdirSync(dir)
	    .filter((name) => name.startsWith('.')).sort();
	const worker = plant(root, 'worker', ended(DAY));
	const launched = join(root.runs, '.new', 'launched');

	await until(() => !alive(root.journal(
	    of_kept.split('/').pop()).supervisor.pid), 10000, 'it is over');
	for (const dir of [of_kept, of_live, worker])
		for (const pid of [4194303, process.pid, 0, 'x'])
			writeFileSync(join(dir, `.cancel-${pid}`), 'x');
	writeFileSync(join(of_kept, '.end'), 'x');
	writeFileSync(join(of_kept, '.mine'), 'x');
	await root.run('mkfifo', [join(of_kept, '.stdin')]);
	writeFileSync(join(worker, '.end'), 'x');
	mkdirSync(launched);
	await gc(root, ['--dry-run']);
	assert.equal(hidden(of_kept).length, 7);
	await gc(root);

	const mine = ['.cancel-0', `.cancel-${process.pid}`, '.cancel-x'];

	assert.deepEqual(hidden(of_kept), [...mine, '.mine'].sort());
	assert.deepEqual(hidden(of_live), ['.end', '.stdin', '.cancel-4194303',
		...mine].sort());
	assert.deepEqual(hidden(worker), ['.end', '.cancel-4194303',
		...mine].sort());
	assert.ok(existsSync(launched), 'it is too young');
	assert.equal((await shown(root, kept)).status, 'completed');
});

root_test('what a killed one left: dead goes, live comes back',
    async (root) => {
	const live = await launch(root, ['sleep', '1000']);
	const name = root.job_names()[0];
	const old = join(root.runs, '.old');

	mkdirSync(old, { mode: 0o700 });
	renameSync(join(root.runs, name), join(old, name));
	for (const [at, journal] of [['dead', ended(1)], ['torn', '{'],
		['undecided', { name: 'x' }]])
		renameSync(plant(root, at, journal), join(old, at));
	symlinkSync('/', join(old, 'link'));
	mkdirSync(join(old, '.gone-3', 'a/b'), { recursive: true });
	assert.deepEqual((await gc(root)).sort(), ['dead', 'torn']);
	assert.deepEqual(readdirSync(old), []);
	assert.deepEqual(root.job_names(), [name, 'link', 'undecided'].sort());
	assert.equal((await shown(root, live)).status, 'running');
	assert.ok(readdirSync('/').length > 0);
});

root_test('killed in the middle, and again', async (root) => {
	for (const name of ['big-1', 'big-2', 'big-3'])
		plant_big(root, name, 3000);

	const live = await launch(root, ['sleep', '1000']);
	const old = join(root.runs, '.old');

	for (let round = 0; round < 3; round++) {
		const one = begin(root, ['gc']);

		await until(() => one.gone || (existsSync(old) &&
		    readdirSync(old).length), 10000, 'it is at work');
		one.child.kill('SIGKILL');
		await one.end();
		/* In sight is what is whole. */
		for (const name of root.job_names().filter((n) =>
		    n.startsWith('big')))
			assert.equal(readdirSync(join(root.runs, name)).length,
			    3001);
	}
	await gc(root);
	assert.deepEqual(readdirSync(old), []);
	assert.deepEqual(root.job_names().filter((n) => n.startsWith('big')),
	    []);
	assert.equal((await shown(root, live)).status, 'running');
});

root_test('three at once: each job goes once, and all go', async (root) => {
	const names = Array.from({ length: 60 }, (_, i) => `job-${i}x`);

	for (const name of names)
		plant_big(root, name, 20);

	const ids = (await Promise.all([1, 2, 3].map(() => gc(root)))).flat();

	assert.deepEqual(ids.sort(), names.sort());
	assert.deepEqual(root.job_names(), []);
	assert.deepEqual(readdirSync(join(root.runs, '.old')), []);
});

root_test('D2.28 20 rounds against starts: nothing that lives goes',
    async (root) => {
	let over = false;
	const removed = [];
	const collector = (async () => {
		while (!over)
			removed.push(...await gc(root, [...NOW, '--failed']));
	})();
	const ids = [];

	try {
		for (let round = 0; round < 20; round++) {
			const [live, done] = await Promise.all([
				launch(root, ['sleep', '1000']),
				launch(root, ['-i', 'cat']),
			]);

			ids.push(live);
			await root.jobdir(['send', '--eof', done]);
			await until(() => removed.includes(done), 20000,
			    `${done} is removed`);
		}
	} finally {
		over = true;
		await collector;
	}
	for (const id of ids) {
		assert.equal((await shown(root, id)).status, 'running');
		assert.ok(!removed.includes(id));
	}
	assert.equal(root.job_names().length, 20);
});

root_test('D2.28 a worker that starts again in its directory is kept',
    async (root) => {
	const worker = process_in(root, root.work);
	const record = JSON.stringify({ ...identity(worker.pid) });
	let over = false;
	const removed = [];
	const collector = (async () => {
		while (!over)
			removed.push(...await gc(root, NOW));
	})();

	/* It has its directory open: what it writes arrives there, in sight or
	 * not. */
	try {
		for (let round = 0; round < 20; round++) {
			const dir = plant(root, `again-${round}`, { name: 'x' });
			const shell = spawn('sh', ['-c',
				'echo "$1" >.j && mv .j journal.json && ' +
				'echo "$2" >.j && mv .j journal.json',
				'sh', JSON.stringify(ended(DAY)), record],
			{ cwd: dir, stdio: 'ignore' });

			await new Promise((done) => shell.on('exit', done));
		}
	} finally {
		over = true;
		await collector;
	}
	await gc(root, NOW);
	/* Gone is only what was seen ended, both times. */
	for (let round = 0; round < 20; round++)
		if (!removed.includes(`again-${round}`))
			assert.equal((await shown(root,
			    `again-${round}`)).status, 'running');
	assert.deepEqual(readdirSync(root.runs).filter((n) =>
	    n.startsWith('again')).length + removed.length, 20);
});

root_test('no permission: 125 after the rest; a root that is read-only',
    async (root) => {
	root.bind_to_permissions();
	const closed = join(plant(root, 'closed', ended(31 * DAY)), 'sub');

	mkdirSync(closed);
	writeFileSync(join(closed, 'f'), 'x');
	await root.run('chmod', ['0500', closed]);
	plant(root, 'open', ended(31 * DAY));
	try {
		assert.deepEqual(await gc(root, [], 125), ['open']);
		assert.ok(existsSync(join(root.runs, 'closed',
		    'journal.json')));
		assert.ok(existsSync(join(closed, 'f')));
	} finally {
		await root.run('chmod', ['0700', closed]);
	}
	await root.run('chmod', ['0500', root.runs]);
	try {
		assert.deepEqual(await gc(root, [], 125), []);
		assert.deepEqual(await gc(root, ['--older-than', '99d']), []);
	} finally {
		await root.run('chmod', ['0700', root.runs]);
	}
	assert.deepEqual(await gc(root), ['closed']);
});

});

root_test('claims of keys go with their jobs, others stay', async (root) => {
	const claims = () => readdirSync(join(root.runs, '.keys'))
	    .filter((name) => name !== 'limit').length;
	const ended_id = await finish(root, ['-k', 'one', 'true']);
	const live = (await root.jobdir(['run', '-k', 'two', 'sleep', '600']))
	    .stdout.trim();

	assert.equal(claims(), 2);
	await gc(root, ['--dry-run', ...NOW]);
	assert.equal(claims(), 2);
	assert.deepEqual(await gc(root, NOW), [ended_id]);
	assert.equal(claims(), 1);
	assert.equal((await root.jobdir(['run', '-k', 'two', 'true']))
	    .stdout.trim(), live);
	assert.notEqual((await root.jobdir(['run', '-k', 'one', 'true']))
	    .stdout.trim(), ended_id);
	await root.jobdir(['kill', '-q', live]);
});
