#!/bin/sh
end='{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}'
mkdir -p journal/journal.json live/journal.json pid/pid log/stdout.log \
    log/stderr.log cancel/cancel progress/progress.json \
    weave/enchanted_terrain.weave_journal.json weave/.weave.pid \
    weave/.weave.log
echo "$BYSTANDER_PID" >live/pid
echo '{}' >pid/journal.json
echo "$end" >log/journal.json
echo "$end" >progress/journal.json
echo "{\"pid\": $BYSTANDER_PID}" >cancel/journal.json
