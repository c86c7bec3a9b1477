#!/bin/sh
# The program is node's.
# shellcheck disable=SC2016
exec "$NODE" -e '
	const fs = require("fs");
	const pid = Number(process.env.BYSTANDER_PID);
	const text = [10, 100, 20000].map((n) => JSON.stringify({ pid,
		phase: "x".repeat(n), progress: { current: n } }, null, 1));

	console.log("ready");
	for (let i = 0; ; i++) {
		const one = text[i % 3];

		fs.writeFileSync("renamed/.new", one);
		fs.renameSync("renamed/.new", "renamed/journal.json");
		fs.writeFileSync("in-place/journal.json", one);
		fs.writeFileSync("in-place-pid/journal.json", one);
	}'
