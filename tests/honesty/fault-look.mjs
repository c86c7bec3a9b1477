import { cell, ERRORS, explore, PEERS, SHORT } from './lib/fault.mjs';
import { LOOKS } from './lib/fault-look.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'each system call of ls, show, log, path, wait fails once',
	truth: 'one job completed, one failed with 7, one runs',
	answer: 'just that, or that it is not known, or words and no answer',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		await explore(stage, stage.full ? LOOKS : LOOKS.slice(0, 4),
		    { errors: ERRORS });
		if (stage.full)
			await explore(stage, LOOKS, { errors: SHORT });
	},

	cell,
});
