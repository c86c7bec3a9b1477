/*
 * The official clients, each over its own stdio transport:
 *
 *	sdk1            @modelcontextprotocol/sdk 1.x
 *	client2-legacy  @modelcontextprotocol/client 2.x, initialize
 *	client2-auto    the same, server/discover first
 *	client2-pinned  the same, 2026-07-28 and nothing else
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Transport1 }
	from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client as Client2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Transport2 }
	from '@modelcontextprotocol/client/stdio';
import { Oracle } from './oracle.mjs';
import { MODERN } from './rpc.mjs';

const SDK1 = '@modelcontextprotocol/sdk';
const CLIENT2 = '@modelcontextprotocol/client';

const KINDS = {
	'sdk1': { package: SDK1 },
	'client2-legacy': { package: CLIENT2, mode: 'legacy' },
	'client2-auto': { package: CLIENT2, mode: 'auto' },
	'client2-pinned': { package: CLIENT2, mode: { pin: MODERN } },
};

export const CLIENTS = Object.keys(KINDS);

/* Version of an installed package (its package.json may not be exported). */
function version(name) {
	const require = createRequire(import.meta.url);
	let dir = dirname(require.resolve(name === SDK1 ?
	    `${SDK1}/client/index.js` : name));

	for (;;) {
		try {
			const { name: found, version } = JSON.parse(
			    readFileSync(join(dir, 'package.json'), 'utf8'));

			if (found === name)
				return version;
		} catch (e) {
			if (e.code !== 'ENOENT')
				throw e;
		}
		dir = dirname(dir);
	}
}

/* Let `oracle` see what goes through a transport. */
function overhear(transport, oracle) {
	const send = transport.send;
	let handler;

	transport.send = function (message, ...rest) {
		oracle.sent(JSON.stringify(message));
		return send.call(this, message, ...rest);
	};
	Object.defineProperty(transport, 'onmessage', {
		get: () => handler,
		set: (own) => handler = own && ((message, ...rest) => {
			oracle.received(JSON.stringify(message));
			return own.call(transport, message, ...rest);
		}),
	});
}

const used = new Set();

/* "@modelcontextprotocol/sdk 1.32.2, …": of the clients used so far. */
export function clients_used() {
	return [...used].sort().map((name) => `${name} ${version(name)}`)
	    .join(', ');
}

export class OfficialClient {
	constructor(kind) {
		this.kind = kind;
	}

	/* `server`: command, args, env, cwd. */
	async connect(server) {
		const { package: name, mode } = KINDS[this.kind];
		const me = {
			name: `jobdir-tests-${this.kind}`,
			version: '1.2.3',
		};
		const parameters = { stderr: 'pipe', ...server };

		used.add(name);
		if (name === SDK1) {
			this.client = new Client1(me);
			this.transport = new Transport1(parameters);
		} else {
			this.client = new Client2(me,
			    { versionNegotiation: { mode } });
			this.transport = new Transport2(parameters);
		}
		this.oracle = new Oracle();
		overhear(this.transport, this.oracle);
		this.stderr = '';
		this.transport.stderr?.on('data', (data) => {
			this.stderr += data;
		});
		await this.client.connect(this.transport);
		/* From now on the client checks results itself, too. */
		this.listed = (await this.client.listTools()).tools;
		return this;
	}

	get pid() {
		return this.transport.pid;
	}

	async tools() {
		return this.listed;
	}

	call(name, args = {}) {
		return this.client.callTool({ name, arguments: args });
	}

	get faults() {
		return this.oracle?.faults ?? [];
	}

	close() {
		return this.client.close();
	}

	async dispose() {
		await this.client?.close();
	}
}
