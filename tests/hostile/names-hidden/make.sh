#!/bin/sh
for name in ... ..a .a .20260101T000000Z__job; do
	mkdir "$name"
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >"$name/journal.json"
done
ln -s "$OUTSIDE/job" .new
ln -s "$OUTSIDE" .keys
mkfifo .old
