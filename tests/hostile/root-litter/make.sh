#!/bin/sh
echo '{"exit_code": 0}' >journal.json
mkfifo pid stdout.log
ln -s "$OUTSIDE/secret.txt" secret
ln -s "$OUTSIDE" outside
mkdir job
echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' >job/journal.json
mkfifo job/.stdin job/.journal.json job/fifo
ln -s "$OUTSIDE" job/outside
ln -s "$OUTSIDE/secret.txt" job/.end
i=0
while [ $i -lt 300 ]; do
	: >"file$i"
	: >"job/file$i"
	i=$((i + 1))
done
