#!/bin/sh
end='{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}'
for job in closed list search journal log pid progress; do
	mkdir $job
	echo "$end" >$job/journal.json
done
echo '{}' >pid/journal.json
echo "$BYSTANDER_PID" >pid/pid
echo hidden >log/stdout.log
echo '{}' >progress/progress.json
chmod 755 journal log pid progress
mkdir other
echo "{\"pid\": $BYSTANDER_PID}" >other/journal.json
chmod 000 journal/journal.json log/stdout.log pid/pid progress/progress.json
chmod 000 closed
chmod 444 list
chmod 111 search
mkdir 2026-01-01_00-00-00__run
echo '{"last_run_completed": true}' \
    >2026-01-01_00-00-00__run/enchanted_terrain.weave_journal.json
chmod 000 2026-01-01_00-00-00__run/*
