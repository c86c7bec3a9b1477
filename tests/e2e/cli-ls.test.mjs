/*
 * jobdir ls: the list of jobs for people, scripts and programs.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine, finish, in_shell, launch, lines, on_terminal, seen }
	from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test } from './lib/root.mjs';
import { ok } from './lib/tools.mjs';

/* Plant `count` jobs that are over, p00 the oldest. */
function plant_many(root, count) {
	for (let i = 0; i < count; i++) {
		const two = String(i).padStart(2, '0');

		plant(root, `20260101T0000${two}Z__p${two}`, {
			...ENDED,
			name: i % 2 ? 'odd' : 'even',
			exit_code: i % 3,
			started: `2026-01-01T00:00:${two}.000000Z`,
			finished: `2026-01-01T00:01:${two}.000000Z`,
		});
	}
}

/* The rows of a table, split at two blanks or more. */
function rows(text) {
	const [heading, ...rest] = lines(text).map((l) => l.split(/ {2,}/));

	assert.deepEqual(heading,
	    ['ID', 'STATUS', 'EXIT', 'STARTED', 'TIME', 'WHAT']);
	return rest;
}

/* So many that several threads read them: of two seconds, so that the order is
 * told by the records, some of ours by name, one without a record. */
function plant_crowd(root, count) {
	for (let i = 0; i < count; i++) {
		const n = String(i).padStart(3, '0');
		const second = `2026-01-01T00:00:0${i % 2}`;
		const id = `00000${n}-8b1d-4c8e-9f0a-5d2b7e6a1c3f`;

		plant(root, `${second.replace(/[-:]/g, '')}Z__${i % 3 ? id : n}`, {
			...ENDED,
			name: `crowd ${n}`,
			started: `${second}.${n}000Z`,
		});
	}
	mkdirSync(join(root.runs, '20260101T000000Z__bare'));
}

describe('ls, not on a terminal', { concurrency: 4 }, () => {

root_test('a table: full ids, RFC 3339, nothing cut', async (root) => {
	const long = 'word '.repeat(100).trim();
	const done = await finish(root, ['-n', 'done', 'sh', '-c', long]);
	const bad = await finish(root, ['sh', '-c', 'exit 7']);
	const live = await launch(root, ['-n', 'live', 'sleep', '1000']);
	const dead = await launch(root, ['sleep', '1001']);

	await root.jobdir(['kill', '-q', dead]);

	const table = rows(await fine(root, ['ls']));
	const row = (id) => {
		const [, status, exit, started, time, what] =
		    table.find((r) => r[0] === id);

		assert.match(started, /^\d{4}-\d\d-\d\dT[0-9:.]{15}Z$/);
		assert.match(time, /^[0-9.hms]+$/);
		return [status, exit, what];
	};

	assert.equal(table.length, 4);
	assert.deepEqual(row(done),
	    ['failed', '127', `done: sh -c '${long}'`]);
	assert.deepEqual(row(bad), ['failed', '7', "sh -c 'exit 7'"]);
	assert.deepEqual(row(live), ['running', '-', 'live: sleep 1000']);
	assert.deepEqual(row(dead), ['killed', 'TERM', 'sleep 1001']);
});

root_test('newest first; what lives, and the 10 newest others',
    async (root) => {
	plant_many(root, 14);

	const live = await launch(root, ['sleep', '1000']);
	const newest = ['p13', 'p12', 'p11', 'p10', 'p09', 'p08', 'p07', 'p06',
		'p05', 'p04', 'p03', 'p02', 'p01', 'p00'];
	const ids = async (...args) =>
	    lines(await fine(root, ['ls', '-q', ...args]));

	assert.deepEqual(await ids(), [live, ...newest.slice(0, 10)]);
	assert.deepEqual(await ids('-a'), [live, ...newest]);
	assert.deepEqual(await ids('-N', '3'), [live, 'p13', 'p12']);
	assert.deepEqual(await ids('-N12'), [live, ...newest.slice(0, 11)]);
	assert.deepEqual(rows(await fine(root, ['ls', '-a'])).map((r) => r[0]),
	    [live, ...newest]);
});

root_test('a live job is shown, however old', async (root) => {
	const live = await launch(root, ['sleep', '1000']);

	for (let i = 0; i < 12; i++)
		plant(root, `20990101T0000${10 + i}Z__late${i}`, {
			...ENDED,
			started: `2099-01-01T00:00:${10 + i}.000000Z`,
			finished: `2099-01-01T00:00:${10 + i}.500000Z`,
		});

	const ids = lines(await fine(root, ['ls', '-q']));

	assert.equal(ids.length, 11);
	assert.equal(ids.at(-1), live);
});

root_test('-s and -n', async (root) => {
	plant_many(root, 6);

	const ids = async (...args) =>
	    lines((await root.jobdir(['ls', '-q', ...args])).stdout).join();

	assert.equal(await ids('-s', 'completed'), 'p03,p00');
	assert.equal(await ids('-s', 'failed,completed'),
	    'p05,p04,p03,p02,p01,p00');
	assert.equal(await ids('-s', 'running'), '');
	assert.equal(await ids('-n', 'odd'), 'p05,p03,p01');
	assert.equal(await ids('-n', 'o?d', '-s', 'completed'), 'p03');
	assert.equal(await ids('-n', '*', '-N', '2'), 'p05,p04');
	assert.equal(await ids('-n', 'od'), '');
});

root_test('--json and --jsonl: all jobs that match', async (root) => {
	plant_many(root, 30);

	const text = await fine(root, ['ls', '--json']);
	const { root: path, jobs } = JSON.parse(lines(text).join());

	assert.equal(path, root.runs);
	assert.deepEqual(jobs.map((j) => j.job_id),
	    lines(await fine(root, ['ls', '-aq'])));
	assert.deepEqual(lines(await fine(root, ['ls', '--jsonl']))
	    .map((l) => JSON.parse(l)), jobs);
	assert.equal(JSON.parse(await fine(root, ['ls', '--json', '-s',
		'failed'])).jobs.length, 20);
	assert.equal(lines(await fine(root, ['ls', '--jsonl', '-N', '5']))
	    .length, 5);

	const server = await root.server();

	assert.deepEqual((await ok(server, 'list_jobs', { limit: 10 })).jobs,
	    jobs.slice(0, 10));
});

root_test('an empty root, or none that match', async (root) => {
	mkdirSync(root.runs);
	for (const args of [['ls'], ['ls', '-q'], ['ls', '--jsonl'],
		['ls', '-s', 'lost']]) {
		const { code, stdout, stderr } = await root.jobdir(args);

		assert.deepEqual([code, stdout], [0, '']);
		assert.ok(lines(stderr).join().includes(root.runs), stderr);
	}
});

root_test('what is no job is not listed', async (root) => {
	plant_many(root, 1);
	writeFileSync(join(root.runs, 'file'), '');
	mkdirSync(join(root.runs, '.hidden'));
	assert.equal(await fine(root, ['ls', '-aq']), 'p00\n');
});

root_test('control characters stay visible, a line a job', async (root) => {
	plant(root, 'evil', {
		...ENDED,
		name: 'a\x1b[31m\u009b\nb',
		command: 'x\ty\x07\r\n\x7f\u202e',
	});
	plant(root, 'dir\x1b[2J\nname', ENDED);

	const text = await fine(root, ['ls']);

	assert.equal(rows(text).length, 2);
	assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
	assert.match(text, /a\\x1b\[31m.*\\nb: x\\ty\\x07\\r\\n\\x7f/);
	for (const form of ['--json', '--jsonl'])
		for (const line of lines(await fine(root, ['ls', form])))
			JSON.parse(line);
	assert.equal(lines(await fine(root, ['ls', '-q'])).length, 2);
});

root_test('bytes that are no UTF-8', async (root) => {
	await in_shell(root, '"$@" "$(printf "\\377\\200")" >id',
	    ['run', '-w', 'echo']);

	const { stdout } = await in_shell(root,
	    '"$@" | iconv -f utf-8 -t utf-8 >/dev/null && echo valid',
	    ['ls', '--json']);

	assert.equal(stdout, 'valid\n');
	assert.match(rows(await fine(root, ['ls']))[0].at(-1), /^echo /);
});

root_test('processes left behind, and progress', async (root) => {
	await finish(root, ['sh', '-c', 'sleep 1000 & sleep 1000 & sleep 0']);
	assert.match(await fine(root, ['ls']),
	    / {2}\(2 processes left behind\)\n/);

	const id = await finish(root, ['true']);
	const path = (await fine(root, ['path', id])).trim();

	writeFileSync(join(path, 'progress.json'), JSON.stringify(
	    { current: 3, total: 10, unit: 'epochs' }));
	assert.match(await fine(root, ['ls']), /true {2}\[3\/10 epochs\]\n/);
});

root_test('a job that is gone is gone', async (root) => {
	plant_many(root, 2);
	rmSync(join(root.runs, root.job_names()[0]), { recursive: true });
	assert.equal(await fine(root, ['ls', '-q']), 'p01\n');
});

});

describe('ls on a terminal', { concurrency: 4 }, () => {

/* What is seen, without colours. */
async function plain(root, args, options) {
	return (await seen(root, args, options)).replace(/\x1b\[\d+m/g, '');
}

root_test('short ids, local times, cut columns', async (root) => {
	const id = await finish(root, ['-n', 'long', 'echo',
		'word '.repeat(100)]);
	const text = await plain(root, ['ls'], { env: { TZ: 'UTC' } });
	const [row] = rows(text);

	assert.equal(row[0], id.slice(0, 8));
	/* Should midnight pass meanwhile, it is the day. */
	assert.match(row[3], /^(\d\d:\d\d:\d\d|[A-Z][a-z]{2} ?|\d{4}-.*)$/);
	for (const width of [80, 100, 60]) {
		const [, line] = lines(await plain(root, ['ls'],
		    { columns: width }));

		assert.equal([...line].length, width);
		assert.match(line, /long: echo .*…$/);
	}
	/* Ids are for scripts, on a terminal, too. */
	assert.equal(await seen(root, ['ls', '-q']), `${id}\n`);
});

root_test('ids as long as is needed, foreign ones in full', async (root) => {
	const uuid = (last) => `12345678-9abc-4def-8000-00000000000${last}`;

	plant(root, `20260101T000000Z__${uuid(1)}`, ENDED);
	plant(root, `20260101T000001Z__${uuid(2)}`, ENDED);
	plant(root, '20260101T000002Z__12345678-0000-4def-8000-000000000003',
	    ENDED);
	plant(root, 'a-name-of-ones-own', ENDED);

	const ids = rows(await plain(root, ['ls'], { columns: 200 }))
	    .map((r) => r[0]);

	assert.deepEqual(ids.sort(), ['12345678-0', uuid(1), uuid(2),
		'a-name-of-ones-own'].sort());
});

root_test('the day of an older job', async (root) => {
	plant(root, '20200615T120000Z__old', {
		...ENDED,
		started: '2020-06-15T12:00:00.000000Z',
		finished: '2020-06-15T12:02:03.000000Z',
	});
	assert.match(await plain(root, ['ls']),
	    /old +completed +0 +2020-06-15 +2m03s +planted/);
});

root_test('wide characters take two columns', async (root) => {
	await finish(root, ['echo', '漢字'.repeat(60)]);

	const [, line] = lines(await plain(root, ['ls'], { columns: 80 }));
	const columns = [...line].reduce((n, c) =>
	    n + (/[漢字]/.test(c) ? 2 : 1), 0);

	assert.ok(columns === 80 || columns === 79, line);
});

root_test('colours, unless they are not wanted', async (root) => {
	await finish(root, ['false']);
	assert.match(await seen(root, ['ls']), /\x1b\[31mfailed\x1b\[0m/);
	for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }])
		assert.doesNotMatch(await seen(root, ['ls'], { env }), /\x1b/);
	/* Empty means not set. */
	assert.match(await seen(root, ['ls'], { env: { NO_COLOR: '' } }),
	    /\x1b/);
});

root_test('control characters stay visible', async (root) => {
	plant(root, 'evil', { ...ENDED, command: 'a\x1b]0;t\x07\nb\rc' });

	const { out } = await on_terminal(root, ['ls'],
	    { env: { NO_COLOR: '1' } }).end();

	assert.ok(out.includes('a\\x1b]0;t\\x07\\nb\\rc'), out);
	assert.doesNotMatch(out, /[\x1b\x07]/);

	const words = on_terminal(root, ['show', 'x\x1b[2Jy'],
	    { env: { NO_COLOR: '1' } });

	assert.match((await words.end()).out, /Job x\\x1b\[2Jy not found/);
});

});

root_test('very many: the same order in all forms, and over MCP',
    async (root) => {
	plant_crowd(root, 700);

	const { jobs } = JSON.parse(await fine(root, ['ls', '-a', '--json']));
	const ids = jobs.map((job) => job.job_id);

	assert.equal(new Set(ids).size, 701);
	assert.deepEqual(jobs.map((job) => job.started),
	    jobs.map((job) => job.started).toSorted().toReversed());
	assert.deepEqual(jobs, lines(await fine(root, ['ls', '--jsonl']))
	    .map((line) => JSON.parse(line)));
	assert.deepEqual(ids, lines(await fine(root, ['ls', '-aq'])));
	assert.deepEqual(ids, rows(await fine(root, ['ls', '-a']))
	    .map(([id]) => id));
	/* What may live, and the newest others. */
	assert.equal(jobs.at(-1).job_id, 'bare');
	assert.deepEqual([...ids.slice(0, 10), 'bare'],
	    rows(await fine(root, ['ls'])).map(([id]) => id));

	const server = await root.server();
	const paged = [];

	for (let cursor; ;) {
		const page = await ok(server, 'list_jobs', { limit: 100, cursor });

		paged.push(...page.jobs);
		if (!(cursor = page.next_cursor))
			break;
	}
	assert.deepEqual(paged, jobs);
});

root_test('very many: who reads the first line only does not wait',
    async (root) => {
	plant_crowd(root, 700);

	const { code, stdout } = await in_shell(root,
	    '"$@" ls -a --jsonl | head -n 1');

	assert.equal(code, 0);
	assert.equal(lines(stdout).length, 1);
});
