/*
 * Workers that no system started: processes that a record in the root names.
 *
 *	const worker = await start_worker(stage);
 *	const job = plant_worker(stage, 'exact', identity(worker.pid));
 *	age(stage, job, 10);
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { plant } from '../../e2e/lib/plant.mjs';

class Worker {
	constructor(child) {
		this.child = child;
		this.exited = once(child, 'exit');
	}

	get pid() {
		return this.child.pid;
	}

	async dispose() {
		this.child.kill('SIGKILL');
		await this.exited;
	}
}

/* A process that goes on. */
export async function start_worker(stage) {
	const worker = new Worker(spawn('sleep', ['600'], { stdio: 'ignore',
		env: { PATH: process.env.PATH } }));

	await once(worker.child, 'spawn');
	stage.at_the_end(worker);
	return worker;
}

/* The job of a record that says what `who` says of its process. */
export function plant_worker(stage, id, who) {
	const record = { name: id, ...who };

	stage.log(`record: ${JSON.stringify(record)}`);
	plant(stage.root, id, record);
	return { id };
}

/* Its record was written so many seconds ago. */
export function age(stage, job, seconds) {
	const then = Date.now() / 1000 - seconds;

	stage.log(`written ${seconds} s ago`);
	utimesSync(join(stage.root.runs, job.id, 'journal.json'), then, then);
}
