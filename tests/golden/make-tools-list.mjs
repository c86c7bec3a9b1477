#!/usr/bin/env node
/*
 * tools-list-<revision>.json: the result of tools/list as it goes over the
 * wire, byte for byte, one file for each kind of answer:
 *
 *	2024-11-05	names, descriptions, input schemas
 *	2025-03-26	and annotations
 *	2025-06-18	and title, outputSchema, _meta; also for 2025-11-25
 *	2026-07-28	the same with the members of every modern result
 *
 *	tests/golden/make-tools-list.mjs
 *
 * writes them anew from src/verbs/tools/, after a change of a tool on purpose.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const source = join(here, '../../src/verbs/tools');
const version = '1.0.0';

const tools = readdirSync(source).filter((name) => name.endsWith('.json'))
	.sort().map((name) => JSON.parse(readFileSync(join(source, name))));

function without(tool, ...members) {
	return Object.fromEntries(Object.entries(tool)
	    .filter(([name]) => !members.includes(name)));
}

const results = {
	'2024-11-05': {
		tools: tools.map((tool) => without(tool, 'title',
		    'outputSchema', '_meta', 'annotations')),
	},
	'2025-03-26': {
		tools: tools.map((tool) => without(tool, 'title',
		    'outputSchema', '_meta')),
	},
	'2025-06-18': { tools },
	'2026-07-28': {
		resultType: 'complete',
		tools,
		ttlMs: 3600000,
		cacheScope: 'private',
		_meta: {
			'io.modelcontextprotocol/serverInfo': {
				name: 'jobdir',
				title: 'Job directory tracker',
				version,
			},
		},
	},
};

for (const [revision, result] of Object.entries(results))
	writeFileSync(join(here, `tools-list-${revision}.json`),
	    `${JSON.stringify(result)}\n`);
