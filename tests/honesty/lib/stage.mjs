/*
 * A stage: a scenario and a system meet in a fresh directory, every step is
 * logged, and afterwards it is seen whether anything was left behind.
 *
 *	const stage = new Stage(scenario, 'jobdir', full);
 *	const { grade, words } = await stage.perform();
 *	stage.save(directory);		-- NAME.SYSTEM.log
 *
 * What a scenario has of it:
 *	stage.system	start(), says(), stop() … (systems.mjs)
 *	stage.root	processes, paths, servers (e2e/lib/root.mjs)
 *	stage.judge(truth, said)	counts for the cell
 *	stage.log(words)		a line of the log
 *	stage.fired(n)			so many faults were injected
 *	stage.killed(n)			so many launches or supervisors were
 *					killed: each may leave something hidden
 *	stage.watch(pid)		its descriptors must not grow in number
 *	stage.amount(short, full)	rounds
 *	stage.paths			[path, word]: words for paths in the log
 *	stage.at_the_end(thing)		thing.dispose() when all is checked
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync }
	from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { alive, command_line, descriptors } from '../../e2e/lib/proc.mjs';
import { PROGRAM, Root } from '../../e2e/lib/root.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { grade, worst } from './judge.mjs';
import { SYSTEMS } from './systems.mjs';

const SOURCES = resolve(import.meta.dirname, '../../..');
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/* Directories that a root may have for ever; what they hold is what counts. */
const KEPT = ['.new', '.old', '.keys'];

function hidden_in(dir) {
	return readdirSync(dir).filter((name) => name.startsWith('.'));
}

export class Stage {
	constructor(scenario, system, full) {
		this.scenario = scenario;
		this.system_name = system;
		this.full = full;
		this.root = new Root();
		this.lines = [];
		this.grades = [];
		this.words = [];
		this.faults = 0;
		this.kills = 0;
		this.watched = new Map();
		this.disposables = [];
		/* Paths of this machine are nobody's business in a log. */
		this.paths = [[this.root.top, '$TOP'], [PROGRAM, 'jobdir'],
			[dirname(PROGRAM), 'build'], [SOURCES, '.'],
			[process.execPath, 'node']];
		this.begun = performance.now();
		this.system = new SYSTEMS[system](this);
	}

	log(words) {
		const at = ((performance.now() - this.begun) / 1000).toFixed(3);

		for (const line of String(words).trimEnd().split('\n'))
			this.lines.push(`${at.padStart(9)}  ${line}`);
	}

	amount(short, full) {
		return this.full ? full : short;
	}

	judge(truth, said) {
		const g = grade(truth, said);
		const { show, ...answer } = said; /* logged already */

		this.log(`truth: ${JSON.stringify(truth)}; ` +
		    `said: ${JSON.stringify(answer)}: ${g}`);
		this.grades.push(g);
		if (!this.words.includes(said.words))
			this.words.push(said.words);
		return g;
	}

	fired(n) {
		this.faults += n;
	}

	killed(n = 1) {
		this.kills += n;
	}

	at_the_end(thing) {
		this.disposables.push(thing);
	}

	watch(pid) {
		this.watched.set(pid, descriptors(pid).length);
	}

	/* A program on this stage, with its words in the log; under what binds
	 * the root's programs (root.bind_to_permissions()). */
	async run(program, args, options = {}) {
		const words = [...this.root.binding, program, ...args];
		const shown = words.join(' ');
		const end = await this.root.run(words[0], words.slice(1),
		    options);

		this.log(`$ ${shown}`);
		for (const text of [end.stdout, end.stderr])
			if (text)
				this.log(text.length < 4000 ? text :
				    `${text.slice(0, 4000)}…`);
		if (end.code !== 0)
			this.log(`exit code ${end.code ?? end.signal}`);
		return end;
	}

	/* The cell of the table. */
	async perform() {
		const { scenario } = this;
		const failures = [];

		this.log(`scenario: ${scenario.name}, ${this.system_name}`);
		this.log(`fault: ${scenario.fault}`);
		this.log(`truth: ${scenario.truth}`);
		for (const step of [
			() => scenario.prepare?.(this),
			() => this.system.open(),
			() => scenario.play(this),
			() => this.#check_injection(),
			() => this.#check_descriptors(),
			() => this.system.close(),
			() => this.root.tidy(),
			() => this.system_name === 'jobdir' &&
			    this.check_remains(),
			() => this.#dispose(),
		])
			try {
				await step();
			} catch (e) {
				this.log(`FAILED: ${e.stack}`);
				failures.push(e);
			}
		if (!failures.length)
			await rm(this.root.top, { recursive: true,
				force: true });
		return this.#conclude(failures);
	}

	#conclude(failures) {
		if (this.faults)
			this.log(`faults fired: ${this.faults}`);
		if (failures.length) {
			failures[0].message += `\nkept: ${this.root.top}\n` +
			    this.lines.slice(-30).join('\n');
			throw failures[0];
		}
		assert.ok(this.grades.length, 'nothing was judged');

		const cell = { grade: worst(this.grades),
			words: this.scenario.cell?.(this) ??
			    this.words.join('; ') };

		this.log(`cell: ${cell.grade}: ${cell.words}`);
		return cell;
	}

	#check_injection() {
		if (this.scenario.injects)
			assert.ok(this.faults > 0, 'no fault fired');
	}

	async #check_descriptors() {
		for (const [pid, before] of this.watched)
			if (alive(pid))
				await until(() => !alive(pid) ||
				    descriptors(pid).length <= before, 5000,
				    `${command_line(pid)} has no more than ` +
				    `${before} descriptors`);
	}

	/* What is hidden in the root now: at most one file for a job, one
	 * directory for a launch, only of what was killed; and nothing after
	 * the garbage collector.  at_once: don't wait until it may remove what
	 * launches left; short rounds never do. */
	async check_remains(at_once) {
		if (!statSync(this.root.runs, { throwIfNoEntry: false }))
			return;

		const before = this.#hidden();

		this.log(`hidden: ${before.length} ` +
		    JSON.stringify(before.slice(0, 5)));
		assert.ok(before.length <= this.kills,
		    `${before} is hidden; killed: ${this.kills}`);

		const owners = before.map((path) => path.split('/').slice(0, -1)
		    .join('/')).filter((dir) => !KEPT.includes(dir));

		assert.equal(new Set(owners).size, owners.length,
		    'at most one hidden file for a job');
		if (this.full && !at_once)
			await until(() => !this.#young().length, 70000,
			    'each launch is a minute old');
		await this.run(PROGRAM, ['gc']);

		const young = this.#young();

		assert.deepEqual(this.#hidden().filter((path) =>
		    !young.includes(path)), [], 'after gc');
	}

	/* Launches of the last minute: they may be under way, so what they
	 * left stays as long. */
	#young() {
		const dir = join(this.root.runs, '.new');

		return !existsSync(dir) ? [] : readdirSync(dir)
		    .filter((name) => Date.now() -
			statSync(join(dir, name)).ctimeMs < 61000)
		    .map((name) => join('.new', name));
	}

	/* Paths below the root. */
	#hidden() {
		const { runs } = this.root;
		const top = hidden_in(runs);

		return [
			...top.filter((name) => !KEPT.includes(name)),
			...KEPT.filter((name) => top.includes(name))
			    .flatMap((name) => readdirSync(join(runs, name))
			    .filter((own) => name !== '.keys' ||
				own.startsWith('.'))
			    .map((own) => join(name, own))),
			...readdirSync(runs, { withFileTypes: true })
			    .filter((e) => e.isDirectory() &&
				!e.name.startsWith('.'))
			    .flatMap((e) => hidden_in(join(runs, e.name))
			    .map((own) => join(e.name, own))),
		];
	}

	async #dispose() {
		for (const thing of this.disposables.reverse())
			await thing.dispose();
	}

	save(directory) {
		const text = this.paths.reduce((all, [path, word]) =>
		    all.replaceAll(path, word), `${this.lines.join('\n')}\n`)
		    .replace(UNPRINTABLE, (c) => `\\x${c.charCodeAt(0)
			.toString(16).padStart(2, '0')}`);

		writeFileSync(join(directory,
		    `${this.scenario.name}.${this.system_name}.log`), text);
	}
}
