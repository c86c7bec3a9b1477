import assert from 'node:assert/strict';
import { unlinkSync } from 'node:fs';
import { place, start_step_by_step } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'no inode for a start, then one more each time',
	truth: 'the command is not executed, or exits with 7',
	answer: 'refused with the reason and nothing left, or `failed` 7',
	fast: true,
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'a job must be in its configuration first' },

	prepare: (stage) => place(stage, 'size=1m,nr_inodes=60'),

	async play(stage) {
		const { system, room } = stage;

		if (system.is_jobdir)
			await system.start(['true']);

		const files = room.take_inodes();
		/* nq makes a directory each time. */
		const each = system.is_jobdir ? 1 : 2;
		const refused = await start_step_by_step(stage, () =>
		    files.splice(0, each).forEach((path) => unlinkSync(path)));

		assert.ok(!system.is_jobdir || refused > 2);
		for (const file of files)
			unlinkSync(file);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
