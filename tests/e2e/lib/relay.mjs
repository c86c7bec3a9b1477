/*
 * A server whose lines are written down, for clients that start it themselves.
 * usage: relay.mjs FILE PROGRAM ARG...
 *
 * FILE receives a line for each line of the client ("C …") and of the server
 * ("S …"), in the order in which they passed.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const [file, program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });

function pass(from, to, tag) {
	let rest = '';

	from.setEncoding('utf8').on('data', (data) => {
		const lines = (rest + data).split('\n');

		rest = lines.pop();
		for (const line of lines)
			appendFileSync(file, `${tag} ${line}\n`);
		to.write(data);
	});
	from.on('end', () => to.end());
	to.on('error', () => {});
}

pass(process.stdin, child.stdin, 'C');
pass(child.stdout, process.stdout, 'S');
for (const signal of ['SIGTERM', 'SIGINT'])
	process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exitCode = code ?? 1);
