import { cell, ERRORS, explore, LIKELIEST, PEERS } from './lib/fault.mjs';
import { ADOPT, GC, KILL, KILL_ORPHAN, RM, SEND, SEND_EOF }
	from './lib/fault-act.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'each system call of kill, send, rm, gc, adopt fails once',
	truth: 'the job is dead or not, removed or not, adopted or not',
	answer: 'just that; with 0 it is done, never half',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		const options = { errors: ERRORS };

		await explore(stage, stage.full ? [SEND, SEND_EOF, RM] :
		    [SEND, RM], options);
		if (!stage.full)
			return;
		await explore(stage, [GC], options);
		await explore(stage, [KILL, ADOPT], { ...options,
			errors: LIKELIEST });
		/* Each waits for a supervisor that has to be found. */
		await explore(stage, [KILL_ORPHAN], { ...options,
			errors: LIKELIEST, lanes: 16 });
	},

	cell,
});
