#!/bin/sh
mkdir renamed in-place in-place-pid
for job in renamed in-place in-place-pid; do
	echo "{\"pid\": $BYSTANDER_PID}" >$job/journal.json
done
echo "$BYSTANDER_PID" >in-place-pid/pid
