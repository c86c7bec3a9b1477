/*
 * The command line of the official Inspector, in each era.  It declares the
 * extension of tasks where the era has it, and follows them to their ends.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe } from 'node:test';
import { faults_in } from './lib/oracle.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';

const PACKAGE = createRequire(import.meta.url)
    .resolve('@modelcontextprotocol/inspector/package.json');
const INSPECTOR = join(dirname(PACKAGE), 'clients/launcher/build/index.js');
const RELAY = join(import.meta.dirname, 'lib/relay.mjs');
const IS_ERROR = 5; /* its exit code for a result with isError */

let traces = 0;

/* What passed between it and the server. */
function judge(trace) {
	const lines = readFileSync(trace, 'utf8').trimEnd().split('\n');

	assert.ok(lines.some((line) => line.startsWith('S ')));
	assert.deepEqual(faults_in(lines), []);
}

/* Run it; gives exit code and what it prints, which is a result. */
async function inspect(root, era, method, ...args) {
	const file = join(root.work, 'inspector.json');
	const trace = join(root.work, `trace.${traces++}`);

	writeFileSync(file, JSON.stringify({ mcpServers: { jobdir: {
		command: process.execPath, args: [RELAY, trace, PROGRAM, 'mcp'],
		env: root.env({ HOME: root.work }) } } }));

	const { code, stdout, stderr } = await root.run(process.execPath,
	    [INSPECTOR, '--cli', '--config', file, '--server', 'jobdir',
		'--protocol-era', era, '--method', method, ...args],
	    { env: { HOME: root.work, MCP_INSPECTOR_SECRET_STORE: 'memory' },
		deadline: 60000 });

	assert.ok([0, IS_ERROR].includes(code), `${code}: ${stderr}`);
	judge(trace);
	return { code, result: JSON.parse(stdout) };
}

function call(root, era, name, ...pairs) {
	return inspect(root, era, 'tools/call', '--tool-name', name,
	    ...pairs.flatMap((pair) => ['--tool-arg', pair]));
}

describe('inspector', { concurrency: 3 }, () => {

for (const era of ['legacy', 'modern', 'auto']) {
	const modern = era !== 'legacy';

	root_test(`${era}: tools`, async (root) => {
		/* --strict: and their schemas suit all clients. */
		const { code, result: { tools } } = await inspect(root, era,
		    'tools/list', '--strict');

		assert.equal(code, 0);
		assert.ok(tools.some((t) => t.name === 'execute_command'));

		const { result } = await call(root, era, 'execute_command',
		    'command=echo out', 'wait_seconds=20');

		assert.equal(result.structuredContent.stdout, 'out\n');
		assert.equal(result.resultType,
		    modern ? 'complete' : undefined);

		const bad = await call(root, era, 'get_job_status',
		    'job_id=nobody');

		assert.equal(bad.code, IS_ERROR);
		assert.equal(bad.result.isError, true);
	});

	root_test(`${era}: a job that is to tell of its end`, async (root) => {
		const { code, result } = await call(root, era,
		    'execute_command', 'command=sleep 0.5; echo out; exit 3',
		    'notify=true');
		const { status, exit_code, stdout, hint } =
		    result.structuredContent;

		assert.equal(code, 0);
		if (modern) { /* it was a task, and was waited for */
			assert.equal(status, 'failed');
			assert.equal(exit_code, 3);
			assert.equal(stdout, 'out\n');
		} else {
			assert.equal(status, 'running');
			assert.match(hint, /takes no tasks/);
		}
	});

	root_test(`${era}: resources and prompts`, async (root) => {
		const id = (await root.jobdir(['run', '-w', 'echo', 'hi']))
		    .stdout.trim();
		const { result: { resources } } = await inspect(root, era,
		    'resources/list');
		const [journal] = resources;

		assert.equal(journal.uri, `job:///${id}/journal`);

		const { result: { contents } } = await inspect(root, era,
		    'resources/read', '--uri', journal.uri);

		assert.deepEqual(JSON.parse(contents[0].text),
		    root.journal(root.job_names()[0]));

		const { result: { prompts: [prompt] } } = await inspect(root,
		    era, 'prompts/list');
		const { result: { messages } } = await inspect(root, era,
		    'prompts/get', '--prompt-name', prompt.name,
		    '--prompt-args', `job_id=${id}`);

		assert.match(messages[0].content.text, /<output>\nhi\n/);
	});
}

});
