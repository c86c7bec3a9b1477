/*
 * Runs of the older workflow server, recorded (tests/weave/runs) and live
 * (tests/weave/weave_worker.py), and its two tools with everything checked that
 * holds for each of their answers.
 *
 *	const worker = await Worker.launch(root, { name: stamped('alpha') });
 *	await worker.do('pid', 'stub', 'entries 3');
 *	const job = await asked(server, { job_id: worker.id });
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync,
	readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { alive, stat } from './proc.mjs';
import { until, within } from './until.mjs';

const WEAVE = join(import.meta.dirname, '../../weave');

export const ENCHANTED = 'enchanted_terrain';
export const JOURNAL = `${ENCHANTED}.weave_journal.json`;
export const WEAVE_WORKER = join(WEAVE, 'weave_worker.py');
/* The interpreter itself: what python3 in the path is may be slow. */
export const PYTHON = execFileSync('python3',
    ['-c', 'import sys; print(sys.executable)']).toString().trim();
/* Larger than any number of a process. */
export const NO_PID = '4194304';

export const RECORDED = JSON.parse(readFileSync(join(WEAVE, 'expected.json'),
    'utf8'));

/* A run's name with a time in front. */
export function stamped(tag, time = '2026-05-01_08-00-00') {
	return `${time}__${tag}`;
}

/* --- runs -------------------------------------------------------------- */

/* Set the stamp of a file; `when`: a Date. */
export function set_time(path, when) {
	utimesSync(path, when, when);
}

/* Make a file so many seconds older than now. */
export function age(path, seconds) {
	set_time(path, new Date(Date.now() - seconds * 1000));
}

/* Times of recorded runs are local ones of UTC. */
const recorded_time = (text) => new Date(`${text}Z`);

/* Put all recorded runs into the root, with their stamps. */
export function plant_recorded(root) {
	cpSync(join(WEAVE, 'runs'), root.runs, { recursive: true });
	for (const name of readdirSync(root.runs))
		for (const file of readdirSync(join(root.runs, name)))
			set_time(join(root.runs, name, file),
			    recorded_time('2026-01-01T00:00:00'));
	for (const job of Object.values(RECORDED)) {
		const at = (file) => join(root.runs, job.dir, file);

		if (job.written)
			set_time(at(`${job.file}.weave_journal.json`),
			    recorded_time(job.written));
		if (job.pid_written)
			set_time(at('.weave.pid'),
			    recorded_time(job.pid_written));
	}
}

/* The journal of a run under way. */
export const UNDER_WAY = {
	json_file: '/srv/nexus_runs/x/enchanted_terrain.json',
	last_run_started_at: '2026-05-01T08:00:07.000001',
	last_run_completed: false,
	phase: 'before_reconcile',
	entries: [],
};

export const COMPLETED = { ...UNDER_WAY, last_run_completed: true,
	phase: 'completed' };

export const FAILED = { ...UNDER_WAY, phase: 'error',
	last_run_error: 'Bulk import failed: HTTP 502' };

/* Make a run of files: an object or text for each `<stem>` of journals, a
 * number or text for `pid`, text for `log`.  Gives its directory. */
export function plant_run(root, name, { pid, log, ...journals }) {
	const dir = join(root.runs, name);
	const put = (file, what) => writeFileSync(join(dir, file), what);

	mkdirSync(dir, { recursive: true, mode: 0o755 });
	for (const [stem, journal] of Object.entries(journals))
		put(`${stem}.weave_journal.json`, typeof journal === 'string' ?
		    journal : JSON.stringify(journal, null, 2));
	if (pid !== undefined)
		put('.weave.pid', String(pid));
	if (log !== undefined)
		put('.weave.log', log);
	return dir;
}

/* --- processes --------------------------------------------------------- */

/* The environment of processes that are none of jobdir's. */
const plain = (more) => ({ PATH: process.env.PATH, LC_ALL: 'C', ...more });

/* A process that ends with the test at the latest. */
class Helper {
	constructor(program, args, options) {
		this.what = args.join(' ');
		this.child = spawn(program, args,
		    { detached: true, ...options });
		this.over = new Promise((done, fail) => {
			this.child.on('error', fail);
			this.child.on('exit', (code, signal) => {
				this.gone = { code, signal };
				done(this.gone);
			});
		});
		this.over.catch(() => {});
		for (const stream of this.child.stdio)
			stream?.on('error', () => {});
	}

	get pid() {
		return this.child.pid;
	}

	get living() {
		return alive(this.pid);
	}

	kill(signal = 'SIGKILL') {
		process.kill(this.pid, signal);
	}

	/* How it ended. */
	end(deadline = 15000) {
		return within(this.over, deadline, `the end of ${this.what}`);
	}

	async dispose() {
		if (!this.gone) {
			try {
				process.kill(-this.pid, 'SIGKILL');
			} catch (e) {
				assert.equal(e.code, 'ESRCH');
			}
			await this.over;
		}
		for (const stream of this.child.stdio)
			stream?.destroy();
	}
}

/* The worker.  It is started as the server did: in a session of its own, its
 * output in the run's .weave.log, its working directory elsewhere. */
export class Worker extends Helper {
	/* `name` of the run, made with its source if there is none; `stem`: of
	 * a direct weave; `args`: more of its options; `steps`: it waits to be
	 * told; `log`: where its output goes, if not into the run. */
	static async launch(root, { name, stem, args = [], steps = true, log,
	    env = {} }) {
		const dir = join(root.runs, name);
		const source = join(dir, `${stem ?? ENCHANTED}.json`);

		if (!existsSync(source)) {
			mkdirSync(dir, { recursive: true });
			writeFileSync(source, '{"nodes": []}');
		}

		const tag = name.replace(/^[-_\d]+__/, '');
		const which = stem ?
		    ['--mode', 'direct', '--json-file', source] :
		    ['--mode', 'enchanted', '--nexus-tag', tag];
		const out = openSync(log ?? join(dir, '.weave.log'), 'w');
		const worker = new Worker(PYTHON, ['-I', '-S', WEAVE_WORKER,
			...which, ...steps ? ['--steps'] : [], ...args], {
			cwd: root.work,
			env: plain({ NEXUS_RUNS_BASE: root.runs, ...env }),
			stdio: [steps ? 'pipe' : 'ignore', out, out,
				...steps ? ['pipe'] : []],
		});

		closeSync(out);
		root.keep(worker);
		Object.assign(worker, { dir, tag, log: log ??
		    join(dir, '.weave.log'), journal: join(dir,
		    `${stem ?? ENCHANTED}.weave_journal.json`),
			pid_file: join(dir, '.weave.pid'),
			id: stem ? `weave-direct-${stem}` :
			    `weave-enchanted-${tag}` });
		if (steps) {
			worker.answers = '';
			worker.taken = 0;
			worker.child.stdio[3].on('data', (data) => {
				worker.answers += data;
			});
			await worker.do('boot');
		}
		return worker;
	}

	/* To run by itself from now on: no answer is waited for. */
	go(step) {
		this.child.stdin.write(`${step}\n`);
		this.taken++;
	}

	/* Take these steps, one after the other; gives the last's answer. */
	async do(...steps) {
		let answers;

		for (const step of steps) {
			this.go(step);
			answers = await until(() => {
				const lines = this.answers.split('\n');

				if (lines.length > this.taken)
					return lines;
				assert.ok(!this.gone,
				    `${step}: ${this.said()}`);
				return null;
			}, 15000, `the worker does ${step}`);
		}
		return JSON.parse(answers[this.taken - 1]);
	}

	/* As far as a worker gets before its nodes. */
	async begins() {
		await this.do('pid', 'stub', 'before');
		return this;
	}

	/* The step it ends with. */
	async ends(step, code) {
		this.go(step);
		assert.deepEqual(await this.end(), { code, signal: null },
		    this.said());
	}

	/* All is well, as the worker ends then. */
	async completes() {
		await this.do('complete', 'unpid');
		await this.ends('exit 0', 0);
	}

	said() {
		return readFileSync(this.log, 'utf8');
	}

	record() {
		return JSON.parse(readFileSync(this.journal, 'utf8'));
	}
}

/* Tells of every signal that can be told of. */
const EDITOR = `
exec 9>>"$0"
for s in HUP INT QUIT USR1 USR2 TERM CONT; do
	trap "echo $s >&9" $s
done
echo ready
while :; do sleep 300 & wait $!; done`;

/* A process that has nothing to do with any job: somebody's editor. */
export class Editor extends Helper {
	static async launch(root) {
		const file = join(root.top,
		    `signals-${root.disposables.length}`);
		const editor = new Editor('sh', ['-c', EDITOR, file], {
			cwd: root.work,
			env: plain(),
			stdio: ['ignore', 'pipe', 'ignore'],
		});
		let ready = false;

		editor.child.stdout.on('data', () => { ready = true; });
		root.keep(editor);
		editor.signals = file;
		await until(() => ready, 10000, 'the editor is ready');
		return editor;
	}

	assert_unharmed() {
		assert.ok(this.living, 'the editor was killed');
		assert.equal(readFileSync(this.signals, 'utf8'), '',
		    'the editor was signalled');
	}
}

const UNREAPED = `
import os, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
print(pid, flush=True)
sys.stdin.read()`;

/* A zombie, and the parent that does not reap it; gives its number. */
export async function zombie(root) {
	const parent = root.keep(new Helper(PYTHON,
	    ['-I', '-S', '-c', UNREAPED],
	    { env: plain(), stdio: ['pipe', 'pipe', 'ignore'] }));
	let out = '';

	parent.child.stdout.on('data', (data) => { out += data; });
	await until(() => out.endsWith('\n') &&
	    stat(Number(out))?.state === 'Z', 10000, 'there is a zombie');
	return Number(out);
}

/* --- the tools --------------------------------------------------------- */

/* Members that may be null, and no schema names them: every spelling of
 * "string or null" is refused by some client. */
const NULLABLE = ['journal', 'log_file', 'finished_at', 'phase',
	'last_run_started_at', 'last_run_completed', 'last_run_failed_at',
	'last_run_error', 'error', 'result'];

const ajv = new Ajv2020({ strict: true, allErrors: true });
const checkers = new WeakMap(); /* connection -> tool -> checker */

async function checker(connection, tool) {
	if (!checkers.has(connection))
		checkers.set(connection, Object.fromEntries(
		    (await connection.tools()).map(({ name, outputSchema }) =>
			[name, {
				schema: outputSchema,
				valid: ajv.compile(outputSchema),
				item: outputSchema.properties.detached_jobs &&
				    ajv.compile({ ...outputSchema,
					required: ['job_id', 'status'] }),
			}])));
	return checkers.get(connection)[tool];
}

function check_members(object, schema, where) {
	for (const [key, value] of Object.entries(object)) {
		if (NULLABLE.includes(key))
			continue;
		assert.ok(schema.properties[key],
		    `${where}.${key} is not in the schema`);
		assert.notEqual(value, null, `${where}.${key} is null`);
	}
}

/* The object of a result, with all checked that always holds. */
async function object_of(connection, tool, args) {
	const result = await connection.call(tool, args);
	const text = result.content?.[0]?.text;
	const { schema, valid, item } = await checker(connection, tool);
	const what = `${tool} ${JSON.stringify(args)}`;

	assert.equal(result.content.length, 1, `${what}: one content block`);
	assert.equal(result.content[0].type, 'text');
	assert.deepEqual(JSON.parse(text), result.structuredContent,
	    `${what}: text and structuredContent carry the same data`);
	if (connection.text)
		assert.ok(connection.text(result).includes(
		    `"structuredContent":${text}`), `${what}: compact text`);

	const object = JSON.parse(text);

	assert.ok(valid(object), `${what}: ${ajv.errorsText(valid.errors)}: ` +
	    text);
	check_members(object, schema, tool);
	for (const job of object.detached_jobs ?? []) {
		assert.ok(item(job), `${what}: ` +
		    `${ajv.errorsText(item.errors)}: ${JSON.stringify(job)}`);
		check_members(job, schema, `${tool}.detached_jobs[]`);
	}
	assert.equal(object.success, !result.isError, `${what}: ${text}`);
	return object;
}

/* Call one of the two tools, which must work; gives the answer. */
async function worked(connection, tool, args) {
	const object = await object_of(connection, tool, args);

	assert.equal(object.success, true,
	    `${tool} ${JSON.stringify(args)}: ${JSON.stringify(object)}`);
	return object;
}

/* mcp_job_status. */
export function asked(connection, args = {}) {
	return worked(connection, 'mcp_job_status', args);
}

/* The jobs of mcp_job_status without job_id. */
export async function overview(connection, args) {
	const all = await asked(connection, args);

	assert.deepEqual(all.in_memory_jobs, []);
	return all.detached_jobs;
}

/* mcp_cancel_job. */
export async function cancelled(connection, job_id) {
	const answer = await worked(connection, 'mcp_cancel_job', { job_id });

	assert.equal(answer.status, 'cancelling');
	return answer;
}

/* Either of them, which must fail; gives [code, error]. */
export async function denied(connection, tool, args) {
	const object = await object_of(connection, tool, args);

	assert.equal(object.success, false,
	    `${tool} ${JSON.stringify(args)}: ${JSON.stringify(object)}`);
	assert.deepEqual(Object.keys(object).sort(),
	    ['code', 'error', 'success']);
	return [object.code, object.error];
}

/* Look at a job until it is in one of the states; gives the answer. */
export function until_weave(connection, job_id, ...wanted) {
	return until(async () => {
		const job = await asked(connection, { job_id });

		return wanted.includes(job.status) && job;
	}, 30000, `job ${job_id} is ${wanted.join(' or ')}`);
}
