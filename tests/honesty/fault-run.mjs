import { cell, ERRORS, explore, LAUNCHERS, LIKELIEST, PEERS, SHORT }
	from './lib/fault.mjs';
import { RUN, RUN_INPUT, RUN_KEY, RUN_WAIT } from './lib/fault-start.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'each system call of `jobdir run` fails once, each errno',
	truth: 'the command runs, or it does not',
	answer: 'its id, and `failed` 7; or not started, with words',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		const places = LAUNCHERS;

		await explore(stage, [RUN], { errors: ERRORS, places });
		if (!stage.full)
			return;
		await explore(stage, [RUN_WAIT, RUN_INPUT, RUN_KEY],
		    { errors: LIKELIEST, places });
		await explore(stage, [RUN], { errors: SHORT, places });
	},

	cell,
});
