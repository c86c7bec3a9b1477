/*
 * The bound of logs, and jobs that erase their own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM, root_test } from '../e2e/lib/root.mjs';
import { MODERN, Server } from '../e2e/lib/rpc.mjs';
import { ok, refused } from '../e2e/lib/tools.mjs';
import { until } from '../e2e/lib/until.mjs';
import { amount, ended, minutes, show, size_of, start } from './lib/stress.mjs';
import { Room } from './lib/room.mjs';

const MIB = 1 << 20;
const SECONDS = amount(3, 10);

/* The most that `measure` gives in a time. */
async function most_within(seconds, measure) {
	const end = performance.now() + seconds * 1000;
	let most = 0;

	await until(() => {
		most = Math.max(most, measure());
		return performance.now() > end;
	}, seconds * 1000 + 10000, 'the time is over');
	return most;
}

root_test(`yes for ${SECONDS} s on a tmpfs of 256 MiB with the default ` +
    'bound never meets ENOSPC', minutes(2), async (root) => {
	const room = await new Room(root, 'size=256m').open();
	const { code, stdout, stderr } = await room.jobdir(['run', 'yes']);

	assert.equal(code, 0, stderr);

	const id = stdout.trim();
	const most = await most_within(SECONDS, () => room.bytes_used());
	const job = JSON.parse((await room.jobdir(['show', '--json', id]))
	    .stdout);

	console.log(`at most ${Math.round(most / MIB)} MiB on disk, ` +
	    `${Math.round(job.stdout_size / MIB)} MiB written`);
	assert.equal(job.status, 'running');
	assert.equal(job.stderr_size, 0);
	assert.ok(job.stdout_size > 256 * MIB, 'it wrote more than fits');
	assert.ok(most < 200 * MIB, `${most} bytes on disk`);
	assert.equal((await room.jobdir(['kill', id])).stdout,
	    `${id} killed\n`);

	/* What is left can be read from both ends. */
	const { stdout: head } = await room.jobdir(['show', '--json', id]);

	assert.ok(JSON.parse(head).stdout_size >= job.stdout_size);
	assert.equal((await room.jobdir(['log', '-N', '2', id])).stdout,
	    'y\ny\n');
});

/*
 * Ways for a job to erase what it wrote, as shell commands.  Its stderr is in
 * stdout.log, too.
 */
const ERASERS = {
	'> /dev/stderr': 'echo erased > /dev/stderr',
	'tee /dev/stderr': 'echo erased | tee /dev/stderr >/dev/null',
	'O_TRUNC': 'echo erased > "$JOBDIR_DIR/stdout.log"',
	'ftruncate': 'truncate -s 7 /proc/self/fd/1',
};

function check_said(job, said) {
	assert.match(job.hint ?? '', /truncated its own log 1 time/);
	assert.match(said, /truncated by the job/);
}

/* What `jobdir show` prints. */
async function show_words(root, id) {
	return (await root.jobdir(['show', id])).stdout;
}

for (const [name, eraser] of Object.entries(ERASERS))
	root_test(`a job that truncates its log: ${name}: view and offsets ` +
	    'stay right, and show says it', async (root) => {
		const server = await root.server();
		const { job_id } = await ok(server, 'execute_command', {
			command: 'echo before the truncation; read go; ' +
			    `${eraser}; echo after; read go`,
			merge_output: true,
		});
		const before = await until(async () => {
			const view = await ok(server, 'get_job_output',
			    { job_id });

			return view.stdout_size && view;
		}, 10000, 'there is output');

		assert.equal(before.stdout, 'before the truncation\n');
		await ok(server, 'interact_with_job', { job_id, input: 'go' });
		await until(async () => (await ok(server, 'get_job_output',
		    { job_id })).stdout.includes('after'), 10000,
		    'the log is another');

		const now = await ok(server, 'get_job_output', { job_id });
		const on_disk = readFileSync(join((await show(root, job_id))
		    .dir, 'stdout.log'), 'utf8');

		assert.equal(now.stdout, on_disk);
		assert.equal(on_disk.length, 'erased\nafter\n'.length);
		assert.equal(now.stdout_size, on_disk.length);
		assert.equal(now.stdout_next, on_disk.length);

		/* An offset of before is beyond the end now. */
		const on = await ok(server, 'get_job_output', { job_id,
			stdout_offset: before.stdout_next });

		assert.deepEqual([on.stdout, on.stdout_next],
		    ['', on_disk.length]);
		await ok(server, 'interact_with_job', { job_id, input: 'go',
			wait_seconds: 10 });

		const job = await ended(root, job_id);

		assert.equal(job.stdout_size, on_disk.length);
		check_said(job, await show_words(root, job_id));
		assert.equal((await root.jobdir(['log', job_id])).stdout,
		    on_disk);
	});

root_test('a job that truncates its log again and again is bounded all the ' +
    'same', async (root) => {
	const bound = 1 << 18;
	const id = await start(root, '-i', '--max-log', '256K', 'sh', '-c',
	    'n=0; while read go; do : > "$JOBDIR_DIR/stdout.log"; ' +
	    'n=$((n + 1)); yes "line of $n" | head -c 4000000; ' +
	    'echo "end of $n" >&2; done');
	const { dir } = await show(root, id);
	const log = join(dir, 'stdout.log');

	for (let n = 1; n <= 3; n++) {
		await root.jobdir(['send', id, 'go']);
		await until(() => readFileSync(join(dir, 'stderr.log'), 'utf8')
		    .includes(`end of ${n}\n`), 20000, `end of ${n}`);
		await until(() => statSync(log).blocks * 512 <= bound, 5000,
		    'the log is within its bound');
		assert.equal(size_of(log), 4000000);

		const { stdout } = await root.jobdir(['log', '--stdout', id]);

		assert.match(stdout, new RegExp(`^(line of ${n}\n)+`));
		assert.match(stdout, /\[jobdir: \d+ bytes dropped here\]/);
		assert.equal(stdout.includes('\0'), false);
	}
	await root.jobdir(['send', '--eof', id]);

	const job = await ended(root, id);

	assert.deepEqual([job.status, job.stdout_size],
	    ['completed', 4000000]);
	assert.match(job.hint, /truncated its own log/);
});

/* Write to a file of the room until nothing fits any more. */
function fill(room, name) {
	const path = room.outside(join(room.mount, name));

	execFileSync('sh', ['-c', 'dd if=/dev/zero of="$1" bs=64k; ' +
	    'dd if=/dev/zero of="$1.rest" bs=1; true', 'sh', path],
	    { stdio: 'ignore' });
	assert.equal(room.bytes_free(), 0);
	return path;
}

/* Nothing of a launch that failed. */
function check_nothing_left(room, jobs) {
	assert.deepEqual(room.names(room.runs),
	    ['.keys', '.new', ...jobs].sort());
	assert.deepEqual(room.names(join(room.runs, '.new')), []);
}

const FULL_TEXT = new RegExp('^jobdir: Failed to start job: ' +
    '\\[Errno 28\\] No space left on device: \'/.*\'\n');

root_test('no room for a launch: it is refused with the errno, and nothing ' +
    'is left', async (root) => {
	const room = await new Room(root, 'size=1m').open();
	const { stdout: first } = await room.jobdir(['run', '-w', 'true']);
	const jobs = room.names(room.runs).filter((n) => n[0] !== '.');

	assert.match(first, /^[-0-9a-f]{36}\n/);
	fill(room, 'full');
	for (let i = 0; i < 3; i++) {
		const { code, stdout, stderr } = await room.jobdir(['run', '--',
			'true']);

		assert.deepEqual([code, stdout], [125, '']);
		assert.match(stderr, FULL_TEXT);
		check_nothing_left(room, jobs);
	}

	const [program, ...args] = room.enter([PROGRAM, 'mcp']);
	const server = await root.keep(new Server(program, args, {
		cwd: root.work,
		env: root.env({ JOBDIR_ROOT: room.runs }),
	})).open(MODERN);

	for (const command of ['true', 'echo x; exit 1'])
		assert.match(await refused(server, 'execute_command',
		    { command }), /^Failed to start job: \[Errno 28\] No space/);
	check_nothing_left(room, jobs);
	await server.dispose();
	/* Reading goes on. */
	assert.equal((await room.jobdir(['ls', '-q'])).stdout, first);
	execFileSync('sh', ['-c', 'rm "$1"/full*', 'sh', room.outside()]);
	assert.equal((await room.jobdir(['run', '-w', 'true'])).code, 0);
});

root_test('no room for any part of a launch: refused or started, nothing ' +
    'between', minutes(2), async (root) => {
	const room = await new Room(root, 'size=1m').open();

	await room.jobdir(['run', '-w', 'true']);

	const jobs = room.names(room.runs).filter((n) => n[0] !== '.');
	const page = 4096;
	let refused = 0;

	fill(room, 'full');
	for (let pages = 0; pages < 12; pages++) {
		const { code, stderr } = await room.jobdir(['run', '-w', '--',
			'true']);
		const now = room.names(room.runs).filter((n) => n[0] !== '.');

		if (code === 0) {
			assert.equal(now.length, jobs.length + 1);
			break;
		}
		assert.equal(code, 125);
		assert.match(stderr, FULL_TEXT);
		check_nothing_left(room, jobs);
		refused++;
		/* One page more. */
		execFileSync('truncate', ['-s', `-${page}`,
			room.outside(join(room.mount, 'full'))]);
	}
	console.log(`${refused} refused`);
	assert.ok(refused > 1 && refused < 12);
});

/* Make files until there is no inode left; gives their paths. */
function take_inodes(room) {
	const made = [];

	for (;;) {
		const path = room.outside(join(room.mount,
		    `file${made.length}`));

		try {
			writeFileSync(path, '');
		} catch (e) {
			assert.equal(e.code, 'ENOSPC');
			return made;
		}
		made.push(path);
	}
}

root_test('no inode for a launch: it is refused with the errno, and nothing ' +
    'is left', minutes(2), async (root) => {
	const room = await new Room(root, 'size=1m,nr_inodes=20').open();

	await room.jobdir(['run', '-w', 'true']);

	const jobs = room.names(room.runs).filter((n) => n[0] !== '.');
	const made = take_inodes(room);

	/* From no inode left to enough of them. */
	for (let refused = 0;; refused++) {
		const { code, stderr } = await room.jobdir(['run', '-w', '--',
			'true']);

		if (code === 0) {
			assert.ok(refused > 2, `refused ${refused} times`);
			break;
		}
		assert.equal(code, 125);
		assert.match(stderr, FULL_TEXT);
		check_nothing_left(room, jobs);
		assert.ok(made.length > 0, 'with all this room it must work');
		unlinkSync(made.pop());
	}
});

/* A FIFO on another file system, for a job to wait at. */
function make_gate(root, name) {
	const gate = join(root.work, name);

	execFileSync('mkfifo', [gate]);
	return gate;
}

/* A job in the room whose shell command may wait at `gate`; gives the id. */
async function start_there(room, command, gate) {
	const { code, stdout, stderr } = await room.jobdir(['run', '--', 'sh',
		'-c', command, 'sh', gate]);

	assert.equal(code, 0, stderr);
	return stdout.trim();
}

async function show_there(room, id) {
	return JSON.parse((await room.jobdir(['show', '--json', id])).stdout);
}

root_test('jobs whose disk is full when they end still record their ends',
    async (root) => {
	const room = await new Room(root, 'size=1m').open();
	const gates = [make_gate(root, 'gate0'), make_gate(root, 'gate1')];
	const killed = await start_there(room, 'read x < "$1"; kill -9 $$',
	    gates[0]);
	/* It fills the disk itself; what it writes then is lost to it. */
	const writer = await start_there(room,
	    'yes; echo full > "$1"; read x < "$1"; exit 7', gates[1]);

	assert.equal(readFileSync(gates[1], 'utf8'), 'full\n');
	fill(room, 'rest');
	for (const gate of gates)
		writeFileSync(gate, 'go\n');
	assert.equal((await room.jobdir(['wait', '-q', writer])).code, 7);
	assert.equal((await room.jobdir(['wait', '-q', killed])).code,
	    128 + 9);

	const job = await show_there(room, writer);

	assert.deepEqual([job.status, job.reason, job.exit_code],
	    ['failed', 'exit', 7]);
	assert.equal((await show_there(room, killed)).signal, 'SIGKILL');
	await until(() => !room.processes().length, 10000,
	    'no supervisor is left');
});

for (const signal of ['TERM', 'KILL'])
	root_test('a job that has filled its disk can be stopped, and the ' +
	    `end is recorded: ${signal}`, async (root) => {
		const room = await new Room(root, 'size=1m').open();
		const gate = make_gate(root, 'gate');
		const id = await start_there(room,
		    'yes; echo full > "$1"; exec sleep 1000', gate);

		readFileSync(gate);
		fill(room, 'rest');

		const { code, stdout, stderr } = await room.jobdir(['kill',
			'-s', signal, id]);

		assert.deepEqual([code, stdout], [0, `${id} killed\n`],
		    stderr);
		assert.equal((await show_there(room, id)).status, 'killed');
	});
