#!/bin/sh
# A run under way whose pid file holds TEXT.
run() {
	mkdir "$1"
	echo '{"last_run_completed": false, "phase": "before_reconcile"}' \
	    >"$1/enchanted_terrain.weave_journal.json"
	printf '%s' "$2" >"$1/.weave.pid"
}
run garbage "garbage"
run empty ""
run zero "0"
run one "1"
run minus "-1"
run wrapped "$((BYSTANDER_PID + 4294967296))"
run fifo x
rm fifo/.weave.pid
mkfifo fifo/.weave.pid
run link x
ln -sf "$OUTSIDE/job/pid" link/.weave.pid
run directory x
rm directory/.weave.pid
mkdir directory/.weave.pid
run none 2147483647
run live "$BYSTANDER_PID"
mkdir lone
printf '%s' "$BYSTANDER_PID" >lone/.weave.pid
