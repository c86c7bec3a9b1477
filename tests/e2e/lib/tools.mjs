/*
 * Calls of tools with everything checked that holds for every answer: one text
 * block with the same data as structuredContent, no nulls, only members that
 * the tool's output schema names, and the schema itself.
 */
import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { until } from './until.mjs';

export const UUID =
	/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/* Members that no schema names: `result` may hold any JSON, `orphaned` tells
 * that nobody watches a running job. */
const FREE = { get_job_status: ['result', 'orphaned'] };

const ajv = new Ajv2020({ strict: true, allErrors: true });

addFormats(ajv);

const checkers = new WeakMap(); /* connection -> tool -> checker */

async function checker(connection, tool) {
	if (!checkers.has(connection)) {
		const tools = await connection.tools();

		checkers.set(connection, Object.fromEntries(tools.map((t) => [
			t.name,
			{
				schema: t.outputSchema,
				valid: ajv.compile(t.outputSchema),
			},
		])));
	}
	return checkers.get(connection)[tool];
}

function check_members(value, schema, free, where) {
	assert.notEqual(value, null, `${where} is null`);
	if (Array.isArray(value)) {
		value.forEach((v, i) =>
		    check_members(v, schema.items, [], `${where}[${i}]`));
	} else if (typeof value === 'object') {
		for (const [key, v] of Object.entries(value)) {
			if (free.includes(key))
				continue;
			assert.ok(schema.properties?.[key],
			    `${where}.${key} is not in the schema`);
			check_members(v, schema.properties[key], [],
			    `${where}.${key}`);
		}
	}
}

/* Call a tool that must succeed; gives structuredContent. */
export async function ok(connection, tool, args = {}) {
	const result = await connection.call(tool, args);
	const text = result.content?.[0]?.text;

	assert.ok(!result.isError, `${tool}: ${text}`);
	assert.equal(result.content.length, 1, `${tool}: one content block`);
	assert.equal(result.content[0].type, 'text');
	assert.deepEqual(JSON.parse(text), result.structuredContent,
	    `${tool}: text and structuredContent carry the same data`);
	if (connection.text)
		assert.ok(connection.text(result).includes(
		    `"structuredContent":${text}`), `${tool}: compact text`);

	const { schema, valid } = await checker(connection, tool);

	assert.ok(valid(result.structuredContent),
	    `${tool}: ${ajv.errorsText(valid.errors)}: ${text}`);
	check_members(result.structuredContent, schema, FREE[tool] ?? [], tool);
	return result.structuredContent;
}

/* Call a tool that must fail; gives the lines of its text. */
export async function refused_lines(connection, tool, args = {}) {
	const result = await connection.call(tool, args);

	assert.equal(result.isError, true,
	    `${tool} ${JSON.stringify(args)}: ${JSON.stringify(result)}`);
	assert.equal(result.content.length, 1);
	assert.equal(result.content[0].type, 'text');
	assert.equal(result.structuredContent, undefined);
	return result.content[0].text.split('\n');
}

/* The same; gives the first line, which the interface fixes. */
export async function refused(connection, tool, args = {}) {
	return (await refused_lines(connection, tool, args))[0];
}

/* Start a job; gives the answer. */
export function start(connection, command, more = {}) {
	return ok(connection, 'execute_command', { command, ...more });
}

/* Start a job and wait for its end; gives the answer. */
export function run(connection, command, more = {}) {
	return start(connection, command, { wait_seconds: 50, ...more });
}

/* Look at a job until it is in one of the states; gives its status. */
export function until_status(connection, job_id, ...wanted) {
	return until(async () => {
		const job = await ok(connection, 'get_job_status', { job_id });

		return wanted.includes(job.status) && job;
	}, 30000, `job ${job_id} is ${wanted.join(' or ')}`);
}

export function until_ended(connection, job_id) {
	return until_status(connection, job_id, 'completed', 'failed', 'killed',
	    'lost');
}

/* Look at a job's output until `pattern` is in stdout; gives the answer. */
export function until_output(connection, job_id, pattern) {
	return until(async () => {
		const output = await ok(connection, 'get_job_output',
		    { job_id });

		return pattern.test(output.stdout) && output;
	}, 30000, `job ${job_id} prints ${pattern}`);
}
