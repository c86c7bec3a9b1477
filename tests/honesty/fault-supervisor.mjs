import { cell, ERRORS, explore, LIKELIEST, PEERS, SHORT,
	SUPERVISOR_AND_CHILD } from './lib/fault.mjs';
import { RUN, RUN_DEAF, RUN_INPUT, RUN_LATE, RUN_STOP }
	from './lib/fault-start.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'each system call of a supervisor, and of its child, fails once',
	truth: 'the command exits with 7, is stopped, or does not run',
	answer: '`failed` 7, `killed`, `timeout`; or not started, with words',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		const places = SUPERVISOR_AND_CHILD;

		await explore(stage, [RUN], { errors: ERRORS, places });
		if (!stage.full)
			return;
		await explore(stage, [RUN_INPUT, RUN_STOP, RUN_DEAF, RUN_LATE],
		    { errors: LIKELIEST, places });
		await explore(stage, [RUN, RUN_STOP],
		    { errors: SHORT, places });
	},

	cell,
});
