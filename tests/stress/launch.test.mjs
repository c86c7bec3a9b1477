/*
 * Launches that are interrupted: a job is in sight exactly if it ran, whoever
 * is killed when, and who asked for it is told the truth.
 *
 * Every command leaves a mark as its first act, so what ran is known without
 * asking the program under test.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root_test, PROGRAM } from '../e2e/lib/root.mjs';
import { MODERN, Server } from '../e2e/lib/rpc.mjs';
import { within } from '../e2e/lib/until.mjs';
import { amount, helper, minutes, size_of } from './lib/stress.mjs';

const LAUNCHES = amount(100, 1000); /* through each face */
const CALLS_AT_ONCE = 4;

/* How long a launch takes here and now, in microseconds, at least. */
async function launch_usec(root) {
	let least = Infinity;

	for (let i = 0; i < 10; i++) {
		const start = performance.now();

		await root.jobdir(['run', '--root', join(root.top, 'other'),
			'true']);
		least = Math.min(least, performance.now() - start);
	}
	return Math.round(least * 1000);
}

function marks_dir(root) {
	const dir = join(root.work, 'marks');

	mkdirSync(dir);
	return dir;
}

/* What `ls` says, by name. */
async function jobs_by_name(root) {
	const { stdout } = await root.jobdir(['ls', '-a', '--jsonl'],
	    { deadline: 60000 });
	const jobs = stdout.split('\n').filter((line) => line)
	    .map((line) => JSON.parse(line));

	return new Map(jobs.map((job) => [job.name, job]));
}

/*
 * `answers`: name -> id, or null if the asker was told that nothing was
 * started.  All that was started has ended.  Of each of `kinds` there are some.
 */
async function check_launches(root, answers, marks, kinds) {
	const jobs = await jobs_by_name(root);
	const marked = new Set(readdirSync(marks));
	const count = { refused: 0 };

	for (const [name, id] of answers) {
		const status = jobs.get(name)?.status;

		if (id) {
			assert.equal(jobs.get(name)?.job_id, id,
			    `${name} was started, so it is in sight`);
			assert.ok(marked.has(name),
			    `${name} is in sight, so it ran`);
			assert.equal(size_of(join(marks, name)), 1);
			assert.ok(['completed', 'lost'].includes(status),
			    `${name} is ${status}`);
			count[status] = (count[status] ?? 0) + 1;
		} else {
			assert.equal(status, undefined,
			    `${name} was not started, so it is not in sight`);
			assert.ok(!marked.has(name),
			    `${name} is not in sight, so it did not run`);
			count.refused++;
		}
	}
	assert.equal(jobs.size, root.job_names().length);
	/* Otherwise the moments were not random, and all this shows nothing. */
	assert.ok(kinds.every((kind) => count[kind] > 0),
	    `some of each: ${JSON.stringify(count)}`);
	console.log(`${answers.size} launches: ${JSON.stringify(count)}`);
}

root_test('the supervisor is killed at a random moment of ' +
    `${LAUNCHES} launches by jobdir run: in sight exactly if it ran, and ` +
    'the asker is told so', minutes(10), async (root) => {
	const usec = await launch_usec(root);
	const marks = marks_dir(root);
	const answers = new Map();

	for (let i = 0; i < LAUNCHES; i++) {
		const name = `n${i}`;
		const { code, stdout, stderr } = await root.run(
		    helper('killer'), ['run', usec, PROGRAM, 'run', '-n', name,
			'--', helper('mark'), marks, name, 2000]);

		assert.ok(code === 0 || code === 125, `${code}: ${stderr}`);
		if (code)
			assert.match(stderr, /^jobdir: Failed to start job: /);
		answers.set(name, code ? null : stdout.trim());
	}
	await check_launches(root, answers, marks, ['refused', 'lost']);
});

root_test('the supervisor is killed at a random moment of launches of a ' +
    'file that cannot be executed: never "started", never in sight',
    minutes(5), async (root) => {
	const usec = await launch_usec(root);
	const program = join(root.work, 'program');
	const codes = {};

	/* Only execve finds out that this is none. */
	writeFileSync(program, 'neither a program nor a script\n',
	    { mode: 0o700 });
	for (let i = 0; i < amount(50, 500); i++) {
		const { code, stdout } = await root.run(helper('killer'),
		    ['run', usec, PROGRAM, 'run', '--', program]);

		assert.ok([125, 126].includes(code), `exit code ${code}`);
		assert.equal(stdout, '');
		assert.deepEqual(root.job_names(), []);
		codes[code] = (codes[code] ?? 0) + 1;
	}
	console.log(`exit codes: ${JSON.stringify(codes)}`);
});

/* Launches by a server, while `killer` does what `mode` says. */
async function launch_by_server(root, mode) {
	const usec = await launch_usec(root);
	const marks = marks_dir(root);
	const answers = new Map();
	const server = await root.keep(new Server(helper('killer'),
	    [mode, String(usec), PROGRAM, 'mcp'],
	    { cwd: root.work, env: root.env() })).open(MODERN);
	let next = 0;

	async function ask() {
		while (next < LAUNCHES) {
			const name = `n${next++}`;
			const result = await server.call('execute_command', {
				command: helper('mark'),
				args: [marks, name, '2000'],
				name,
			});

			if (result.isError)
				assert.match(result.content[0].text,
				    /^Failed to start job: /);
			answers.set(name, result.isError ? null :
			    result.structuredContent.job_id);
		}
	}

	await Promise.all(Array.from({ length: CALLS_AT_ONCE }, ask));
	server.close_stdin();
	await server.end('nothing of it is left', 30000);
	return { answers, marks };
}

root_test('the supervisor is killed at a random moment of ' +
    `${LAUNCHES} launches by execute_command: in sight exactly if it ran, ` +
    'and the asker is told so', minutes(10), async (root) => {
	const { answers, marks } = await launch_by_server(root, 'mcp');

	await check_launches(root, answers, marks, ['refused', 'lost']);
});

root_test('what forks supervisors is killed at random moments of ' +
    `${LAUNCHES} launches by execute_command: in sight exactly if it ran, ` +
    'nothing is lost, and the asker is told so', minutes(10),
    async (root) => {
	const { answers, marks } = await launch_by_server(root, 'forkserver');

	await check_launches(root, answers, marks, ['refused', 'completed']);
	assert.ok(!(await jobs_by_name(root)).values()
	    .some(({ status }) => status === 'lost'));
});

/* A call of execute_command that marks `name`, with a key. */
function keyed(marks, name) {
	return {
		command: helper('mark'),
		args: [marks, name, '2000'],
		idempotency_key: `key ${name}`,
	};
}

root_test('50 simultaneous calls with one idempotency key in 5 servers ' +
    'start one process', minutes(5), async (root) => {
	const marks = marks_dir(root);
	const servers = await Promise.all(Array.from({ length: 5 },
	    () => root.server()));

	for (let round = 0; round < amount(5, 40); round++) {
		const name = `r${round}`;
		const results = await Promise.all(servers.flatMap((server) =>
		    Array.from({ length: 10 }, () =>
			server.call('execute_command', keyed(marks, name)))));
		const answers = results.map((r) => r.structuredContent);

		assert.equal(new Set(answers.map((a) => a.job_id)).size, 1);
		assert.equal(answers.filter((a) => !a.reused).length, 1);
		await root.jobdir(['wait', '-q', answers[0].job_id]);
		assert.equal(size_of(join(marks, name)), 1);
	}
});

root_test('simultaneous calls with one idempotency key in 5 servers start ' +
    'at most one process when servers are killed', minutes(5),
    async (root) => {
	const usec = await launch_usec(root);
	const marks = marks_dir(root);

	for (let round = 0; round < amount(5, 40); round++) {
		const name = `r${round}`;
		const servers = await Promise.all(Array.from({ length: 5 },
		    () => root.server()));
		const calls = servers.flatMap((server) =>
		    Array.from({ length: 4 }, () =>
			server.call('execute_command', keyed(marks, name))));

		/* Of each of the first three, some time during the launch. */
		for (const server of servers.slice(0, 3))
			setTimeout(() => server.kill(),
			    Math.random() * 3 * usec / 1000);

		const settled = await within(Promise.allSettled(calls), 30000,
		    'all calls are answered, or their server is dead');
		const answers = settled.map((s) => s.value?.structuredContent)
		    .filter((a) => a);

		assert.ok(settled.slice(12).every((s) => s.value &&
		    !s.value.isError), 'the other servers answer');
		assert.equal(new Set(answers.map((a) => a.job_id)).size, 1);
		await root.jobdir(['wait', '-q', answers[0].job_id]);
		assert.equal(size_of(join(marks, name)), 1);
		for (const server of servers)
			await server.dispose();
	}
});

/* Run `words` for a key, however it ends; then the key must work, and one
 * process must have run. */
async function try_key(root, marks, name, words) {
	const command = ['run', '-k', `key ${name}`, '--', helper('mark'),
		marks, name, 2000];
	const first = await root.run(words[0],
	    [...words.slice(1), PROGRAM, ...command]);
	const second = await root.jobdir(command);

	assert.equal(second.code, 0, second.stderr);
	if (first.code === 0)
		assert.equal(first.stdout, second.stdout, 'one job');
	await root.jobdir(['wait', '-q', second.stdout.trim()]);
	assert.equal(size_of(join(marks, name)), 1, `${name} ran once`);
	return first;
}

/* The system calls that a launch makes: name -> how often. */
async function launch_calls(root, marks) {
	const log = join(root.top, 'trace');
	const calls = new Map();
	const { code } = await try_key(root, marks, 'traced', ['strace',
		'-qq', '-o', log]);

	assert.equal(code, 0);
	for (const [, name] of readFileSync(log, 'utf8')
	    .matchAll(/^(\w+)\(/gm))
		calls.set(name, (calls.get(name) ?? 0) + 1);
	return calls;
}

root_test('a launcher with an idempotency key is killed at any of its system ' +
    'calls: one process runs, and the key works afterwards', minutes(5),
    async (root) => {
	const marks = marks_dir(root);
	const calls = await launch_calls(root, marks);
	let killed = 0;

	for (const [call, count] of calls)
		for (let nth = 1; nth <= count; nth++) {
			/* strace does not see its own. */
			if (call === 'execve')
				continue;

			const { signal } = await try_key(root, marks,
			    `${call}.${nth}`, ['strace', '-qq', '-o',
				'/dev/null', '-e', `trace=${call}`, '-e',
				`inject=${call}:signal=KILL:when=${nth}`]);

			killed += signal === 'SIGKILL';
		}
	console.log(`killed at ${killed} system calls`);
	assert.ok(killed > 20, `killed at ${killed} system calls`);
});

root_test('a supervisor is killed at a random moment of a launch with an ' +
    'idempotency key: one process runs, and the key works afterwards',
    minutes(5), async (root) => {
	const usec = await launch_usec(root);
	const marks = marks_dir(root);

	for (let i = 0; i < amount(30, 300); i++)
		await try_key(root, marks, `s${i}`,
		    [helper('killer'), 'run', usec]);
});
