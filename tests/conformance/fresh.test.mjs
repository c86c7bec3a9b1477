/*
 * A server for every request, ended by SIGTERM right after its answer: nothing
 * that is asked of tasks depends on what a server remembers.
 */
import assert from 'node:assert/strict';
import { root_test } from '../e2e/lib/root.mjs';
import { modern_meta } from '../e2e/lib/rpc.mjs';
import { ABLE } from '../e2e/lib/tasks.mjs';
import { until } from '../e2e/lib/until.mjs';
import { bridged, FIXTURE } from './judged.mjs';
import { failures, run_scenario } from './suite.mjs';

/* The suite's scenarios that need no tasks but jobs. */
for (const name of ['tasks-capability-negotiation', 'tasks-wire-fields',
	'tasks-request-state-removal'])
	root_test(name, async (root) => {
		await bridged(root, { program: FIXTURE, fresh: true },
		    async (bridge) => {
			const result = await run_scenario(bridge, name);

			assert.deepEqual(failures(result), []);
			assert.equal(result.code, 0, result.output);
			assert.ok(bridge.started > 2, `${bridge.started}`);
		    });
	});

/* A request by HTTP; gives result, or error. */
async function ask(bridge, method, params, name) {
	const message = { jsonrpc: '2.0', id: 1, method,
		params: { ...params, _meta: modern_meta(ABLE._meta) } };
	const answer = await fetch(bridge.url, {
		method: 'POST',
		headers: {
			'mcp-protocol-version':
			    message.params._meta['io.modelcontextprotocol/' +
			    'protocolVersion'],
			'mcp-method': method,
			'mcp-name': name,
		},
		body: JSON.stringify(message),
	});

	return await answer.json();
}

function start(bridge, command) {
	return ask(bridge, 'tools/call', { name: 'execute_command',
		arguments: { command, notify: true } }, 'execute_command');
}

/* The task in that state; counts the requests it took. */
async function until_status(bridge, taskId, status) {
	let asked = 0;
	const task = await until(async () => {
		const { result } = await ask(bridge, 'tasks/get', { taskId },
		    taskId);

		asked++;
		return result.status === status && result;
	}, 15000, `task ${taskId} is ${status}`);

	return { task, asked };
}

root_test('tasks live without a server', async (root) => {
	const goal = `${root.work}/go`;

	await bridged(root, { fresh: true }, async (bridge) => {
		const { result: made } = await start(bridge,
		    `until [ -e ${goal} ]; do sleep 0.02; done; echo done`);
		const { result: endless } = await start(bridge, 'sleep 1000');
		let asked = 2;

		for (const { taskId } of [made, endless]) {
			const { result } = await ask(bridge, 'tasks/get',
			    { taskId }, taskId);

			asked++;
			assert.equal(result.status, 'working');
			assert.equal(result.createdAt, taskId === made.taskId ?
			    made.createdAt : endless.createdAt);
		}

		const { result: stopped } = await ask(bridge, 'tasks/cancel',
		    { taskId: endless.taskId }, endless.taskId);

		asked++;
		assert.equal(stopped.resultType, 'complete');
		asked += (await until_status(bridge, endless.taskId,
		    'cancelled')).asked;

		await root.run('touch', [goal]);
		const { task, asked: more } = await until_status(bridge,
		    made.taskId, 'completed');

		asked += more;
		assert.equal(task.result.structuredContent.exit_code, 0);
		assert.equal(task.result.structuredContent.stdout, 'done\n');
		/* Each of them another process; the bridge has seen all of
		 * them end well. */
		assert.equal(bridge.started, asked);
	});
});
