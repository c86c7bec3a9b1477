import assert from 'node:assert/strict';
import { PROGRAM } from '../e2e/lib/root.mjs';
import { judge_quietly } from './lib/jobs.mjs';
import { TRUTH } from './lib/judge.mjs';
import { CODES, jobs_of, Machine, MOMENTS, tally, WORK } from './lib/power.mjs';
import { scenario } from './lib/scenario.mjs';

const ROUNDS = 45;

/* Of one that may have ended nobody knows better than what is on disk; but
 * what it says must be so, and an end that was told is known. */
function truth_of({ code, told }, said) {
	if (!Number.isNaN(code) && (told || said.code !== undefined))
		return TRUTH.exited(code);
	return TRUTH.dead;
}

/* Judge what is said of a job after the power came back; only what is not right
 * stays in the log. */
async function judge_job(stage, id, job, said) {
	const kept = stage.lines.length;

	await judge_quietly(stage, () => {
		stage.log(id);
		if (stage.judge(truth_of(job, said), said) === 'right')
			stage.lines.length = kept;
	});
	assert.notEqual(said.state, 'running');
	job.kept = said.code === job.code;
	job.said = said.words;
}

/* What is said of all, and of what nobody was told. */
async function look(stage, known) {
	const { code, stdout, stderr } = await stage.machine.look([PROGRAM,
		'ls', '-a', '--json']);
	const { system } = stage;

	assert.equal(code, 0, stderr);

	const shown = new Map(JSON.parse(stdout).jobs
	    .map((one) => [one.job_id, system.said(one)]));

	for (const [id, job] of known) {
		const said = shown.get(id) ??
		    { state: 'absent', words: 'missing' };

		if (job.said)
			assert.equal(said.words, job.said, 'it stays so');
		else
			await judge_job(stage, id, job, said);
	}
	for (const [id, said] of shown)
		if (!known.has(id))
			assert.ok(said.state !== 'running' &&
			    [undefined, ...CODES].includes(said.code), id);
}

export default scenario(import.meta, {
	fault: 'the power fails while jobs are started, run and end',
	truth: 'all are dead; some exited with 0 or 7 before',
	answer: 'what was on disk; else `lost`, `reboot`, `unknown`, or missing',
	needs: 'root: a loop device, and half a minute',
	grade: 'silent', /* a start is answered before it is on disk */
	injects: true,
	peers: { tsp: 'keeps nothing on disk', nq: 'never syncs what it writes',
		supervisor: 'keeps no record of ended jobs' },

	prepare: async (stage) => {
		stage.machine = await new Machine(stage).open();
	},

	async play(stage) {
		const { machine } = stage;
		const known = new Map();

		stage.rounds = stage.amount(2, ROUNDS);
		for (let round = 0; round < stage.rounds; round++) {
			machine.boot(['sh', '-c', WORK, 'sh', PROGRAM]);
			await MOMENTS[round % MOMENTS.length](machine,
			    1 + round % 7);

			const lines = await machine.cut();

			for (const [id, job] of jobs_of(lines))
				known.set(id, job);
			stage.fired(1);
			await look(stage, known);
			stage.log(`cut ${round} after "${lines.at(-1)}": ` +
			    tally(known.values()));
		}
		assert.ok(known.size > stage.rounds);
		stage.ends = [...known.values()].filter((job) => job.told);
		stage.after = `${stage.rounds} cuts, ${known.size} jobs: ` +
		    tally(known.values());
	},

	cell: ({ after, ends }) => `${after}; of ${ends.length} ends that were ` +
	    `told ${ends.filter((job) => job.kept).length} are kept`,
});
