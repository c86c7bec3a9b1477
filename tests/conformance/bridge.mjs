/*
 * The conformance suite speaks Streamable HTTP only, the server stdio only:
 * between them stands this.
 *
 *	const bridge = new Bridge(() => root.raw_server());
 *	await bridge.listen();		-- bridge.url
 *	await bridge.close();		-- before the root is tidied up
 *
 * A client with a handshake has a server of its own, by its Mcp-Session-Id; all
 * requests without a handshake go to one server, or each to a fresh one that
 * gets SIGTERM right after its answer (`fresh`).  Ids and progress tokens get
 * other values on the way, since those of several clients may be the same; a
 * client that goes away cancels its request.
 *
 * What is of HTTP only, and so says nothing of the server: who may connect
 * (Host, Origin), headers that repeat what is in the message, status codes,
 * sessions, streams of events.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const META = 'io.modelcontextprotocol/';
const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const STATUS = { [-32601]: 404, [-32603]: 500 };
const NAMED = { 'tools/call': 'name', 'prompts/get': 'name',
	'resources/read': 'uri', 'tasks/get': 'taskId',
	'tasks/update': 'taskId', 'tasks/cancel': 'taskId' };
const FOREVER = 600000; /* ms; no run takes so long */

function is_modern({ method, params }, headers) {
	const marked = params?._meta?.[`${META}protocolVersion`] !== undefined;

	return marked || (method !== 'initialize' &&
	    !headers['mcp-session-id']);
}

/* In what does a header differ from its message?  null: in nothing. */
function mismatch({ method, params }, headers) {
	const version = params?._meta?.[`${META}protocolVersion`];
	const wanted = { 'mcp-method': method };

	if (version !== undefined)
		wanted['mcp-protocol-version'] = version;
	if (typeof params?.[NAMED[method]] === 'string')
		wanted['mcp-name'] = params[NAMED[method]];
	return Object.keys(wanted).find((name) =>
	    headers[name] !== wanted[name]) ?? null;
}

/* The answer to one HTTP request: JSON if the response comes first, a stream of
 * events if something comes before it. */
class Reply {
	constructor(res, headers = {}) {
		Object.assign(this, { res, headers });
	}

	#write(message) {
		this.res.write(`event: message\ndata: ${
		    JSON.stringify(message)}\n\n`);
	}

	notify(message) {
		if (!this.res.headersSent)
			this.res.writeHead(200, { ...this.headers,
				'content-type': 'text/event-stream' });
		this.#write(message);
	}

	end(message) {
		if (this.res.headersSent) {
			this.#write(message);
			this.res.end();
			return;
		}

		const { code } = message.error ?? {};

		this.json(code === undefined ? 200 : STATUS[code] ?? 400,
		    message);
	}

	json(status, message) {
		this.res.writeHead(status, { ...this.headers,
			'content-type': 'application/json' });
		this.res.end(message && JSON.stringify(message));
	}

	fail(status, id, code, text) {
		this.json(status, { jsonrpc: '2.0', id,
			error: { code, message: text } });
	}
}

/* A server, and the requests that wait for it. */
class Backend {
	constructor(server, tools) {
		this.server = server;
		this.open = new Map(); /* its id -> { message, reply } */
		this.count = 0;
		Object.assign(server.oracle.tools, tools);
		this.pumped = this.#pump();
	}

	async #pump() {
		for (;;) {
			try {
				this.#take(await this.server.receive(() => true,
				    'anything', FOREVER));
			} catch {
				break; /* it has ended */
			}
		}
		for (const { message, reply } of this.open.values())
			reply.end({ jsonrpc: '2.0', id: message.id, error:
				{ code: -32603, message: 'it ended' } });
	}

	/* A message of the server, to whom it is meant for. */
	#take(message) {
		const { id, method, params } = message;
		const tag = params?._meta?.[`${META}subscriptionId`];
		const key = method ? tag ?? params?.progressToken : id;
		/* What is of no request goes to the newest. */
		const entry = this.open.get(key) ?? (key === undefined &&
		    [...this.open.values()].at(-1));

		if (!entry)
			return;

		const { message: asked, reply } = entry;
		const theirs = { ...message };

		if (params)
			theirs.params = { ...params };
		if (tag !== undefined)
			theirs.params._meta = { ...params._meta,
				[`${META}subscriptionId`]: asked.id };
		if (params?.progressToken !== undefined)
			theirs.params.progressToken =
			    asked.params._meta.progressToken;
		if (method) {
			reply.notify(theirs);
			return;
		}
		this.open.delete(id);
		reply.end({ ...theirs, id: asked.id });
	}

	request(message, reply) {
		const id = `b${++this.count}`;
		const ours = { ...message, id };

		if (message.params?._meta?.progressToken !== undefined)
			ours.params = { ...message.params, _meta: {
				...message.params._meta, progressToken: id } };
		this.open.set(id, { message, reply });
		reply.res.on('close', () => {
			if (!this.open.delete(id))
				return;
			this.server.notify('notifications/cancelled',
			    { requestId: id, reason: 'disconnected' });
		});
		this.server.send(ours);
	}

	notify(message) {
		const { requestId } = message.params ?? {};
		const [id] = [...this.open].find(([, { message: asked }]) =>
		    asked.id === requestId) ?? [];

		this.server.send(requestId === undefined ? message :
		    { ...message, params: { ...message.params,
			    requestId: id } });
	}

	/* The end, as a client makes it; it must be a good one. */
	async stop(how) {
		if (how === 'SIGTERM')
			this.server.kill(how);
		else
			this.server.close_stdin();

		const { code, signal } = await this.server.end();

		if (code !== 0)
			this.server.faults.push(`ended with ${code ?? signal}`);
		await this.pumped;
	}
}

export class Bridge {
	constructor(start, { fresh = false } = {}) {
		Object.assign(this, { start, fresh });
		this.sessions = new Map();
		this.stopping = [];
		this.started = 0; /* servers */
		this.http = createServer((req, res) =>
		    this.#serve(req, res).catch((e) => res.destroy(e)));
	}

	async listen() {
		const server = this.start();
		const { result } = await server.request('tools/list');

		/* The oracle of each server is to know the tools. */
		this.tools = Object.fromEntries(result.tools.map((t) =>
		    [t.name, t]));
		await new Backend(server, this.tools).stop();
		await new Promise((done) =>
		    this.http.listen(0, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.http.address().port}/mcp`;
		return this;
	}

	async close() {
		this.http.close();
		this.http.closeAllConnections();
		await Promise.all([...this.stopping,
			...[...this.sessions.values(), this.shared]
			.map((backend) => backend?.stop())]);
	}

	#backend() {
		this.started++;
		return new Backend(this.start(), this.tools);
	}

	async #serve(req, res) {
		const { headers } = req;
		const reply = new Reply(res);
		const { origin } = headers;
		let text = '', message;

		for await (const data of req.setEncoding('utf8'))
			text += data;
		if (!LOCAL.test(headers.host) || (origin !== undefined &&
		    !LOCAL.test(origin.replace(/^https?:\/\//, ''))))
			return reply.json(403);
		if (req.method === 'DELETE')
			return this.#delete(headers['mcp-session-id'], reply);
		if (req.method !== 'POST')
			return reply.json(405);
		try {
			message = JSON.parse(text);
		} catch {
			return reply.fail(400, null, -32700, 'Parse error');
		}
		return is_modern(message, headers) ?
		    this.#modern(message, headers, reply) :
		    this.#legacy(message, headers, reply);
	}

	#delete(session, reply) {
		const backend = this.sessions.get(session);

		this.sessions.delete(session);
		if (backend)
			this.stopping.push(backend.stop());
		reply.json(backend ? 200 : 404);
	}

	#modern(message, headers, reply) {
		const wrong = 'id' in message && mismatch(message, headers);

		if (wrong)
			return reply.fail(400, message.id, -32020,
			    `${wrong} is not what the message says`);
		if (!('id' in message) || !message.method)
			return reply.json(202);

		const backend = this.fresh ? this.#backend() :
		    this.shared ??= this.#backend();

		backend.request(message, reply);
		if (this.fresh)
			reply.res.on('close', () => this.stopping.push(
			    backend.stop('SIGTERM')));
	}

	#legacy(message, headers, reply) {
		let session = headers['mcp-session-id'];

		if (message.method === 'initialize' && !session) {
			session = randomUUID();
			this.sessions.set(session, this.#backend());
		}

		const backend = this.sessions.get(session);

		if (!backend)
			return reply.fail(404, message.id, -32600,
			    'No session');
		reply.headers['mcp-session-id'] = session;
		if ('id' in message && message.method)
			return backend.request(message, reply);
		if (message.method)
			backend.notify(message);
		reply.json(202);
	}
}
