#!/bin/sh
run() {
	mkdir "$1"
	printf '{"last_run_completed": true, "%s": %s}\n' "$1" "$2" \
	    >"$1/enchanted_terrain.weave_journal.json"
}
run last_run_started_at '5'
run last_run_completed '"yes"'
run last_run_failed_at '[]'
run phase '{}'
run entries '{}'
run last_run_error '5'
run json_file 5
run deep "$(printf '%3000s' '' | sed 's/ /[/g')"
run entries-odd '[]'
printf '{"last_run_completed": true, "entries": [1, null, "x", {"op": []}]}' \
    >entries-odd/enchanted_terrain.weave_journal.json
