import { readFileSync } from 'node:fs';
import { make_oom } from '../stress/lib/oom.mjs';
import { judge_end } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { confine } from './lib/places.mjs';
import { scenario } from './lib/scenario.mjs';

const SIGKILL = 9;

/* How often the kernel has killed in the cgroup. */
export function kills({ dir }) {
	for (const name of ['memory.events', 'memory.oom_control'])
		try {
			return Number(/^oom_kill (\d+)$/m.exec(readFileSync(
			    `${dir}/${name}`, 'utf8'))[1]);
		} catch (e) {
			if (e.code !== 'ENOENT')
				throw e;
		}
	return 0;
}

export default scenario(import.meta, {
	fault: 'the kernel kills a command for lack of memory',
	truth: 'SIGKILL ended it',
	answer: '`failed` SIGKILL',
	needs: 'root: a cgroup with the memory controller',
	injects: true,
	peers: { tsp: true, nq: true,
		supervisor: 'needs more memory than the command may have' },

	prepare(stage) {
		stage.small = confine(stage, make_oom);
		stage.root.binding = stage.small.enter;
	},

	async play(stage) {
		const job = await stage.system.start(['tail', '/dev/zero']);

		await judge_end(stage, TRUTH.signalled(SIGKILL), job, 10000);
		stage.fired(kills(stage.small));
	},
});
