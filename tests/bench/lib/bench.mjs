/*
 * What the rows share: two directories that are removed at the end, roots full
 * of jobs in them, and where results go.
 *
 *	export async function play(bench) {
 *		const root = await bench.ended(100000);
 *		bench.compare({ row: '2', what: …, mine, name, beside, most });
 *	}
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync,
	readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { alive, identity, with_variable } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { until } from '../../e2e/lib/until.mjs';
import { helper, output } from './measure.mjs';

/* What changed less long ago is read again (spool-layout/README.md). */
const SETTLE = 2500; /* ms */

export function installed(name) {
	return process.env.PATH.split(delimiter).some((dir) => {
		try {
			accessSync(join(dir, name), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/* One job of a planted root: what names it. */
function middle_of(dir) {
	const names = readdirSync(dir).filter((name) => name[0] !== '.').sort();
	const name = names[names.length >> 1];

	return { name, id: name.split('__')[1] };
}

export class Bench {
	constructor() {
		this.disk = mkdtempSync(join(tmpdir(), 'jobdir-bench-'));
		this.shm = mkdtempSync('/dev/shm/jobdir-bench-');
		this.rows = [];
		this.notes = [];
		this.floors = [];
		this.made = new Map();
		this.numbers = 0;
	}

	/* A directory of its own, on disk or (bench.shm) in memory. */
	directory(top = this.disk) {
		const dir = join(top, `d${this.numbers++}`);

		mkdirSync(dir);
		return dir;
	}

	/* Nothing of the caller's environment but these. */
	env(more = {}) {
		const { PATH, HOME } = process.env;

		return { PATH, HOME, ...more };
	}

	/* Until nothing of a root lives any more. */
	at_rest(root) {
		return until(() => !with_variable('JOBDIR_ROOT', root)
		    .some((pid) => alive(pid)), 60000, 'all jobs have ended');
	}

	/* Path of the record of a job that has ended; `change` gets it. */
	async record(change = (journal) => journal, mode = 0o400) {
		const dir = this.directory();
		const path = join(dir, 'journal.json');

		if (!this.sample) {
			const root = join(dir, 'runs');

			output([PROGRAM, 'run', '-w', '--', 'true'],
			    this.env({ JOBDIR_ROOT: root }), '/');
			await this.at_rest(root);
			this.sample = readFileSync(join(root,
			    middle_of(root).name, 'journal.json'), 'utf8');
		}
		writeFileSync(path, JSON.stringify(change(
		    JSON.parse(this.sample)), null, 2), { mode });
		return path;
	}

	/* A root of jobs that have ended: dir, name and id of one, count. */
	ended(count, top = this.disk) {
		return this.once(`ended ${count} ${top}`, async () => {
			const dir = join(this.directory(top), 'runs');

			output([helper('plant'), dir, count,
				await this.record()]);
			return this.settle({ dir, count, ...middle_of(dir) });
		});
	}

	/* Of 10 jobs 8 of ours that have ended, a worker's that has ended and
	 * one that lives: this process. */
	mixed(count) {
		return this.once(`mixed ${count}`, async () => {
			const dir = join(this.directory(), 'runs');
			const times = { created: '2026-01-01T00:00:00Z',
				started: '2026-01-01T00:00:00Z' };
			const own = (i) => `00000000-b99d-4d9d-a8ad-${String(i)
			    .padStart(12, '0')}`;
			const parts = [[0.8, await this.record()],
				[0.1, await this.record(() => ({ id: own(1),
					name: 'nightly', command: 'copy',
					...times, finished: times.started,
					exit_code: 0 }), 0o600)],
				[0.1, await this.record(() => ({ id: own(2),
					name: 'nightly', command: 'copy',
					...times, ...identity(process.pid) }),
				0o600)]];

			for (const [part, record] of parts)
				output([helper('plant'), dir, count * part,
					record]);
			return this.settle({ dir, count, ...middle_of(dir) });
		});
	}

	/* What `make` gives, made when it is first asked for. */
	once(key, make) {
		if (!this.made.has(key))
			this.made.set(key, make());
		return this.made.get(key);
	}

	/* Written to disk, and old enough to be remembered. */
	async settle(root) {
		execFileSync('sync', ['-f', root.dir]);
		await pause(SETTLE);
		return root;
	}

	note(text) {
		this.notes.push(text);
	}

	/* What a floor asks of the kernel, by strace -c. */
	floor(name, words, input = '') {
		if (!installed('strace')) {
			this.note(`${name}: no strace`);
			return;
		}

		const path = join(this.disk, 'strace');

		execFileSync('strace', ['-f', '-c', '-o', path, '--', ...words],
		    { env: this.env(), input });
		this.floors.push({ name, calls: readFileSync(path, 'utf8') });
	}

	/* A measurement beside another: at `most` so much of it, or at `least`
	 * so many times as fast; neither: told only, on pages as well if it is
	 * `shown`, or what `growth` says. */
	compare({ most, least, mine, beside, ...row }) {
		const ratio = least === undefined ?
		    mine.median / beside.median : beside.median / mine.median;

		this.#add({ ...row, mine, beside, ratio }, ratio, most, least,
		    least === undefined ? 'x' : 'x faster');
	}

	/* A measurement that has a bar of its own; `of`: which member of the
	 * sample, if not its median. */
	bound({ most, least, ...row }) {
		this.#add(row, row.mine[row.of ?? 'median'], most, least,
		    row.unit ?? 'us');
	}

	/* Something that could not be measured. */
	missing(row, what, why) {
		this.rows.push({ row, what, missing: why });
	}

	#add({ mine, beside, name, ...row }, value, most, least, bar_unit) {
		const bar = most !== undefined ? { most } :
		    least !== undefined ? { least } : null;

		this.rows.push({
			...row,
			unit: row.unit ?? 'us',
			jobdir: { ...mine, answer: undefined },
			beside: beside && { name, ...beside,
				answer: undefined },
			bar: bar && { ...bar, unit: bar_unit },
			met: bar ? value <= (most ?? Infinity) &&
			    value >= (least ?? -Infinity) : null,
		});
	}

	async remove() {
		for (const dir of [this.disk, this.shm])
			if (existsSync(dir))
				await rm(dir, { recursive: true, force: true });
	}
}
