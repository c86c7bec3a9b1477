/*
 * The official clients, each in its mode: resources, prompts, completion and
 * subscriptions; and the official client of the tasks extension.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createTaskSessionFromClient, resultFromTaskOutcome }
	from '@modelcontextprotocol/ext-tasks/client';
import { ResourceListChangedNotificationSchema,
	ResourceUpdatedNotificationSchema }
	from '@modelcontextprotocol/sdk/types.js';
import { CLIENTS } from './lib/clients.mjs';
import { announce_clients, root_test } from './lib/root.mjs';
import { MODERN } from './lib/rpc.mjs';
import { listen, told } from './lib/tasks.mjs';
import { until } from './lib/until.mjs';

const UPDATED = 'notifications/resources/updated';
const LIST = 'notifications/resources/list_changed';
const SCHEMAS = { [UPDATED]: ResourceUpdatedNotificationSchema,
	[LIST]: ResourceListChangedNotificationSchema };

/* A job of the command line; gives its id. */
async function start(root, ...words) {
	return (await root.jobdir(['run', ...words])).stdout.trim();
}

/* Notifications of those methods, as they come. */
function collect({ kind, client }, ...methods) {
	const heard = [];

	for (const method of methods)
		client.setNotificationHandler(kind === 'sdk1' ?
		    SCHEMAS[method] : method,
		    (notification) => void heard.push(notification));
	return heard;
}

/* Hear of that resource and of the list, in the way of the era; gives what ends
 * it. */
async function subscribe({ client }, uri) {
	if (client.getProtocolEra?.() !== 'modern') {
		await client.subscribeResource({ uri });
		await client.listResources();
		return () => client.unsubscribeResource({ uri });
	}

	const filter = { resourceSubscriptions: [uri],
		resourcesListChanged: true };
	const subscription = await client.listen(filter);

	assert.deepEqual(subscription.honoredFilter, filter);
	return () => subscription.close();
}

announce_clients();

describe('official clients', { concurrency: 4 }, () => {

for (const kind of CLIENTS) {
	root_test(`${kind}: resources`, async (root) => {
		const id = await start(root, '-w', '-n', 'hello', 'echo', 'hi');
		const { client } = await root.client(kind);
		const { resources } = await client.listResources();
		const { resourceTemplates } =
		    await client.listResourceTemplates();

		assert.deepEqual(resources.map((r) => r.uri),
		    ['journal', 'stdout', 'stderr'].map((part) =>
			`job:///${id}/${part}`));
		assert.equal(resourceTemplates.length, 3);

		const [journal, stdout] = await Promise.all(resources
		    .slice(0, 2).map(({ uri }) =>
			client.readResource({ uri })));

		assert.deepEqual(JSON.parse(journal.contents[0].text),
		    root.journal(root.job_names()[0]));
		assert.equal(stdout.contents[0].text, 'hi\n');
		await assert.rejects(client.readResource(
		    { uri: 'job:///nobody/stdout' }), /Resource not found/);
	});

	root_test(`${kind}: prompts and completion`, async (root) => {
		const id = await start(root, '-w', 'sh', '-c',
		    'echo no; exit 3');
		const { client } = await root.client(kind);
		const { prompts: [prompt, ...more] } =
		    await client.listPrompts();

		assert.deepEqual(more, []);

		const { messages } = await client.getPrompt({ name: prompt.name,
			arguments: { job_id: id } });

		assert.match(messages[0].content.text, /<output>\nno\n/);
		for (const [ref, name] of [
			[{ type: 'ref/prompt', name: prompt.name }, 'job_id'],
			[{ type: 'ref/resource', uri: 'job:///{id}/stdout' },
			    'id']]) {
			const { completion } = await client.complete({ ref,
				argument: { name, value: id.slice(0, 4) } });

			assert.deepEqual(completion.values, [id]);
		}
	});

	root_test(`${kind}: subscriptions`, async (root) => {
		const id = await start(root, '-i', 'cat');
		const uri = `job:///${id}/stdout`;
		const client = await root.client(kind);
		const heard = collect(client, UPDATED, LIST);
		const count = (method) => heard.filter((notification) =>
		    notification.method === method).length;
		const end = await subscribe(client, uri);

		await root.jobdir(['send', id, 'more']);
		await until(() => count(UPDATED) > 0, 15000, UPDATED);
		assert.equal(heard.find(({ method }) => method === UPDATED)
		    .params.uri, uri);

		await start(root, '-w', 'true');
		await until(() => count(LIST) > 0, 15000, LIST);

		await end();
		/* Answered after the end: nothing is on the way any more. */
		await client.client.readResource({ uri });

		const before = count(UPDATED);
		const other = await root.server();
		const { id: listening } = await listen(other,
		    { resourceSubscriptions: [uri] });

		await root.jobdir(['send', id, 'again']);
		await told(other, listening, UPDATED);
		await client.client.readResource({ uri });
		assert.equal(count(UPDATED), before);
	});
}

/* The session of the tasks extension over an official client.  What its codecs
 * do not know goes by another connection: any server of the root will do. */
async function session_of(root, kind) {
	const { client } = await root.client(kind);
	const server = await root.server();

	return createTaskSessionFromClient(client, {
		endpointId: 'jobdir',
		rawDispatch: async ({ method, params }) => {
			const { result, error } = await server.request(method,
			    params);

			return error ? { kind: 'error', error } :
			    { kind: 'result', result };
		},
		v2RequestFraming: { protocolVersion: MODERN,
			clientInfo: { name: 'jobdir-tests', version: '1.2.3' },
			clientCapabilities: {} },
	});
}

for (const kind of ['client2-auto', 'client2-pinned'])
	root_test(`ext-tasks over ${kind}: a task to its end`, async (root) => {
		const session = await session_of(root, kind);
		const execution = await session.callTool('execute_command',
		    { command: 'sleep 0.1; echo done; exit 3', notify: true });

		assert.equal(execution.kind, 'task');

		const { outcome } = await execution.settle();
		const { structuredContent: job } =
		    resultFromTaskOutcome(outcome);

		assert.equal(job.status, 'failed');
		assert.equal(job.exit_code, 3);
		assert.equal(job.stdout, 'done\n');
		await session.close();
	});

});
