#!/bin/sh
for job in dangling loop zero outside inside live; do
	mkdir $job
done
ln -s nowhere dangling/journal.json
ln -s journal.json loop/journal.json
ln -s /dev/zero zero/journal.json
ln -s "$OUTSIDE/job/journal.json" outside/journal.json
ln -s ../20260101T000000Z__good-ended/journal.json inside/journal.json
ln -s "$OUTSIDE/job/journal.json" live/journal.json
echo "$BYSTANDER_PID" >live/pid
