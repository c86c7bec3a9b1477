/*
 * The fast scenarios, as tests: jobdir alone, short rounds.  `make honesty`
 * plays all of them, and the peers.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { README, README_TABLE, readme_table } from './lib/readme.mjs';
import { scenarios } from './lib/scenario.mjs';
import { Stage } from './lib/stage.mjs';

for (const scenario of await scenarios())
	if (scenario.fast)
		test(`${scenario.name}: ${scenario.fault}`,
		    { timeout: 120000 }, async () => {
			const stage = new Stage(scenario, 'jobdir', false);
			const { grade, words } = await stage.perform();

			assert.equal(grade, scenario.grade ?? 'right', words);
		    });

test('the table of the README is what its logs say', async () => {
	const [, , text] = README_TABLE.exec(readFileSync(README, 'utf8'));

	assert.equal(text, await readme_table());
});
