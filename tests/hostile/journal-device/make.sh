#!/bin/sh
for job in zero full tty block; do
	mkdir $job
done
mknod zero/journal.json c 1 5
mknod full/journal.json c 1 7
mknod tty/journal.json c 5 0
mknod block/journal.json b 7 200
for job in log progress; do
	mkdir $job
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >$job/journal.json
done
mknod log/stdout.log c 1 5
mknod log/stderr.log c 1 8
mknod progress/progress.json c 1 5
mkdir pid cancel
mknod pid/pid c 1 5
echo '{}' >pid/journal.json
mknod cancel/cancel c 1 5
echo "{\"pid\": $BYSTANDER_PID}" >cancel/journal.json
