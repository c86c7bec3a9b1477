#!/bin/sh
mkdir fifo weave pid progress cancel log
mkfifo fifo/journal.json weave/enchanted_terrain.weave_journal.json
mkfifo pid/pid progress/progress.json cancel/cancel log/stdout.log
echo '{}' >pid/journal.json
for job in progress log; do
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >$job/journal.json
done
echo "{\"pid\": $BYSTANDER_PID}" >cancel/journal.json
