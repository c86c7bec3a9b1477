/*
 * Views of output: get_job_output and tail_job_output.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { announce_clients, root_test } from './lib/root.mjs';
import { ok, refused, run, start } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

announce_clients();

const FOREVER = 'exec sleep 1000';

function log_of(job, name = 'stdout.log') {
	return readFileSync(join(job.dir, name));
}

/* get_job_output of a command that has ended. */
async function output_of(server, command, more = {}) {
	const { job_id } = await run(server, command);

	return ok(server, 'get_job_output', { job_id, ...more });
}

describe('get_job_output', { concurrency: 4 }, () => {

root_test('all of it', async (root) => {
	const server = await root.server();
	const job = await run(server, 'echo out; printf err >&2');
	const { job_id } = job;
	const whole = {
		job_id, status: 'completed', stdout_size: 4, stdout_next: 4,
		stderr_size: 3, stderr_next: 3,
		truncated: false, complete: true,
		stdout: 'out\n', stderr: 'err',
	};

	assert.deepEqual(await ok(server, 'get_job_output', { job_id }), whole);
	assert.deepEqual(await ok(server, 'get_job_output',
	    { job_id, stream: 'both', raw: true }), whole);

	const only = await ok(server, 'get_job_output',
	    { job_id, stream: 'stdout' });

	assert.equal(only.stdout, 'out\n');
	assert.equal(only.stderr, '');
	assert.equal((await ok(server, 'get_job_output',
	    { job_id, stream: 'stderr' })).stderr, 'err');
	for (const [offset, wanted] of [['stdout_offset', ['ut\n', '']],
	    ['stderr_offset', ['', 'rr']]]) {
		const part = await ok(server, 'get_job_output',
		    { job_id, [offset]: 1 });

		assert.deepEqual([part.stdout, part.stderr], wanted);
		assert.equal(part.complete, true);
	}

	const both = await ok(server, 'get_job_output',
	    { job_id, stdout_offset: 2, stderr_offset: 2 });

	assert.deepEqual([both.stdout, both.stderr], ['t\n', 'r']);
});

root_test('beginning and end, and the gap named', async (root) => {
	const server = await root.server();
	const job = await run(server, 'seq 1 20000');
	const log = log_of(job).toString();

	for (const max_bytes of [16384, 65536, 1000]) {
		const view = await ok(server, 'get_job_output',
		    { job_id: job.job_id, max_bytes });
		const { offset, bytes } = view.stdout_omitted;
		const note = `[... ${bytes} bytes left out, ` +
		    `stdout_offset ${offset} ...]\n`;

		assert.equal(view.stdout, log.slice(0, offset) + note +
		    log.slice(offset + bytes));
		/* A quarter, three quarters, cut at line ends. */
		assert.ok(offset <= max_bytes / 4 &&
		    offset > max_bytes / 4 - 10);
		assert.ok(log.length - offset - bytes <= max_bytes * 3 / 4 &&
		    log.length - offset - bytes > max_bytes * 3 / 4 - 10);
		assert.equal(log[offset - 1], '\n');
		assert.equal(log[offset + bytes - 1], '\n');
		assert.equal(view.truncated, true);
		assert.equal(view.complete, true);
		assert.equal(view.stdout_size, log.length);
		assert.equal(view.stdout_next, log.length);
		assert.equal(view.stderr_omitted, undefined);
	}
});

root_test('streams share the room', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server,
	    'seq 1 20000; seq 1 20000 >&2');
	const view = await ok(server, 'get_job_output',
	    { job_id, max_bytes: 10000 });
	const text = (stream) =>
	    view[stream].replace(/\[\.\.\. .*\n/, '').length;

	for (const stream of ['stdout', 'stderr']) {
		assert.ok(text(stream) <= 5000 && text(stream) > 4900);
		assert.ok(view[`${stream}_omitted`].bytes > 0);
	}
	assert.match(view.stderr, /left out, stderr_offset /);

	/* What one leaves, the other gets. */
	const uneven = await output_of(server,
	    'seq 1 20000; echo little >&2', { max_bytes: 10000 });

	assert.equal(uneven.stderr, 'little\n');
	assert.ok(uneven.stdout.length > 9900);
});

root_test('from offset to offset without gaps', async (root) => {
	const server = await root.server();
	const job = await run(server, 'for i in $(seq 300); do' +
	    ' echo "$i \u00fcn\u00efc\u00f6d\u00e9 \u{1f600}";' +
	    ' echo $i >&2; done');
	const size = log_of(job).length;
	const log = log_of(job).toString();
	const errors = log_of(job, 'stderr.log').toString();

	for (const max_bytes of [64, 333, 5000]) {
		let text = '';
		let view;

		for (let next = 0; ; next = view.stdout_next) {
			view = await ok(server, 'get_job_output', {
				job_id: job.job_id, max_bytes,
				stdout_offset: next,
			});
			assert.ok(Buffer.byteLength(view.stdout) <= max_bytes);
			assert.equal(view.lossy, undefined);
			assert.equal(view.stderr, '');
			text += view.stdout;
			if (view.complete)
				break;
			assert.ok(view.stdout_next > next);
		}
		assert.equal(text, log);
	}

	/* Both at once, each from where it was. */
	const seen = { stdout: '', stderr: '' };
	let view = { stdout_next: 0, stderr_next: 0 };

	while (!view.complete) {
		view = await ok(server, 'get_job_output', {
			job_id: job.job_id, max_bytes: 1000,
			stdout_offset: view.stdout_next,
			stderr_offset: view.stderr_next,
		});
		seen.stdout += view.stdout;
		seen.stderr += view.stderr;
	}
	assert.deepEqual(seen, { stdout: log, stderr: errors });

	/* Beyond the end there is nothing. */
	const beyond = await ok(server, 'get_job_output',
	    { job_id: job.job_id, stdout_offset: 1e9 });

	assert.equal(beyond.stdout, '');
	assert.equal(beyond.stdout_next, size);
	assert.equal(beyond.complete, true);
});

root_test('only what is new', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'cat');
	let next = 0;

	for (const word of ['one', 'two', 'three']) {
		await ok(server, 'interact_with_job',
		    { job_id, input: word, wait_seconds: 0 });

		const view = await until(async () => {
			const v = await ok(server, 'get_job_output',
			    { job_id, stdout_offset: next });

			return v.stdout && v;
		}, 10000, 'there is something new');

		assert.equal(view.stdout, `${word}\n`);
		assert.equal(view.complete, false);
		next = view.stdout_next;
	}
});

root_test('grep', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server, 'seq 1 100; echo 55 >&2');
	const at = (n) => n < 11 ? 2 * (n - 1) : 18 + 3 * (n - 10);
	const grep = (pattern, more = {}) => ok(server, 'get_job_output',
	    { job_id, grep: pattern, stream: 'stdout', ...more });
	const line = (n) => n < 0 ? `${at(-n)}-${-n}\n` : `${at(n)}:${n}\n`;
	const lines = (...numbers) => numbers.map((n) => n === '--' ?
	    '--\n' : line(n)).join('');

	const plain = await grep('^5[0-3]$', { context_lines: 0 });

	assert.equal(plain.stdout, lines(50, 51, 52, 53));
	assert.equal(plain.match_count, 4);
	assert.equal(plain.truncated, false);
	assert.equal(plain.complete, true);
	assert.equal(plain.stdout_next, 292);

	/* Context: 2 lines if nothing is said; groups that touch are one. */
	assert.equal((await grep('^(1|30|33|99)$')).stdout, lines(1, -2, -3,
	    '--', -28, -29, 30, -31, -32, 33, -34, -35, '--', -97, -98, 99,
	    -100));
	assert.equal((await grep('^4$', { context_lines: 1 })).stdout,
	    lines(-3, 4, -5));
	for (const pattern of ['^\\d\\d\\d$', '\\b100\\b', '^1\\w0$',
	    '^[^\\s]{3}$'])
		assert.equal((await grep(pattern, { context_lines: 0 })).stdout,
		    lines(100), pattern);

	/* Nothing found is an answer. */
	const none = await grep('nothing');

	assert.deepEqual([none.stdout, none.match_count, none.complete],
	    ['', 0, true]);

	/* Both streams, one after the other. */
	const both = await ok(server, 'get_job_output',
	    { job_id, grep: '^55$', context_lines: 0 });

	assert.equal(both.stdout, lines(55));
	assert.equal(both.stderr, '0:55\n');
	assert.equal(both.match_count, 2);

	/* From an offset, and on until all is found. */
	assert.equal((await grep('5', { context_lines: 0,
		stdout_offset: at(90) })).stdout, lines(95));

	let found = '';
	let view = { stdout_next: 0 };

	do {
		view = await grep('5', { context_lines: 0, max_bytes: 40,
			stdout_offset: view.stdout_next });
		assert.ok(view.stdout.length <= 40);
		found += view.stdout;
	} while (!view.complete);
	assert.equal(found.replaceAll('--\n', ''), lines(...Array.from(
	    { length: 100 }, (_, i) => i + 1)
	    .filter((n) => String(n).includes('5'))));
});

root_test('grep in much output', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server,
	    'seq 1 1000000; echo the needle; seq 1 10');
	const view = await ok(server, 'get_job_output',
	    { job_id, grep: 'needle', context_lines: 1 });

	assert.equal(view.stdout,
	    '6888888-1000000\n6888896:the needle\n6888907-1\n');
	assert.equal(view.complete, true);
});

root_test('expressions that are none', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server, 'echo aa');

	for (const grep of ['(', '[a', '*', 'a{2,1}', '(a)\\1', '\\q', '\\']) {
		const text = await refused(server, 'get_job_output',
		    { job_id, grep });

		assert.match(text, /^Invalid parameter: grep: ./, grep);
	}
});

root_test('what a terminal would have shown', async (root) => {
	const server = await root.server();
	const bytes = '10%\\r20%\\r100%%\\n\\033[1;31mred\\033[0m' +
	    ' \\033]0;title\\007plain\\ndos\\r\\n';
	const { job_id } = await run(server, `printf '${bytes
	    .replaceAll('0%\\r', '0%%\\r')}'`);
	const view = (raw) => ok(server, 'get_job_output', { job_id, raw });

	assert.equal((await view(false)).stdout,
	    '100%\nred plain\ndos\n'.replace('dos\n',
	    (await view(false)).stdout.endsWith('dos\r\n') ? 'dos\r\n' :
	    'dos\n'));
	assert.equal((await view(true)).stdout, '10%\r20%\r100%\n' +
	    '\u001b[1;31mred\u001b[0m \u001b]0;title\u0007plain\ndos\r\n');
	assert.equal((await ok(server, 'tail_job_output',
	    { job_id, lines: 3, raw: true })).stdout,
	    (await view(true)).stdout);
});

root_test('long lines', async (root) => {
	const server = await root.server();
	const { job_id } = await run(server,
	    "head -c 5000 /dev/zero | tr '\\0' x; echo; echo next");
	const view = await ok(server, 'get_job_output', { job_id });
	const [, kept, left] =
	    /^(x+)\[\.\.\. (\d+) bytes of this line left out\]\nnext\n$/
	    .exec(view.stdout);

	assert.equal(kept.length + Number(left), 5000);
	assert.ok(kept.length <= 2000 && kept.length > 1900);
	assert.equal((await ok(server, 'get_job_output', { job_id, raw: true }))
	    .stdout, `${'x'.repeat(5000)}\nnext\n`);
});

root_test('bytes that are no text', async (root) => {
	const server = await root.server();
	const view = await output_of(server,
	    "printf 'a\\377\\376b\\0c\\303\\n\\355\\240\\200\\n'");

	assert.equal(view.stdout,
	    'a\ufffd\ufffdb\0c\ufffd\n\ufffd\ufffd\ufffd\n');
	assert.equal(view.lossy, true);
	assert.equal(view.stdout_size, 12);

	const all = await output_of(server, "printf '" + Array.from(
	    { length: 256 }, (_, i) => `\\${i.toString(8).padStart(3, '0')}`)
	    .join('') + "'", { raw: true });

	assert.equal(all.stdout, Buffer.from(Array.from({ length: 256 },
	    (_, i) => i)).toString('utf8'));
	assert.equal((await output_of(server, "printf '\\303\\274'")).lossy,
	    undefined);
});

root_test('a log beyond its bound', async (root, t) => {
	const probe = join(root.work, 'probe');

	writeFileSync(probe, Buffer.alloc(1 << 20, 1));
	try {
		execFileSync('fallocate', ['-p', '-o', '65536', '-l', '524288',
		    probe], { stdio: 'ignore' });
	} catch {
		t.skip('the file system cannot punch holes');
		return;
	}

	const server = await root.server(
	    { env: { MCP_BG_MAX_OUTPUT_SIZE: '1024' } });
	const job = await run(server, 'seq 1 400000');
	const { job_id } = job;
	const size = 2688895;
	const all = await ok(server, 'get_job_output', { job_id });
	const { offset, bytes } = all.stdout_dropped;

	assert.equal(all.stdout_size, size);
	assert.ok(offset > 0 && offset <= 65536);
	assert.ok(bytes > size - 200000);
	assert.ok(statSync(join(job.dir, 'stdout.log')).blocks * 512 <=
	    (64 << 10) + 20000);
	assert.match(all.stdout, /^1\n2\n3\n/);
	assert.match(all.stdout, /\n399999\n400000\n$/);
	assert.equal(all.truncated, true);
	assert.ok(all.stdout_omitted.offset <= offset);
	assert.ok(all.stdout_omitted.offset + all.stdout_omitted.bytes >=
	    offset + bytes);

	/* Offsets stay valid; one in the gap moves to its end. */
	const expected = execFileSync('seq', ['1', '400000'],
	    { maxBuffer: 1 << 24 }).toString();

	for (const [from, really] of [[100, 100], [offset + 10, offset + bytes],
	    [offset + bytes, offset + bytes], [size - 50, size - 50]]) {
		const view = await ok(server, 'get_job_output',
		    { job_id, stdout_offset: from, max_bytes: 50, raw: true });

		assert.ok(view.stdout.length > 0 && view.stdout.length <= 50);
		assert.equal(view.stdout, expected.slice(really,
		    really + view.stdout.length));
		assert.equal(view.stdout_next, really + view.stdout.length);
		assert.deepEqual(view.stdout_dropped, { offset, bytes });
	}
	assert.equal((await ok(server, 'get_job_output',
	    { job_id, grep: '^400000$', context_lines: 0 })).stdout,
	    `${size - 7}:400000\n`);
	assert.equal((await ok(server, 'tail_job_output', { job_id, lines: 2 }))
	    .stdout, '399999\n400000\n');
});

root_test('merged output', async (root) => {
	const server = await root.server();
	const job = await run(server, 'for i in 1 2 3; do echo o$i;' +
	    ' echo e$i >&2; done', { merge_output: true });
	const view = await ok(server, 'get_job_output', { job_id: job.job_id });

	assert.equal(view.stdout, 'o1\ne1\no2\ne2\no3\ne3\n');
	assert.equal(view.stderr, '');
	assert.equal(view.complete, true);
	assert.equal(log_of(job).toString(), view.stdout);
});

});

describe('tail_job_output', { concurrency: 4 }, () => {

root_test('last lines of each stream', async (root) => {
	const server = await root.server();
	const job = await run(server,
	    'seq 1 100; for i in a b c; do echo $i; done >&2; printf end');
	const { job_id } = job;
	const tail = (more = {}) => ok(server, 'tail_job_output',
	    { job_id, ...more });

	assert.deepEqual(await tail({ lines: 3 }), {
		job_id, status: 'completed', stdout_size: 295,
		stdout_next: 295, stderr_size: 6, stderr_next: 6,
		truncated: false, complete: true,
		stdout: '99\n100\nend', stderr: 'a\nb\nc\n',
	});
	assert.equal((await tail({ lines: 1 })).stdout, 'end');
	assert.equal((await tail({ lines: 1 })).stderr, 'c\n');
	/* 50 if nothing is said, the last of which is unfinished. */
	assert.equal((await tail()).stdout, Array.from({ length: 49 },
	    (_, i) => `${52 + i}\n`).join('') + 'end');
	assert.equal((await tail({ lines: 1000 })).stdout,
	    log_of(job).toString());

	/* The newest is kept where there is no room for all. */
	const little = await tail({ lines: 1000, max_bytes: 40 });
	const { offset, bytes } = little.stdout_omitted;

	assert.equal(little.truncated, true);
	assert.ok(little.stdout.endsWith('\n99\n100\nend'));
	assert.ok(little.stdout.length + little.stderr.length <= 40);
	assert.equal(little.stderr, 'a\nb\nc\n');
	assert.equal(little.stdout, log_of(job).toString()
	    .slice(offset + bytes));
	assert.equal((await tail({ lines: 5, max_bytes: 1 })).truncated, true);
});

root_test('of a running job, and of nothing', async (root) => {
	const server = await root.server();
	const quiet = await start(server, FOREVER);
	const tail = await ok(server, 'tail_job_output',
	    { job_id: quiet.job_id });

	assert.deepEqual(tail, {
		job_id: quiet.job_id, status: 'running', stdout_size: 0,
		stdout_next: 0, stderr_size: 0, stderr_next: 0,
		truncated: false, complete: false, stdout: '', stderr: '',
	});

	const blank = await run(server, 'printf "\\n\\n\\n"');

	assert.equal((await ok(server, 'tail_job_output',
	    { job_id: blank.job_id, lines: 2 })).stdout, '\n\n');
});

});
