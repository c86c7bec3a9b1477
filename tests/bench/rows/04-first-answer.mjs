/*
 * `jobdir mcp`: from the start of a server to its first answer.
 */
import { PROGRAM } from '../../e2e/lib/root.mjs';
import { ask, request } from '../lib/measure.mjs';

export async function play(bench) {
	const server = (dir) => ({ words: [PROGRAM, '--root', dir, 'mcp'],
		line: request('server/discover'), want: '"result"' });
	const { dir, count } = await bench.ended(100000);
	const [mine, beside] = ask(bench, 'fresh', { calls: 60,
		env: bench.env() }, [server(dir), server(bench.directory())]);

	bench.compare({ row: '4', what: `first answer, ${count} jobs`, mine,
		beside, name: 'empty root', most: 1.5 });
}
