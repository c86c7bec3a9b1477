#!/bin/sh
repeat() {
	# shellcheck disable=SC2059
	printf "%$2s" '' | sed "s/ /$1/g"
}
job() {
	mkdir "$1"
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >"$1/journal.json"
}
LC_ALL=C
export LC_ALL
byte=$(printf '\377')
job "$(repeat a 255)"
job "$(repeat "$byte" 255)"
job "20260102T000000Z__$(repeat "$byte" 237)"
run=2026-01-02_00-00-00__$(repeat "$byte" 234)
mkdir "$run"
echo '{"last_run_completed": true}' \
    >"$run/enchanted_terrain.weave_journal.json"
mkdir direct
echo '{"last_run_completed": true}' \
    >"direct/$(repeat "$byte" 236).weave_journal.json"
