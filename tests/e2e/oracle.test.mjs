/*
 * Does the oracle see what is wrong?  An exchange in which all is well, and the
 * same with one thing changed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults_in } from './lib/oracle.mjs';
import { modern_meta } from './lib/rpc.mjs';
import { ABLE, SUBSCRIPTION } from './lib/tasks.mjs';

const INFO = { 'io.modelcontextprotocol/serverInfo':
	{ name: 'x', version: '1' } };
const TIME = '2026-11-22T17:30:12.418Z';
const CACHED = { ttlMs: 0, cacheScope: 'private' };
const RESULT = { content: [{ type: 'text', text: '{"n":1}' }],
	structuredContent: { n: 1 } };
const URI = 'job:///j/stdout';

const ask = (id, method, params = {}) => ['C', { jsonrpc: '2.0', id, method,
	params: { ...params, _meta: { ...modern_meta(ABLE._meta),
		...params._meta } } }];
const answer = (id, result) => ['S', { jsonrpc: '2.0', id, result:
	{ resultType: 'complete', ...result,
		_meta: { ...INFO, ...result._meta } } }];
const failure = (id, code, data) => ['S', { jsonrpc: '2.0', id,
	error: { code, message: 'no', data } }];
const tell = (method, params) => ['S', { jsonrpc: '2.0',
	method: `notifications/${method}`, params }];
const tagged = (method, params) => tell(method, { ...params,
	_meta: { [SUBSCRIPTION]: 'sub' } });
const progress = (n) => tell('progress', { progressToken: 7, progress: n });
const cancelled = (requestId) => ['C', { jsonrpc: '2.0',
	method: 'notifications/cancelled', params: { requestId } }];

/* A task of its own for each exchange: ended ones are kept in mind. */
let tasks = 0;
const task = (status, more) => ({ taskId: `t${tasks}`, status, createdAt: TIME,
	lastUpdatedAt: TIME, ttlMs: null, ...more });
const end = () => task('completed',
    { result: { resultType: 'complete', ...RESULT } });

/* Name -> line: what a server may say, in that order. */
function exchange() {
	tasks++;
	return {
		discover: ask(1, 'server/discover'),
		discovered: answer(1, { supportedVersions: ['2026-07-28'],
			capabilities: { tools: {} }, ...CACHED }),
		list: ask(2, 'tools/list'),
		listed: answer(2, { tools: [{ name: 'execute_command',
			inputSchema: { type: 'object' },
			outputSchema: { type: 'object', properties:
				{ n: { type: 'integer' } } } }], ...CACHED }),
		call: ask(3, 'tools/call', { name: 'execute_command',
			_meta: { progressToken: 7 } }),
		first: progress(1),
		second: progress(2),
		called: answer(3, RESULT),
		make: ask('4', 'tools/call', { name: 'execute_command' }),
		made: ['S', { jsonrpc: '2.0', id: '4', result: {
			...task('working'), resultType: 'task', _meta: INFO } }],
		listen: ask('sub', 'subscriptions/listen', { notifications: {
			taskIds: [`t${tasks}`], resourcesListChanged: true,
			resourceSubscriptions: [URI] } }),
		acknowledged: tagged('subscriptions/acknowledged',
		    { notifications: { taskIds: [`t${tasks}`],
			resourceSubscriptions: [URI] } }),
		updated: tagged('resources/updated', { uri: URI }),
		ended: tagged('tasks', end()),
		get: ask(5, 'tasks/get', { taskId: `t${tasks}` }),
		got: answer(5, end()),
		read: ask(6, 'resources/read', { uri: 'x' }),
		unread: failure(6, -32602, { uri: 'x' }),
		wait: ask(8, 'tools/call', { name: 'execute_command' }),
		cancel: cancelled(8),
		unlisten: cancelled('sub'),
		after: ask(9, 'server/discover'),
		answered: answer(9, { supportedVersions: ['2026-07-28'],
			capabilities: {}, ...CACHED }),
	};
}

function faults(lines) {
	return faults_in(lines.map(([side, message]) =>
	    `${side} ${JSON.stringify(message)}`));
}

/* What `change` makes of lines and results of an exchange. */
function changed(change) {
	const lines = exchange();
	const copy = structuredClone(lines);
	const put = (place, line) => {
		const names = Object.keys(copy);
		const at = names.indexOf(place) + 1;

		return [...names.slice(0, at).map((name) => copy[name]), line,
			...names.slice(at).map((name) => copy[name])];
	};

	return change(copy, put) ?? Object.values(copy);
}

const result_of = ([, message]) => message.result;
const params_of = ([, message]) => message.params;

const WRONG = {
	'an id of another type': (l) => { l.called[1].id = '3'; },
	'a second answer': (l, put) => put('called', l.called),
	'an answer to nothing': (l, put) => put('called', answer(33, RESULT)),
	'no resultType': (l) => { delete result_of(l.called).resultType; },
	'no serverInfo': (l) => { delete result_of(l.listed)._meta; },
	'no ttlMs': (l) => { delete result_of(l.listed).ttlMs; },
	'a negative ttlMs': (l) => { result_of(l.listed).ttlMs = -1; },
	'ttlMs where it is not': (l) => { result_of(l.called).ttlMs = 5; },
	'an odd cacheScope': (l) => { result_of(l.listed).cacheScope = 'x'; },
	'a broken entry': (l) => { delete result_of(l.listed).tools[0]
	    .inputSchema; },
	'an odd block': (l) => { result_of(l.called).content[0].type = 'txt'; },
	'text and structure that differ': (l) => {
		result_of(l.called).content[0].text = '{"n":2}'; },
	'what the tool\'s schema has not': (l) => {
		result_of(l.called).structuredContent = { n: 'x' };
		result_of(l.called).content[0].text = '{"n":"x"}'; },
	'no structure': (l) => {
		delete result_of(l.called).structuredContent; },
	'progress that does not grow': (l) => {
		params_of(l.second).progress = 1; },
	'progress of another type of token': (l) => {
		params_of(l.first).progressToken = '7'; },
	'progress after the answer': (l, put) => put('called', progress(3)),
	'a code of the other era': (l) => { l.unread[1].error.code = -32002; },
	'a code of no era': (l) => { l.unread[1].error.code = -32050; },
	'no text with an error': (l) => { delete l.unread[1].error.message; },
	'a task for who takes none': (l) => { params_of(l.make)._meta =
	    modern_meta(); },
	'a state of no task': (l) => { result_of(l.got).status = 'running'; },
	'no result of a completed task': (l) => {
		delete result_of(l.got).result; },
	'an ended task that changes': (l) => {
		result_of(l.got).lastUpdatedAt = '2026-11-22T17:30:13.000Z'; },
	'an ended task that works': (l) => {
		Object.assign(result_of(l.got), { status: 'working' });
		delete result_of(l.got).result; },
	'a time that is none': (l) => { result_of(l.made).createdAt =
	    '2026-11-22 17:30'; },
	'a time before it was made': (l) => { result_of(l.made)
	    .lastUpdatedAt = '2026-11-22T17:30:11.000Z'; },
	'no acknowledgement': (l) => { delete l.acknowledged; },
	'a second acknowledgement': (l, put) => put('acknowledged',
	    l.acknowledged),
	'more than was asked for': (l) => { params_of(l.acknowledged)
	    .notifications.resourceSubscriptions.push('y'); },
	'a subscription that nobody has': (l) => {
		params_of(l.updated)._meta[SUBSCRIPTION] = 'other'; },
	'a resource that was not asked for': (l) => {
		params_of(l.updated).uri = 'y'; },
	'a kind that was not honoured': (l, put) => put('updated',
	    tagged('resources/list_changed', {})),
	'no tag': (l) => { delete params_of(l.updated)._meta; },
	'a notification nobody knows': (l, put) => put('called',
	    tell('nope', {})),
	'a request of the server': (l, put) => put('called', ['S',
		{ jsonrpc: '2.0', id: 1, method: 'roots/list' }]),
	'a cancelled request that is answered': (l, put) => put('answered',
	    answer(8, RESULT)),
	'a cancelled subscription that goes on': (l, put) => put('answered',
	    l.updated),
};

test('an exchange in which all is well', () => {
	assert.deepEqual(faults(Object.values(exchange())), []);
});

/* Their answers may have been sent before the cancellation was read. */
test('what crosses a cancellation is well, too', () => {
	assert.deepEqual(faults(changed((l, put) => put('cancel',
	    answer(8, RESULT)))), []);
	assert.deepEqual(faults(changed((l, put) => put('unlisten',
	    l.updated))), []);
});

for (const [name, change] of Object.entries(WRONG))
	test(name, () => {
		assert.notDeepEqual(faults(changed(change)), []);
	});
