#!/bin/sh
mkdir many
i=0
while [ $i -lt 2000 ]; do
	echo '{"last_run_completed": true}' >many/run$i.weave_journal.json
	i=$((i + 1))
done
