/*
 * A supervisor that gets no pidfd: the kernel or a sandbox has none, or it is
 * out of descriptors.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fine, shown, until_logged } from './lib/cli.mjs';
import { PROGRAM, root_test, TRACED } from './lib/root.mjs';
import { UUID } from './lib/tools.mjs';

/* Launch so.  strace goes on with the supervisor, and holds the output open. */
async function launch_without(root, command) {
	const { code } = await root.run('sh', ['-c', 'exec "$@" >out 2>&1',
		'sh', 'strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e',
		'trace=pidfd_open', '-e', 'inject=pidfd_open:error=ENOSYS',
		PROGRAM, 'run', '--', ...command], { env: TRACED });
	const out = readFileSync(join(root.work, 'out'), 'utf8').trim();

	assert.equal(code, 0, out);
	assert.match(out, UUID);
	return out;
}

root_test('the signal asked for reaches the command all the same',
    async (root) => {
	const id = await launch_without(root, ['sleep', '1000']);

	await fine(root, ['kill', '-g', '60', id]);
	assert.equal((await root.jobdir(['wait', '-q', id])).code, 143);

	const { status, signal } = await shown(root, id);

	assert.deepEqual([status, signal], ['killed', 'SIGTERM']);
});

root_test('descendants have to go, too', async (root) => {
	const id = await launch_without(root, ['sh', '-c',
		'sleep 1000 & trap "exit 3" TERM; echo ready; wait']);

	await until_logged(root, id, /ready/);
	await root.jobdir(['kill', '-q', '-g', '1', id]);

	const { status, exit_code, leftover } = await shown(root, id);

	assert.deepEqual([status, exit_code, leftover ?? 0], ['killed', 3, 0]);
});
