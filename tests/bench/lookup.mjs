/*
 * One id asked of a warm server, among few jobs and among many: the time of a
 * call of get_job_status, one after the other over stdio.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { modern_meta } from '../e2e/lib/rpc.mjs';
import { plant_ended } from '../stress/lib/stress.mjs';

const CALLS = 2000;
const ROUNDS = 5;
const SETTLE = 2500; /* ms: a root that changed just now is read again */

class Asker {
	constructor(env, count) {
		this.count = count;
		this.server = spawn(PROGRAM, ['mcp'], { env });
		this.lines = createInterface({ input: this.server.stdout })[
		    Symbol.asyncIterator]();
		this.id = readdirSync(env.JOBDIR_ROOT).filter((name) =>
		    name[0] !== '.')[count >> 1].split('__')[1];
	}

	async ask() {
		this.server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0',
			id: 1, method: 'tools/call', params: {
				name: 'get_job_status',
				arguments: { job_id: this.id },
				_meta: modern_meta() } })}\n`);

		const { value } = await this.lines.next();

		if (!value.includes('"status":"completed"'))
			throw new Error(value);
	}

	/* Microseconds of a call. */
	async measure() {
		const begun = performance.now();

		for (let i = 0; i < CALLS; i++)
			await this.ask();
		return (performance.now() - begun) * 1000 / CALLS;
	}

	async end() {
		this.server.stdin.end();
		await once(this.server, 'exit');
	}
}

/* `sample`: the journal of an ended job; `figure`: of the bench. */
export async function bench_lookup(parent, env_of, sample, figure, median) {
	const top = mkdtempSync(join(parent, 'jobdir-bench-'));
	const askers = [];

	try {
		for (const count of [100, 100000]) {
			const env = env_of(join(top, String(count)));

			plant_ended({ runs: env.JOBDIR_ROOT }, sample, count);
			askers.push(new Asker(env, count));
		}
		await new Promise((done) => setTimeout(done, SETTLE));

		const times = new Map(askers.map((asker) => [asker, []]));

		for (const asker of askers)
			await asker.ask();
		for (let round = 0; round < ROUNDS; round++)
			for (const asker of askers)
				times.get(asker).push(await asker.measure());

		const base = median(times.get(askers[0]));

		for (const asker of askers)
			figure('get_job_status of one id, warm server',
			    `${asker.count} jobs`,
			    median(times.get(asker)) / 1000, 'ms',
			    asker === askers[0] ? undefined :
			    { ratio: median(times.get(asker)) / base });
		await Promise.all(askers.map((asker) => asker.end()));
	} finally {
		for (const asker of askers)
			asker.server.kill('SIGKILL');
		rmSync(top, { recursive: true });
	}
}
