#!/bin/sh
end='"exit_code": 0, "finished": "2026-01-01T00:00:01Z"'
job() {
	mkdir "$1"
	echo "{$end${2:+, $2}}" >"$1/journal.json"
}
job link
ln -s "$OUTSIDE/secret.txt" link/stdout.log
ln -s /dev/zero link/stderr.log
job fifo
mkfifo fifo/stdout.log fifo/stderr.log
job named "\"log_file\": \"$OUTSIDE/secret.txt\""
job relative '"adopted": true, "log_file": "../../outside/secret.txt"'
job zero '"adopted": true, "log_file": "/dev/zero"'
mkfifo "$OUTSIDE/fifo"
job pipe "\"adopted\": true, \"log_file\": \"$OUTSIDE/fifo\""
ln -s secret.txt "$OUTSIDE/link"
job by-link "\"adopted\": true, \"log_file\": \"$OUTSIDE/link\""
job directory '"adopted": true, "log_file": "/etc"'
