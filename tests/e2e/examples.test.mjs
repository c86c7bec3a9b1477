/*
 * Workers that jobdir did not start: those of spool-layout/examples as real
 * processes, driven step by step through their standard input, and the snippets
 * of spool-layout/README.md as they are printed there.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync,
	readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { fine, launch, Process, shown } from './lib/cli.mjs';
import { descriptors, identity } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

const LAYOUT = join(import.meta.dirname, '../../spool-layout');
const EXAMPLES = join(LAYOUT, 'examples');
const built = mkdtempSync(join(tmpdir(), 'jobdir-examples-'));

/* How each one is executed. */
const WORKERS = {
	'worker.sh': ['/bin/sh', join(EXAMPLES, 'worker.sh')],
	'worker.py': ['python3', join(EXAMPLES, 'worker.py')],
	'worker.mjs': [process.execPath, join(EXAMPLES, 'worker.mjs')],
	'worker.c': [join(built, 'worker')],
};

before(() => execFileSync('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror',
	'-o', join(built, 'worker'), join(EXAMPLES, 'worker.c')]));
after(() => rmSync(built, { recursive: true }));

const schema = JSON.parse(readFileSync(join(LAYOUT, 'journal.schema.json')));
const ajv = new Ajv2020({ strict: true, strictRequired: false });

addFormats(ajv);
ajv.addSchema(schema);

/* Everything in a tree that reading could change. */
function tree(path) {
	return readdirSync(path, { recursive: true }).sort().map((name) => {
		const st = lstatSync(join(path, name));

		return [name, st.mode, st.ino, st.size, st.mtimeMs, st.ctimeMs];
	});
}

/* The record, which must be valid and hold known keys only. */
function record(dir) {
	const journal = JSON.parse(readFileSync(join(dir, 'journal.json')));
	const valid = ajv.getSchema(schema.$id);

	assert.ok(valid(journal), `${JSON.stringify(journal)} ` +
	    JSON.stringify(valid.errors));
	for (const key of Object.keys(journal))
		assert.ok(schema.properties[key], key);
	return journal;
}

/* Both views of the job, which agree and change nothing.  Only of use while the
 * worker waits or is gone. */
async function look(root, id) {
	const earlier = tree(root.runs);
	const job = await shown(root, id);
	const list = JSON.parse(await fine(root, ['ls', '-a', '--json']));
	const listed = list.jobs.find((j) => j.job_id === id);

	await fine(root, ['log', id]);
	assert.deepEqual(tree(root.runs), earlier);
	assert.equal(job.job_id, id);
	assert.equal(job.started_by, 'external');
	assert.equal(job.journal_error, undefined);
	for (const key of ['status', 'reason', 'exit_code', 'name', 'command',
		'cwd', 'phase', 'progress', 'started', 'finished'])
		assert.deepEqual(listed[key], job[key], key);
	return job;
}

const NAME = 'night-1.a_b';

/* An example at work on NAME, and what it does next. */
class Worker {
	constructor(root, kind, ...args) {
		const [program, ...words] = WORKERS[kind];

		this.root = root;
		this.process = root.keep(new Process(program,
		    [...words, root.runs, NAME, ...args], {
			cwd: root.work,
			env: root.env({ STEP_ON_INPUT: '1' }),
		}));
	}

	get pid() {
		return this.process.child.pid;
	}

	/* Until it waits in that step; its job as it then is. */
	async at(step) {
		await until(() => {
			if (this.process.gone)
				assert.fail(this.process.errors);

			const [name] = this.root.job_names();

			this.dir = name && join(this.root.runs, name);
			return name && record(this.dir).phase ===
			    `step ${step}`;
		}, 15000, `step ${step}`);
		return look(this.root, NAME);
	}

	next() {
		this.process.child.stdin.write('\n');
	}

	/* Until it has ended with that code; its job as it then is. */
	async ends(code) {
		const end = await this.process.end();

		assert.deepEqual(end, { code, signal: null, out: '',
			errors: '' });
		record(this.dir);
		return look(this.root, NAME);
	}

	log() {
		return readFileSync(join(this.dir, 'stdout.log'), 'utf8');
	}
}

/* The record is replaced by a rename, and nothing is left lying about. */
function check_files(worker) {
	for (const name of readdirSync(worker.dir))
		assert.match(name, /^(journal\.json|std(out|err)\.log|cancel)$/);
	assert.deepEqual(worker.root.job_names(),
	    readdirSync(worker.root.runs));
	assert.match(worker.root.job_names()[0],
	    new RegExp(`^\\d{8}T\\d{6}Z__${NAME}$`));
}

for (const kind of Object.keys(WORKERS))
describe(kind, { concurrency: 4 }, () => {

root_test('it works and completes', async (root) => {
	const worker = new Worker(root, kind, '2');
	const first = await worker.at(1);
	const inode = lstatSync(join(worker.dir, 'journal.json')).ino;

	check_files(worker);
	assert.equal(first.status, 'running');
	assert.equal(first.pid, worker.pid);
	assert.equal(first.name, NAME);
	assert.match(first.command, new RegExp(`worker.* ${NAME} 2$`));
	assert.equal(first.dir, worker.dir);
	assert.equal(first.phase, 'step 1');
	assert.deepEqual(first.progress, { current: 0, total: 2,
		unit: 'steps', message: 'working on step 1' });
	assert.equal(first.finished, undefined);
	/* With this the process is proven to be the job's. */
	assert.ok(descriptors(worker.pid).some(({ target }) =>
	    target === worker.dir || target.startsWith(`${worker.dir}/`)));

	worker.next();

	const second = await worker.at(2);

	assert.equal(second.status, 'running');
	assert.equal(second.started, first.started);
	assert.equal(second.phase, 'step 2');
	assert.equal(second.progress.current, 1);
	assert.notEqual(lstatSync(join(worker.dir, 'journal.json')).ino,
	    inode);
	assert.equal(worker.log(), 'step 1 of 2 done\n');
	assert.equal(second.stdout_size, 17);

	worker.next();

	const end = await worker.ends(0);

	check_files(worker);
	assert.equal(end.status, 'completed');
	assert.equal(end.exit_code, 0);
	assert.deepEqual(end.result, { steps: 2 });
	assert.equal(end.phase, 'end');
	assert.equal(end.progress.current, 2);
	assert.ok(Date.parse(end.finished) >= Date.parse(end.started));
	assert.equal(end.error, undefined);
	assert.equal(worker.log(), 'step 1 of 2 done\nstep 2 of 2 done\n');
});

root_test('it fails', async (root) => {
	const worker = new Worker(root, kind, '3', '2');

	await worker.at(1);
	worker.next();
	await worker.at(2);
	worker.next();

	const end = await worker.ends(1);

	check_files(worker);
	assert.deepEqual([end.status, end.reason, end.exit_code, end.error],
	    ['failed', 'error', 1, 'step 2 failed']);
	assert.equal(end.phase, 'step 2');
	assert.equal(end.progress.current, 1);
	assert.equal(end.result, undefined);
	assert.equal(worker.log(), 'step 1 of 3 done\nstep 2 failed\n');
});

root_test('it is killed', async (root) => {
	const worker = new Worker(root, kind, '3');

	await worker.at(1);
	worker.next();
	assert.equal((await worker.at(2)).status, 'running');
	worker.process.child.kill('SIGKILL');
	await worker.process.end();

	const end = await look(root, NAME);

	assert.equal(end.status, 'lost');
	assert.equal(end.phase, 'step 2');
	assert.equal(end.exit_code, undefined);
	assert.equal(end.result, undefined);
	assert.equal((await root.jobdir(['wait', '-q', NAME])).code, 4);
});

root_test('it is asked to stop', async (root) => {
	const worker = new Worker(root, kind, '3');

	await worker.at(1);
	await root.run('touch', [join(worker.dir, 'cancel')]);

	const asked = await look(root, NAME);

	assert.equal(asked.status, 'running');
	assert.equal(asked.cancel_requested.signal, 'SIGTERM');
	worker.next();

	const end = await worker.ends(130);

	check_files(worker);
	assert.deepEqual([end.status, end.reason, end.exit_code, end.error],
	    ['failed', 'error', 130, 'stopped on request']);
	assert.equal(end.phase, 'step 1');
	assert.equal(worker.log(), 'step 1 of 3 done\nstopped on request\n');
});

root_test('names that it refuses leave nothing', async (root) => {
	const [program, ...words] = WORKERS[kind];

	for (const name of ['', '.hidden', 'a"b', 'a/b', 'a b', 'ä', 'a\n'])
		for (const args of [[name, '1'], ['name', name]]) {
			const { code, stderr } = await root.run(program,
			    [...words, root.runs, ...args]);

			assert.equal(code, 2, stderr);
			assert.notEqual(stderr, '');
		}
	assert.ok(!existsSync(root.runs));
});

root_test('a root with a strange name', async (root) => {
	root.runs = join(root.top, 'ru"n\\s\n\u00e4\t');

	const worker = new Worker(root, kind, '1');

	assert.equal((await worker.at(1)).status, 'running');
	worker.next();
	assert.equal((await worker.ends(0)).status, 'completed');
});

});

/* The blocks of shell code under a heading. */
function snippets(heading) {
	const page = readFileSync(join(LAYOUT, 'README.md'), 'utf8');
	const [, section] = page.split(`\n${heading}\n`);

	return [...section.split(/^## /m)[0]
	    .matchAll(/^```sh\n([^]*?)^```$/gm)].map((m) => m[1]);
}

describe('the page "Write your own journal"', () => {

const [make, put, report, exact] = snippets('## Write your own journal');

root_test('a job from its beginning to its end', async (root) => {
	mkdirSync(root.runs);

	const script = `set -eu\n${make}read _\n${put}${report}`;
	const worker = root.keep(new Process('/bin/sh', ['-c', script],
	    { cwd: root.work, env: root.env() }));

	await until(() => root.job_names().length, 15000, 'a job');

	const dir = join(root.runs, root.job_names()[0]);
	const started = await look(root, 'nightly');

	assert.equal(started.status, 'running');
	assert.equal(started.pid, worker.child.pid);
	record(dir);
	worker.child.stdin.write('\n');
	assert.deepEqual(await worker.end(),
	    { code: 0, signal: null, out: '', errors: '' });
	record(dir);

	const end = await look(root, 'nightly');

	assert.equal(end.status, 'completed');
	assert.deepEqual(end.result, { files: 10 });
	assert.equal(await fine(root, ['log', 'nightly']), 'copied 3 files\n');
});

root_test('its stop', async (root) => {
	mkdirSync(root.runs);

	const { code } = await root.run('/bin/sh', ['-c',
		`set -eu\n${make}: >"$dir/cancel"\n${put}${report}`]);

	assert.equal(code, 130);

	const end = await look(root, 'nightly');

	assert.deepEqual([end.status, end.reason, end.error],
	    ['failed', 'error', 'stopped on request']);
});

root_test('its exact identity', async (root) => {
	mkdirSync(root.runs);

	const worker = root.keep(new Process('/bin/sh', ['-c',
		`set -eu\n${make}${put}${exact}read _\n`],
	    { cwd: root.work, env: root.env() }));

	await until(() => root.job_names().length &&
	    root.journal(root.job_names()[0]).boot_id, 15000, 'a record');

	const journal = record(join(root.runs, root.job_names()[0]));

	assert.deepEqual(journal,
	    { name: 'nightly', ...identity(worker.child.pid) });
	assert.equal((await look(root, 'nightly')).status, 'running');
	worker.child.stdin.end();
	await worker.end();
	assert.equal((await look(root, 'nightly')).status, 'lost');
});

});

root_test('a job that jobdir started tells its progress', async (root) => {
	const [tell] = snippets('### Jobs that jobdir started');
	const id = await launch(root, ['-i', 'sh', '-c', `set -eu\n${tell}` +
		`read _\n${tell.replaceAll('3', '10')}read _\n`]);
	const dir = join(root.runs, root.job_names()[0]);
	const journal = readFileSync(join(dir, 'journal.json'), 'utf8');
	const at = (current) => until(async () => {
		const job = await shown(root, id);

		return job.progress?.current === current && job;
	}, 15000, `progress ${current}`);
	const wanted = { current: 3, total: 10, unit: 'files' };
	const job = await at(3);
	const earlier = tree(root.runs);

	assert.equal(job.status, 'running');
	assert.equal(job.phase, 'copy');
	assert.deepEqual(job.progress, wanted);
	assert.match(await fine(root, ['ls']), /\[copy 3\/10 files\]/);
	assert.match(await fine(root, ['show', id]), /copy/);
	assert.deepEqual(tree(root.runs), earlier);
	assert.equal(readFileSync(join(dir, 'journal.json'), 'utf8'), journal);

	await fine(root, ['send', id, '']);
	assert.equal((await at(10)).status, 'running');

	/* What is no progress hides nothing else. */
	writeFileSync(join(dir, 'progress.json'), '{"current": 5, "tot');

	const torn = await shown(root, id);

	assert.equal(torn.status, 'running');
	assert.equal(torn.progress, undefined);

	await fine(root, ['send', id, '']);
	assert.equal((await root.jobdir(['wait', '-q', id])).code, 0);
	assert.equal(record(dir).progress, undefined);
});
