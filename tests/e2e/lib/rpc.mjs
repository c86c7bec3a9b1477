/*
 * A JSON-RPC client that does nothing for the test: it writes what it is told,
 * byte for byte, and keeps what comes.  Every line of the server must be one
 * JSON-RPC 2.0 message (or a batch) of less than 1 MiB, and what the protocol
 * lets a server say at that moment (oracle.mjs); anything else is kept in
 * `faults`, and the test fails when its root is tidied up.
 *
 *	const server = root.server();
 *	await server.open('2025-11-25');       // or '2026-07-28'
 *	const answer = await server.request('tools/list');
 *	const result = await server.call('list_jobs', {});
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Oracle } from './oracle.mjs';
import { within } from './until.mjs';

export const MODERN = '2026-07-28';
export const LEGACY = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
export const NEWEST_LEGACY = '2025-11-25';

const LINE_MAX = 1 << 20;
const CLIENT = { name: 'jobdir-tests', version: '1.2.3' };

/* The `_meta` that each modern request carries. */
export function modern_meta(more = {}) {
	return {
		'io.modelcontextprotocol/protocolVersion': MODERN,
		'io.modelcontextprotocol/clientInfo': CLIENT,
		'io.modelcontextprotocol/clientCapabilities': {},
		...more,
	};
}

export class Server {
	/* `stdio`: as of spawn(), where a test needs other descriptors. */
	constructor(program, args, options) {
		this.child = spawn(program, args, {
			stdio: ['pipe', 'pipe', 'pipe'],
			...options,
		});
		this.era = MODERN;
		this.faults = [];
		this.messages = [];   /* not yet received by the test */
		this.texts = new WeakMap(); /* message -> its line */
		this.waiters = [];
		this.stderr = '';
		this.next_id = 1;
		this.rest = [];
		this.oracle = new Oracle();
		this.unsent = Buffer.alloc(0); /* not yet a whole line */
		this.exited = once(this.child, 'exit').then((how) => {
			this.gone = { code: how[0], signal: how[1] };
			return this.gone;
		});
		this.child.on('close', () => this.#wake(true));
		this.child.stdin?.on('error', () => {});
		this.child.stdout?.on('data', (data) => this.#data(data));
		this.child.stdout?.on('error', () => {});
		this.child.stderr?.on('data', (data) => {
			this.stderr += data;
		});
	}

	get pid() {
		return this.child.pid;
	}

	#data(data) {
		let from = 0;

		for (;;) {
			const at = data.indexOf(10, from);

			if (at < 0)
				break;
			this.rest.push(data.subarray(from, at));
			this.#line(Buffer.concat(this.rest));
			this.rest = [];
			from = at + 1;
		}
		this.rest.push(data.subarray(from));
		this.#wake(false);
	}

	#line(bytes) {
		const text = new TextDecoder('utf-8').decode(bytes);
		let message;

		if (!Buffer.from(text).equals(bytes))
			this.faults.push('a line is not valid UTF-8');
		if (bytes.length >= LINE_MAX)
			this.faults.push(`a line of ${bytes.length} bytes`);
		try {
			message = JSON.parse(text);
		} catch {
			this.faults.push(`not JSON: ${text.slice(0, 200)}`);
			return;
		}
		for (const one of [message].flat())
			if (one?.jsonrpc !== '2.0')
				this.faults.push(`no JSON-RPC: ${text.slice(0,
				    200)}`);
		if ('method' in message && 'id' in message)
			this.faults.push(`a request: ${text.slice(0, 200)}`);
		this.#judge(text);
		this.texts.set(message, text);
		this.messages.push(message);
	}

	#judge(text) {
		if (this.unjudged)
			return;
		/* A last line without its end has been read, too. */
		this.oracle.sent(this.unsent.toString());
		this.oracle.received(text);
		this.faults.push(...this.oracle.faults.splice(0));
	}

	/* Lines of the client, as far as they are whole. */
	#heard(data) {
		const all = Buffer.concat([this.unsent, Buffer.from(data)]);
		const end = all.lastIndexOf(10) + 1;

		for (const line of all.subarray(0, end).toString().split('\n'))
			this.oracle.sent(line);
		this.unsent = all.subarray(end);
	}

	#wake(over) {
		this.over ||= over;
		this.waiters = this.waiters.filter((w) => {
			const at = this.messages.findIndex(w.wanted);

			if (at >= 0)
				w.resolve(this.messages.splice(at, 1)[0]);
			else if (this.over)
				w.reject(new Error('the server ended before ' +
				    `${w.what} ${JSON.stringify(this.gone)} ` +
				    this.stderr));
			return at < 0 && !this.over;
		});
	}

	/* The first message, not yet received, for which `wanted` holds. */
	receive(wanted = () => true, what = 'a message', deadline = 15000) {
		let waiter;
		const arrival = new Promise((resolve, reject) => {
			waiter = { wanted, what, resolve, reject };
			this.waiters.push(waiter);
		});

		arrival.catch(() => {});
		this.#wake(false);
		/* Who gave up must not take the message later. */
		return within(arrival, deadline, what).finally(() => {
			this.waiters = this.waiters.filter((w) => w !== waiter);
		});
	}

	/* The line a message, or a result of call(), came in. */
	text(message) {
		return this.texts.get(message);
	}

	/* A string or bytes as they are; anything else as a line of JSON.
	 * `done` is called when that was written. */
	send(what, done) {
		const raw = typeof what === 'string' || Buffer.isBuffer(what);
		const data = raw ? what : `${JSON.stringify(what)}\n`;

		this.#heard(data);
		this.child.stdin.write(data, done);
	}

	notify(method, params) {
		this.send({ jsonrpc: '2.0', method, params });
	}

	/* Send a request, of the modern era with `_meta`; gives its id. */
	post(method, params = {},
	    { id = this.next_id++, era = this.era } = {}) {
		const sent = { ...params };

		if (era === MODERN)
			sent._meta = modern_meta(params._meta);
		this.send({ jsonrpc: '2.0', id, method, params: sent });
		return id;
	}

	/* The response with exactly that id. */
	response(id, deadline = 60000) {
		return this.receive((m) => 'id' in m && m.id === id,
		    `response ${JSON.stringify(id).slice(0, 80)}`, deadline);
	}

	/* Request and response. */
	request(method, params, options) {
		return this.response(this.post(method, params, options));
	}

	/* Begin to speak a revision. */
	async open(era) {
		this.era = era;
		if (era === MODERN)
			return this;

		const answer = await this.request('initialize', {
			protocolVersion: era,
			capabilities: {},
			clientInfo: CLIENT,
		});

		this.initialized = answer.result;
		this.notify('notifications/initialized');
		return this;
	}

	async tools() {
		return (await this.request('tools/list')).result.tools;
	}

	/* The CallToolResult of a call. */
	async call(name, args = {}) {
		const answer = await this.request('tools/call',
		    { name, arguments: args });

		if (answer.error)
			throw new Error(`${name}: ${answer.error.message}`);
		this.texts.set(answer.result, this.text(answer));
		return answer.result;
	}

	/* After a request that must be answered, nothing is left over. */
	async quiet() {
		await this.request('tools/list', {},
		    { id: 'quiet?', era: MODERN });
		return this.messages;
	}

	close_stdin() {
		this.child.stdin.end();
	}

	kill(signal = 'SIGKILL') {
		this.child.kill(signal);
	}

	/* How the server ended. */
	end(what = 'the end of the server', deadline = 10000) {
		return within(this.exited, deadline, what);
	}

	/* For the tidying up: it is gone after this. */
	async dispose() {
		if (!this.gone) {
			this.kill();
			await this.exited;
		}
		this.child.stdout?.destroy();
		this.child.stderr?.destroy();
	}
}
