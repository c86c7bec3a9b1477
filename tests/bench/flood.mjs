/*
 * How long does a flood of requests hold back a notification?  A client asks
 * for the state of a job as fast as the pipe takes it, for one second, while
 * jobs that it has subscribed to end; the delay is from the end on record to
 * the arrival of the notification.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { modern_meta } from '../e2e/lib/rpc.mjs';

const TASKS = 20;
const LASTS = 1000; /* ms */
const ABLE = modern_meta({ 'io.modelcontextprotocol/clientCapabilities':
	{ extensions: { 'io.modelcontextprotocol/tasks': {} } } });

class Client {
	constructor(env) {
		this.child = spawn(PROGRAM, ['mcp'], { env });
		this.rest = '';
		this.waiting = new Map();
		this.answers = 0;
		this.ends = []; /* [task id, delay in ms] */
		this.child.stdout.on('data', (data) => this.#data(data));
	}

	#data(data) {
		const lines = (this.rest + data).split('\n');

		this.rest = lines.pop();
		for (const line of lines)
			this.#take(JSON.parse(line));
	}

	#take({ id, result, method, params }) {
		if (id !== undefined) {
			this.answers++;
			this.waiting.get(id)?.(result);
			this.waiting.delete(id);
		} else if (method === 'notifications/tasks' &&
		    params.status !== 'working') {
			this.ends.push(Date.now() -
			    Date.parse(params.lastUpdatedAt));
		} else if (method ===
		    'notifications/subscriptions/acknowledged') {
			this.acknowledged();
		}
	}

	send(id, method, params) {
		return this.child.stdin.write(`${JSON.stringify({
			jsonrpc: '2.0', id, method,
			params: { ...params, _meta: ABLE } })}\n`);
	}

	ask(id, method, params) {
		return new Promise((done) => {
			this.waiting.set(id, done);
			this.send(id, method, params);
		});
	}

	/* Jobs that end one after another, and the subscription to them. */
	async begin() {
		const tasks = [];

		for (let i = 0; i < TASKS; i++)
			tasks.push((await this.ask(`t${i}`, 'tools/call', {
				name: 'execute_command', arguments: {
					command: `exec sleep ${(0.2 +
					    i * 0.7 / TASKS).toFixed(3)}`,
					notify: true } })).taskId);

		const listening = new Promise((done) => this.acknowledged = done);

		this.send('listen', 'subscriptions/listen',
		    { notifications: { taskIds: tasks } });
		await listening;
		return tasks[0];
	}

	async flood(job_id) {
		const end = performance.now() + LASTS;

		for (let i = 0; performance.now() < end; i++)
			if (!this.send(`f${i}`, 'tools/call',
			    { name: 'get_job_status', arguments: { job_id } }))
				await once(this.child.stdin, 'drain');
	}

	async end() {
		while (this.ends.length < TASKS)
			await once(this.child.stdout, 'data');
		this.child.stdin.end();
		await once(this.child, 'exit');
	}
}

export async function bench_flood(env, figure, median) {
	for (const flooded of [false, true]) {
		const client = new Client(env);
		const job = await client.begin();

		if (flooded)
			await client.flood(job);
		await client.end();
		figure('end of a task to its notification', flooded ?
		    `${client.answers} requests in 1 s` : 'no other requests',
		    median(client.ends), 'ms', { high: Math.max(...client.ends) });
	}
}
