import { cell, ERRORS, explore, LIKELIEST, PEERS, SHORT }
	from './lib/fault.mjs';
import { ACTS, EXECUTE, LOOKS } from './lib/fault-mcp.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'each system call of a server fails once, for each tool',
	truth: 'one job failed with 7, one runs; others come and go',
	answer: 'just that, `unknown`, or an error with words',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		const places = (all) => all.slice(0, 2);

		await explore(stage, [EXECUTE], { errors: ERRORS, places });
		if (!stage.full)
			return;
		await explore(stage, [...LOOKS, ...ACTS],
		    { errors: LIKELIEST, places });
		await explore(stage, [LOOKS[0], EXECUTE],
		    { errors: SHORT, places });
	},

	cell,
});
