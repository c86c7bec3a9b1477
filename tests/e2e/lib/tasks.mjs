/*
 * The tasks extension over a server of rpc.mjs, which is not to know it: a
 * request declares what its client takes.
 */
import assert from 'node:assert/strict';
import { until } from './until.mjs';

export const TASKS = 'io.modelcontextprotocol/tasks';
export const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/* `_meta` of a client that takes tasks. */
export const ABLE = {
	_meta: {
		'io.modelcontextprotocol/clientCapabilities': {
			extensions: { [TASKS]: {} },
		},
	},
};

/* The CreateTaskResult of a command. */
export async function create(server, command, more = {}) {
	const { result, error } = await server.request('tools/call', {
		name: 'execute_command',
		arguments: { command, notify: true, ...more }, ...ABLE });

	assert.equal(error, undefined);
	assert.equal(result.resultType, 'task', JSON.stringify(result));
	return result;
}

export async function get(server, taskId) {
	const { result, error } = await server.request('tasks/get',
	    { taskId, ...ABLE });

	assert.equal(error, undefined);
	return result;
}

export async function cancel(server, taskId) {
	const { result, error } = await server.request('tasks/cancel',
	    { taskId, ...ABLE });

	assert.equal(error, undefined);
	assert.deepEqual(Object.keys(result), ['resultType', '_meta']);
}

/* The task once it has ended. */
export function ended(server, taskId) {
	return until(async () => {
		const task = await get(server, taskId);

		return task.status !== 'working' && task;
	}, 15000, `the end of task ${taskId}`);
}

/* Open a subscription; gives its id and what is honoured. */
export async function listen(server, notifications, options) {
	const id = server.post('subscriptions/listen',
	    { notifications, ...ABLE }, options);
	const { params } = await server.receive((m) => m.method ===
	    'notifications/subscriptions/acknowledged' &&
	    m.params._meta[SUBSCRIPTION] === id, 'the acknowledgement');

	return { id, honoured: params.notifications };
}

/* The next notification of a subscription that `wanted` takes. */
export function told(server, id, method, wanted = () => true) {
	return server.receive((m) => m.method === method &&
	    m.params?._meta?.[SUBSCRIPTION] === id && wanted(m.params),
	    `${method} of ${id}`).then((m) => m.params);
}
