/*
 * The measurements: launches beside those of others, first answers of a server
 * on a big root, how soon a watcher of it tells what a worker did, and how soon
 * a server is gone when its input ends.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync,
	readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { modern_meta } from '../e2e/lib/rpc.mjs';
import { until } from '../e2e/lib/until.mjs';
import { bench_flood } from './flood.mjs';
import { bench_lookup } from './lookup.mjs';
import { alive, with_variable } from '../e2e/lib/proc.mjs';
import { plant_ended } from '../stress/lib/stress.mjs';

const RUNS = Number(process.env.BENCH_RUNS ?? 300);
const SERVER_RUNS = 25;
const JOBS = 10000;
const CALLS = 50;

const figures = [];
const notes = [];

/* A figure: what, where, value, unit, and its ratio to another one. */
function figure(what, where, value, unit, ratio) {
	figures.push({ what, where, value, unit, ...ratio });
}

function median(values) {
	return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function installed(name) {
	return process.env.PATH.split(delimiter).some((dir) => {
		try {
			accessSync(join(dir, name), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

function environment(top) {
	return {
		PATH: process.env.PATH,
		HOME: top,
		JOBDIR_ROOT: join(top, 'runs'),
		NQDIR: join(top, 'nq'),
		TMPDIR: join(top, 'tsp'),
		TS_SOCKET: join(top, 'tsp', 'socket'),
	};
}

/* Until nothing of a root lives any more. */
function at_rest(env) {
	return until(() => !with_variable('JOBDIR_ROOT', env.JOBDIR_ROOT)
	    .some((pid) => alive(pid)), 60000, 'all jobs have ended');
}

/* What `interleave` says of commands: median, percentiles, failures. */
function interleave(env, commands) {
	return execFileSync(join(dirname(PROGRAM), 'bench', 'interleave'),
	    [RUNS, ...commands.flatMap((words) => ['---', ...words])],
	    { env, encoding: 'utf8' }).trim().split('\n')
	    .map((line) => line.split(' ').map(Number));
}

function measure_launch(where, env, peers) {
	const commands = {
		'jobdir run -- true': [PROGRAM, 'run', '--', 'true'],
		...Object.fromEntries(peers.map((p) =>
		    [`${p} true`, [p, 'true']])),
		'true': ['true'],
	};

	/* Directories and servers, once. */
	for (const words of Object.values(commands))
		execFileSync(words[0], words.slice(1), { env, stdio: 'ignore' });

	const lines = interleave(env, Object.values(commands));

	Object.keys(commands).forEach((name, i) => {
		const [middle, low, high, failed] = lines[i];

		if (failed)
			notes.push(`${name} (${where}): ${failed} runs failed`);
		figure(name, where, middle / 1000, 'ms', { low: low / 1000,
			high: high / 1000, ratio: lines[0][0] / middle });
	});
}

async function bench_launch(where, parent) {
	const top = mkdtempSync(join(parent, 'jobdir-bench-'));
	const env = environment(top);
	const peers = ['nq', 'tsp'].filter((name) => installed(name));

	mkdirSync(env.NQDIR);
	mkdirSync(env.TMPDIR);
	try {
		measure_launch(where, env, peers);
	} finally {
		if (peers.includes('tsp'))
			execFileSync('tsp', ['-K'], { env, stdio: 'ignore' });
		if (peers.includes('nq'))
			execFileSync('nq', ['-w'], { env, stdio: 'ignore' });
		await at_rest(env);
		rmSync(top, { recursive: true });
	}
}

/* Milliseconds from the start of a server to its first answer. */
async function first_answer(env, method, params) {
	const start = performance.now();
	const server = spawn(PROGRAM, ['mcp'], { env });
	const request = { jsonrpc: '2.0', id: 1, method,
		params: { ...params, _meta: modern_meta() } };
	let text = '';

	server.stdin.write(`${JSON.stringify(request)}\n`);
	for await (const data of server.stdout) {
		text += data;
		if (text.includes('\n'))
			break;
	}

	const took = performance.now() - start;

	if (!('result' in JSON.parse(text)))
		throw new Error(text);
	server.stdin.end();
	if (server.exitCode === null)
		await once(server, 'exit');
	return took;
}

const FIRST = {
	'first answer: tools/list': ['tools/list', {}],
	'first answer: list_jobs': ['tools/call',
		{ name: 'list_jobs', arguments: {} }],
};

/* The record of a job that has ended, to make others of. */
async function sample_record(env) {
	execFileSync(PROGRAM, ['run', '-w', 'true'], { env, stdio: 'ignore' });
	await at_rest(env);

	const name = readdirSync(env.JOBDIR_ROOT).find((n) => n[0] !== '.');
	const sample = JSON.parse(readFileSync(join(env.JOBDIR_ROOT, name,
	    'journal.json'), 'utf8'));

	rmSync(env.JOBDIR_ROOT, { recursive: true });
	return sample;
}

async function bench_first_answer(top, sample) {
	const empty = environment(join(top, 'empty'));
	const full = environment(join(top, 'full'));

	mkdirSync(join(top, 'full'));
	plant_ended({ runs: full.JOBDIR_ROOT }, sample, JOBS);
	for (const [what, [method, params]] of Object.entries(FIRST)) {
		const times = { empty: [], full: [] };

		for (let i = 0; i < SERVER_RUNS; i++)
			for (const [key, env] of [['empty', empty],
				['full', full]])
				times[key].push(await first_answer(env, method,
				    params));

		const base = median(times.empty);

		figure(what, 'empty root', base, 'ms');
		figure(what, `${JOBS} jobs`, median(times.full), 'ms',
		    { ratio: median(times.full) / base });
	}
}

/* A server with calls that wait for one job; milliseconds from the end of its
 * input to its own. */
async function exit_time(env) {
	const server = spawn(PROGRAM, ['mcp'], { env });
	const call = (id, wait_seconds) => server.stdin.write(
	    `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call',
		params: { name: 'execute_command', arguments: {
			command: 'exec sleep 60', idempotency_key: 'one',
			wait_seconds }, _meta: modern_meta() } })}\n`);

	call(0, 0);
	await once(server.stdout, 'data');
	for (let id = 1; id <= CALLS; id++)
		call(id, 50);
	/* An answer to what came last: the calls before it are under way. */
	call(CALLS + 1, 0);
	await once(server.stdout, 'data');

	const start = performance.now();

	server.stdin.end();
	await once(server, 'exit');
	return performance.now() - start;
}

async function bench_exit(top) {
	const env = environment(top);
	const times = [];

	for (let i = 0; i < SERVER_RUNS; i++)
		times.push(await exit_time(env));
	figure(`exit at end of input, ${CALLS} calls in flight`, 'disk',
	    median(times), 'ms');
	execFileSync(PROGRAM, ['kill', '-s', 'KILL', ...execFileSync(PROGRAM,
	    ['ls', '-q'], { env, encoding: 'utf8' }).trim().split('\n')],
	    { env, stdio: 'ignore' });
	await at_rest(env);
}

/* From a worker's rename to the line of a watcher, in the big root. */
function bench_notice(top) {
	const { JOBDIR_ROOT } = environment(join(top, 'full'));
	const rows = execFileSync(join(dirname(PROGRAM), 'bench', 'notice'),
	    [JOBDIR_ROOT, RUNS, PROGRAM, '--root', JOBDIR_ROOT, 'watch',
		'--jsonl'], { encoding: 'utf8' }).trim().split('\n');

	['a directory', 'its journal'].forEach((what, i) => {
		const [middle, most] = rows[i].split(' ').map(Number);
		const name = `worker's rename of ${what} to watch --jsonl`;

		figure(name, `${JOBS} jobs`, middle / 1000, 'ms');
		figure(`${name}, 99 %`, `${JOBS} jobs`, most / 1000, 'ms');
	});
}

function print() {
	const rows = [['what', 'where', 'median', '10 %', '90 %', 'ratio'],
		...figures.map((f) => [f.what, f.where,
			`${f.value.toFixed(2)} ${f.unit}`,
			f.low?.toFixed(2) ?? '', f.high?.toFixed(2) ?? '',
			f.ratio?.toFixed(2) ?? ''])];
	const widths = rows[0].map((_, i) =>
	    Math.max(...rows.map((row) => row[i].length)));

	for (const row of rows)
		console.log(row.map((cell, i) => i < 2 ?
		    cell.padEnd(widths[i]) : cell.padStart(widths[i]))
		    .join('  ').trimEnd());
	console.log('\nratio: of launches, jobdir run to that row; of first ' +
	    'answers, to the empty root; of one id, to 100 jobs');
	for (const note of notes)
		console.log(note);
}

const top = mkdtempSync(join(tmpdir(), 'jobdir-bench-'));

try {
	for (const peer of ['nq', 'tsp'])
		if (!installed(peer))
			notes.push(`${peer} is not installed: left out`);
	await bench_launch('tmpfs', '/dev/shm');
	await bench_launch('disk', tmpdir());
	mkdirSync(join(top, 'empty'));

	const sample = await sample_record(environment(join(top, 'empty')));

	await bench_first_answer(top, sample);
	bench_notice(top);
	await bench_lookup('/dev/shm', (dir) => {
		mkdirSync(dir);
		return environment(dir);
	}, sample, figure, median);
	await bench_flood(environment(join(top, 'flood')), figure, median);
	await bench_exit(top);
} finally {
	rmSync(top, { recursive: true });
}
print();
writeFileSync(join(dirname(PROGRAM), 'bench.json'),
    `${JSON.stringify({ runs: RUNS, server_runs: SERVER_RUNS, notes,
	figures }, null, 2)}\n`);
