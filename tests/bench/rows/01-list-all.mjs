/*
 * `jobdir ls -a --json`: all jobs of a root, from a fresh process.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { helper, interleave, output, sample } from '../lib/measure.mjs';

const PYTHON = '/usr/bin/python3';
const SCANS = join(import.meta.dirname, '../scans.py');
const JOURNAL = 700; /* bytes */

const list = (dir) => [PROGRAM, '--root', dir, 'ls', '-a', '--json'];

/* Of long lists only the first difference is told. */
function same(list, other) {
	assert.equal(list.length, other.length);
	list.forEach((item, i) => assert.deepEqual(item, other[i]));
}

async function beside_floor(bench) {
	const { dir, count } = await bench.ended(100000);
	const floor = [helper('floor_parse'), dir, 2];
	const told = JSON.parse(output(list(dir), bench.env())).jobs;

	assert.equal(told.length, count);
	same(told, JSON.parse(output(floor)).jobs);

	const [mine, beside] = interleave([list(dir), floor],
	    { runs: 11, env: bench.env() });

	bench.compare({ row: '1a', what: `ls -a --json, ${count} finished jobs`,
		mine, beside, name: 'floor, 2 threads', most: 1.3 });

	const small = (await bench.ended(1000)).dir;

	bench.floor('floor_parse, 1,000 jobs', [helper('floor_parse'), small,
		2]);
}

/* A run of the older workflow server that has ended. */
function plant_run(dir, i) {
	const at = new Date(1.76e12 + i * 1000).toISOString();
	const tag = `run${String(i).padStart(6, '0')}`;
	const run = join(dir, `${at.slice(0, 10)}_${at.slice(11, 19)
	    .replaceAll(':', '-')}__${tag}`);
	const file = join(run, 'enchanted_terrain');
	const journal = {
		json_file: `${file}.json`,
		last_run_started_at: at.slice(0, -1),
		last_run_completed: i % 8 !== 0,
		phase: i % 8 ? 'completed' : 'error',
		entries: [{ op: 'create', status: 'completed_jewel_ok',
			node_id: '7c1e001e-3b2a-4d5e-9f60-a1b2c3d885f8',
			resumability_safe: true, message: '',
			timestamp: at.slice(0, -1) }],
		...i % 8 ? {} : { last_run_error: 'Bulk import failed: full' },
	};
	const text = () => JSON.stringify(journal, null, 2);

	journal.entries[0].message = '.'.repeat(JOURNAL - text().length);
	mkdirSync(run);
	writeFileSync(`${file}.weave_journal.json`, text());
	writeFileSync(join(run, '.weave.log'), '');
}

const states = (jobs) => jobs.map((job) => `${job.job_id} ${job.status}`)
    .sort();

async function beside_scans(bench) {
	const count = 10000;
	const what = `ls -a --json, ${count} runs with journals of 700 bytes`;

	if (!existsSync(PYTHON)) {
		bench.missing('1b', what, `no ${PYTHON}`);
		return;
	}

	const dir = bench.directory();
	const floor = [helper('floor_parse'), dir, 2, 'runs'];
	const mine = [];
	const beside = [];
	const times = [];
	let told;

	for (let i = 0; i < count; i++)
		plant_run(dir, i);
	await bench.settle({ dir });
	for (let i = 0; i < 6; i++) {
		const [took, answer] = output([PYTHON, SCANS, dir]).split('\n');

		const [ours, least] = interleave([list(dir), floor],
		    { runs: 1, env: bench.env() });

		mine.push(ours.median);
		beside.push(least.median);
		times.push(Number(took));
		told = JSON.parse(answer);
	}
	assert.equal(told.total, count);
	same(states(JSON.parse(output(list(dir), bench.env())).jobs),
	    states(told.detached_jobs));
	/* The first of each found the cache cold. */
	bench.compare({ row: '1b', what, mine: sample(mine.slice(1)),
		beside: sample(times.slice(1)), name: 'older server, Python',
		least: 7 });
	assert.equal(JSON.parse(output(floor)).jobs.length, count);
	bench.compare({ row: '1d', what, mine: sample(mine.slice(1)),
		beside: sample(beside.slice(1)), name: 'floor, 2 threads',
		shown: true });
	bench.note('1b: the floor of 1d is ' + (sample(times.slice(1)).median /
	    sample(beside.slice(1)).median).toFixed(1) +
	    ' times as fast as the older server');
}

async function of_all_kinds(bench) {
	const { dir, count } = await bench.mixed(10000);
	const plain = await bench.ended(10000);
	const { jobs } = JSON.parse(output(list(dir), bench.env()));
	const counts = Object.groupBy(jobs, (job) => job.status);

	assert.equal(jobs.length, count);
	assert.equal(counts.running.length, count / 10);
	assert.equal(counts.completed.length, count * 0.9);

	const [mine, beside] = interleave([list(dir), list(plain.dir)],
	    { runs: 15, env: bench.env() });

	bench.compare({ row: '1c', what: `ls -a --json, ${count} jobs: ` +
	    'a tenth external, a tenth external and running', mine, beside,
		name: 'all finished' });
}

export async function play(bench) {
	await beside_floor(bench);
	await beside_scans(bench);
	await of_all_kinds(bench);
}
