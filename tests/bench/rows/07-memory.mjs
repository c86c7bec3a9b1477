/*
 * How big is a server that has told of all jobs, and watches them?
 */
import assert from 'node:assert/strict';
import { status_line } from '../../e2e/lib/proc.mjs';
import { Client } from '../lib/client.mjs';

const MIB = 1 << 20;

const bytes = (pid, name) =>
    parseInt(status_line(pid, name), 10) * 1024;

/* Through all pages; gives how many jobs there were. */
async function page_through(client) {
	let cursor, count = 0;

	do {
		const page = await client.call('list_jobs',
		    { limit: 100, cursor });

		count += page.jobs.length;
		cursor = page.next_cursor;
	} while (cursor);
	return count;
}

export async function play(bench) {
	const { dir, count, id } = await bench.ended(100000);
	const client = new Client(bench.env({ JOBDIR_ROOT: dir }));

	try {
		await client.listen({ resourcesListChanged: true });
		assert.equal(await page_through(client), count);
		assert.equal((await client.call('get_job_status',
		    { job_id: id })).status, 'completed');
		for (const [row, name, what] of [
			['7a', 'VmRSS', 'resident memory'],
			['7b', 'VmHWM', 'the most of it']])
			bench.bound({ row, unit: 'B', what: `server that ` +
			    `listed and watches ${count} jobs: ${what}`,
			mine: { median: bytes(client.child.pid, name) },
			most: row === '7a' ? 64 * MIB : undefined });
		await client.end();
	} finally {
		client.child.kill('SIGKILL');
	}
}
