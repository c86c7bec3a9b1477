/*
 * Put the figures of a run of `make bench` into the repository, and their table
 * into the README.
 * usage: publish.mjs bench.json
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { FIGURES, README, README_TABLE, readme_table } from './readme.mjs';

copyFileSync(process.argv[2], FIGURES);
writeFileSync(README, readFileSync(README, 'utf8').replace(README_TABLE,
    (_, before, old, after) => before + readme_table() + after));
