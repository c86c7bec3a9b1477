/*
 * What the README says of measurements is what was measured.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { README, README_TABLE, readme_table } from '../bench/lib/readme.mjs';

test('the table of figures is that of a run', () => {
	const [, , text] = README_TABLE.exec(readFileSync(README, 'utf8'));

	assert.equal(text, readme_table());
});
