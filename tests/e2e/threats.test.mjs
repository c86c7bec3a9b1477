/*
 * Who can do what to whom: a test for each claim of the README's table, under
 * its number.  The details of hostile roots are in tests/hostile, those of
 * deaths in tests/honesty.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync,
	statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fails, fine, launch, lines, shown } from './lib/cli.mjs';
import { ENDED, plant } from './lib/plant.mjs';
import { alive, descriptors, status_line } from './lib/proc.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { differences, tree } from './lib/tree.mjs';
import { ok, refused } from './lib/tools.mjs';
import { until } from './lib/until.mjs';

const README = join(import.meta.dirname, '../../README.md');
const claimed = [...readFileSync(README, 'utf8').matchAll(/^\| (T\d+) \| /gm)]
    .map((m) => m[1]);
const tested = [];

function threat_test(number, what, body) {
	tested.push(number);
	root_test(`${number} ${what}`, body);
}

/* A process that has nothing to do with any job. */
function bystander(root) {
	const child = spawn('sleep', ['1000'], { cwd: '/',
		env: { PATH: process.env.PATH } });

	root.keep({ dispose: () => child.kill('SIGKILL') });
	return child.pid;
}

function modes(top) {
	return execFileSync('find', [top, '-printf', '%y %m %P\n'],
	    { encoding: 'utf8' }).trim().split('\n').map((l) => l.split(' '));
}

describe('threats', { concurrency: 4 }, () => {

threat_test('T1', 'modes do not depend on the umask', async (root) => {
	const { stdout } = await root.run('/bin/sh', ['-c',
		'umask 0; exec "$0" run -i -k key -- sleep 1000', PROGRAM]);

	assert.ok(stdout);
	for (const [kind, mode, name] of modes(root.runs))
		assert.ok((Number.parseInt(mode, 8) & 0o077) === 0,
		    `${kind} ${mode} ${name}`);
	assert.equal(statSync(root.runs).mode & 0o777, 0o700);
});

threat_test('T2', 'a root for everybody fails the check', async (root) => {
	plant(root, 'job', ENDED);
	chmodSync(root.runs, 0o777);

	const { code, stdout } = await root.jobdir(['doctor']);

	assert.equal(code, 1);
	assert.match(stdout, /^fail  access +mode 0777, .* may write to it/m);
});

threat_test('T3', 'no record gets a stranger signalled', async (root) => {
	const pid = bystander(root);

	for (const [name, journal] of Object.entries({
		'bare': { pid },
		'as-ours': { jobdir: 1, id: 'x', pid, command: { pid },
			supervisor: { pid } },
		'with-cwd': { pid, cwd: root.work },
	})) {
		plant(root, name, journal);
		writeFileSync(join(root.runs, name, 'pid'), `${pid}\n`);
		await root.jobdir(['kill', '-s', 'KILL', '-g', '0', name]);
		await root.jobdir(['rm', name]);
	}
	await root.jobdir(['gc', '--older-than', '0', '--failed']);
	assert.ok(alive(pid));
});

threat_test('T4', 'nothing outside is touched', async (root) => {
	const outside = join(root.top, 'outside');
	const target = join(outside, 'secret.log');

	mkdirSync(outside);
	writeFileSync(target, 'secret\n');
	writeFileSync(join(outside, 'journal.json'), JSON.stringify(ENDED));

	const job = plant(root, 'links', ENDED);

	symlinkSync(target, join(job, 'stdout.log'));
	symlinkSync(outside, join(job, 'sub'));
	symlinkSync(outside, join(root.runs, 'whole'));
	symlinkSync(outside, join(root.runs, '.old'));
	symlinkSync(outside, join(root.runs, '.new'));
	plant(root, 'far', { ...ENDED, log_file: target, stdout: target });

	const before = tree(outside);
	const server = await root.server();
	const { stdout } = await root.jobdir(['log', 'links']);

	assert.equal(stdout, '');
	assert.equal((await ok(server, 'list_jobs')).jobs.length, 2);
	for (const uri of ['job:///links/stdout', 'job:///far/stdout',
		'job:///whole/journal', 'job:///..%2Foutside/journal'])
		assert.ok(!JSON.stringify(await server.request('resources/read',
		    { uri })).includes('secret\\n'), uri);
	for (const words of [['gc', '--older-than', '0', '--failed'],
		['rm', 'links', 'far', 'whole'], ['doctor', '--fix'],
		['run', '--', 'true']])
		await root.jobdir(words);
	assert.deepEqual(differences(before, tree(outside)), []);
});

threat_test('T5', 'bad neighbours cost nothing', async (root) => {
	const id = await launch(root, ['-n', 'good', 'sleep', '1000']);
	const bad = plant(root, 'fifo', '');

	execFileSync('rm', [join(bad, 'journal.json')]);
	execFileSync('mkfifo', [join(bad, 'journal.json'), join(bad, 'pid')]);
	plant(root, 'deep', '['.repeat(200000));
	writeFileSync(join(plant(root, 'huge', '{"a": "'), 'journal.json'),
	    Buffer.alloc(32 << 20, 'x'), { flag: 'a' });

	const list = lines(await fine(root, ['ls', '-a', '-q'],
	    { deadline: 10000 }));

	assert.deepEqual(list.sort(), ['deep', 'fifo', id, 'huge'].sort());
	assert.equal((await shown(root, 'good')).status, 'running');
	assert.equal((await shown(root, 'huge')).reason, 'unreadable');
	rmSync(bad, { recursive: true });
});

threat_test('T6', 'an id is not taken away', async (root) => {
	const id = await launch(root, ['sleep', '1000']);
	const name = root.job_names()[0];

	/* Both claim it by their names, the second one the later. */
	plant(root, id, { ...ENDED, id });
	plant(root, `20990101T000000Z__${id}`, { ...ENDED, id });

	const server = await root.server();
	const long = (await ok(server, 'list_jobs')).jobs.find((j) =>
	    j.status === 'running').job_id;

	assert.equal(long, `${id}~${name}`);
	assert.equal((await shown(root, long)).status, 'running');
	assert.equal((await shown(root, name)).status, 'running');
});

threat_test('T7', 'text is only text', async (root) => {
	const evil = '\x1b]0;title\x07\x1b[2J\u202eevil\r\n\x9b1A';
	const job = plant(root, 'loud', { ...ENDED, name: evil, command: evil,
		error: evil, phase: evil });

	writeFileSync(join(job, 'stdout.log'), evil);
	for (const words of [['ls', '-a'], ['show', 'loud'],
		['watch', '--after', '', 'loud']])
		assert.doesNotMatch((await root.jobdir(words)).stdout,
		    /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, words.join(' '));

	const { stdout } = await ok(await root.server(), 'tail_job_output',
	    { job_id: 'loud' });

	assert.doesNotMatch(stdout, /\x1b/);
});

threat_test('T8', 'a job can lie about itself, and is found out by the ' +
    'evidence', async (root) => {
	const other = await launch(root, ['sleep', '1000']);
	const id = await launch(root, ['sh', '-c',
		'kill -KILL $PPID; exec sleep 1000']);

	const seen = await until(async () => {
		const job = await shown(root, id);

		return job.orphaned && job;
	}, 10000, 'it is orphaned');

	assert.match(seen.evidence, /its supervisor was killed/);
	assert.equal((await shown(root, other)).orphaned, undefined);
});

threat_test('T9', 'values of variables are nowhere', async (root) => {
	const server = await root.server({ env: { TOKEN: 'from-server' } });

	await ok(server, 'execute_command', { command: 'true', wait_seconds: 20,
		env: { PASSWORD: 'hunter2' } });
	await fine(root, ['run', '-w', '-e', 'PASSWORD=hunter2', 'true']);
	assert.throws(() => execFileSync('grep', ['-r', '-e', 'hunter2', '-e',
		'from-server', root.runs]));
	assert.match(execFileSync('grep', ['-rh', 'PASSWORD', root.runs],
	    { encoding: 'utf8' }), /"PASSWORD"/);
});

threat_test('T10', 'no path is made of what a client says', async (root) => {
	const server = await root.server();
	const outside = plant({ runs: root.top }, 'outside', ENDED);

	await launch(root, ['true']);
	for (const id of ['../outside', '..', '.', outside, './outside',
		'..%2Foutside', '.new', '.keys']) {
		await refused(server, 'get_job_status', { job_id: id });
		assert.equal((await server.request('resources/read',
		    { uri: `job:///${encodeURIComponent(id)}/journal` })).error
		    .code, -32602);
		await fails(root, 3, ['show', id]);
	}
	await refused(server, 'execute_command', { command: 'true',
		name: '../x' });
	await refused(server, 'list_jobs', { cursor: '../../x' });
	await refused(server, 'execute_command', { command: 'true',
		idempotency_key: '' });
	await ok(server, 'execute_command', { command: 'true',
		idempotency_key: '../../outside/claim' });
	assert.ok(!existsSync(join(root.top, 'outside', 'claim')));
});

threat_test('T11', 'the list of allowed commands', async (root) => {
	const env = { MCP_BG_ALLOWED_COMMANDS: '^echo ' };
	const server = await root.server({ env });
	const { stdout } = await ok(server, 'execute_command', { command:
		'echo a; touch made && echo $HOME', wait_seconds: 20 });

	assert.equal(stdout, 'a; touch made && echo $HOME\n');
	assert.ok(!existsSync(join(root.work, 'made')));
	await refused(server, 'execute_command', { command: 'touch made' });

	const bad = await root.run(PROGRAM, ['mcp'],
	    { env: { MCP_BG_ALLOWED_COMMANDS: '(' } });

	assert.equal(bad.code, 2);
	assert.equal(bad.stdout, '');
});

threat_test('T12', 'a flood is bounded and nobody else\'s business',
    async (root) => {
	const flooded = await root.server();
	const other = await root.server();
	const kib = () => Number.parseInt(status_line(flooded.pid, 'VmRSS'));

	await flooded.request('tools/list');

	const before = kib();

	flooded.child.stdout.pause();
	for (let i = 0; i < 5000; i++)
		flooded.post('tools/list', {}, { id: `flood ${i}` });
	await ok(other, 'list_jobs');
	await until(() => flooded.child.stdin.writableLength > 0, 10000,
	    'it takes no more');
	/* A line of output is 30 KB: without a bound this were 150 MB. */
	assert.ok(kib() < before + 32 * 1024, `${before} -> ${kib()} KiB`);
	flooded.child.stdout.resume();
	await flooded.response('flood 4999');
});

threat_test('T13', 'a job has its own descriptors and no other', async (root) => {
	const server = await root.server();

	await launch(root, ['sleep', '999']);

	const { pid, dir } = await ok(server, 'execute_command',
	    { command: 'exec sleep 1000' });

	for (const { fd, target } of descriptors(pid))
		assert.ok(target === '/dev/null' || target.startsWith(dir),
		    `${fd} ${target}`);
});

threat_test('T14', 'whoever is killed: less is known, nothing is wrong',
    async (root) => {
	const server = await root.server();
	const { job_id, pid } = await ok(server, 'execute_command',
	    { command: 'exec sleep 1000' });
	const { supervisor } = root.journal(root.job_names()[0]);

	server.kill();
	assert.equal((await shown(root, job_id)).status, 'running');
	process.kill(supervisor.pid, 'SIGKILL');
	await until(() => !alive(supervisor.pid), 5000, 'it is dead');
	assert.equal((await shown(root, job_id)).status, 'running');
	process.kill(pid, 'SIGKILL');
	await until(() => !alive(pid), 5000, 'it is dead');
	assert.equal((await shown(root, job_id)).status, 'lost');
	await server.end();
	assert.equal(readdirSync(root.runs).filter((n) =>
	    !n.startsWith('.')).length, 1);
});

});

test('the README claims what is tested here, and nothing else', () => {
	assert.ok(claimed.length > 0);
	assert.deepEqual(claimed, tested);
});
