import assert from 'node:assert/strict';
import { join } from 'node:path';
import { until } from '../e2e/lib/until.mjs';
import { pid_in, until_dead } from '../stress/lib/stress.mjs';
import { image } from './lib/filesystems.mjs';
import { at, judge_end, script } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { place, start_step_by_step } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

const STEP = 64 << 10;

/* Bytes that the subvolume, the first one made, has referenced. */
async function used(room) {
	const { stdout } = await room.run(['btrfs', 'qgroup', 'show', '--raw',
		'--sync', room.mount]);

	return Number(/^0\/256 +(\d+)/m.exec(stdout)[1]);
}

async function allow(room, bytes) {
	const { code, stderr } = await room.run(['btrfs', 'qgroup', 'limit',
		String(bytes), '0/256', room.mount]);

	assert.equal(code, 0, stderr);
}

export default scenario(import.meta, {
	fault: 'a quota of btrfs is used up while a job runs, and at starts',
	truth: 'it exits with 7; others do, or are not executed',
	answer: 'refused with EDQUOT; `running` where not even a rename is ' +
	    'allowed, with the evidence that it has ended; with room: `failed` 7',
	grade: 'wrong', /* the end can't be recorded, and nothing else counts */
	needs: 'root: a loop device, btrfs',
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'a job must be in its configuration first' },

	async prepare(stage) {
		const { room, root, system } = await place(stage, 'rw',
		    `${image('mkfs.btrfs -q', 160)} && ` +
		    '{ btrfs quota enable "$2" && ' +
		    'btrfs subvolume create "$2/bound"; } >/dev/null');

		root.runs = room.outside(join(room.mount, 'bound/runs'));
		system.dir = room.outside(join(room.mount, 'bound/system'));
	},

	async play(stage) {
		const { system, room, root } = stage;

		const job = await script(stage, 'echo $$ >pid\n' +
		    'until [ -e go ]; do sleep 0.05; done\n' +
		    'yes | head -c 100000; exit 7');
		const pid = await pid_in(at(stage, 'pid'));
		let most = await used(room);

		await allow(room, most);
		stage.judge(TRUTH.runs, await system.says(job));
		await root.run('touch', ['go']);
		await until_dead([pid], 'the command');
		await judge_end(stage, TRUTH.exited(7), job);
		await start_step_by_step(stage, async () => {
			most = Math.max(most, await used(room)) + STEP;
			await allow(room, most);
		});
		await allow(room, most + (64 << 20));
		if (system.is_jobdir) /* the supervisor has not given up */
			for (const one of system.jobs.filter(({ id }) => id))
				await until(async () => (await system.says(one))
				    .code === 7, 10000, `the end of ${one.id}`);
	},

	cell: (stage) => [...stage.words, stage.after].join('; '),
});
