#!/bin/sh
for name in 'a\342\200\256b' 'a\342\200\250b' 'a\342\201\246b'; do
	# shellcheck disable=SC2059
	name=$(printf "$name")
	mkdir "$name"
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >"$name/journal.json"
done
