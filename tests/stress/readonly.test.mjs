/*
 * A root that can't be written to: everything can be looked at, nothing can be
 * started, and it is said why.
 */
import assert from 'node:assert/strict';
import { PROGRAM, root_test } from '../e2e/lib/root.mjs';
import { MODERN, Server } from '../e2e/lib/rpc.mjs';
import { ok, refused } from '../e2e/lib/tools.mjs';
import { Room } from './lib/room.mjs';

const READ_ONLY = /\[Errno 30\] Read-only file system: '\/.*'/;

root_test('a read-only root: jobs are shown, a launch is refused with the ' +
    'errno', async (root) => {
	const room = await new Room(root, 'size=1m').open();
	const mount = (options) => room.run(['mount', '-o',
		`remount,${options}`, room.mount]);
	const { stdout: id } = await room.jobdir(['run', '-w', 'echo', 'told']);

	assert.equal((await mount('ro')).code, 0);

	/* Looking needs nothing. */
	assert.equal((await room.jobdir(['ls', '-q'])).stdout, id);
	assert.equal((await room.jobdir(['log'])).stdout, 'told\n');
	assert.equal((await room.jobdir(['wait', '-q', '@last'])).code, 0);
	assert.match((await room.jobdir(['show'])).stdout, /completed/);
	assert.match((await room.jobdir(['kill', '@last'])).stdout,
	    /already_terminated/);

	const { code, stdout, stderr } = await room.jobdir(['run', 'true']);

	assert.deepEqual([code, stdout], [125, '']);
	assert.match(stderr, READ_ONLY);

	/* A server lives on, and sees when the root can be written again. */
	const [program, ...args] = room.enter([PROGRAM, 'mcp']);
	const server = await root.keep(new Server(program, args, {
		cwd: root.work,
		env: root.env({ JOBDIR_ROOT: room.runs }),
	})).open(MODERN);

	assert.match(await refused(server, 'execute_command',
	    { command: 'true' }), READ_ONLY);
	assert.equal((await ok(server, 'list_jobs', {})).jobs.length, 1);
	assert.equal((await mount('rw')).code, 0);
	assert.equal((await ok(server, 'execute_command',
	    { command: 'true', wait_seconds: 20 })).status, 'completed');
	await server.dispose();
});
