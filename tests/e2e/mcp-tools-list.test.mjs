/*
 * list_jobs, and the words that name a job in every tool.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe } from 'node:test';
import { ENDED, plant } from './lib/plant.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start } from './lib/tools.mjs';

announce_clients();

const FOREVER = 'exec sleep 1000';

describe('ids', { concurrency: 4 }, () => {

const tools = ['get_job_status', 'get_job_output', 'tail_job_output'];

root_test('a job by any of its names', async (root) => {
	const server = await root.server();
	const { job_id, dir } = await run(server, 'true', { name: 'my-job' });

	for (const word of [job_id, job_id.slice(0, 8), job_id.slice(0, 4),
	    job_id.slice(0, 20), basename(dir), 'my-job',
	    `${job_id}~${basename(dir)}`])
		for (const tool of tools)
			assert.equal((await ok(server, tool, { job_id: word }))
			    .job_id, job_id, `${tool} ${word}`);
	assert.equal((await ok(server, 'kill_job', { job_id: 'my-job' }))
	    .job_id, job_id);
});

root_test('words that name nothing', async (root) => {
	const server = await root.server();
	const { job_id, dir } = await run(server, 'true');
	const words = ['', '.', '..', '/', `../runs/${basename(dir)}`, dir,
	    `./${basename(dir)}`, `${basename(dir)}/`, job_id.slice(0, 3),
	    `${job_id}x`, job_id.toUpperCase().replace(/[0-9-]/g, 'Z'),
	    '.keys', '.new', '*', `${job_id}\0`, 'x'.repeat(5000), '@last'];

	for (const word of words) {
		for (const tool of tools)
			assert.match(await refused(server, tool,
			    { job_id: word }), /^Job .*not found$/,
			    JSON.stringify(word));
		assert.equal((await ok(server, 'kill_job', { job_id: word }))
		    .status, 'not_found');
	}
	/* The text has the word as it was given. */
	for (const word of ['', '.', '*', `${job_id}x`, dir, '../x'])
		assert.equal(await refused(server, 'tail_job_output',
		    { job_id: word }), `Job ${word} not found`);
	/* Long ones are cut, control characters shown. */
	const text = await refused(server, 'get_job_status',
	    { job_id: `a\n\u001b[31m${'b'.repeat(200)}` });

	assert.match(text, /^Job a.*b+.* not found$/);
	assert.ok(text.length < 140);
	assert.doesNotMatch(text, /[\u0000-\u001f]/);
});

root_test('the order in which words are tried', async (root) => {
	const server = await root.server();

	/* Two ids with a common beginning, one job with that name. */
	for (const tag of ['feed0001', 'feed0002', 'beef0001', 'workers',
	    'workmen'])
		plant(root, `20260101T000000Z__${tag}`, ENDED);

	const named = (name) => run(server, 'true', { name });
	const by = async (word) => (await ok(server, 'get_job_status',
	    { job_id: word })).job_id;

	for (const tool of [...tools, 'kill_job']) {
		const [words, ids] = (await refused(server, tool,
		    { job_id: 'feed' })).split(': ');

		assert.equal(words, 'Job feed is ambiguous');
		assert.deepEqual(ids.split(', ').sort(),
		    ['feed0001', 'feed0002']);
	}
	assert.equal(await by('feed0001'), 'feed0001');
	assert.equal(await by('beef'), 'beef0001');

	/* A unique prefix of hexadecimal digits comes before a name. */
	await named('beef');
	assert.equal(await by('beef'), 'beef0001');
	/* A name comes before a prefix of other letters; the newest has it. */
	assert.match(await refused(server, 'get_job_status',
	    { job_id: 'work' }), /^Job work is ambiguous: /);
	await named('work');

	const newest = await named('work');

	assert.equal(await by('work'), newest.job_id);
	assert.equal(await by('worke'), 'workers');
});

root_test('one id, claimed by several directories', async (root) => {
	const server = await root.server();
	const older = '20260101T000000Z__twin';
	const newer = '20260102T000000Z__twin';

	plant(root, older, { ...ENDED, exit_code: 1 });
	plant(root, newer, ENDED);

	const code = async (word) => (await ok(server, 'get_job_status',
	    { job_id: word })).exit_code;

	assert.equal(await code('twin'), 0);
	assert.equal(await code(`twin~${newer}`), 0);
	assert.equal(await code(`twin~${older}`), 1);
	assert.equal(await code(older), 1);
	assert.deepEqual((await ok(server, 'list_jobs')).jobs
	    .map((j) => j.job_id).sort(), ['twin', `twin~${older}`]);
});

});

describe('list_jobs', { concurrency: 4 }, () => {

root_test('a root that does not exist is empty', async (root) => {
	const server = await root.server();

	assert.deepEqual(await ok(server, 'list_jobs'),
	    { root: root.runs, jobs: [] });
	assert.ok(!existsSync(root.runs));
});

root_test('pages of every size, from every server', async (root) => {
	const planted = Array.from({ length: 57 }, (_, i) =>
	    `2026010${1 + i % 3}T0000${String(i).padStart(2, '0')}Z__job${i}`);

	for (const name of planted)
		plant(root, name, { command: `echo ${name}`, exit_code: 0,
			finished: '2026-01-04T00:00:00.000000Z' });

	const servers = [await root.server(), await root.server()];
	const walk = async (limit, meanwhile = () => {}) => {
		const jobs = [];
		let cursor;

		for (let i = 0; ; i++) {
			const page = await ok(servers[i % 2], 'list_jobs',
			    { limit, cursor });

			assert.ok(page.jobs.length <= limit);
			jobs.push(...page.jobs);
			cursor = page.next_cursor;
			if (cursor === undefined)
				return jobs;
			await meanwhile(i);
		}
	};
	const all = await walk(100);

	/* Newest first; without a record of it, by the time in the name. */
	assert.deepEqual(all.map((j) => j.job_id), [...planted].sort().reverse()
	    .map((name) => name.split('__')[1]));
	assert.equal(all[0].started, '2026-01-03T00:00:56.000000Z');
	for (const limit of [1, 7, 20, 56, 57])
		assert.deepEqual(await walk(limit), all);

	/* Jobs come and go meanwhile: nothing is missed or told twice. */
	const gone = [...planted].sort().slice(0, 3);
	const moving = await walk(10, async (i) => {
		await run(servers[0], 'true');
		if (i < 3)
			rmSync(join(root.runs, gone[i]), { recursive: true });
	});

	assert.deepEqual(moving.map((j) => j.job_id),
	    all.slice(0, -3).map((j) => j.job_id));
	for (const cursor of ['', '!!', 'x', all[0].job_id, '\u00fc'])
		assert.equal(await refused(servers[0], 'list_jobs', { cursor }),
		    'Invalid parameter: cursor');
});

root_test('a page ends at 16 KiB', async (root) => {
	const server = await root.server();

	for (let i = 10; i < 90; i++)
		plant(root, `20260101T00${i % 60 + 10 * (i > 59)}00Z__long${i}`,
		    { ...ENDED, command: '\u00fc'.repeat(250),
			cwd: '/x'.repeat(100) });

	const page = await ok(server, 'list_jobs', { limit: 100 });

	assert.ok(page.jobs.length < 80 && page.jobs.length > 10);
	assert.equal(typeof page.next_cursor, 'string');
	assert.ok(Buffer.byteLength(JSON.stringify(page)) < 17000);
	/* 200 characters, the last of which says that there is more. */
	assert.ok(page.jobs.every((j) => [...j.command].length <= 201 &&
	    j.command.startsWith('\u00fc'.repeat(190)) &&
	    j.command.endsWith('\u2026')));
});

root_test('filters', async (root) => {
	const server = await root.server();
	const sub = join(root.work, 'sub');

	mkdirSync(sub);
	mkdirSync(`${sub}way`);

	const job = {
		build: await run(server, 'true', { name: 'build', cwd: sub }),
		build2: await run(server, 'false', { name: 'build2',
			cwd: `${sub}way` }),
		dev: await start(server, FOREVER, { name: 'dev' }),
		none: await run(server, 'kill -9 $$'),
	};
	const names = async (filter) => {
		const { jobs } = await ok(server, 'list_jobs', filter);

		return jobs.map(({ job_id }) => Object.keys(job).find((name) =>
		    job[name].job_id === job_id)).join(' ');
	};

	assert.equal(await names({}), 'none dev build2 build');
	assert.equal(await names({ status: ['running'] }), 'dev');
	assert.equal(await names({ status: ['failed'] }), 'none build2');
	assert.equal(await names({ status: ['failed', 'completed'] }),
	    'none build2 build');
	assert.equal(await names({ status: ['lost', 'unknown', 'queued'] }),
	    '');
	assert.equal(await names({ name: 'build' }), 'build');
	assert.equal(await names({ name: 'build*' }), 'build2 build');
	assert.equal(await names({ name: 'b????2' }), 'build2');
	assert.equal(await names({ name: '[bd]*' }), '');
	assert.equal(await names({ name: '*' }), 'dev build2 build');
	assert.equal(await names({ cwd: sub }), 'build');
	assert.equal(await names({ cwd: `${root.work}/` }),
	    'none dev build2 build');
	assert.equal(await names({ cwd: '/nowhere' }), '');
	assert.equal(await names({ name: 'build*', status: ['failed'],
		cwd: root.work }), 'build2');
	assert.equal(await names({ limit: 1, name: 'build*' }), 'build2');

	const [dev] = (await ok(server, 'list_jobs', { status: ['running'] }))
	    .jobs;

	assert.equal(dev.command, FOREVER);
	assert.equal(dev.name, 'dev');
	assert.equal(dev.cwd, root.work);
	assert.equal(dev.started_by, 'jobdir-tests 1.2.3');
	assert.equal(dev.started, job.dev.started);
});

root_test('unreadable records are entries', async (root) => {
	const server = await root.server();

	plant(root, '20260101T000000Z__torn', '{"command": "x", "exi');
	plant(root, '20260101T000001Z__list', '[1, 2]');
	plant(root, '20260101T000002Z__fine', ENDED);

	const { jobs } = await ok(server, 'list_jobs');

	assert.deepEqual(jobs.map((j) => [j.job_id, j.status]).sort(), [
		['fine', 'completed'], ['list', 'unknown'], ['torn', 'unknown'],
	]);
	for (const job of jobs.filter((j) => j.job_id !== 'fine')) {
		assert.equal(job.reason, 'unreadable');
		assert.notEqual(job.journal_error, '');
		assert.equal(typeof job.journal_error, 'string');

		const status = await ok(server, 'get_job_status',
		    { job_id: job.job_id });

		assert.equal(status.status, 'unknown');
		assert.equal(status.journal_error, job.journal_error);
	}
});

});
