#!/bin/sh
for job in file record old-file old-record link weave weave-old; do
	mkdir $job
done
echo '{}' >file/journal.json
echo "$BYSTANDER_PID" >file/pid
echo "{\"pid\": $BYSTANDER_PID}" >record/journal.json
echo '{}' >old-file/journal.json
echo "$BYSTANDER_PID" >old-file/pid
echo "{\"pid\": $BYSTANDER_PID}" >old-record/journal.json
touch -t 202601010000 old-file/* old-record/*
echo "{\"pid\": $BYSTANDER_PID}" >link/journal.json
ln -s "$OUTSIDE/signals" link/stdout.log
ln -s "$OUTSIDE" link/directory
echo '{"last_run_completed": false, "phase": "before_reconcile"}' \
    >weave/enchanted_terrain.weave_journal.json
cp weave/*.weave_journal.json weave-old
printf '%s' "$BYSTANDER_PID" >weave/.weave.pid
printf '%s' "$BYSTANDER_PID" >weave-old/.weave.pid
touch -t 202601010000 weave-old/.weave.pid
