/*
 * What is on disk is what spool-layout/ says: the schema, the samples, and the
 * files that the program itself leaves.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync }
	from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { root_test } from './lib/root.mjs';
import { until } from './lib/until.mjs';

const TOP = join(import.meta.dirname, '../..');
const SAMPLES = join(TOP, 'spool-layout/samples');
const URN = 'urn:jobdir:journal:1';

function read(...path) {
	return readFileSync(join(...path), 'utf8');
}

const schema = JSON.parse(read(TOP, 'spool-layout/journal.schema.json'));
const expected = JSON.parse(read(SAMPLES, 'expected.json'));
/* $defs/own only adds to what the whole schema says of a property. */
const ajv = new Ajv2020({ strict: true, strictRequired: false,
	allErrors: true });

addFormats(ajv);
ajv.addSchema(schema);

function assert_valid(journal, part = '') {
	const valid = ajv.getSchema(URN + part);

	assert.ok(valid(journal), `${part} ${JSON.stringify(valid.errors)} ` +
	    JSON.stringify(journal));
}

/* The keys of an object and of the objects in it. */
function keys_of(object, into = new Set()) {
	for (const [key, value] of Object.entries(object)) {
		into.add(key);
		if (value && typeof value === 'object' &&
		    !Array.isArray(value))
			keys_of(value, into);
	}
	return into;
}

/* Names of all properties that the schema knows. */
function known_keys(part = schema, into = new Set()) {
	for (const [key, value] of Object.entries(part.properties ?? {})) {
		into.add(key);
		known_keys(value, into);
	}
	for (const value of Object.values(part.$defs ?? {}))
		known_keys(value, into);
	return into;
}

function jobs(root) {
	return readdirSync(root).filter((name) => !name.startsWith('.') &&
	    lstatSync(join(root, name)).isDirectory());
}

/* Everything in a tree that reading could change. */
function tree(path) {
	return readdirSync(path, { recursive: true }).sort().map((name) => {
		const st = lstatSync(join(path, name));

		return [name, st.mode, st.ino, st.size, st.mtimeMs, st.ctimeMs];
	});
}

describe('journal.schema.json', () => {

test('it is valid, and so is what refers to it', () => {
	assert.ok(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
	for (const part of ['', '#/$defs/own', '#/$defs/own_ended'])
		assert.equal(typeof ajv.getSchema(URN + part), 'function');
});

test('it knows every key that the program knows', () => {
	const source = read(TOP, 'src/spool/journal_keys.h');
	const keys = [...source.matchAll(/^#define KEY_\w+ "(\w+)"$/gm)]
	    .map((m) => m[1]);

	assert.ok(keys.length > 40);
	assert.deepEqual(new Set(keys), known_keys());
});

test('it refuses what the program would complain of', () => {
	const valid = ajv.getSchema(URN);

	for (const journal of [[], { id: 1 }, { argv: 'make' }, { pid: -1 },
		{ pid: '1' }, { exit_code: 256 }, { finished: 'now' },
		{ signal: 9 }, { progress: 0.5 }, { stdout: { bytes: -1 } },
		{ timeout_seconds: -1 }, { interactive: 'yes' }])
		assert.ok(!valid(journal), JSON.stringify(journal));
	assert_valid({});
	assert_valid({ unknown: { anything: [null] } });
});

});

describe('samples', () => {

test('expected.json has them all', () => {
	assert.deepEqual(Object.keys(expected).sort(), jobs(SAMPLES).sort());
});

test('their records are valid', () => {
	let own = 0, ended = 0;

	for (const [name, { status, reason }] of Object.entries(expected)) {
		if (status === 'unknown' && reason === 'unreadable' &&
		    name !== '20261120T111500Z__rsync-home')
			continue; /* torn, empty or missing on purpose */

		const journal = JSON.parse(read(SAMPLES, name, 'journal.json'));

		assert_valid(journal);
		if (journal.jobdir) {
			assert_valid(journal, '#/$defs/own');
			own++;
		}
		if (journal.jobdir && journal.finished) {
			assert_valid(journal, '#/$defs/own_ended');
			ended++;
		}
	}
	assert.ok(own > 8 && ended > 6, `${own} own, ${ended} ended`);
});

test('the template of a running job is valid', () => {
	const text = read(SAMPLES, 'running.json.in')
	    .replace('@BOOT_ID@', '5e0b7c1a-3f1d-4a56-9d0e-2f6b8c4a1e77')
	    .replace('@ID@', '0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34')
	    .replace(/@[A-Z_]+@/g, '4242');

	assert_valid(JSON.parse(text), '#/$defs/own');
});

root_test('the program says what expected.json says, and changes nothing',
    async (root) => {
	cpSync(SAMPLES, root.runs, { recursive: true });

	const before = tree(root.runs);
	const { code, stdout } = await root.jobdir(['ls', '-a', '--jsonl']);
	const listed = stdout.trim().split('\n').map((l) => JSON.parse(l));

	assert.equal(code, 0);
	assert.equal(listed.length, Object.keys(expected).length);
	for (const [name, wanted] of Object.entries(expected)) {
		const shown = await root.jobdir(['show', '--json', name]);
		const job = JSON.parse(shown.stdout);
		const line = listed.find((j) => j.job_id === wanted.id);

		assert.ok(line, name);
		for (const got of [job, line]) {
			assert.equal(got.job_id, wanted.id);
			assert.equal(got.status, wanted.status, name);
			assert.equal(got.reason, wanted.status === 'completed' ?
			    undefined : wanted.reason, name);
			assert.equal(got.exit_code, wanted.exit_code, name);
			assert.equal(got.signal, wanted.signal, name);
		}
		assert.equal(job.stdout_size, wanted.stdout_size ?? 0, name);
		assert.equal(job.stderr_size, wanted.stderr_size ?? 0, name);
	}
	assert.deepEqual(tree(root.runs), before);
});

});

describe('jobs of its own', { concurrency: 4 }, () => {

/* The record of the only job, checked against the schema. */
function check_record(root, part) {
	const [name] = root.job_names();
	const journal = root.journal(name);
	const known = known_keys();

	assert_valid(journal);
	assert_valid(journal, part);
	for (const key of keys_of(journal))
		assert.ok(known.has(key), `${key} is not in the schema`);
	assert.equal(name.split('__')[1], journal.id);
	assert.equal(name.slice(0, 8),
	    journal.created.slice(0, 10).replaceAll('-', ''));
	return { name, journal, dir: join(root.runs, name) };
}

function modes(dir) {
	return Object.fromEntries(readdirSync(dir).sort().map((name) => {
		const st = lstatSync(join(dir, name));

		return [name, `${st.isFIFO() ? 'p' : st.isFile() ? '-' : '?'}${
		    (st.mode & 0o777).toString(8)}`];
	}));
}

root_test('while it runs and after its end', async (root) => {
	await root.jobdir(['run', '-n', 'reader', '-i', '-t', '600', '-k',
		'once', '-e', 'SECRET=x', 'sh', '-c', 'cat; exit 3']);

	const running = check_record(root, '#/$defs/own');

	assert.deepEqual(modes(running.dir), {
		'.end': '-600',
		'.stdin': 'p600',
		'journal.json': '-600',
		'pid': '-600',
		'stderr.log': '-600',
		'stdout.log': '-600',
	});
	assert.equal(read(running.dir, 'pid'), `${running.journal.pid}\n`);
	assert.deepEqual(running.journal.env_names, ['SECRET']);
	assert.ok(!read(running.dir, 'journal.json').includes('"x"'));
	await root.jobdir(['send', '--eof', 'reader', 'hello']);
	await root.jobdir(['wait', 'reader']);

	const ended = check_record(root, '#/$defs/own_ended');

	assert.equal(ended.journal.exit_code, 3);
	assert.equal(ended.journal.reason, 'exit');
	/* The input goes right after the end is on record. */
	await until(() => !existsSync(join(ended.dir, '.stdin')), 5000,
	    '.stdin is gone');
	assert.deepEqual(modes(ended.dir), {
		'journal.json': '-400',
		'pid': '-600',
		'stderr.log': '-600',
		'stdout.log': '-600',
	});
	/* The end record is the start record with lines added. */
	for (const [key, value] of Object.entries(running.journal))
		assert.deepEqual(ended.journal[key], value);
});

root_test('ends of every kind', async (root) => {
	const kinds = [
		[['-m', 'sh', '-c', 'echo; echo >&2'], 'exit', 'completed'],
		[['sh', '-c', 'kill -SEGV $$'], 'signal', 'failed'],
		[['-t', '0.2', 'sleep', '600'], 'timeout', 'failed'],
		[['--max-log', '64K', 'sh', '-c',
			'seq 100000; echo x > /dev/stdout; seq 200000'],
		'exit', 'completed'],
	];

	for (const [args, reason, status] of kinds) {
		const { stdout } = await root.jobdir(['run', ...args]);
		const id = stdout.trim();

		await root.jobdir(['wait', '-q', id]);

		const { stdout: shown } =
		    await root.jobdir(['show', '--json', id]);
		const [name] = root.job_names().filter((n) => n.endsWith(id));
		const journal = root.journal(name);

		assert_valid(journal);
		assert_valid(journal, '#/$defs/own_ended');
		assert.equal(journal.reason, reason);
		assert.equal(JSON.parse(shown).status, status);
	}
});

root_test('`touch cancel` is enough', async (root) => {
	await root.jobdir(['run', 'sleep', '600']);

	const { dir } = check_record(root, '#/$defs/own');

	await root.run('touch', [join(dir, 'cancel')]);
	await root.jobdir(['wait', '-q']);

	const { journal } = check_record(root, '#/$defs/own_ended');

	assert.equal(journal.reason, 'cancelled');
	assert.equal(journal.cancel.signal, 'SIGTERM');
});

root_test('hidden names of the root', async (root) => {
	await root.jobdir(['run', '-w', 'true']);
	assert.deepEqual(readdirSync(root.runs).filter((n) =>
	    n.startsWith('.')).sort(), ['.keys', '.new']);
	assert.deepEqual(readdirSync(join(root.runs, '.new')), []);
	assert.equal(lstatSync(root.runs).mode & 0o777, 0o700);
});

});
