import { DEATH, explore, PEERS } from './lib/fault.mjs';
import { EXECUTE } from './lib/fault-mcp.mjs';
import { RUN, RUN_KEY } from './lib/fault-start.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of launcher, supervisor or child, at any call',
	truth: 'the command was begun, or it was not',
	answer: 'in sight once begun, else not; `failed` 7, SIGKILL, or `lost`',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		await explore(stage, stage.full ? [RUN, RUN_KEY, EXECUTE] :
		    [RUN], { errors: DEATH, short: 5 });
	},

	cell: (stage) => `${stage.faults} kills, in sight once begun, else not`,
});
