import { Clock, play_step } from './lib/clock.mjs';
import { scenario } from './lib/scenario.mjs';

export default scenario(import.meta, {
	fault: 'the clock is set a year forward while a job runs',
	truth: 'it runs, and exits with 7',
	answer: '`running`, `failed` 7, its true duration; gc leaves it',
	needs: 'the package faketime, and a dynamic build',
	peers: { tsp: true, nq: true, supervisor: true },

	prepare(stage) {
		stage.clock = new Clock(stage);
	},

	async play(stage) {
		await play_step(stage, '+1y', ['--failed']);
	},
});
