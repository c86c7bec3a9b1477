/*
 * What may a server say?  The protocol's own JSON schemas (tests/schema, one
 * for each revision and one for tasks), and the rules that no schema can hold.
 *
 *	const oracle = new Oracle();
 *
 *	oracle.sent(text);	-- a line of the client, whatever it is
 *	oracle.received(text);	-- a line of the server
 *	oracle.faults		-- [] if all is well
 *
 *	faults_in(lines)	-- the same of an exchange that was written down
 *
 * Rules beyond the schemas: an id comes back as it was sent, once for each
 * request; nothing about a request after its answer, or after the answer to one
 * that was sent after its cancellation; progress grows; the
 * acknowledgement of a subscription comes first, and nothing comes that it does
 * not name; only the error codes of the era; resultType, ttlMs, cacheScope and
 * serverInfo exactly where they belong; tasks only for clients that declare
 * them, and never changed after their end, by whichever server; times in UTC;
 * structuredContent as the tool's own schema has it, and the same as text.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

export const MODERN = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const TASKS = `${META}tasks`;
const LEGACY_NEWEST = '2025-11-25';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const MODERN_CODES = [-32700, -32600, -32601, -32602, -32603, -32021, -32022];
const CACHED = ['server/discover', 'tools/list', 'prompts/list',
	'resources/list', 'resources/templates/list', 'resources/read'];
const MODERN_ONLY = ['server/discover', 'subscriptions/listen'];

const RESULTS = {
	'initialize': 'InitializeResult',
	'server/discover': 'DiscoverResult',
	'tools/list': 'ListToolsResult',
	'tools/call': 'CallToolResult',
	'prompts/list': 'ListPromptsResult',
	'prompts/get': 'GetPromptResult',
	'resources/list': 'ListResourcesResult',
	'resources/templates/list': 'ListResourceTemplatesResult',
	'resources/read': 'ReadResourceResult',
	'completion/complete': 'CompleteResult',
	'subscriptions/listen': 'SubscriptionsListenResult',
	'tasks/get': 'GetTaskResult',
	'tasks/update': 'UpdateTaskResult',
	'tasks/cancel': 'CancelTaskResult',
	'ping': 'EmptyResult',
	'resources/subscribe': 'EmptyResult',
	'resources/unsubscribe': 'EmptyResult',
	'logging/setLevel': 'EmptyResult',
};
const NOTIFICATIONS = {
	'notifications/progress': 'ProgressNotification',
	'notifications/message': 'LoggingMessageNotification',
	'notifications/resources/updated': 'ResourceUpdatedNotification',
	'notifications/resources/list_changed':
	    'ResourceListChangedNotification',
	'notifications/subscriptions/acknowledged':
	    'SubscriptionsAcknowledgedNotification',
	'notifications/tasks': 'TaskStatusNotification',
};

/* --- schemas ------------------------------------------------------------ */

const documents = new Map();
const validators = new Map();

function document_of(revision) {
	if (!documents.has(revision)) {
		const schema = JSON.parse(readFileSync(join(import.meta.dirname,
		    '../../schema', `${revision}.json`), 'utf8'));
		const options = { strict: false, validateFormats: false,
			allErrors: false };
		const ajv = schema.$defs ? new Ajv2020(options) :
		    new Ajv(options);

		ajv.addSchema(schema, revision);
		documents.set(revision, { ajv, types: schema.$defs ??
			schema.definitions, key: schema.$defs ? '$defs' :
			'definitions' });
	}
	return documents.get(revision);
}

/* What is wrong with `value` as that type of that revision; null: nothing. */
function complaint(revision, type, value) {
	const name = `${revision} ${type}`;

	if (!validators.has(name)) {
		const { ajv, types, key } = document_of(revision);

		validators.set(name, types[type] ?
		    ajv.compile({ $ref: `${revision}#/${key}/${type}` }) : null);
	}

	const validate = validators.get(name);

	if (!validate)
		return `${revision} has no ${type}`;
	return validate(value) ? null : `${type}: ` +
	    validate.errors.map((e) => `${e.instancePath} ${e.message}`)
	    .join('; ').slice(0, 300);
}

const outputs = new Ajv2020({ strict: false, validateFormats: false });
const output_validators = new WeakMap();

function output_complaint(tool, value) {
	if (!output_validators.has(tool))
		output_validators.set(tool, outputs.compile(tool.outputSchema));

	const validate = output_validators.get(tool);

	return validate(value) ? null : outputs.errorsText(validate.errors);
}

/* --- rules -------------------------------------------------------------- */

/* Of all servers that this process has heard: ended tasks, and the tools that
 * tasks come from. */
const ended_tasks = new Map();
const task_tools = new Map();

function is_modern(params, method, initialized) {
	const meta = params?._meta;

	return ['protocolVersion', 'clientCapabilities', 'clientInfo']
	    .some((name) => meta?.[META + name] !== undefined) ||
	    MODERN_ONLY.includes(method) ||
	    (!initialized && !['initialize', 'ping'].includes(method));
}

export class Oracle {
	constructor() {
		this.faults = [];
		this.open = [];   /* requests without an answer */
		this.asked = 0;   /* requests so far */
		this.tools = {};  /* name -> entry */
		this.revision = LEGACY_NEWEST; /* what initialize agreed on */
		this.initialized = false;
		this.subscribed = new Map(); /* id as JSON -> what is honoured */
		this.subscriptions = 0; /* resources/subscribe */
	}

	fault(what, message) {
		this.faults.push(`${what}: ` +
		    JSON.stringify(message).slice(0, 400));
	}

	/* Only what a server could understand counts. */
	sent(text) {
		let message;

		try {
			message = JSON.parse(text);
		} catch {
			return;
		}
		for (const one of [message].flat())
			if (['string', 'number'].includes(typeof one?.id) &&
			    !('result' in one || 'error' in one))
				this.#asked(one);
			else if (one?.method === 'notifications/cancelled')
				this.#cancelled(one.params?.requestId);
	}

	/* Its answer may be under way. */
	#cancelled(wanted) {
		const request = this.open.findLast(({ id, cancelled }) =>
		    id === wanted && cancelled === undefined);

		if (request)
			request.cancelled = this.asked;
	}

	/* The server has read all that came before that request. */
	#read_up_to({ number }) {
		this.open = this.open.filter(({ id, method, cancelled }) => {
			const over = cancelled <= number;

			if (over && method === 'subscriptions/listen')
				this.subscribed.delete(JSON.stringify(id));
			return !over;
		});
	}

	#asked({ id, method, params }) {
		const modern = is_modern(params, method, this.initialized);

		if (method === 'initialize' && !modern)
			this.initialized = true;
		this.open.push({ id, method, params, modern,
			number: this.asked++,
			revision: modern ? MODERN : this.revision,
			progress: -Infinity });
	}

	received(text) {
		const message = JSON.parse(text);

		for (const one of [message].flat())
			if (one === null || typeof one !== 'object')
				this.fault('no message', one);
			else if ('method' in one)
				this.#notified(one);
			else
				this.#answered(one);
	}

	#answered(message) {
		if (!('id' in message)) {
			if (!message.error || ![-32700, -32600, -32602]
			    .includes(message.error.code))
				this.fault('no id', message);
			return;
		}

		/* Ids may be beyond what JavaScript can tell apart. */
		const at = this.open.findIndex(({ id }) =>
		    typeof id === typeof message.id && id === message.id);

		if (at < 0) {
			this.fault('answers no request', message);
			return;
		}

		const [request] = this.open.splice(at, 1);

		this.#read_up_to(request);
		if (message.error)
			this.#failed(request, message);
		else
			this.#succeeded(request, message);
	}

	#failed(request, message) {
		const { code, data } = message.error;
		const type = code === -32022 ? 'UnsupportedProtocolVersionError' :
		    code === -32021 ? 'MissingRequiredClientCapabilityError' :
		    request.revision >= LEGACY_NEWEST ? 'JSONRPCErrorResponse' :
		    'JSONRPCError';
		const why = complaint(request.revision, type, message);

		if (why)
			this.fault(why, message);
		if (request.modern && !MODERN_CODES.includes(code))
			this.fault('a code of no modern error', message);
		if (!Number.isInteger(code) || (data !== undefined &&
		    typeof data !== 'object'))
			this.fault('an odd error', message);
	}

	#succeeded(request, message) {
		const { method } = request;
		const { result } = message;

		this.#check_type(request, message);
		if (request.modern)
			this.#check_modern(request, message);
		else if (['resultType', 'ttlMs', 'cacheScope'].some((name) =>
		    name in result))
			this.fault('a member of the other era', message);
		if (method === 'initialize')
			this.revision = result.protocolVersion;
		if (method === 'tools/list')
			for (const tool of result.tools)
				this.tools[tool.name] = tool;
		if (method === 'tools/call')
			this.#check_call(request, message);
		if (method === 'tasks/get')
			this.#check_task(result, message);
		if (method === 'resources/subscribe')
			this.subscriptions++;
		if (method === 'subscriptions/listen')
			this.#unsubscribed(request, message);
	}

	#check_type({ method, revision, modern }, message) {
		const { result } = message;
		const task = result.resultType === 'task';
		const type = task ? 'CreateTaskResult' :
		    result.resultType === 'input_required' ?
		    'InputRequiredResult' : RESULTS[method];

		if (!type) {
			this.fault(`an answer to ${method}`, message);
			return;
		}

		const why = complaint(method.startsWith('tasks/') || task ?
		    'ext-tasks' : modern ? MODERN : method === 'initialize' ?
		    result.protocolVersion : revision, type, result);

		if (why)
			this.fault(why, message);
	}

	#check_modern({ method }, message) {
		const { result } = message;
		const cached = CACHED.includes(method);

		if (!['complete', 'task', 'input_required']
		    .includes(result.resultType))
			this.fault('no resultType', message);
		if (('ttlMs' in result && method !== 'tasks/get' &&
		    result.resultType !== 'task') !== cached ||
		    ('cacheScope' in result) !== cached)
			this.fault('caching', message);
		if (typeof result._meta?.[`${META}serverInfo`]?.name !== 'string')
			this.fault('no serverInfo', message);
	}

	#check_call(request, message) {
		const { result } = message;
		const tool = this.tools[request.params?.name];
		const able = request.params?._meta?.[`${META}clientCapabilities`];

		if (result.resultType === 'task') {
			if (!able?.extensions?.[TASKS])
				this.fault('a task not declared', message);
			task_tools.set(result.taskId, request.params.name);
			this.#check_task(result, message);
			return;
		}
		if (result.resultType !== 'input_required')
			this.#check_content(tool, result, message);
	}

	#check_content(tool, result, message) {
		const { structuredContent: data } = result;

		if (data === undefined) {
			if (tool?.outputSchema && !result.isError)
				this.fault('no structuredContent', message);
			return;
		}
		if (!isDeepStrictEqual(JSON.parse(result.content[0].text), data))
			this.fault('text and structure differ', message);

		const why = tool?.outputSchema && !result.isError &&
		    output_complaint(tool, data);

		if (why)
			this.fault(`outputSchema: ${why}`, message);
	}

	#check_task(task, message) {
		const { taskId, status, createdAt, lastUpdatedAt } = task;
		const before = ended_tasks.get(taskId);

		for (const time of [createdAt, lastUpdatedAt])
			if (!TIME.test(time) || Number.isNaN(Date.parse(time)))
				this.fault(`no time: ${time}`, message);
		if (lastUpdatedAt < createdAt)
			this.fault('changed before it was made', message);
		if (before && (before.status !== status ||
		    before.createdAt !== createdAt ||
		    before.lastUpdatedAt !== lastUpdatedAt))
			this.fault('an ended task changed', message);
		if (['completed', 'cancelled', 'failed'].includes(status))
			ended_tasks.set(taskId, { status, createdAt,
				lastUpdatedAt });
		if (task.result)
			this.#check_content(this.tools[task_tools.get(taskId) ??
			    'execute_command'], task.result, message);
	}

	#unsubscribed({ id }, message) {
		const tag = message.result._meta?.[`${META}subscriptionId`];

		if (tag !== id)
			this.fault('subscriptionId', message);
		this.subscribed.delete(JSON.stringify(id));
	}

	/* --- notifications ---------------------------------------------- */

	#notified(message) {
		const { method, params } = message;
		const type = NOTIFICATIONS[method];
		const tag = params?._meta?.[`${META}subscriptionId`];

		if ('id' in message || !type) {
			this.fault('no notification of a server', message);
			return;
		}
		if (method === 'notifications/progress')
			this.#progressed(params, message);
		else if (tag !== undefined)
			this.#tagged(tag, message);
		else if (!this.initialized || (method ===
		    'notifications/resources/updated' && !this.subscriptions))
			this.fault('nobody asked for it', message);

		const modern = tag !== undefined || !this.initialized;
		const why = complaint(method === 'notifications/tasks' ?
		    'ext-tasks' : modern ? MODERN : this.revision, type,
		    { jsonrpc: '2.0', ...message });

		if (why)
			this.fault(why, message);
		if (method === 'notifications/tasks')
			this.#check_task(params, message);
	}

	#progressed({ progressToken, progress }, message) {
		const request = this.open.find(({ params }) =>
		    params?._meta?.progressToken === progressToken);

		if (!request)
			this.fault('progress of nothing', message);
		else if (!(progress > request.progress))
			this.fault('progress does not grow', message);
		else
			request.progress = progress;
	}

	#tagged(tag, message) {
		const request = this.open.find(({ id, method }) =>
		    id === tag && method === 'subscriptions/listen');
		const key = JSON.stringify(tag);
		const honoured = this.subscribed.get(key);
		const { method, params } = message;

		if (!request) {
			this.fault('of no subscription', message);
		} else if (method ===
		    'notifications/subscriptions/acknowledged') {
			if (honoured)
				this.fault('acknowledged twice', message);
			this.subscribed.set(key, params.notifications);
			this.#check_subset(params.notifications,
			    request.params.notifications, message);
		} else if (!honoured) {
			this.fault('before the acknowledgement', message);
		} else if (method === 'notifications/resources/list_changed' ?
		    !honoured.resourcesListChanged :
		    method === 'notifications/tasks' ?
		    !honoured.taskIds?.includes(params.taskId) :
		    !honoured.resourceSubscriptions?.includes(params.uri)) {
			this.fault('was not asked for', message);
		}
	}

	#check_subset(honoured, asked, message) {
		for (const [name, value] of Object.entries(honoured))
			if (Array.isArray(value) ?
			    value.some((v) => !asked[name]?.includes(v)) :
			    value && !asked[name])
				this.fault('more than was asked for', message);
	}
}

/* Of lines of a client ("C …") and its server ("S …"). */
export function faults_in(lines) {
	const oracle = new Oracle();

	for (const line of lines)
		if (line.startsWith('C '))
			oracle.sent(line.slice(2));
		else
			oracle.received(line.slice(2));
	return oracle.faults;
}
