import { DEATH, DEATH_AT_CHANGE, explore, PEERS } from './lib/fault.mjs';
import { ADOPT, GC, KILL, KILL_ORPHAN, RM, SEND } from './lib/fault-act.mjs';
import { INTERACT, KILL_JOB } from './lib/fault-mcp.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of kill, send, rm, gc, adopt, server, at any call',
	truth: 'the job is dead or not, removed or not, adopted or not',
	answer: 'just that, never half; the next one works',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		const options = { errors: DEATH, short: 4 };

		await explore(stage, stage.full ?
		    [KILL, SEND, RM, ADOPT, INTERACT] :
		    [KILL, RM, ADOPT], options);
		if (!stage.full)
			return;
		await explore(stage, [GC], options);
		/* These look again and again meanwhile. */
		await explore(stage, [KILL_JOB, KILL_ORPHAN], { ...options,
			errors: DEATH_AT_CHANGE, lanes: 8 });
	},

	cell: (stage) => `${stage.faults} kills, nothing wrong said`,
});
