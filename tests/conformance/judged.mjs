/*
 * Tests behind the bridge: what their servers say is judged with the root's.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PROGRAM, root_subtest } from '../e2e/lib/root.mjs';
import { Bridge } from './bridge.mjs';
import { differences, read_ledger, report, run_suite } from './suite.mjs';

export const FIXTURE = join(dirname(PROGRAM), 'conformance/fixture');

/* `options`: as of root.raw_server(), and `fresh`. */
export async function bridged(root, { fresh, ...options }, body) {
	const bridge = new Bridge(() => root.raw_server(options), { fresh });

	await bridge.listen();
	try {
		return await body(bridge);
	} finally {
		await bridge.close();
	}
}

/* Run the suite against the program, held against these ledgers, all at the
 * same time: the suite waits more than it works. */
export function judged(program, names) {
	test('as the ledgers say', { concurrency: true }, (t) =>
	    Promise.all(names.map((name) =>
		root_subtest(t, name, async (root) => {
			const ledger = read_ledger(name);

			/* Something to be listed and read. */
			await root.jobdir(['run', '-w', 'true']);
			await bridged(root, { program }, async (bridge) => {
				const result = await run_suite(bridge, ledger);

				console.error(report(result, ledger));
				assert.deepEqual(differences(result, ledger),
				    []);
			});
		}))));
}
