/*
 * A server is killed by SIGKILL at any moment of an exchange: at each of its
 * system calls in turn, as far as time allows.  No job is lost, no answer
 * changes, and what it has acknowledged is so.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { ENDED, plant } from './lib/plant.mjs';
import { root_test, TRACED } from './lib/root.mjs';
import { ABLE, cancel, create, ended, get } from './lib/tasks.mjs';
import { differences, tree } from './lib/tree.mjs';
import { until } from './lib/until.mjs';

const MOMENTS = 60;  /* of an exchange */
const AT_ONCE = 4;

const call = (name, args = {}) => ['tools/call', { name, arguments: args }];

/* Send them one after another; gives the answers that came, and ends the
 * server.  How long one took is nothing to compare. */
async function exchange(root, requests, under) {
	const server = await root.server({ under, env: TRACED });
	const answers = [];

	try {
		for (const [method, params] of requests)
			answers.push(await server.request(method,
			    { ...params, ...ABLE }));
	} catch (e) {
		assert.match(e.message, /^the server ended/);
	}
	server.close_stdin();
	await server.end();
	return answers.map((answer) => server.text(answer)
	    .replaceAll(/("waited_seconds\\?":)[\d.]+/g, '$1'));
}

/* The calls of a server from the first byte of its client on, each with how
 * often it was made before. */
async function moments(root, requests) {
	const log = join(root.top, 'calls');
	const counts = {};

	await exchange(root, requests, ['strace', '-qq', '-o', log]);

	const calls = readFileSync(log, 'utf8').split('\n').flatMap((line) => {
		const name = /^\w+(?=\()/.exec(line)?.[0];

		if (!name)
			return [];
		counts[name] = (counts[name] ?? 0) + 1;
		return [{ name, nth: counts[name], line }];
	});
	const first = calls.findIndex(({ line }) =>
	    /^(?:read|recvfrom)\(\d+, "\{\\"jsonrpc/.test(line));
	const after = calls.slice(first);
	const step = Math.max(1, after.length / MOMENTS);

	assert.ok(first > 0);
	return Array.from({ length: Math.min(MOMENTS, after.length) },
	    (_, i) => after[Math.floor(i * step)]);
}

/* Let `body` do an exchange that is cut off, once for each moment. */
async function cut_off(chosen, body) {
	const rest = [...chosen.entries()];
	const work = async () => {
		for (let next; (next = rest.shift());) {
			const [i, { name, nth }] = next;

			await body(i, ['strace', '-qq', '-o', '/dev/null',
				'-e', `inject=${name}:signal=SIGKILL:when=${
				    nth}`]);
		}
	};

	await Promise.all(Array.from({ length: AT_ONCE }, work));
}

describe('SIGKILL of a server', { concurrency: 2 }, () => {

root_test('while it is asked: the same answers as ever', async (root) => {
	const keeper = await root.server();
	const { taskId } = await create(keeper, 'echo out; exit 7');
	const { taskId: stopped } = await create(keeper, 'sleep 1000');
	const job = `job:///${taskId}`;

	plant(root, 'worker', ENDED);
	await cancel(keeper, stopped);
	await ended(keeper, taskId);
	await ended(keeper, stopped);
	await until(() => !root.processes_of_jobs(keeper).length, 10000,
	    'there is nothing but the server');

	const requests = [['server/discover'], ['tools/list'],
		['prompts/list'], ['resources/list'],
		['resources/templates/list'],
		...['journal', 'stdout', 'stderr'].map((part) =>
		    ['resources/read', { uri: `${job}/${part}` }]),
		...[taskId, stopped, 'worker'].flatMap((id) => [
			['tasks/get', { taskId: id }],
			['tasks/update', { taskId: id, inputResponses: {} }],
			['tasks/cancel', { taskId: id }],
			call('get_job_status', { job_id: id }),
			call('kill_job', { job_id: id })]),
		call('list_jobs'), call('wait_for_jobs', { job_ids: [taskId] }),
		call('tail_job_output', { job_id: taskId }),
		call('get_job_output', { job_id: taskId }),
		call('mcp_job_status'),
		['prompts/get', { name: 'diagnose_job',
			arguments: { job_id: taskId } }],
		['completion/complete', { ref: { type: 'ref/prompt',
			name: 'diagnose_job' },
			argument: { name: 'job_id', value: '' } }]];
	const right = await exchange(root, requests, []);
	const chosen = await moments(root, requests);
	const before = tree(root.runs);
	let least = Infinity, most = 0;

	assert.equal(right.length, requests.length);
	await cut_off(chosen, async (i, under) => {
		const answers = await exchange(root, requests, under);

		assert.deepEqual(answers, right.slice(0, answers.length));
		least = Math.min(least, answers.length);
		most = Math.max(most, answers.length);
	});
	assert.equal(least, 0);
	assert.ok(most > requests.length / 2, `${most}`);
	assert.deepEqual(differences(before, tree(root.runs)), []);
	assert.deepEqual(await exchange(root, requests, []), right);
});

root_test('while it makes a task: one job or none, and no half of one',
    async (root) => {
	const request = (name) => [['tools/call', { name: 'execute_command',
		arguments: { command: 'echo ran; exit 7', name, notify: true } }]];
	const chosen = await moments(root, request('whole'));
	const tasks = new Map();

	await cut_off(chosen, async (i, under) => {
		const [answer] = await exchange(root, request(`n${i}`), under);

		if (answer)
			tasks.set(`n${i}`, JSON.parse(answer).result);
	});
	await until(() => !root.processes().length, 10000, 'all have ended');

	const { stdout } = await root.jobdir(['ls', '-a', '--jsonl']);
	const jobs = stdout.trim().split('\n').map((line) => JSON.parse(line));
	const server = await root.server();

	assert.ok(jobs.length > tasks.size && jobs.length <= MOMENTS + 1,
	    `${jobs.length} jobs, ${tasks.size} of them acknowledged`);
	assert.equal(new Set(jobs.map((job) => job.name)).size, jobs.length);
	for (const { job_id, name, status, exit_code } of jobs) {
		assert.deepEqual({ name, status, exit_code },
		    { name, status: 'failed', exit_code: 7 });

		const task = await get(server, job_id);
		const told = tasks.get(name);

		assert.equal(task.result.structuredContent.stdout, 'ran\n');
		if (told)
			assert.deepEqual([told.taskId, told.createdAt],
			    [task.taskId, task.createdAt]);
		tasks.delete(name);
	}
	assert.deepEqual([...tasks.keys()], []);
});

root_test('while it cancels a task: as acknowledged, else asked for or not',
    async (root) => {
	const keeper = await root.server();
	const sleeper = async () => (await create(keeper, 'sleep 1000')).taskId;
	const request = (taskId) => [['tasks/cancel', { taskId }]];
	const chosen = await moments(root, request(await sleeper()));
	const seen = { acknowledged: 0, cancelled: 0, working: 0 };

	await cut_off(chosen, async (i, under) => {
		const id = await sleeper();
		const [answer] = await exchange(root, request(id), under);
		const name = root.job_names().find((n) => n.endsWith(id));
		const asked = answer !== undefined ||
		    existsSync(join(root.runs, name, 'cancel'));
		const task = asked ? await ended(keeper, id) :
		    await get(keeper, id);

		assert.equal(task.status, asked ? 'cancelled' : 'working');
		seen[answer ? 'acknowledged' : task.status]++;
		if (!asked)
			await cancel(keeper, id);
	});
	assert.ok(seen.working > 0, JSON.stringify(seen));
	assert.ok(seen.acknowledged + seen.cancelled > 0,
	    JSON.stringify(seen));
});

});
