#!/bin/sh
deep() {
	mkdir "$1"
	{
		printf '{"exit_code": 0, "result": '
		head -c "$2" /dev/zero | sed "s/\\x00/$3/g"
		printf 1
		head -c "$2" /dev/zero | sed "s/\\x00/$4/g"
		printf '}'
	} >"$1/journal.json"
}
deep lists 100000 '[' ']'
deep objects 100000 '{"a":' '}'
deep unclosed 100000 '[' ''
mkdir progress
deep inside 100000 '[' ']'
mv inside/journal.json progress/progress.json
rmdir inside
echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
    >progress/journal.json
