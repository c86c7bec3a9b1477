#!/bin/sh
for run in link fifo log names; do
	mkdir $run
done
ln -s "$OUTSIDE/job/run.weave_journal.json" \
    link/enchanted_terrain.weave_journal.json
mkfifo fifo/enchanted_terrain.weave_journal.json
echo '{"last_run_completed": true}' >log/enchanted_terrain.weave_journal.json
ln -s "$OUTSIDE/secret.txt" log/.weave.log
newline='a
b'
for stem in "$newline" 'a%b' '~' .hidden "$(printf '\033[31m')"; do
	echo '{"last_run_completed": true}' >"names/$stem.weave_journal.json"
done
