/*
 * A launcher that is killed takes nothing with it: what it had started runs to
 * its end, what it had not started is nowhere.
 */
import assert from 'node:assert/strict';
import { root_test } from '../e2e/lib/root.mjs';
import { amount, ended, minutes, observe } from './lib/stress.mjs';

const ROUNDS = amount(60, 1000);

const lines = [
	{ jsonrpc: '2.0', id: 0, method: 'initialize', params: {
		protocolVersion: '2025-11-25', capabilities: {},
		clientInfo: { name: 'killed', version: '1' } } },
	{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {
		name: 'execute_command', arguments: {
			command: 'echo ran; exit 7' } } },
].map((line) => `${JSON.stringify(line)}\n`).join('');

root_test(`a server is killed at a random moment of ${ROUNDS} launches: every ` +
    'job that can be seen ran to its end', minutes(20), async (root) => {
	for (let i = 0; i < ROUNDS; i++) {
		const server = root.raw_server();

		server.send(lines);
		await observe(Math.random() * 8);
		server.kill('SIGKILL');
		await server.end();
	}

	const names = root.job_names();

	assert.ok(names.length > 0, 'some launch was under way');
	for (const name of names) {
		const { exit_code, signal } = await ended(root,
			name.split('__')[1]);

		assert.deepEqual({ name, exit_code, signal },
		    { name, exit_code: 7, signal: undefined });
	}
	console.error(`${ROUNDS} launches, ${names.length} of them begun`);
});
