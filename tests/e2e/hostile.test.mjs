/*
 * Hostile and broken spools: every directory of tests/hostile is a case, see
 * the README there.  Whatever is in a root, every question is answered in
 * bounded time, looking changes nothing, nothing outside is read or changed,
 * nobody is signalled, and the jobs beside it read right.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Case, CASES } from './lib/hostile.mjs';
import { alive } from './lib/proc.mjs';
import { PROGRAM, root_test } from './lib/root.mjs';
import { differences, keeps_every_access, tree } from './lib/tree.mjs';
import { until } from './lib/until.mjs';

const DEADLINE = 10000; /* only against hanging */
const PAGES = 4;        /* of long lists: the rest is more of the same */
const SHOWN = 5;        /* in words: the same record again */
const KILLS = 12;
const STAYS = ['running', 'unknown', 'queued']; /* whatever gc is told */
const NO_JOBS = '{"jobs": []}'; /* where there is no answer at all */
const FAULTS_SHOWN = 12;

/* What no id and no table may hold: it moves the cursor or the eye. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const ONE_JOB = ['get_job_status', 'get_job_output', 'tail_job_output',
	'mcp_job_status'];
const TOOLS_OF_LOGS = /_output$/;
const IN_LISTS = ['status', 'reason', 'journal_error', 'exit_code', 'signal',
	'name', 'command'];
/* The text of logs is asked for of those two only. */
const IN_STATUS = [...IN_LISTS, 'stdout_size', 'stderr_size', 'phase'];
const IN_LOGS = ['status', 'stdout', 'stderr'];
const IN_OLD = ['status', 'reason', 'journal_error'];
const IN_JOB = { get_job_status: IN_STATUS, get_job_output: IN_LOGS,
	tail_job_output: IN_LOGS, mcp_job_status: IN_OLD };

/* Checkers of the output schemas: the same for every server. */
const validators = {};

async function learn_schemas(server) {
	if (validators.list_jobs)
		return;

	const ajv = new Ajv2020({ strict: true, allErrors: true });

	addFormats(ajv);
	for (const { name, outputSchema } of await server.tools())
		validators[name] ??= ajv.compile(outputSchema);
}

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/* Enough of a long id to know it. */
function cut(id) {
	return id.length > 60 ? `${id.slice(0, 30)}...${id.slice(-25)}` : id;
}

/* Is the member `key` what expect.json says? */
function is_as_expected(key, value, got) {
	if (key === 'status')
		return [value].flat().includes(got);
	if (key !== 'journal_error')
		return isDeepStrictEqual(got, value);
	return typeof value === 'string' ? Boolean(got?.includes(value)) :
	    Boolean(got) === value;
}

/* What is wrong with an answer, in words.  `members`: those it can have. */
function faults_of(got, wanted, members) {
	const faults = Object.entries(wanted)
	    .filter(([key]) => !['count', 'logs'].includes(key) &&
		(!members || members.includes(key)))
	    .filter(([key, value]) => !is_as_expected(key, value, got[key]))
	    .map(([key, value]) => `${key} is not ${JSON.stringify(value)}`);

	if (UNSEEN.test(got.job_id ?? ''))
		faults.push('unprintable id');
	if (got.duration_seconds < 0)
		faults.push('negative duration');
	return faults;
}

/* All that is asked of one root. */
class Questions {
	constructor(one) {
		this.one = one;
		this.root = one.root;
		this.answers = [];
		this.faults = [];
		this.jobs = one.jobs;
		this.present = Object.keys(this.jobs)
		    .filter((id) => !this.jobs[id].absent);
		this.hostile = this.present
		    .filter((id) => !id.startsWith('good-'));
	}

	/* Note whatever is wrong; the test goes on and fails at its end. */
	check(got, wanted, members, where) {
		for (const fault of faults_of(got, wanted, members))
			this.faults.push(`${where}: ${fault}: ` +
			    JSON.stringify(got).slice(0, 600));
	}

	check_that(holds, what) {
		if (!holds)
			this.faults.push(what);
	}

	/*
	 * jobdir, once for each of `calls`: arguments, and the exit code that
	 * must come (absent: any).  Gives what each wrote to stdout.  A shell
	 * starts them all, since that costs it less than node.
	 */
	async clis(calls, separator = ';') {
		const { uid, gid } = this.one.as;
		const drop = uid ? ['setpriv', `--reuid=${uid}`,
			`--regid=${gid}`, '--clear-groups'] : [];
		const script = calls.map(([args]) =>
		    `{ "$0" ${args.map(quoted).join(' ')}; ` +
		    `printf '\\0%s\\0' $?; } ${separator}`).join('\n');
		const { stdout, stderr } = await this.root.run('env',
		    [...drop, 'sh', '-c', `${script}\nwait`, PROGRAM],
		    { deadline: DEADLINE });
		const parts = stdout.split('\0');

		this.answers.push(stdout, stderr);
		return calls.map(([args, code], i) => {
			const got = Number(parts[2 * i + 1]);

			this.check_that(code === undefined || got === code,
			    `${args.map(cut).join(' ')}: ${got} ` +
			    stderr.trim().slice(0, 200));
			return parts[2 * i];
		});
	}

	async cli(args, code) {
		return (await this.clis([[args, code]]))[0];
	}

	/* In the background, all at once; what they say is nobody's matter. */
	clis_together(calls) {
		return this.clis(calls.map((args) => [args]), '&');
	}

	/* A tool's result. */
	async tool(name, args = {}) {
		const id = this.server.post('tools/call',
		    { name, arguments: args });
		const answer = await this.server.response(id, DEADLINE);
		const text = this.server.text(answer);
		const value = answer.result?.structuredContent;

		this.answers.push(text);
		assert.ok(answer.result, `${name}: ${text}`);
		if (value)
			this.check_that(validators[name](value),
			    `${name}: ${text.slice(0, 600)}: ` +
			    JSON.stringify(validators[name].errors));
		return answer.result;
	}

	/* A list holds exactly what it should. */
	check_list(jobs, where, { whole = true } = {}) {
		const { others } = this.one.expected;
		const ids = jobs.map((job) => job.job_id);
		const unnamed = ids.filter((id) => !this.jobs[id]);

		for (const job of jobs)
			this.check(job, this.jobs[job.job_id] ?? others ?? {},
			    where === 'mcp_job_status' ? IN_OLD : IN_LISTS,
			    `${where} ${job.job_id}`);
		this.check_that(others || !unnamed.length,
		    `${where}: not expected: ${unnamed.map(cut).join(' ')}`);
		if (!whole)
			return;

		const missing = this.present.filter((id) => !ids.includes(id));

		this.check_that(!missing.length,
		    `${where}: missing: ${missing.map(cut).join(' ')}`);
		this.check_that(new Set(ids).size === ids.length,
		    `${where}: an id is there twice`);
		this.check_that(unnamed.length === (others?.count ??
		    unnamed.length), `${where}: ${unnamed.length} others`);
	}

	async ask_lists() {
		const { repeat = 1 } = this.one.expected;
		const texts = await this.clis([
			...Array(repeat).fill([['ls', '-a', '--json'], 0]),
			[['ls', '-a'], 0],
		]);
		const table = texts.pop();

		for (const text of texts.filter((one) => one)) {
			const { jobs } = JSON.parse(text);

			this.check_list(jobs, 'ls');
			this.listed = jobs.length;
		}
		this.check_that(!UNSEEN.test(table.replaceAll('\n', '')),
		    `ls: not printable: ${JSON.stringify(table)}`);
		this.check_that(this.one.busy ||
		    table.split('\n').length === this.listed + 2,
		    `ls: no line for each job: ${table}`);
	}

	async ask_pages(tool, member) {
		const found = [];
		let cursor, pages = 0;

		do {
			const { structuredContent, isError, content } =
			    await this.tool(tool, { limit: 100,
				...cursor && { cursor } });

			this.check_that(!isError, `${tool}: ${content[0].text}`);
			if (isError)
				return;
			found.push(...structuredContent[member]);
			cursor = structuredContent.next_cursor;
		} while (cursor && ++pages < PAGES);
		this.check_list(found, tool, { whole: !cursor });
	}

	/* `show` of all jobs, and of those that are none. */
	async ask_show() {
		const ids = Object.keys(this.jobs);
		const code = (id) => this.jobs[id].absent ? 3 : 0;
		const texts = await this.clis([
			...ids.map((id) => [['show', '--json', id], code(id)]),
			...ids.slice(0, SHOWN).map((id) =>
			    [['show', id], code(id)]),
		]);

		for (const [i, id] of ids.entries())
			if (texts[i])
				this.check(JSON.parse(texts[i]), this.jobs[id],
				    IN_STATUS, `show ${id}`);
	}

	async ask_job(id) {
		const wanted = this.jobs[id];

		for (const tool of ONE_JOB.filter((name) => validators[name])) {
			const { isError, content, structuredContent } =
			    await this.tool(tool, { job_id: id });

			const refused = wanted.absent ||
			    (wanted.logs === false && TOOLS_OF_LOGS.test(tool));

			this.check_that(Boolean(isError) === Boolean(refused),
			    `${tool} ${cut(id)}: ${content[0].text}`);
			if (!refused && !isError)
				this.check(structuredContent, wanted,
				    IN_JOB[tool], `${tool} ${id}`);
		}
	}

	async ask_neighbours() {
		for (const [job_id, words] of [['good-ended', 'good words\n'],
			['good-live', 'live words\n']]) {
			const { structuredContent } = await this.tool(
			    'tail_job_output', { job_id });

			this.check_that(structuredContent?.stdout === words,
			    `output of ${job_id}: ${JSON.stringify(
				structuredContent)}`);
		}
	}

	/* Everything that only looks. */
	async look() {
		this.server = await this.root.server(this.one.as);
		await learn_schemas(this.server);
		await Promise.all([
			this.ask_lists(),
			this.ask_pages('list_jobs', 'jobs'),
			...validators.mcp_job_status ? [this.ask_pages(
			    'mcp_job_status', 'detached_jobs')] : [],
			this.ask_show(),
			this.ask_neighbours(),
			...Object.keys(this.jobs).map((id) => this.ask_job(id)),
		]);
	}

	/* Until nobody acts any more in the background.  To look through all
	 * processes again and again would keep the other cases waiting. */
	async all_over() {
		let some;

		while ((some = this.root.processes()).length)
			await until(() => !some.some(alive), DEADLINE,
			    'nobody acts any more');
	}

	/* Everything that acts. */
	async act() {
		await this.clis_together(this.hostile.slice(0, KILLS)
		    .map((id) => ['kill', '-g', '0', id]));
		/* Who signals later, in the background, is waited for. */
		this.server.close_stdin();
		await this.server.end();
		if (!this.one.expected.supervised)
			await this.all_over();
		this.one.assert_unharmed();
	}

	/* Directories go, whatever is in them; what lives or can't be judged,
	 * and what is outside, stays. */
	async remove() {
		const good = ['good-ended', 'good-live'];
		const odd = this.hostile.filter((_, i) => i % 2);
		const list = [['ls', '-a', '--json'], 0];
		const texts = (await this.clis([
			...odd.map((id) => [['rm', id]]),
			...good.map((id) => [['show', '--json', id], 0]),
			list,
			[['gc', '--failed', '--older-than', '0']],
			list,
		])).slice(odd.length);
		const [was, now] = [texts[2], texts[4]].map((text) =>
		    new Map(JSON.parse(text || NO_JOBS).jobs
			.map(({ job_id, status }) => [job_id, status])));

		good.forEach((id, i) => this.check(JSON.parse(texts[i] || '{}'),
		    this.jobs[id], IN_STATUS, `afterwards ${id}`));
		for (const [id, status] of was)
			this.check_that(now.has(id) || !STAYS.includes(status),
			    `gc has removed ${cut(id)}, ${status}`);
		this.one.assert_unharmed();
	}

	assert_answered() {
		const more = this.faults.length - FAULTS_SHOWN;

		if (this.faults.length)
			assert.fail([`${this.one.name}: not as expect.json says`,
				...this.faults.slice(0, FAULTS_SHOWN)
				    .map((fault) => fault.slice(0, 500)),
				...more > 0 ? [`and ${more} more`] : [],
			].join('\n'));
	}

	/* Nothing that was outside came into an answer. */
	assert_discreet() {
		for (const answer of this.answers)
			assert.ok(!answer.includes(this.one.secret),
			    `it tells what is outside: ${answer.slice(0, 800)}`);
	}
}

let with_atime;

/* Looking leaves no trace.  What a busy case changes itself can't tell. */
async function look_twice(one, questions) {
	const seen = () => [...one.busy ? one.good : [one.root.runs],
		one.outside].map(tree);
	const was = seen();

	await questions.look();
	seen().forEach((now, i) => questions.faults.push(
	    ...differences(was[i], now, with_atime)
		.map((words) => `looking changed it: ${words}`)));
	questions.check_that(!one.busy || one.busy.living(),
	    `busy.sh has ended: ${one.busy?.errors}`);
	one.assert_unharmed();
}

async function run_case(root, name) {
	const one = new Case(root, name);
	let passed = false;

	try {
		await one.make();

		const questions = new Questions(one);

		await look_twice(one, questions);

		const outside = tree(one.outside);

		one.busy?.dispose();
		await questions.act();
		await questions.remove();
		assert.deepEqual(differences(outside, tree(one.outside), true),
		    [], 'something outside was changed');
		questions.assert_discreet();
		questions.assert_answered();
		passed = true;
	} finally {
		one.put_away();
		if (passed)
			await one.remove();
	}
}

function expected_of(name) {
	return new Case({ top: '/' }, name).expected;
}

/* Only root can make devices and give files away, on any machine. */
function is_impossible(name) {
	return expected_of(name).needs === 'root' && process.getuid() !== 0;
}

const names = readdirSync(CASES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
const left_out = names.filter(is_impossible);
const is_busy = (name) => expected_of(name).repeat > 1;

function define(some) {
	for (const name of some.filter((one) => !left_out.includes(one)))
		root_test(name, (root) => run_case(root, name));
}

before(async () => {
	const dir = mkdtempSync(join(tmpdir(), 'jobdir-e2e-'));

	with_atime = !await keeps_every_access(dir);
	rmSync(dir, { recursive: true });
});

after(() => left_out.length && console.error(
    `left out, only root can make them: ${left_out.join(', ')}`));

test('there are cases', () => assert.ok(names.length > 0));

/* One after the other: they take all that the machine has. */
describe('hostile spools that change', () => define(names.filter(is_busy)));

/* All together: most of their time they wait for grace to pass. */
describe('hostile spools', { concurrency: 12 },
    () => define(names.filter((name) => !is_busy(name))));
