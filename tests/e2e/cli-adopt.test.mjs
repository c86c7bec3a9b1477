/*
 * jobdir adopt: a process that ran before it was a job.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync,
	symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { begin, fails, fine, launch, shown } from './lib/cli.mjs';
import { alive, identity, pids, stat } from './lib/proc.mjs';
import { root_test } from './lib/root.mjs';
import { ok } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const TOP = join(import.meta.dirname, '../..');
const ajv = new Ajv2020({ strict: true, strictRequired: false,
	allErrors: true });

addFormats(ajv);
ajv.addSchema(JSON.parse(readFileSync(join(TOP,
    'spool-layout/journal.schema.json'), 'utf8')));

function assert_valid(journal, part) {
	const valid = ajv.getSchema(`urn:jobdir:journal:1#/$defs/${part}`);

	assert.ok(valid(journal), `${JSON.stringify(valid.errors)} ` +
	    JSON.stringify(journal));
}

/* A process that jobdir knows nothing of, and that this test reaps. */
class Stranger {
	constructor(root, script, args = [], { program, stdio } = {}) {
		this.child = spawn(program ?? '/bin/sh',
		    program ? args : ['-c', script, 'sh', ...args], {
			cwd: root.work,
			env: { PATH: process.env.PATH },
			stdio: stdio ?? ['pipe', 'ignore', 'ignore'],
		});
		this.child.stdin?.on('error', () => {});
		this.over = once(this.child, 'exit');
		root.keep(this);
	}

	get pid() {
		return this.child.pid;
	}

	/* It reads a line, where it was told to. */
	go() {
		this.child.stdin.write('go\n');
	}

	async dispose() {
		this.child.kill('SIGKILL');
		this.child.stdin?.destroy();
		await this.over;
	}
}

/* Does the kernel tell a stranger's exit code to who holds a pidfd?  Asked of
 * the kernel itself, with another program than the one that is tested. */
const PROBE = `
import fcntl, os, select, struct, sys
fd = os.pidfd_open(int(sys.argv[1]))
print(flush=True)
select.select([fd], [], [])
poll = select.poll()
poll.register(fd, select.POLLHUP)
for i in range(500):
	if any(e & select.POLLHUP for _, e in poll.poll(10)):
		break
info = bytearray(64)
struct.pack_into('Q', info, 0, 8)
try:
	fcntl.ioctl(fd, 0xc040ff0b, info)
	told = struct.unpack_from('Q', info, 0)[0] & 8
	print('told' if told and struct.unpack_from('i', info, 60)[0] ==
	    7 << 8 else 'not told')
except OSError:
	print('not told')
`;

async function probe(root) {
	const stranger = new Stranger(root, 'read x; exit 7');
	const python = new Stranger(root, '', ['-c', PROBE,
		String(stranger.pid)], { program: 'python3',
		stdio: ['ignore', 'pipe', 'inherit'] });
	let out = '';

	python.child.stdout.on('data', (data) => out += data);
	await until(() => out.length, 10000, 'the probe holds the process');
	stranger.go();
	await once(python.child.stdout, 'close');
	assert.match(out.trim(), /^(not )?told$/);
	return out.trim() === 'told';
}

/* Adopt it; gives the id. */
async function adopt(root, stranger, ...options) {
	const out = await fine(root, ['adopt', ...options,
		String(stranger.pid)]);

	assert.match(out, /^[0-9a-f-]{36}\n$/);
	return out.trim();
}

const record = (root, id) =>
	root.journal(root.job_names().find((n) => n.endsWith(id)));

function dead(pids, what) {
	return until(() => !pids.some((pid) => alive(pid)), 10000,
	    `${what} is dead`);
}

/* Nothing of it is left: the supervisor neither. */
function gone(root) {
	return until(() => !root.processes().length, 10000,
	    'no process of the root is left');
}

/* Pids that a stranger's children wrote into files. */
async function pid_in(root, name) {
	const text = () => {
		try {
			return readFileSync(join(root.work, name), 'utf8');
		} catch {
			return '';
		}
	};

	await until(() => /^\d+\n/.test(text()), 10000, `${name} is there`);
	return Number(text());
}

describe('adopt', { concurrency: 4 }, () => {

root_test('a process becomes a job: record, ls, show', async (root) => {
	const stranger = new Stranger(root, 'read x; exit 0', ['a b']);
	const id = await adopt(root, stranger, '-n', 'foo');
	const journal = record(root, id);
	const { pid, start_time, boot_id, pid_namespace } =
	    identity(stranger.pid);

	assert_valid(journal, 'own');
	assert.deepEqual([journal.pid, journal.start_time, journal.boot_id,
		journal.pid_namespace],
	[pid, start_time, boot_id, pid_namespace]);
	assert.deepEqual([journal.adopted, journal.name, journal.argv,
		journal.cwd, journal.started_by, journal.from_run],
	[true, 'foo', ['/bin/sh', '-c', 'read x; exit 0', 'sh', 'a b'],
		realpathSync(root.work), 'shell', undefined]);
	assert.ok(alive(journal.supervisor.pid));
	assert.equal(stat(journal.supervisor.pid).session,
	    journal.supervisor.pid);
	assert.ok(journal.started <= journal.created);
	assert.deepEqual(readdirSync(join(root.runs, '.new')), []);

	const dir = (await fine(root, ['path', 'foo'])).trim();

	assert.deepEqual(readdirSync(dir).sort(),
	    ['.end', 'journal.json', 'pid']);
	assert.equal(readFileSync(join(dir, 'pid'), 'utf8'),
	    `${stranger.pid}\n`);
	assert.match(await fine(root, ['ls']),
	    new RegExp(`^${id} +running +- .* foo: /bin/sh -c 'read x; `,
	        'm'));

	const job = await shown(root, id);

	assert.deepEqual([job.status, job.pid, job.orphaned],
	    ['running', stranger.pid, undefined]);
	assert.equal((await root.jobdir(['show'])).code, 3, 'not for @last');
	await fails(root, 1, ['send', id, 'x']);
});

root_test('its end: exit codes and signals, where the kernel tells',
    async (root) => {
	const told = await probe(root);

	for (const [script, exit_code, signal] of [['read x; exit 0', 0],
		['read x; exit 7', 7],
		['read x; kill -SEGV $$', undefined, 'SIGSEGV']]) {
		const stranger = new Stranger(root, script);
		const id = await adopt(root, stranger);
		const waiting = root.jobdir(['wait', id]);

		stranger.go();

		const { code, stdout } = await waiting;
		const job = await shown(root, id);
		const journal = record(root, id);

		assert_valid(journal, 'own_ended');
		assert.ok(job.finished >= job.started);
		assert.deepEqual([job.exit_code, job.signal], told ?
		    [exit_code, signal] : [undefined, undefined]);
		assert.equal(code, told ? exit_code ?? 128 + 11 : 4);
		assert.equal(stdout.split(' ')[1].trim(), job.status);
		if (told)
			assert.equal(job.status, exit_code === 0 ?
			    'completed' : 'failed');
		else
			assert.deepEqual([job.status, job.reason],
			    ['lost', 'adopted']);
		await gone(root);
	}
});

root_test('--log is shown as its stdout', async (root) => {
	const log = join(root.work, 'the log');
	const link = join(root.work, 'link');
	writeFileSync(log, '');
	symlinkSync('the log', link);

	const writer = new Stranger(root, 'exec >"$1"; echo one; echo two; ' +
	    'read x; echo three', [log]);

	await until(() => readFileSync(log, 'utf8') === 'one\ntwo\n', 10000,
	    'it has spoken');

	/* A link is followed once, when it is named. */
	const id = await adopt(root, writer, '--log', 'link');
	const path = realpathSync(log);

	assert.equal(record(root, id).log_file, path);
	rmSync(link);
	assert.equal(await fine(root, ['log', id]), 'one\ntwo\n');
	assert.equal((await shown(root, id)).stdout_size, 8);

	const server = await root.server();

	assert.equal((await ok(server, 'tail_job_output', { job_id: id,
		lines: 1 })).stdout, 'two\n');
	await server.dispose();
	writer.go();
	await root.jobdir(['wait', '-q', id]);
	assert.equal(await fine(root, ['log', '-N1', id]), 'three\n');
	assert.deepEqual(record(root, id).stdout, { bytes: 14 });
	assert.equal(record(root, id).stderr, undefined);
	assert.equal(await fine(root, ['log', '--stderr', id]), '');
});

root_test('kill: the process and what descends from it', async (root) => {
	const stranger = new Stranger(root,
	    'sh -c \'echo $$ >deaf; trap "" TERM; ' +
	    'while :; do sleep 1000; done\' & ' +
	    'setsid sh -c "echo \\$\\$ >apart; exec sleep 1000" & ' +
	    'echo $$ >ready; trap "exit 3" TERM; while :; do wait; done');
	const id = await adopt(root, stranger);
	const family = [stranger.pid, await pid_in(root, 'deaf'),
		await pid_in(root, 'apart')];

	await pid_in(root, 'ready');
	await until(() => pids().filter((pid) =>
	    stat(pid)?.ppid === family[1]).length, 10000, 'it has a child');
	family.push(...pids().filter((pid) => stat(pid)?.ppid === family[1]));
	assert.equal(family.length, 4);

	const bystander = new Stranger(root, 'read x');

	assert.equal(await fine(root, ['kill', '-g', '0.2', id]),
	    `${id} killed\n`);
	assert.deepEqual(family.filter((pid) => alive(pid)), []);
	assert.ok(alive(bystander.pid));

	const job = await shown(root, id);

	assert.deepEqual([job.status, job.reason, job.leftover],
	    ['killed', 'cancelled', undefined]);
	assert_valid(record(root, id), 'own_ended');
	assert.equal(await fine(root, ['kill', id]),
	    `${id} already_terminated\n`);
	await gone(root);
});

root_test('kill -s KILL ends one that forks all the time', async (root) => {
	const stranger = new Stranger(root,
	    'trap "" TERM; while :; do sleep 1000 & ' +
	    'echo $! >>all; sleep 0.001; done');
	const id = await adopt(root, stranger);

	await until(() => {
		try {
			return readFileSync(join(root.work, 'all'), 'utf8')
			    .split('\n').length > 20;
		} catch {
			return false;
		}
	}, 10000, 'it has many children');
	assert.equal(await fine(root, ['kill', '-s', 'KILL', id]),
	    `${id} killed\n`);

	const all = readFileSync(join(root.work, 'all'), 'utf8').trim()
	    .split('\n').map(Number);

	await dead(all, 'every child');
	await gone(root);
});

root_test('touch cancel, and a stop that it survives', async (root) => {
	const stranger = new Stranger(root, 'echo $$ >ready; ' +
	    'trap "echo >got" USR1; while :; do read x || exit; done');
	const id = await adopt(root, stranger);
	const dir = (await fine(root, ['path', id])).trim();

	await pid_in(root, 'ready');
	writeFileSync(join(dir, 'cancel'), '');
	await root.jobdir(['wait', '-q', '-t', '20', id]);

	const job = await shown(root, id);

	assert.deepEqual([job.status, job.cancel_requested.signal],
	    ['killed', 'SIGTERM']);
	assert.ok(!alive(stranger.pid));
});

root_test('a parent that never reaps it', async (root) => {
	/* exec: the shell's child is left to a program that waits for none. */
	const parent = new Stranger(root,
	    'sh -c "echo \\$\\$ >child; exec sleep 1000" & exec sleep 1000');
	const pid = await pid_in(root, 'child');
	const id = await adopt(root, { pid });

	assert.equal(await fine(root, ['kill', '-g', '1', id]),
	    `${id} killed\n`);
	assert.equal(stat(pid).state, 'Z');
	assert.equal((await shown(root, id)).exit_code, undefined);
	assert.match(await fails(root, 1, ['adopt', String(pid)]),
	    /process \d+ has ended\n$/);
	assert.ok(alive(parent.pid));
});

root_test('its supervisor is killed: it runs on, orphaned; kill takes it over',
    async (root) => {
	const stranger = new Stranger(root, 'sleep 1000 & echo $! >child; ' +
	    'wait; exit 5');
	const id = await adopt(root, stranger);
	const child = await pid_in(root, 'child');
	const former = record(root, id).supervisor.pid;

	process.kill(former, 'SIGKILL');
	await dead([former], 'its supervisor');
	assert.deepEqual([(await shown(root, id)).status,
		(await shown(root, id)).orphaned], ['running', true]);
	assert.match(await fails(root, 1, ['adopt', String(stranger.pid)]),
	    new RegExp(`process \\d+ is job ${id} already\n$`));
	assert.equal(await fine(root, ['kill', id]), `${id} killed\n`);
	assert.deepEqual([stranger.pid, child].filter((p) => alive(p)), []);
	assert.notEqual(record(root, id).supervisor.pid, former);
	assert_valid(record(root, id), 'own_ended');
	await gone(root);
});

root_test('process and supervisor are killed: lost, adopted', async (root) => {
	const stranger = new Stranger(root, 'read x');
	const id = await adopt(root, stranger, '-n', 'foo');

	process.kill(record(root, id).supervisor.pid, 'SIGKILL');
	await gone(root);
	await stranger.dispose();

	const job = await shown(root, id);

	assert.deepEqual([job.status, job.reason], ['lost', 'adopted']);
	assert.equal((await root.jobdir(['wait', id])).code, 4);
	assert.equal(await fine(root, ['kill', id]),
	    `${id} already_terminated\n`);
	assert.match(await fine(root, ['ls']), new RegExp(`^${id} +lost`, 'm'));
});

root_test('what is refused', async (root) => {
	const refused = async (code, pattern, ...args) =>
		assert.match(await fails(root, code, ['adopt', ...args]),
		    pattern);
	const id = await launch(root, ['sleep', '1000']);
	const { pid, supervisor } = record(root, id);

	for (const word of ['0', '1', '-1', 'x', '12x', '99999999999', ''])
		await refused(2, /no process: |unknown option/, word);
	await refused(2, /which PID\?/);
	await refused(2, /too many arguments/, '2', '3');
	await refused(2, /no name/, '-n', 'a b', String(process.pid));
	await refused(1, /there is no process 4194305\n/, '4194305');
	await refused(1, new RegExp(`process ${pid} is job ${id} already\n`),
	    String(pid));
	await refused(1, /is the supervisor of a job\n/,
	    String(supervisor.pid));
	await refused(1, /process \d+ is this program\n|there is no process/,
	    String(process.pid + 1000000));

	const other = pids().find((p) => p > 1 && stat(p)?.ppid === 2);

	if (other)
		await refused(1, process.getuid() === 0 ?
		    /is a thread of the kernel\n/ :
		    /belongs to another user\n/, String(other));

	const tasks = readdirSync(`/proc/${process.pid}/task`);

	await refused(1, /is a thread: name its process\n/,
	    tasks.find((t) => Number(t) !== process.pid));
	assert.deepEqual(root.job_names().length, 1);
	assert.deepEqual(readdirSync(join(root.runs, '.new')), []);
});

root_test('another user\'s process', async (root) => {
	/* As root one can be made; as somebody else there is pid 1. */
	if (process.getuid() !== 0)
		return;

	const child = spawn('sleep', ['1000'], { uid: 65534 });
	const over = once(child, 'exit');

	root.keep({
		dispose: () => {
			child.kill('SIGKILL');
			return over;
		},
	});
	assert.match(await fails(root, 1, ['adopt', String(child.pid)]),
	    /belongs to another user\n$/);
});

root_test('itself', async (root) => {
	const { code, stderr } = await root.run('/bin/sh', ['-c',
		'exec "$0" adopt $$', process.env.JOBDIR_PROGRAM ??
		join(TOP, 'build/jobdir')]);

	assert.equal(code, 1);
	assert.match(stderr, /is this program\n$/);
});

root_test('the shell that asks', async (root) => {
	const { code, stdout } = await root.run('/bin/sh', ['-c',
		'"$0" adopt $$; exit 9', process.env.JOBDIR_PROGRAM ??
		join(TOP, 'build/jobdir')]);

	assert.equal(code, 9);
	await root.jobdir(['wait', '-q', stdout.trim()]);
	assert.match((await shown(root, stdout.trim())).status, /failed|lost/);
});

root_test('a --log that is no file', async (root) => {
	const stranger = new Stranger(root, 'read x');
	const refused = async (name, pattern) =>
		assert.match(await fails(root, 1, ['adopt', '--log', name,
			String(stranger.pid)]), pattern);

	execFileSync('mkfifo', [join(root.work, 'fifo')]);
	mkdirSync(join(root.work, 'dir'));
	symlinkSync('fifo', join(root.work, 'link'));
	symlinkSync('nothing', join(root.work, 'dangling'));
	await refused('fifo', /log fifo: no plain file\n$/);
	await refused('link', /log link: no plain file\n$/);
	await refused('dir', /log dir: Is a directory\n$/);
	await refused('/dev/null', /log \/dev\/null: no plain file\n$/);
	await refused('none', /log none: No such file or directory\n$/);
	await refused('dangling', /log dangling: No such file/);
	assert.deepEqual(root.job_names(), []);
});

root_test('one that ends at once is a job with an end, or none at all',
    async (root) => {
	await launch(root, ['true']);
	for (let i = 0; i < 40; i++) {
		/* Sooner or later after it was named. */
		const stranger = new Stranger(root, 'read x; i=0; ' +
		    'while [ $i -lt $1 ]; do i=$((i + 1)); done; exit 0',
		[String(i * 1000)]);
		const adopting = root.jobdir(['adopt', String(stranger.pid)]);

		stranger.go();

		const { code, stdout, stderr } = await adopting;

		if (code !== 0) {
			assert.equal(code, 1, stderr);
			assert.match(stderr,
			    /has ended\n$|there is no process/);
			continue;
		}
		await root.jobdir(['wait', '-q', stdout.trim()]);
		assert.match((await shown(root, stdout.trim())).status,
		    /^(completed|lost)$/);
	}
	await gone(root);
	assert.deepEqual(readdirSync(join(root.runs, '.new')), []);
});

root_test('of many that adopt one process one does', async (root) => {
	const stranger = new Stranger(root, 'read x');
	const results = await Promise.all(Array.from({ length: 8 }, () =>
	    root.jobdir(['adopt', String(stranger.pid)])));

	assert.deepEqual(results.map(({ code }) => code).sort(),
	    [0, 1, 1, 1, 1, 1, 1, 1]);
	for (const { code, stderr } of results)
		if (code)
			assert.match(stderr, /is job [0-9a-f-]+ already\n$/);
	assert.equal(root.job_names().length, 1);
});

root_test('log -f shows what comes', async (root) => {
	const log = join(root.work, 'log');
	const writer = new Stranger(root, 'exec >"$1"; echo one; ' +
	    'while read x; do echo $x; done', [log]);

	await until(() => existsSync(log), 10000, 'it has a log');

	const id = await adopt(root, writer, '--log', log);
	const follower = begin(root, ['log', '-f', id]);

	await follower.watches();
	for (const word of ['two', 'three']) {
		writer.child.stdin.write(`${word}\n`);
		await follower.prints(new RegExp(`${word}\n`), 4000);
	}
	writer.child.stdin.end();

	const { code, out } = await follower.end();

	assert.deepEqual([code, out], [0, 'one\ntwo\nthree\n']);
});

root_test('arguments that are empty, or wiped out', async (root) => {
	const cases = [['exec -a "" cat', ['[cat]']],
		['exec -a me cat - "" ""', ['me', '-']],
		['exec -a "a b" cat "" -', ['a b', '', '-']]];

	for (const [script, argv] of cases) {
		const stranger = new Stranger(root, '', ['-c', script],
		    { program: 'bash' });

		await until(() => /^cat$/.test(readFileSync(
		    `/proc/${stranger.pid}/comm`, 'utf8').trim()), 10000,
		'it is executed');
		assert.deepEqual(record(root, await adopt(root, stranger)).argv,
		    argv);
	}
});

});
