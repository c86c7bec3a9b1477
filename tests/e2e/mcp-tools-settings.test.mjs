/*
 * The MCP_BG_* variables: what they do, and that a bad value starts nothing.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start, until_ended } from './lib/tools.mjs';

announce_clients();

const FOREVER = 'exec sleep 1000';
const LIMIT = 'Job limit reached: Maximum concurrent jobs limit';

describe('settings', { concurrency: 4 }, () => {

const BAD = {
	MCP_BG_MAX_JOBS: ['0', '101', '-1', 'x', '1.5', '10 jobs',
	    '99999999999999999999'],
	MCP_BG_MAX_OUTPUT_SIZE: ['1023', '104857601', '101MB', '0', '1KB',
	    '1.5MB', 'MB', 'x'],
	MCP_BG_JOB_TIMEOUT: ['0', '-5', 'x', '1s'],
	MCP_BG_CLEANUP_INTERVAL: ['9', '3601', 'x'],
	MCP_BG_WORKING_DIR: ['/no/such/dir', '/dev/null'],
	MCP_BG_ALLOWED_COMMANDS: ['(', '[a', '*x', 'ok,(', '\\q', '(a)\\1'],
};

for (const [name, values] of Object.entries(BAD))
	root_test(`bad values of ${name}`, async (root) => {
		for (const value of values) {
			const { code, stdout, stderr } = await root.jobdir(
			    ['mcp'], { env: { [name]: value } });

			assert.equal(code, 2, `${name}=${value}: ${stderr}`);
			assert.equal(stdout, '');
			assert.match(stderr,
			    new RegExp(`^[^\n]*${name}[^\n]*\n$`));
		}
	});

root_test('bad values name what was expected', async (root) => {
	for (const [name, value, words] of [
	    ['MCP_BG_MAX_JOBS', 'many', [/many/, /1/, /100/]],
	    ['MCP_BG_MAX_OUTPUT_SIZE', 'much', [/much/, /1024/, /104857600/]],
	    ['MCP_BG_CLEANUP_INTERVAL', '5', [/5/, /10/, /3600/]]]) {
		const { stderr } = await root.jobdir(['mcp'],
		    { env: { [name]: value } });

		for (const word of words)
			assert.match(stderr, word);
	}
});

root_test('good values, and empty ones', async (root) => {
	for (const env of [
	    Object.fromEntries(Object.keys(BAD).map((name) => [name, ''])),
	    { MCP_BG_MAX_JOBS: '1' }, { MCP_BG_MAX_JOBS: '100' },
	    { MCP_BG_MAX_JOBS: ' 7 ' }, { MCP_BG_MAX_OUTPUT_SIZE: '1024' },
	    { MCP_BG_MAX_OUTPUT_SIZE: '100MB' },
	    { MCP_BG_MAX_OUTPUT_SIZE: '5mb' },
	    { MCP_BG_MAX_OUTPUT_SIZE: '104857600' },
	    { MCP_BG_JOB_TIMEOUT: '1' }, { MCP_BG_CLEANUP_INTERVAL: '10' },
	    { MCP_BG_CLEANUP_INTERVAL: '3600' },
	    { MCP_BG_WORKING_DIR: root.work },
	    { MCP_BG_ALLOWED_COMMANDS: '^ls, ^\\w+\\s\\d,,' }]) {
		const { code, stderr } = await root.jobdir(['mcp'], { env });

		assert.deepEqual([code, stderr], [0, ''], JSON.stringify(env));
	}
});

root_test('the limit holds for the root, not for a server', async (root) => {
	const env = { MCP_BG_MAX_JOBS: '3' };
	const servers = [await root.server({ env }), await root.server({ env }),
		await root.server()];

	/* Of many at once exactly so many start. */
	const answers = await Promise.all(Array.from({ length: 12 }, (_, i) =>
	    servers[i % 2].call('execute_command', { command: FOREVER })));
	const started = answers.filter((a) => !a.isError);

	assert.equal(started.length, 3);
	assert.ok(answers.every((a) => !a.isError ||
	    a.content[0].text.split('\n')[0] === `${LIMIT} (3) reached`));
	assert.equal(root.job_names().length, 3);

	/* A server without a limit is not bound, but its jobs count. */
	const more = await start(servers[2], FOREVER);

	await ok(servers[0], 'kill_job',
	    { job_id: started[0].structuredContent.job_id });
	assert.equal(await refused(servers[0], 'execute_command',
	    { command: 'true' }), `${LIMIT} (3) reached`);
	await ok(servers[0], 'kill_job', { job_id: more.job_id });
	assert.equal((await run(servers[1], 'echo in')).stdout, 'in\n');
});

root_test('the default time limit', async (root) => {
	const server = await root.server({ env: { MCP_BG_JOB_TIMEOUT: '1' } });
	const slow = await start(server, FOREVER);
	const patient = await start(server, FOREVER, { timeout_seconds: 1000 });
	const end = await until_ended(server, slow.job_id);

	assert.equal(end.status, 'failed');
	assert.equal(end.reason, 'timeout');
	assert.equal(end.timeout_seconds, 1);
	assert.equal((await ok(server, 'get_job_status',
	    { job_id: patient.job_id })).status, 'running');
});

root_test('the working directory', async (root) => {
	const dir = join(root.top, 'elsewhere');

	mkdirSync(join(dir, 'sub'), { recursive: true });

	const server = await root.server({ env: { MCP_BG_WORKING_DIR: dir } });

	assert.equal((await run(server, 'pwd')).stdout, `${dir}\n`);
	assert.equal((await run(server, 'pwd', { cwd: 'sub' })).stdout,
	    `${dir}/sub\n`);
	assert.equal((await run(server, 'pwd', { cwd: root.work })).stdout,
	    `${root.work}\n`);

	/* One that goes away later is an error of the call. */
	const { code } = await root.run('/bin/rm', ['-r', dir]);

	assert.equal(code, 0);
	assert.equal(await refused(server, 'execute_command',
	    { command: 'pwd' }), 'Failed to execute command: [Errno 2]' +
	    ` No such file or directory: '${dir}'`);
});

root_test('allowed commands run without a shell', async (root) => {
	const server = await root.server({ env: {
		MCP_BG_ALLOWED_COMMANDS: 'git, ^printf\\s , ^ECHO\\b,' +
		    ' ^touch [a-c]{1,2}$, ^/no/such, ^true\\,x',
	} });
	const touched = join(root.work, 'pwned');
	const execute = (command, more = {}) => refused(server,
	    'execute_command', { command, ...more });

	/* Words as a shell splits them, but nothing else of one. */
	for (const [command, stdout] of [
	    [`echo a; touch ${touched}`, `a; touch ${touched}\n`],
	    [`echo $(touch ${touched}) \`x\` $HOME *`,
		`$(touch ${touched}) \`x\` $HOME *\n`],
	    [`echo a && touch ${touched} | x > y`,
		`a && touch ${touched} | x > y\n`],
	    ['echo "a  b" \'c  d\' e\\ f', 'a  b c  d e f\n'],
	    ['printf  [%s]\t"" \'x y\' a""b', '[][x y][ab]'],
	    ['echo a\nb', 'a b\n'], ['Echo', null]]) {
		if (stdout === null)
			assert.match(await execute(command),
			    /^Failed to execute command: \[Errno 2\]/);
		else
			assert.equal((await run(server, command)).stdout,
			    stdout);
	}
	assert.ok(!existsSync(touched));

	/* A comma in braces or after a backslash does not separate. */
	assert.equal((await run(server, 'touch ab')).status, 'completed');
	assert.ok(existsSync(join(root.work, 'ab')));
	for (const command of ['touch abc', 'touch', 'ls', 'rm -rf x', 'true',
	    'x'])
		assert.equal(await execute(command), 'Invalid command:' +
		    ` Command not in allowed patterns: ${command}`);
	assert.equal(await execute("echo 'unbalanced"),
	    'Invalid command: No closing quotation');
	assert.equal(await execute('/no/such/it x'), 'Failed to execute' +
	    " command: [Errno 2] No such file or directory: '/no/such/it'");
	assert.equal(await execute('  '),
	    'Invalid command: Command cannot be empty');

	/* With arguments of its own a program must be allowed, too. */
	assert.equal(await execute('rm', { args: ['-r', 'x'] }),
	    'Invalid command: Command not in allowed patterns: rm');
	assert.equal((await run(server, 'echo', { args: ['x; y'] })).stdout,
	    'x; y\n');
});

});
