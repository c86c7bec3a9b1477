/*
 * Times of jobdir beside what it is compared with, measured interleaved in one
 * run: medians and their ratio.  Machines differ and are noisy, so nothing is
 * asserted here.  The table goes to stdout, the figures to build/bench.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from
	'node:fs';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.JOBDIR_PROGRAM ?? 'build/jobdir';
const runs = Number(process.env.BENCH_RUNS ?? 300);
const rows = [];

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

const milliseconds = () => Number(process.hrtime.bigint()) / 1e6;

const scratch = (where) => mkdtempSync(join(where, 'jobdir-bench-'));

function add(what, value, beside) {
	const row = { what, milliseconds: value };

	if (beside)
		Object.assign(row, { beside: beside.name,
			beside_milliseconds: beside.value,
			ratio: value / beside.value });
	rows.push(row);
	console.log(`${what.padEnd(52)} ${value.toFixed(2).padStart(8)} ms${
		beside ? `  ${row.ratio.toFixed(2)} x ${beside.name} (${
			beside.value.toFixed(2)} ms)` : ''}`);
}

/* --- commands, interleaved ---------------------------------------------- */

const installed = (name) =>
	spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

function time_command(command, env) {
	const from = milliseconds();
	const { status, error } = spawnSync(command[0], command.slice(1),
		{ env: { ...process.env, ...env }, stdio: 'ignore' });

	if (error || status !== 0)
		throw new Error(`${command.join(' ')}: ${error ?? status}`);
	return milliseconds() - from;
}

function launches(where, label) {
	const dir = scratch(where);
	const env = { JOBDIR_ROOT: join(dir, 'runs'), NQDIR: join(dir, 'nq'),
		TS_SOCKET: join(dir, 'ts') };
	const commands = { jobdir: [program, 'run', '--', 'true'] };
	const times = {};

	for (const [name, peer] of [['nq', ['nq', 'true']],
		['tsp', ['tsp', 'true']]]) {
		if (installed(name))
			commands[name] = peer;
		else
			console.log(`${name} is not installed: not compared`);
	}
	mkdirSync(env.NQDIR);
	for (let i = 0; i < runs; i++)
		for (const [name, command] of Object.entries(commands))
			(times[name] ??= []).push(time_command(command, env));
	if (commands.tsp)
		spawnSync('tsp', ['-K'], { env: { ...process.env, ...env } });
	for (const name of Object.keys(commands).slice(1))
		add(`jobdir run -- true, ${label}`, median(times.jobdir),
			{ name: `${name} true`, value: median(times[name]) });
	rmSync(dir, { recursive: true, force: true });
}

/* --- the server --------------------------------------------------------- */

/* A root of finished jobs, written as jobdir would have left them. */
function plant(root, count) {
	mkdirSync(join(root, '.new'), { recursive: true });
	mkdirSync(join(root, '.keys'));
	for (let i = 0; i < count; i++) {
		const id = randomUUID();
		const at = new Date(1.76e12 + i * 7000).toISOString();
		const name = `${at.slice(0, 19).replace(/[-:]/g, '')}Z__${id}`;
		const dir = join(root, name);

		mkdirSync(dir);
		writeFileSync(join(dir, 'journal.json'), `${JSON.stringify({
			jobdir: 1, id, command: 'true', argv: ['true'],
			cwd: '/', interactive: false, merge_output: false,
			started_by: 'shell', created: at, started: at,
			finished: at, duration_seconds: 0.01, exit_code: 0,
			reason: 'exit', stdout: { bytes: 0 },
			stderr: { bytes: 0 } }, null, 2)}\n`);
		chmodSync(join(dir, 'journal.json'), 0o400);
		for (const log of ['stdout.log', 'stderr.log'])
			writeFileSync(join(dir, log), '');
	}
}

const initialize = JSON.stringify({ jsonrpc: '2.0', id: 0,
	method: 'initialize', params: { protocolVersion: '2025-11-25',
		capabilities: {}, clientInfo: { name: 'bench', version: '1' } } });

const call = (id, name, args) => JSON.stringify({ jsonrpc: '2.0', id,
	method: 'tools/call', params: { name, arguments: args } });

/* Start a server, send lines; resolves with the time of the answer to `id`. */
async function first_answer(root, line, id) {
	const from = milliseconds();
	const server = spawn(program, ['mcp'], { stdio: ['pipe', 'pipe',
		'inherit'], env: { ...process.env, JOBDIR_ROOT: root } });

	server.stdin.write(`${initialize}\n${line}\n`);
	for await (const answer of createInterface({ input: server.stdout }))
		if (JSON.parse(answer).id === id)
			break;

	const took = milliseconds() - from;

	server.stdin.end();
	await new Promise((resolve) => server.once('close', resolve));
	return took;
}

/* From the end of its input to the end of a server with calls in flight. */
async function time_of_end(root) {
	const server = spawn(program, ['mcp'], { stdio: ['pipe', 'pipe',
		'inherit'], env: { ...process.env, JOBDIR_ROOT: root } });
	let answers = 0;

	server.stdin.write(`${initialize}\n`);
	for (let id = 1; id <= 5; id++)
		server.stdin.write(`${call(id, 'execute_command', {
			command: 'sleep 1000', wait_seconds: 50 })}\n`);
	server.stdin.write(`${call(6, 'list_jobs', {})}\n`);
	for await (const answer of createInterface({ input: server.stdout }))
		if (++answers === 2 || JSON.parse(answer).id === 6)
			break;

	const from = milliseconds();

	server.stdin.end();
	await new Promise((resolve) => server.once('close', resolve));
	return milliseconds() - from;
}

async function servers() {
	const dir = scratch(tmpdir());
	const full = join(dir, 'full');
	const empty = join(dir, 'empty');
	const times = { empty: [], full: [], listed: [], end: [] };

	plant(full, 10000);
	for (let i = 0; i < 20; i++) {
		times.empty.push(await first_answer(empty, '', 0));
		times.full.push(await first_answer(full, '', 0));
		times.listed.push(await first_answer(full,
			call(1, 'list_jobs', {}), 1));
	}
	const base = { name: 'that of an empty root',
		value: median(times.empty) };

	add('first answer of a server, 10,000 jobs', median(times.full), base);
	add('first page of list_jobs, 10,000 jobs', median(times.listed), base);
	for (let i = 0; i < 10; i++)
		times.end.push(await time_of_end(empty));
	add('end of input to end of server, 5 calls waiting',
		median(times.end));
	spawnSync('sh', ['-c', `"${program}" kill -q -s KILL -g 0 $("${
		program}" ls -q -s running)`], { stdio: 'ignore',
		env: { ...process.env, JOBDIR_ROOT: empty } });
	rmSync(dir, { recursive: true, force: true });
}

console.log(`medians; ${runs} interleaved runs of each command`);
launches('/dev/shm', 'root on tmpfs');
launches(process.env.BENCH_DISK ?? '/var/tmp', 'root on disk');
await servers();
mkdirSync('build', { recursive: true });
writeFileSync('build/bench.json', `${JSON.stringify(rows, null, 2)}\n`);
