#!/bin/sh
for job in link fifo sparse garbage list empty types numbers; do
	mkdir $job
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >$job/journal.json
done
ln -s "$OUTSIDE/job/progress.json" link/progress.json
mkfifo fifo/progress.json
dd if=/dev/null of=sparse/progress.json bs=1048576 seek=100
echo garbage >garbage/progress.json
echo '[1, 2]' >list/progress.json
: >empty/progress.json
echo '{"phase": 5, "current": "1", "total": [], "unit": 3, "message": {}}' \
    >types/progress.json
echo '{"current": 1e308, "total": 99999999999999999999, "message": "\u0000x"}' \
    >numbers/progress.json
