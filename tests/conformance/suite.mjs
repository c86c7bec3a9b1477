/*
 * The official conformance suite, run through the bridge and held against a
 * ledger.
 *
 *	const ledger = read_ledger('fixture-2026-07-28');
 *	const run = await run_suite(bridge, ledger.revision, ledger);
 *	assert.deepEqual(differences(run, ledger), []);
 *	console.error(report(run, ledger));
 *
 * A ledger is a file of lists of "scenario" or "scenario:check":
 *
 *	server	what fails (or warns); the suite itself checks that, too, for
 *		scenarios that a revision requires (--expected-failures)
 *	skipped	what the suite does not test
 *	bridge	what passes, but by the bridge alone; never claimed
 *	empty	what passes since there is nothing to test; never claimed
 *
 * All that fails and all that is skipped has to be listed, and all that is
 * listed has to be as the list says.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { within } from '../e2e/lib/until.mjs';

const HERE = import.meta.dirname;
const SUITE = join(dirname(createRequire(import.meta.url)
    .resolve('@modelcontextprotocol/conformance/package.json')));
const LIMIT = 100000; /* ms for a run */
const RESULTS = /^server-(.*)-\d{4}-\d\d-\d\dT/; /* a scenario's directory */
const WIRE = 'wire-schema-valid'; /* added to every scenario */

/* The lists of a file of lists (of YAML's syntax, no more than that). */
function read_lists(path) {
	const lists = {};
	let list;

	for (const line of readFileSync(path, 'utf8').split('\n')) {
		const name = /^(\w+):$/.exec(line)?.[1];
		const entry = /^ {2}- (?:scenario: )?(\S+)$/.exec(line)?.[1];

		if (name)
			lists[name] = list = [];
		else if (entry)
			list.push(entry);
		else if (/^ {4}leg: client$/.test(line))
			list.pop();
	}
	return lists;
}

export function read_ledger(name) {
	const path = join(HERE, `${name}.yaml`);
	const revision = /\d{4}-\d\d-\d\d$/.exec(name)[0];

	return { name, path, revision,
		server: [], skipped: [], bridge: [], empty: [],
		...read_lists(path) };
}

/* What a revision requires of servers, by the suite. */
function required(revision) {
	return read_lists(join(SUITE, 'requirements', `${revision}.yaml`))
	    .server;
}

function suite_version() {
	return JSON.parse(readFileSync(join(SUITE, 'package.json'), 'utf8'))
	    .version;
}

/* Gives code, output, and scenarios: name -> checks. */
async function run(bridge, args) {
	const dir = mkdtempSync(join(tmpdir(), 'jobdir-conformance-'));
	const child = spawn(process.execPath, [join(SUITE, 'dist/index.js'),
		'server', '--url', bridge.url, '--output-dir', dir, ...args],
	    { stdio: ['ignore', 'pipe', 'pipe'] });
	const scenarios = new Map();
	let output = '';

	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (data) => output += data);
	try {
		const code = await within(new Promise((done) =>
		    child.on('close', done)), LIMIT, 'the end of the suite');

		for (const name of readdirSync(dir))
			scenarios.set(RESULTS.exec(name)[1], JSON.parse(
			    readFileSync(join(dir, name, 'checks.json'),
				'utf8')));
		return { code, output, scenarios };
	} finally {
		child.kill('SIGKILL');
		rmSync(dir, { recursive: true });
	}
}

export function run_scenario(bridge, name, args = []) {
	return run(bridge, ['--scenario', name, ...args]);
}

const is_bad = ({ status }) => status === 'FAILURE' || status === 'WARNING';
const is_skipped = ({ status }) => status === 'SKIPPED';

/* "scenario:check" of all checks for which `wanted` holds. */
export function checks_of({ scenarios }, wanted) {
	return [...new Set([...scenarios].flatMap(([name, checks]) =>
	    checks.filter(wanted).map(({ id }) => `${name}:${id}`)))].sort();
}

export function failures(result) {
	return checks_of(result, is_bad);
}

function matches(check, entry) {
	return check === entry || check.startsWith(`${entry}:`);
}

function compare(found, listed, what) {
	return [
		...found.filter((one) => !listed.some((entry) =>
		    matches(one, entry)))
		    .map((one) => `${one} ${what}, and is not listed`),
		...listed.filter((entry) => !found.some((one) =>
		    matches(one, entry)))
		    .map((entry) => `${entry} ${what} not, but is listed`),
	];
}

/* In what do a run and its ledger differ? */
export function differences(result, ledger) {
	const { scenarios } = result;
	const passing = checks_of(result, ({ status }) =>
	    status === 'SUCCESS' || status === 'INFO');

	return [
		...required(ledger.revision).filter((n) => !scenarios.has(n))
		    .map((name) => `${name} did not run`),
		...compare(failures(result), ledger.server, 'fails'),
		...compare(checks_of(result, is_skipped), ledger.skipped,
		    'is skipped'),
		...[...ledger.bridge, ...ledger.empty].filter((entry) =>
		    !passing.some((one) => matches(one, entry)))
		    .map((entry) => `${entry} is listed as if it passed`),
		...(result.code === 0 ? [] : [`the suite ends with ${
		    result.code}: ${result.output.slice(-1500)}`]),
	];
}

/* All that a revision requires, and what is not scored.  Some checks give the
 * server no more than half a second, whatever else the machine does: a scenario
 * that fails and is not to is run again, once, which the report says. */
export async function run_suite(bridge, ledger) {
	const { revision, path } = ledger;
	const result = await run(bridge, ['--requirements', revision,
		'--expected-failures', path]);

	result.again = [...result.scenarios.keys()].filter((name) =>
	    failures(result).some((one) => matches(one, name) &&
		!ledger.server.some((entry) => matches(one, entry))));
	if (result.again.length)
		result.code = 0;
	for (const name of result.again) {
		const { code, output, scenarios } = await run_scenario(bridge,
		    name, ['--spec-version', revision, '--force',
			'--expected-failures', path]);

		result.scenarios.set(name, scenarios.get(name));
		if (code !== 0)
			Object.assign(result, { code, output });
	}
	return result;
}

/* Does a scenario pass, with at least one check of its own? */
function passes({ scenarios }, name) {
	const checks = scenarios.get(name);

	return !checks.some(is_bad) && checks.some(({ id, status }) =>
	    status === 'SUCCESS' && id !== WIRE);
}

/* "37 of 37 …: 35 show the server, …". */
function count(result, ledger, names, what) {
	const passed = names.filter((name) => passes(result, name));
	const [bridge, empty] = [ledger.bridge, ledger.empty].map((list) =>
	    passed.filter((name) => list.includes(name)));
	const parts = [`${passed.length - bridge.length -
	    empty.length} show the server`];

	if (bridge.length)
		parts.push(`${bridge.length} only the bridge (${
		    bridge.join(', ')})`);
	if (empty.length)
		parts.push(`${empty.length} nothing (${empty.join(', ')})`);
	return `  ${passed.length} of ${names.length} ${what}: ${
	    parts.join(', ')}`;
}

function enumerate(list, what) {
	const names = list.length > 12 ? '' : `: ${list.join(', ')}`;

	return list.length && `  ${list.length} ${what}${names}`;
}

export function report(result, ledger) {
	const must = required(ledger.revision);
	const all = [...result.scenarios.keys()];
	const tasks = all.filter((name) => name.startsWith('tasks-'));
	const others = all.filter((name) => !must.includes(name) &&
	    !tasks.includes(name));
	const checks = (list) => list.filter((entry) => entry.includes(':'));

	return [
		`${ledger.name}, suite ${suite_version()}:`,
		enumerate(result.again, 'scenarios took two runs'),
		count(result, ledger, must, 'required scenarios pass'),
		...(tasks.length ? [count(result, ledger, tasks,
		    'scenarios of tasks pass')] : []),
		count(result, ledger, others, 'others, not scored, pass'),
		enumerate(failures(result), 'checks fail'),
		enumerate(checks_of(result, is_skipped), 'are not made'),
		enumerate(checks(ledger.bridge), 'more show only the bridge'),
		enumerate(checks(ledger.empty), 'more show nothing'),
	].filter((line) => line).join('\n');
}
