/*
 * A client that looks at nothing but what it waits for.
 *
 *	const client = new Client(env);
 *	const page = await client.call('list_jobs', { limit: 100 });
 *	client.told = ({ method, params }) => …;
 *	await client.end();
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { modern_meta } from '../../e2e/lib/rpc.mjs';

/* Of a client that is told the ends of its tasks. */
const ABLE = modern_meta({ 'io.modelcontextprotocol/clientCapabilities':
	{ extensions: { 'io.modelcontextprotocol/tasks': {} } } });

export class Client {
	constructor(env) {
		this.child = spawn(PROGRAM, ['mcp'], { env,
			stdio: ['pipe', 'pipe', 'inherit'] });
		this.rest = [];
		this.waiting = new Map();
		this.answers = 0;
		this.next_id = 1;
		this.told = () => {};
		this.child.stdout.on('data', (data) => this.#data(data));
	}

	#data(data) {
		const end = data.lastIndexOf(10) + 1;

		if (!end) {
			this.rest.push(data);
			return;
		}

		const lines = Buffer.concat([...this.rest,
			data.subarray(0, end)]).toString().trim().split('\n');

		this.rest = [data.subarray(end)];
		for (const line of lines)
			this.#take(JSON.parse(line));
	}

	#take(message) {
		if (!('id' in message)) {
			this.told(message);
			return;
		}
		this.answers++;
		this.waiting.get(message.id)?.(message);
		this.waiting.delete(message.id);
	}

	/* False if the pipe is full. */
	send(id, method, params) {
		return this.child.stdin.write(`${JSON.stringify({
			jsonrpc: '2.0', id, method,
			params: { ...params, _meta: ABLE } })}\n`);
	}

	/* The result of a request. */
	async ask(method, params) {
		const id = this.next_id++;
		const answer = await new Promise((done) => {
			this.waiting.set(id, done);
			this.send(id, method, params);
		});

		if (!answer.result)
			throw new Error(`${method}: ` +
			    JSON.stringify(answer.error));
		return answer.result;
	}

	/* The structured result of a tool. */
	async call(name, args) {
		const result = await this.ask('tools/call',
		    { name, arguments: args });

		if (result.isError)
			throw new Error(`${name}: ${result.content[0].text}`);
		return result.structuredContent ?? result;
	}

	/* Subscribe; what comes then goes to told(). */
	async listen(notifications) {
		const { told } = this;

		await new Promise((done) => {
			this.told = ({ method }) => {
				if (method.endsWith('/acknowledged'))
					done();
			};
			this.send('listen', 'subscriptions/listen',
			    { notifications });
		});
		this.told = told;
	}

	async end() {
		this.child.stdin.end();
		if (this.child.exitCode === null)
			await once(this.child, 'exit');
	}
}
