import { DEATH, DEATH_AT_CHANGE, explore, PEERS, SUPERVISOR }
	from './lib/fault.mjs';
import { RUN_DEAF, RUN_INPUT, RUN_LATE, RUN_STOP }
	from './lib/fault-start.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'SIGKILL of a supervisor that stops its job, at any step',
	truth: 'the command is dead, after a stop',
	answer: '`killed`, `timeout`, or `lost`; the stop works all the same',
	fast: true,
	injects: true,
	peers: PEERS,

	async play(stage) {
		/* The next asker waits for graces that nobody saw to. */
		const options = { errors: DEATH_AT_CHANGE,
			places: SUPERVISOR, lanes: stage.amount(4, 8),
			short: 10 };

		await explore(stage, stage.full ?
		    [RUN_STOP, RUN_DEAF, RUN_LATE] : [RUN_STOP], options);
		if (stage.full)
			await explore(stage, [RUN_INPUT],
			    { ...options, errors: DEATH });
	},

	cell: (stage) => `${stage.faults} kills, nothing wrong said`,
});
