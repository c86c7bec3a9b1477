#!/bin/sh
job() {
	mkdir "$1"
	printf '%s' "$2" >"$1/enchanted_terrain.weave_journal.json"
}
job 2026-01-02_00-00-00__torn '{"last_run_completed": true, "pha'
job empty ''
job list '[]'
job number 5
job string '"completed"'
job null null
job live '{"last_run'
printf '%s' "$BYSTANDER_PID" >live/.weave.pid
mkdir direct
printf '{' >direct/one.weave_journal.json
echo '{"last_run_completed": true}' >direct/two.weave_journal.json
