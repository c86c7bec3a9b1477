import assert from 'node:assert/strict';
import { statSync, truncateSync, unlinkSync } from 'node:fs';
import { refused } from '../e2e/lib/tools.mjs';
import { check_refused, place, start_step_by_step } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

const PAGE = 4096;

/* The server's answer is the same. */
async function check_server(stage) {
	const jobs = stage.root.job_names();
	const server = await stage.root.server();
	const commands = ['true', 'echo x; exit 1', 'exit 3'];

	for (const [nth, command] of commands.entries()) {
		if (nth === 1)
			stage.watch(server.pid);
		check_refused(stage, `jobdir: ${await refused(server,
		    'execute_command', { command })}`, jobs);
	}
	stage.log('a server refuses, too');
}

export default scenario(import.meta, {
	fault: 'no space for a start, then a page more each time',
	truth: 'the command is not executed, or exits with 7',
	answer: 'refused with the reason and nothing left, or `failed` 7',
	fast: true,
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'a job must be in its configuration first' },

	prepare: (stage) => place(stage, 'size=1m'),

	async play(stage) {
		const { system, room } = stage;

		if (system.is_jobdir)
			await system.start(['true']);

		const full = room.fill('full');

		assert.equal(room.bytes_free(), 0);
		if (system.is_jobdir)
			await check_server(stage);

		const refusals = await start_step_by_step(stage, () =>
		    truncateSync(full, Math.max(0, statSync(full).size - PAGE)));

		assert.ok(!system.is_jobdir || refusals > 1);
		unlinkSync(full);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
