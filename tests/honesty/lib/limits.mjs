/*
 * Asking under a limit that is raised step by step until the answer comes:
 * every answer on the way must be a refusal with words, or true.
 *
 *	const jobs = await two_jobs(stage);
 *	for (const name of Object.keys(QUESTIONS))
 *		await ask_step_by_step(stage, name, jobs, steps,
 *		    (n) => ['prlimit', `--nofile=${n}`]);
 */
import assert from 'node:assert/strict';
import { alive } from '../../e2e/lib/proc.mjs';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { modern_meta } from '../../e2e/lib/rpc.mjs';
import { judge_end, judge_quietly, script } from './jobs.mjs';
import { TRUTH } from './judge.mjs';

/* One that runs, one that has exited with 7 and said "words". */
export async function two_jobs(stage) {
	const live = await stage.system.start(['sleep', '600'], ['-n', 'live']);
	const ended = await script(stage, 'echo words; exit 7',
	    ['-n', 'ended']);

	await judge_end(stage, TRUTH.exited(7), ended);
	return { live, ended, pid: await stage.system.command(live) };
}

/* What objects with job_id and status say of both; each must be there. */
function judge_objects(stage, jobs, objects) {
	for (const [job, truth] of [[jobs.live, TRUTH.runs],
		[jobs.ended, TRUTH.exited(7)]]) {
		const one = objects.find((o) => o.job_id === job.id);

		assert.ok(one, `${job.id} is there`);
		stage.judge(truth, stage.system.said(one));
	}
}

function mcp_calls(...calls) {
	return calls.map(([name, args], id) => `${JSON.stringify({
		jsonrpc: '2.0', id, method: 'tools/call',
		params: { name, arguments: args, _meta: modern_meta() },
	})}\n`).join('');
}

/* Errors are refusals; every other result must be true. */
function check_mcp(stage, jobs, stdout) {
	const answers = stdout.split('\n').filter((l) => l)
	    .map((l) => JSON.parse(l)).sort((a, b) => a.id - b.id);
	const good = answers.filter((a) => a.result && !a.result.isError)
	    .map((a) => a.result.structuredContent);

	for (const one of good)
		if (one.jobs)
			judge_objects(stage, jobs, one.jobs);
		else
			stage.judge(one.job_id === jobs.live.id ? TRUTH.runs :
			    TRUTH.exited(7), stage.system.said(one));
	return good.length === 3;
}

/* words: of jobdir; code: when all is well; check(): of its stdout then. */
export const QUESTIONS = {
	show: {
		words: ({ live }) => ['show', '--json', live.id],
		check: (stage, jobs, out) => stage.judge(TRUTH.runs,
		    stage.system.said(JSON.parse(out))),
	},
	ls: {
		words: () => ['ls', '-a', '--json'],
		check: (stage, jobs, out) => judge_objects(stage, jobs,
		    JSON.parse(out).jobs),
	},
	log: {
		words: ({ ended }) => ['log', ended.id],
		check: (stage, jobs, out) => assert.equal(out, 'words\n'),
	},
	wait: {
		words: ({ ended }) => ['wait', ended.id],
		code: 7,
		check: (stage, { ended }, out) =>
		    assert.equal(out, `${ended.id} failed 7\n`),
	},
	wait_live: {
		words: ({ live }) => ['wait', '-t', '0', live.id],
		code: 124,
		check: (stage, jobs, out) => assert.equal(out, ''),
	},
	mcp: {
		words: () => ['mcp'],
		input: ({ live, ended }) => mcp_calls(['list_jobs', {}],
		    ['get_job_status', { job_id: live.id }],
		    ['get_job_status', { job_id: ended.id }]),
		check: (stage, jobs, out) => check_mcp(stage, jobs, out),
	},
	kill: {
		words: ({ live }) => ['kill', live.id],
		check: (stage, { pid }, out) => {
			/* It may have failed after it had asked. */
			assert.match(out, / (killed|already_terminated)\n$/);
			assert.ok(!alive(pid), 'killed is killed');
		},
	},
};

/* Ask under what `before` makes of the limit n; false if it was refused. */
async function ask(stage, question, jobs, before) {
	const { words, code: well = 0, input, check } = question;
	const [program, ...args] = [...before, PROGRAM, ...words(jobs)];
	const { code, signal, stdout, stderr } = await stage.run(program, args,
	    { input: input?.(jobs), deadline: 10000 });

	assert.equal(signal, null, 'no signal ends it');
	if (code !== well) {
		assert.match(stderr, /\S/, 'it is refused with words');
		assert.ok(code !== 3, 'no such job is no answer');
		return false;
	}
	return await check(stage, jobs, stdout) !== false;
}

/* Gives how often it was refused. */
export async function ask_step_by_step(stage, name, jobs, steps, before) {
	let refusals = 0;

	for (const n of steps) {
		const kept = stage.lines.length;
		let good;

		await judge_quietly(stage, async () => {
			good = await ask(stage, QUESTIONS[name], jobs,
			    before(n));
			stage.judge(TRUTH.exited(0), { state: 'ended', code: 0 });
		});
		stage.lines.length = kept;
		if (good) {
			stage.log(`${name}: ${refusals} refused, then right`);
			stage.fired(refusals);
			return refusals;
		}
		refusals++;
	}
	throw new Error(`${name} is answered at last`);
}

