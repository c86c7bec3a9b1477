/*
 * A server under load: how long does a flood of requests hold back a
 * notification, and how soon is a server gone when its input ends?
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { Client } from '../lib/client.mjs';
import { output, sample } from '../lib/measure.mjs';

const TASKS = 20;
const LASTS = 1000; /* ms */
const CALLS = 50;
const EXITS = 15;

/* Jobs that end one after another, subscribed to; gives one's id and the delays
 * from the end on record to the notification, in microseconds. */
async function begin(client) {
	const taskIds = [];
	const delays = [];

	for (let i = 0; i < TASKS; i++)
		taskIds.push((await client.ask('tools/call', {
			name: 'execute_command', arguments: {
				command: 'sleep', args: [(0.2 + i * 0.7 /
				    TASKS).toFixed(3)], notify: true } }))
		    .taskId);
	client.told = ({ method, params }) => {
		if (method === 'notifications/tasks' &&
		    params.status !== 'working')
			delays.push((Date.now() -
			    Date.parse(params.lastUpdatedAt)) * 1000);
	};
	await client.listen({ taskIds });
	return { job: taskIds[0], delays };
}

/* As fast as the pipe takes it. */
async function flood(client, job_id) {
	const end = performance.now() + LASTS;

	for (let i = 0; performance.now() < end; i++)
		if (!client.send(`f${i}`, 'tools/call', {
			name: 'get_job_status', arguments: { job_id } }))
			await once(client.child.stdin, 'drain');
}

async function notified(env, flooded) {
	const client = new Client(env);

	try {
		const { job, delays } = await begin(client);

		if (flooded)
			await flood(client, job);
		while (delays.length < TASKS)
			await once(client.child.stdout, 'data');
		await client.end();
		return { ...sample(delays), answers: client.answers };
	} finally {
		client.child.kill('SIGKILL');
	}
}

/* A server with calls that wait for one job; microseconds from the end of its
 * input to its own. */
async function exit_time(env) {
	const client = new Client(env);
	const call = (id, wait_seconds) => client.send(id, 'tools/call', {
		name: 'execute_command', arguments: { command: 'sleep',
			args: ['60'], idempotency_key: 'one', wait_seconds } });

	try {
		for (let id = 1; id <= CALLS; id++)
			call(`w${id}`, 50);
		/* An answer to what came last: the calls before are under
		 * way. */
		await client.call('execute_command', { command: 'sleep',
			args: ['60'], idempotency_key: 'one' });

		const begun = performance.now();

		await client.end();
		return (performance.now() - begun) * 1000;
	} finally {
		client.child.kill('SIGKILL');
	}
}

export async function play(bench) {
	const env = bench.env({ JOBDIR_ROOT: join(bench.directory(),
	    'runs') });
	const quiet = await notified(env, false);
	const busy = await notified(env, true);
	const exits = [];

	bench.compare({ row: '16a', what: 'end of a task to its notification, ' +
	    `${busy.answers} requests meanwhile`, mine: busy, beside: quiet,
		name: `${quiet.answers} requests` });
	for (let i = 0; i < EXITS; i++)
		exits.push(await exit_time(env));
	bench.bound({ row: '16b', what: `end of input to the end of a server ` +
	    `with ${CALLS} calls under way`, mine: sample(exits) });
	output([PROGRAM, 'kill', '-q', '-s', 'KILL', ...output([PROGRAM, 'ls',
		'-s', 'running', '-q'], env).trim().split('\n')], env);
	await bench.at_rest(env.JOBDIR_ROOT);
}
