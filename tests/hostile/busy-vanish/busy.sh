#!/bin/sh
# The program is node's.
# shellcheck disable=SC2016
exec "$NODE" -e '
	const fs = require("fs");
	const quietly = (what) => { try { what(); } catch {} };

	console.log("ready");
	for (let i = 0; ; i++) {
		const name = `v${i % 7}`;

		quietly(() => fs.mkdirSync(name));
		quietly(() => fs.writeFileSync(`${name}/journal.json`,
		    "{\"exit_code\": 0}"));
		if (i % 3 === 0)
			quietly(() => fs.renameSync(name, `w${i % 5}`));
		quietly(() => fs.rmSync(name, { recursive: true }));
		quietly(() => fs.writeFileSync(name, "file"));
		quietly(() => fs.rmSync(name));
		if (i % 11 === 0)
			for (let j = 0; j < 5; j++)
				quietly(() => fs.rmSync(`w${j}`,
				    { recursive: true }));
	}'
