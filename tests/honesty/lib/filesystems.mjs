/*
 * The short life of jobs on a file system of any kind:
 *
 *	export default on_file_system(import.meta, 'ext4', {
 *		options: '', mounting: `${IMAGE} && …`, needs: 'root',
 *	});
 *
 * options, mounting: as of Room; needs: why it can't be fast, unless it can.
 */
import assert from 'node:assert/strict';
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { Watcher } from '../../e2e/lib/watch.mjs';
import { judge_end, script } from './jobs.mjs';
import { TRUTH } from './judge.mjs';
import { place } from './places.mjs';
import { scenario } from './scenario.mjs';

/* A file on a loop device: words that make the file system, megabytes; it is
 * mounted with the options of its place. */
export function image(mkfs, megabytes) {
	return `truncate -s ${megabytes}M image && ` +
	    `{ ${mkfs} image >mkfs.log 2>&1 || ! cat mkfs.log >&2; } && ` +
	    'mount -o "loop,$1" image "$2"';
}

const LINES = 50000;
const BOUND = '128K';

/* More than the bound: all of it, or both ends with a word between. */
async function judge_log(stage) {
	const job = await script(stage, `seq ${LINES}; exit 7`,
	    ['--max-log', BOUND]);
	const whole = Array.from({ length: LINES }, (_, n) => `${n + 1}\n`)
	    .join('');

	await judge_end(stage, TRUTH.exited(7), job);

	const { stdout } = await stage.root.jobdir(['log', job.id]);
	const [head, tail] = stdout
	    .split(/\[jobdir: \d+ bytes dropped here\]\n/);

	assert.ok(whole.startsWith(head), 'the head of the log is right');
	assert.ok(whole.endsWith(tail ?? head), 'the tail of the log is right');
	stage.bounded = tail !== undefined;
	stage.log(`log: ${stdout.length} of ${whole.length} bytes, ` +
	    `${stage.bounded ? 'bounded' : 'whole'}`);
	return job;
}

/* Every end was told once, by a watcher that was there all the time. */
async function check_told(watcher, jobs) {
	for (const { id } of jobs)
		await watcher.event(id, 'finished');
	assert.equal(watcher.told.filter((e) => e.event === 'finished').length,
	    jobs.length, 'each end is told once');
}

/* All that has ended goes; what runs stays. */
async function check_gc(stage, live) {
	await stage.run(PROGRAM, ['gc', '--failed', '--older-than', '0']);

	const { stdout } = await stage.run(PROGRAM, ['ls', '-a', '-q']);

	assert.equal(stdout, `${live.id}\n`);
}

async function play(stage) {
	const { system } = stage;
	const live = await system.start(['sleep', '600']);
	let watcher;

	if (system.is_jobdir)
		watcher = await new Watcher(stage.root).ready();

	const good = await script(stage, 'echo words; exit 0');
	const bad = await script(stage, 'echo words; exit 7');
	const dies = await system.start(['sleep', '601']);
	const stopped = await system.start(['sleep', '602']);

	process.kill(await system.command(dies), 'SIGKILL');
	await system.command(stopped);
	await system.stop(stopped);
	stage.judge(TRUTH.runs, await system.says(live));
	await judge_end(stage, TRUTH.exited(0), good);
	await judge_end(stage, TRUTH.exited(7), bad);
	await judge_end(stage, TRUTH.signalled(9), dies);
	await judge_end(stage, TRUTH.stopped, stopped);
	if (!system.is_jobdir)
		return;

	const { code, stdout } = await stage.run(PROGRAM, ['wait', bad.id]);

	assert.deepEqual([code, stdout], [7, `${bad.id} failed 7\n`]);
	assert.equal((await stage.run(PROGRAM, ['log', good.id])).stdout,
	    'words\n');

	const long = await judge_log(stage);

	await check_told(watcher, [good, bad, dies, stopped, long]);
	await watcher.kill();
	await check_gc(stage, live);
	stage.judge(TRUTH.runs, await system.says(live));
	await system.stop(live);
	await judge_end(stage, TRUTH.stopped, live);
}

export function on_file_system(meta, name, { options = 'rw', mounting, needs,
    peers }) {
	return scenario(meta, {
		fault: `jobs are kept on ${name}`,
		truth: 'they run, exit with 0 and 7, are killed, are stopped',
		answer: '`running`, `completed`, `failed` 7, `failed` ' +
		    'SIGKILL, `killed`',
		fast: !needs,
		needs,
		peers: { tsp: true, nq: true, supervisor: true, ...peers },
		prepare: (stage) => place(stage, options, mounting),
		play,
		cell: (stage) => [...stage.words,
			...stage.bounded === false ? ['logs not bounded'] : [],
		].join('; '),
	});
}
