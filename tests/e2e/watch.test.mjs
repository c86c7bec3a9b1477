/*
 * `jobdir watch`: what happens to jobs, as lines and as JSON; cursors; bursts,
 * lost events, replaced roots.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync,
	writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { begin, fails, fine, finish, launch, lines, on_terminal,
	pipe_without_reader, shown } from './lib/cli.mjs';
import { status_line } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { TIME, UUID } from './lib/tools.mjs';
import { until } from './lib/until.mjs';
import { drop_in, replace, running, Watcher } from './lib/watch.mjs';

const count = (watcher, words) =>
	watcher.words().filter((w) => w === words).length;

async function listed(root) {
	return JSON.parse(await fine(root, ['ls', '-a', '--json'])).jobs;
}

root_test('W1 a job of ours from its start to its removal', async (root) => {
	mkdirSync(root.runs);

	const watcher = await new Watcher(root).ready();
	const id = await launch(root, ['-n', 'x', '-i', 'sh', '-c',
		'echo hi; read a; exit 7']);

	await watcher.event(id, 'created');
	await watcher.event(id, 'output');
	await fine(root, ['send', id, 'go']);

	const { event, time, cursor, job, ...rest } =
	    await watcher.event(id, 'finished');

	assert.deepEqual(rest, {});
	assert.equal(event, 'finished');
	assert.match(time, TIME);
	assert.equal(time, job.finished);
	assert.match(cursor, /^[\w-]+$/);
	assert.deepEqual(job, (await listed(root)).find((j) =>
	    j.job_id === id));
	rmSync((await fine(root, ['path', id])).trim(), { recursive: true });
	await watcher.event(id, 'removed');
	assert.deepEqual(watcher.words().filter((w) => !/output/.test(w)), [
		`created ${id} running`, `finished ${id} failed`,
		`removed ${id} failed`]);
});

root_test('W2 lines', async (root) => {
	mkdirSync(root.runs);

	const watcher = await new Watcher(root).ready();
	const plain = begin(root, ['watch']);
	const seen = on_terminal(root, ['watch'], { columns: 70 });
	const id = await launch(root, ['sleep', '600']);
	const dir = drop_in(root, 'w', running({ name: 'n' }));

	await until(() => {
		/* Both may have started after the job. */
		replace(dir, running({ name: 'n\n', progress: { current: 5,
			total: 10, unit: 'files', step: Math.random() } }));
		return /progress/.test(plain.out) && /progress/.test(seen.out);
	}, 20000, 'both tell of progress');
	assert.match(plain.out, new RegExp(`^${TIME.source.slice(1, -1)}  w  ` +
	    'progress  running  n\\\\n  \\[5/10 files\\]$', 'm'));
	assert.match(seen.out, /^\d\d:\d\d:\d\d  w  progress  running  n\\n  \[#{10}-{10}\] 5\/10 files\r?$/m);
	await root.jobdir(['kill', id]);
	await until(() => /killed/.test(plain.out) && /killed/.test(seen.out),
	    20000, 'both tell of the end');
	assert.match(plain.out, new RegExp(`  ${id}  finished  killed TERM  ` +
	    'sleep 600$', 'm'));
	assert.match(seen.out, new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ` +
	    `${id.slice(0, 8)}  finished  killed TERM  sleep 600\r?$`, 'm'));
	await watcher.event(id, 'finished');
	plain.child.kill('SIGINT');
	assert.deepEqual((({ code, errors }) => [code, errors])(
	    await plain.end()), [130, '']);
});

root_test('W3 named jobs', async (root) => {
	const a = drop_in(root, 'a', running());
	const b = drop_in(root, 'b', running());

	assert.match(await fails(root, 3, ['watch', 'nothing']), /not found/);

	const all = await new Watcher(root).ready();
	const watcher = new Watcher(root, ['a']);

	await until(() => {
		replace(a, running({ phase: `${Math.random()}` }));
		return watcher.events.length > 0;
	}, 20000, 'it tells of a');
	replace(b, { exit_code: 0 });
	rmSync(a, { recursive: true });
	await watcher.event('a', 'removed');
	drop_in(root, 'a', running()); /* another job */
	replace(join(root.runs, 'a'), { exit_code: 0 });
	await all.event('a', 'finished');
	await all.event('b', 'finished');
	drop_in(root, 'mark', { exit_code: 0 });
	await all.event('mark', 'finished');
	assert.equal(watcher.process.gone, undefined);
	assert.ok(watcher.words().every((w) => / a /.test(w)));
	assert.equal(watcher.events.at(-1).event, 'removed');
});

root_test('W4 what is no cursor; readers that go', async (root) => {
	mkdirSync(root.runs);
	for (const word of ['', 'x', '1', '-1', '1AAAA', 'A'.repeat(64)])
		assert.match(await fails(root, 2, ['watch', '--after', word]),
		    /no cursor.*\nusage: jobdir watch/);
	await fails(root, 2, ['watch', '--watcher', 'eyes']);

	const pipe = pipe_without_reader(root);
	const gone = begin(root, ['watch'],
	    { stdio: ['ignore', pipe.fd, 'pipe'] });
	const { code, errors } = await gone.end();

	assert.deepEqual([code, errors], [0, '']);
});

root_test('W5 what was missed, once, in order', async (root) => {
	const own_before = await finish(root, ['true']);
	const lost = await launch(root, ['sleep', '600']);
	const runs_on = await launch(root, ['sleep', '600']);
	const { pid } = await shown(root, lost);

	drop_in(root, 'ended', { exit_code: 0 });
	drop_in(root, 'again', { exit_code: 0, pid: 2 ** 30 });

	const lives = drop_in(root, 'lives', running());
	const reports = drop_in(root, 'reports', running());
	const watcher = await new Watcher(root).ready();
	const { cursor } = watcher;

	await watcher.kill();
	/* While nobody watches: */
	writeFileSync(join(root.runs, 'ended', 'note'), '');
	writeFileSync(join(root.runs, root.job_names().find((n) =>
	    n.endsWith(own_before)), 'note'), '');
	process.kill(JSON.parse(readFileSync(join((await fine(root,
	    ['path', lost])).trim(), 'journal.json'))).supervisor.pid,
	    'SIGKILL');
	process.kill(pid, 'SIGKILL');
	await until(async () => (await shown(root, lost)).status === 'lost',
	    10000, 'it is lost');
	replace(lives, { exit_code: 3 });
	for (const current of [1, 2])
		replace(reports, running({ progress: { current } }));
	replace(join(root.runs, 'again'), { exit_code: 0, pid: 2 ** 30 + 1 });

	const made = await finish(root, ['sh', '-c', 'exit 5']);

	drop_in(root, 'came', running());
	rmSync(join(root.runs, 'ended'), { recursive: true });
	for (let i = 0; i < 2; i++) { /* a cursor may be used again */
		const next = await new Watcher(root, ['--after', cursor])
		    .ready();
		const words = next.words().filter((w) => !/ probe-/.test(w));

		assert.deepEqual([...words].sort(), [
			'created came running',
			`created ${made} failed`,
			'finished again completed',
			`finished ${lost} lost`,
			`finished ${made} failed`,
			'finished lives failed',
			'progress reports running',
		].sort());
		assert.ok(words.indexOf(`created ${made} failed`) <
		    words.indexOf(`finished ${made} failed`));
		assert.equal(next.events.find((e) => e.event === 'progress')
		    .job.progress.current, 2);

		/* From any line on: what came before it is not told. */
		const from = next.told[3];
		const rest = await new Watcher(root, ['--after', from.cursor])
		    .ready();
		const left = words.slice(4).filter((w) =>
		    !/^progress/.test(w));

		assert.deepEqual(rest.words().filter((w) =>
		    !/^progress/.test(w)), left);
		await next.kill();
		await rest.kill();
	}
	await root.jobdir(['kill', runs_on]);
});

/* Jobs made by writers at once; a step of each is a promise. */
async function write_jobs(root, writer, jobs, names) {
	for (let i = 0; i < jobs; i++) {
		if (writer % 2) {
			const { stdout } = await root.jobdir(['run', 'sh', '-c',
				'exit 3']);

			names.add(stdout.trim());
			continue;
		}

		const name = `job-${writer}-${i}`;

		names.add(name);

		const dir = drop_in(root, name, running());

		await new Promise((done) => setImmediate(done));
		if (i % 2)
			replace(dir, { exit_code: 3, pid: process.pid });
		else /* in place, with a moment in between */
			for (const text of ['', '{"exit_code"',
				`{"exit_code": 3, "pid": ${process.pid}}`]) {
				writeFileSync(join(dir, 'journal.json'), text);
				await new Promise((done) => setImmediate(done));
			}
		await new Promise((done) => setTimeout(done, 10));
	}
}

root_test('W6 every creation and every end is told exactly once, by whatever ' +
    'process', async (root) => {
	mkdirSync(root.runs);

	const RESTARTS = 30, names = new Set(), told = [];
	let watcher = await new Watcher(root).ready(), { cursor } = watcher;
	let over = false;
	const writers = Promise.all(Array.from({ length: 8 }, (_, i) =>
	    write_jobs(root, i, i % 2 ? 25 : 100, names)))
	    .finally(() => over = true);

	for (let i = 0; i < RESTARTS; i++) {
		await until(() => watcher.events.length > i % 7 || over, 20000,
		    'some events');
		await watcher.kill();
		told.push(...watcher.events);
		cursor = watcher.cursor ?? cursor;
		watcher = new Watcher(root, ['--after', cursor]);
	}
	await writers;
	await watcher.ready();
	await until(() => [...told, ...watcher.events].filter((e) =>
	    e.event === 'finished' && names.has(e.job.job_id)).length >=
	    names.size, 20000, 'every end is told');
	await watcher.ready();
	told.push(...watcher.events);
	assert.equal(names.size, 500);
	for (const what of ['created', 'finished']) {
		const times = new Map();

		for (const e of told.filter((t) => t.event === what &&
		    names.has(t.job.job_id)))
			times.set(e.job.job_id,
			    (times.get(e.job.job_id) ?? 0) + 1);
		assert.deepEqual([...names].filter((n) =>
		    times.get(n) !== 1).map((n) => [n, times.get(n)]), [],
		    what);
	}
	assert.ok(told.every((e) => e.event !== 'finished' ||
	    e.job.job_id.startsWith('probe-') || e.job.exit_code === 3));
});

for (const kind of ['inotify', 'poll'])
	root_test(`W7 10,000 jobs, a burst, and lost events: ${kind}`,
	    async (root) => {
		const JOBS = 10000, REWRITTEN = 1000, FLIPS = 10000;
		const text = JSON.stringify(running());
		const journal = (i) => join(root.runs, `j${i}`, 'journal.json');

		mkdirSync(root.runs);
		for (let i = 0; i < JOBS; i++) {
			mkdirSync(join(root.runs, `j${i}`));
			writeFileSync(journal(i), text);
		}

		const watcher = await new Watcher(root,
		    ['--watcher', kind]).ready(60000);
		const states = new Map();
		const rewrite = (i) => writeFileSync(journal(i), JSON.stringify(
		    i % 3 ? { exit_code: i % 2 } : { name: 'x' }));

		process.kill(watcher.process.child.pid, 'SIGSTOP');
		for (let i = 0; i < REWRITTEN / 2; i++)
			rewrite(i);
		for (let i = 0; i < FLIPS; i++) {
			renameSync(join(root.runs, 'j0'),
			    join(root.runs, '.aside'));
			renameSync(join(root.runs, '.aside'),
			    join(root.runs, 'j0'));
		}
		for (let i = REWRITTEN / 2; i < REWRITTEN; i++)
			rewrite(JOBS - i);
		rmSync(join(root.runs, 'j777'), { recursive: true });
		drop_in(root, 'new', { exit_code: 1 });
		process.kill(watcher.process.child.pid, 'SIGCONT');

		const wanted = new Map((await listed(root)).map((j) =>
		    [j.job_id, j.status]));

		for (let i = 0; i < JOBS; i++)
			states.set(`j${i}`, 'running');

		let seen = 0;
		const differing = () => {
			for (; seen < watcher.events.length; seen++) {
				const { event, job } = watcher.events[seen];

				if (event === 'removed')
					states.delete(job.job_id);
				else
					states.set(job.job_id, job.status);
			}
			return [...new Set([...states.keys(),
				...wanted.keys()])].filter((id) =>
			    !id.startsWith('probe-') &&
			    states.get(id) !== wanted.get(id));
		};

		await until(() => differing().length === 0, 30000,
		    'states as told are those of ls').catch((e) => {
			e.message += `; not: ${differing().slice(0, 10)}`;
			throw e;
		});
		await watcher.ready();
		assert.deepEqual(differing(), []);
		assert.equal(count(watcher, 'created new failed'), 1);
		assert.equal(count(watcher, 'removed j777 running'), 1);
	});

root_test('W8 another root takes the place of the root', async (root) => {
	drop_in(root, 'a', running());
	drop_in(root, 'b', running());

	const watcher = await new Watcher(root).ready();

	renameSync(root.runs, `${root.runs}.old`);
	drop_in(root, 'b', running());
	drop_in(root, 'c', running());
	await watcher.event('c', 'created');
	await watcher.event('a', 'removed');
	writeFileSync(join(`${root.runs}.old`, 'b', 'journal.json'),
	    '{"exit_code": 1}');
	writeFileSync(join(root.runs, 'b', 'journal.json'),
	    '{"exit_code": 0}');
	await watcher.event('b', 'finished');
	/* Whether there was no root for a moment is a matter of luck. */
	assert.deepEqual(watcher.words().filter((w) => /finished b/.test(w)),
	    ['finished b completed']);
});

root_test('W9 a job that died without a record', async (root) => {
	const id = await launch(root, ['sleep', '600']);
	const watcher = await new Watcher(root).ready();
	const dir = (await fine(root, ['path', id])).trim();
	const { supervisor } = JSON.parse(readFileSync(join(dir,
	    'journal.json')));

	process.kill(supervisor.pid, 'SIGKILL');
	process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGKILL');
	/* Sooner than the slow rescan would find it. */
	await watcher.event(id, 'finished', 4000);
	assert.equal(count(watcher, `finished ${id} lost`), 1);
});

root_test('W10 nothing to do, and few descriptors', async (root) => {
	for (let i = 0; i < 300; i++)
		drop_in(root, `j${i}`, { name: 'x' });

	const watcher = await new Watcher(root).ready();
	const { pid } = watcher.process.child;
	const wakeups = () => Number(/\d+/.exec(status_line(pid,
	    'voluntary_ctxt_switches'))[0]);
	const fds = readFileSync(`/proc/${pid}/status`, 'utf8');

	assert.match(fds, /^FDSize:\s+(64|128|256)$/m);
	/* What was made just now is looked at again for a while. */
	let before = wakeups(), start = performance.now();

	await until(() => {
		if (wakeups() - before < 4)
			return false;

		const took = performance.now() - start;

		before = wakeups();
		start = performance.now();
		return took > 2500;
	}, 30000, 'four wake-ups take more than 2.5 s');
});

root_test('W11 a root that comes later, closed directories', async (root) => {
	const early = new Watcher(root);

	mkdirSync(root.runs);
	await early.ready();
	drop_in(root, 'a', { exit_code: 0 });
	chmodSync(join(root.runs, 'a'), 0o500);
	await early.event('a', 'finished');
	assert.match(await launch(root, ['true']), UUID);
	assert.equal(lines(await fine(root, ['ls', '-aq'])).length, 2 +
	    root.job_names().filter((n) => /probe/.test(n)).length);
});
