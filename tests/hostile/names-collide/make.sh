#!/bin/sh
LC_ALL=C
export LC_ALL
job() {
	mkdir "$1"
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >"$1/journal.json"
}
newline='a
b'
bytes=$(printf '%237s' '' | sed "s/ /$(printf '\377')/g")
for day in 1 2; do
	job "2026010${day}T000000Z__$newline"
	job "2026010${day}T000000Z__$bytes"
done
