#!/bin/sh
for job in string number end brace live; do
	mkdir $job
done
printf '{"name": "tor' >string/journal.json
printf '{"exit_code": 0, "pid": 12' >number/journal.json
printf '{"finished": "2026-01-01T00:00:01Z", "exit_code": 0,' >end/journal.json
printf '{"finished": "2026-01-01T00:00:01Z", "exit_code": 0\n' >brace/journal.json
cp end/journal.json live/journal.json
printf '%s' "$BYSTANDER_PID" >live/pid
