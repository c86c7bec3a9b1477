/*
 * jobdir show: what is known of one job, and from what evidence.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fine, finish, launch, lines, shown, until_logged }
	from './lib/cli.mjs';
import { MOUNTS } from './lib/mounts.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { ok, start, until_ended, UUID } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const DAY = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;

/* The lines as pairs of name and value. */
async function facts(root, ...job) {
	return lines(await fine(root, ['show', ...job])).map((line) => {
		assert.match(line, /^[a-z ]{11} \S/);
		return [line.slice(0, 12).trim(), line.slice(12)];
	});
}

const names = (pairs) => pairs.map(([name]) => name);

describe('show', { concurrency: 4 }, () => {

root_test('a failed job: all lines, in order', async (root) => {
	const id = await finish(root, ['sh', '-c',
		'echo out; echo oops >&2; exit 7']);
	const all = await facts(root);
	const job = Object.fromEntries(all);

	assert.deepEqual(names(all).filter((n) => n !== 'error'), ['id',
		'status', 'command', 'directory', 'started', 'ended', 'cpu',
		'output', 'last line', 'job', 'evidence']);
	assert.equal(job.id, id);
	assert.equal(job.status, 'failed: exit code 7');
	assert.equal(job.command, "sh -c 'echo out; echo oops >&2; exit 7'");
	assert.equal(job.directory, root.work);
	assert.match(job.started, DAY);
	assert.match(job.started, / by shell$/);
	assert.match(job.ended, DAY);
	assert.match(job.ended, /, after [0-9.]+s$/);
	assert.match(job.cpu,
	    /^[0-9.]+s user, [0-9.]+s system, .*i?B at most$/);
	assert.match(job.output,
	    /^stdout 4 B, stderr 5 B, last at (.* )?\d\d:\d\d:\d\d$/);
	assert.match(job['last line'], /^(out|oops)$/);
	assert.equal(job.job, join(root.runs, root.job_names()[0]));
	assert.equal(job.evidence,
	    'journal.json has an end record: exit code 7');
});

root_test('a running job', async (root) => {
	const id = await launch(root, ['-n', 'live', '-t', '2h', 'sh', '-c',
		'printf "no end"; exec sleep 1000']);

	await until_logged(root, id, /no end/);

	const all = await facts(root, 'live');
	const job = Object.fromEntries(all);

	assert.deepEqual(names(all), ['id', 'name', 'status', 'command',
		'directory', 'started', 'time', 'time limit', 'output',
		'last line', 'job', 'evidence']);
	assert.deepEqual([job.id, job.name, job.status, job['time limit'],
		job['last line']], [id, 'live', 'running', '2h', 'no end']);
	assert.match(job.evidence, /^process \d+ lives/);
});

root_test('a killed job', async (root) => {
	const id = await launch(root, ['sleep', '1000']);

	await fine(root, ['kill', '-q', id]);

	const job = Object.fromEntries(await facts(root, id));

	assert.match(job.status, /^killed: .*SIGTERM/);
	assert.match(job['stop asked'], /by shell, SIGTERM$/);
});

root_test('a job that a server started', async (root) => {
	const server = await root.server();
	const { job_id } = await start(server, 'true');

	await until_ended(server, job_id);

	const job = Object.fromEntries(await facts(root, job_id));

	assert.equal(job.status, 'completed: exit code 0');
	assert.match(job.started, / by jobdir-tests 1\.2\.3$/);
});

root_test('a torn record', async (root) => {
	plant(root, 'torn', '{"comm');

	const job = Object.fromEntries(await facts(root, 'torn'));

	assert.match(job.status, /^unknown: /);
	assert.match(job.evidence, /cannot be read/);
	assert.equal(job.job, join(root.runs, 'torn'));
	assert.equal((await shown(root, 'torn')).reason, 'unreadable');
});

root_test('a line a value, whatever it holds', async (root) => {
	const dir = join(root.work, 'new\nline\x1b[31m');

	mkdirSync(dir);
	await finish(root, ['-C', dir, 'printf', 'a\nb\x1b[5m\rc\x07d']);
	plant(root, 'evil', { ...ENDED, name: 'n\nid x', command: '\x1bc' });

	const job = Object.fromEntries(await facts(root));

	assert.ok(job.directory.endsWith('new\\nline\\x1b[31m'));
	assert.doesNotMatch(job['last line'], /[\x00-\x1f]/);

	const evil = Object.fromEntries(await facts(root, 'evil'));

	assert.deepEqual([evil.name, evil.command], ['n\\nid x', '\\x1bc']);
});

root_test('--json is the object of get_job_status', async (root) => {
	const server = await root.server();

	for (const args of [['sh', '-c', 'echo x; exit 7'], ['-n', 'n', 'true'],
		['sh', '-c', 'kill -KILL $$']]) {
		const job_id = await finish(root, args);
		const { hint, ...told } = await ok(server, 'get_job_status',
		    { job_id });
		const { hint: other, ...said } = await shown(root, job_id);

		assert.match(said.job_id, UUID);
		assert.deepEqual(said, told, hint ?? other);
	}
});

});

/* Each way to end: `status` says what ended it, `evidence` from what that is
 * known.  The words for what can't be played here, and all that others write,
 * are in tests/unit/test_evidence.c. */
describe('what ended it', { concurrency: 4 }, () => {

async function ending(root, ...job) {
	const { status, evidence } = Object.fromEntries(await facts(root,
	    ...job));

	return [status, evidence.replace('journal.json has an end record: ',
	    'end record: ').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g,
	    'TIME')];
}

/* The job's record, by id. */
function record_of(root, id) {
	return root.journal(root.job_names().find((n) => n.endsWith(id)));
}

const NOBODY = 'nobody asked jobdir for it, and ';

root_test('an exit code of a shell', async (root) => {
	await finish(root, ['sh', '-c', 'no-such-command']);
	assert.deepEqual(await ending(root), ['failed: exit code 127',
		'end record: exit code 127 (of a shell: command not found)']);
});

root_test('a signal that nobody asked for', async (root) => {
	await finish(root, ['sh', '-c', 'ulimit -c 0; kill -KILL $$']);
	assert.deepEqual(await ending(root), ['failed: signal SIGKILL',
		`end record: signal SIGKILL; ${NOBODY}the kernel does not ` +
		'tell who sent it']);
	await finish(root, ['sh', '-c', 'ulimit -c 0; kill -SEGV $$']);
	assert.deepEqual(await ending(root), ['failed: signal SIGSEGV',
		'end record: signal SIGSEGV (usually its own access to ' +
		`memory that it does not have); ${NOBODY}the kernel does ` +
		'not tell who sent it']);
});

root_test('its time limit', async (root) => {
	await finish(root, ['-t', '0.2s', 'sleep', '1000']);

	const [status, evidence] = await ending(root);

	assert.equal(status, 'failed: time limit of 0.2 s, signal SIGTERM');
	assert.match(evidence, new RegExp('^end record: signal SIGTERM; ' +
	    'reason timeout, the limit was 0\\.2 s, it ended after [0-9.]+ s$'));
});

root_test('a request that it obeys', async (root) => {
	const id = await launch(root, ['sh', '-c',
		'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done']);

	await until_logged(root, id, /ready/);
	await fine(root, ['kill', '-q', id]);
	assert.deepEqual(await ending(root),
	    ['killed: on request of shell, exit code 0 after SIGTERM',
		'end record: exit code 0; shell had asked for a stop with ' +
		'SIGTERM at TIME']);
	assert.equal(record_of(root, id).sigkill_after_seconds, undefined);
});

root_test('a request that it ignores', async (root) => {
	const id = await launch(root, ['sh', '-c',
		'trap "" TERM; echo ready; while :; do sleep 0.05; done']);

	await until_logged(root, id, /ready/);
	await fine(root, ['kill', '-q', '-g', '0.3s', id]);

	const [status, evidence] = await ending(root);
	const record = record_of(root, id);

	assert.match(status, new RegExp('^killed: on request of shell, ' +
	    'signal SIGKILL after SIGTERM and [0-9.]+ s of grace$'));
	assert.match(evidence, new RegExp('^end record: signal SIGKILL; ' +
	    'shell had asked for a stop with SIGTERM at TIME, the supervisor ' +
	    'sent SIGKILL [0-9.]+ s after it$'));
	assert.ok(record.sigkill_after_seconds >= 0.3);
	assert.ok(record.sigkill_after_seconds <= record.duration_seconds);
});

root_test('SIGTERM to its supervisor: the kernel tells who sent it',
    async (root) => {
	const id = await launch(root, ['sleep', '1000']);
	const words = ` (${readFileSync('/proc/self/comm', 'utf8').trim()}, ` +
	    `uid ${process.getuid()}, SIGTERM to the supervisor)`;
	const by = `pid ${process.pid}${words}`;

	process.kill(record_of(root, id).supervisor.pid, 'SIGTERM');
	await root.jobdir(['wait', '-q', id]);
	assert.deepEqual(await ending(root),
	    [`killed: on request of ${by}, signal SIGTERM`,
		`end record: signal SIGTERM; ${by} had asked for a stop with ` +
		'SIGTERM at TIME']);
	assert.equal(record_of(root, id).cancel.by, by);
});

root_test('it is gone, and its supervisor, too', async (root) => {
	const id = await launch(root, ['sh', '-c', 'echo out; exec sleep 1000']);
	const { pid, supervisor } = record_of(root, id);

	await until_logged(root, id, /out/);
	process.kill(supervisor.pid, 'SIGKILL');
	process.kill(pid, 'SIGKILL');
	await until(async () => (await shown(root, id)).status === 'lost',
	    10000, 'it is lost');
	assert.deepEqual(await ending(root),
	    ['lost: it and its supervisor are gone without an end on ' +
		'record, the exit code is not known',
		`no end record, and neither process ${pid} nor its ` +
		`supervisor ${supervisor.pid} lives; last output at TIME`]);
});

/* The kernel's counters are files that the test has put there, seen by this job
 * alone; real ones are in tests/stress/memory.test.mjs. */
const V1 = readFileSync('/proc/self/cgroup', 'utf8').split('\n')
    .some((line) => line.split(':')[1]?.split(',').includes('memory'));
const COUNTERS = {
	cgroup: `/sys/fs/cgroup/${V1 ? 'memory/memory.oom_control' :
		'memory.events'}`,
	system: '/sys/vmstat',
};

/* Run a command in which $1 is that counter, which stands at 4; gives the end
 * of the job. */
async function counted(root, counter, command) {
	const path = COUNTERS[counter];
	const { code, stdout, stderr } = await root.run('unshare', [...MOUNTS,
		'-C', 'sh', '-ec', `
			mount -t tmpfs counters /sys
			mkdir -p "\${2%/*}"
			echo oom_kill 4 >"$2"
			[ $3 = cgroup ] || mount --bind "$2" /proc/vmstat
			exec "$1" run sh -c "$4" sh "$2"`, 'sh',
		PROGRAM, path, counter, command]);

	assert.deepEqual([code, stderr], [0, '']);
	await root.jobdir(['wait', '-q', stdout.trim()]);
	return { end: await ending(root, stdout.trim()),
		record: record_of(root, stdout.trim()) };
}

const KILLED = 'the kernel killed 1 process of its cgroup for lack of ' +
    'memory while it ran';

root_test('out of memory, by the counter of its cgroup', async (root) => {
	const { end, record } = await counted(root, 'cgroup',
	    'echo oom_kill 5 >"$1"; kill -KILL $$');

	assert.deepEqual(end,
	    [`failed: signal SIGKILL, likely out of memory (${KILLED})`,
		`end record: signal SIGKILL; ${NOBODY}${KILLED}`]);
	assert.deepEqual([record.reason, record.oom_kills, record.oom_counter],
	    ['signal', 1, 'cgroup']);

	const child = await counted(root, 'cgroup',
	    'echo oom_kill 5 >"$1"; exit 137');

	assert.equal(child.end[0], `failed: exit code 137 (${KILLED})`);
});

root_test('out of memory, by the counter of the machine', async (root) => {
	const { end, record } = await counted(root, 'system',
	    'echo oom_kill 7 >"$1"; kill -KILL $$');
	const killed = 'the kernel killed 3 processes somewhere for lack of ' +
	    'memory while it ran';

	assert.deepEqual(end,
	    [`failed: signal SIGKILL, perhaps out of memory (${killed})`,
		`end record: signal SIGKILL; ${NOBODY}${killed}`]);
	assert.deepEqual([record.oom_kills, record.oom_counter],
	    [3, 'system']);
});

root_test('not out of memory', async (root) => {
	const ends = await Promise.all([
		/* Nothing was counted. */
		counted(root, 'cgroup', 'kill -KILL $$'),
		counted(root, 'system', 'kill -KILL $$'),
		/* It was, and has done no harm. */
		counted(root, 'cgroup', 'echo oom_kill 5 >"$1"'),
		/* Elsewhere on the machine, and its end is of another kind. */
		counted(root, 'system', 'echo oom_kill 5 >"$1"; exit 1'),
		counted(root, 'system', 'echo oom_kill 5 >"$1"; kill $$'),
	]);

	assert.deepEqual(ends.map(({ end }) => end[0]), [
		'failed: signal SIGKILL', 'failed: signal SIGKILL',
		'completed: exit code 0', 'failed: exit code 1',
		'failed: signal SIGTERM']);
	for (const { record } of ends)
		assert.ok(!('oom_kills' in record || 'oom_counter' in record));
});

});

describe('path', { concurrency: 4 }, () => {

root_test('for the shell', async (root) => {
	const runs = join(root.top, 'a b\'c$d');

	await fine(root, ['--root', runs, 'run', '-w', 'echo', 'found']);

	const { stdout } = await root.run('/bin/sh', ['-c',
		'cat "$("$JOBDIR" --root "$1" path)/stdout.log"', 'sh', runs],
	{ env: { JOBDIR: PROGRAM } });

	assert.equal(stdout, 'found\n');
});

root_test('of a foreign job', async (root) => {
	const dir = plant(root, '20260101T000000Z__planted', ENDED);

	for (const job of ['planted', '20260101T000000Z__planted', 'plan'])
		assert.equal(await fine(root, ['path', job]), `${dir}\n`);
});

});
