/*
 * The bound of logs, and jobs that erase their own.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root_test } from '../e2e/lib/root.mjs';
import { ok } from '../e2e/lib/tools.mjs';
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
