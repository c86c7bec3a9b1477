#!/bin/sh
# TEXT is a format of printf for what stands behind the end record.
job() {
	mkdir "$1"
	{
		printf '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z", '
		# shellcheck disable=SC2059
		printf "$2"
		printf '}\n'
	} >"$1/journal.json"
}
job high '"name": "\\ud800"'
job low '"name": "\\udc00\\ud800"'
job surrogate '"name": "\355\240\200"'
job nul-key '"a\\u0000b": 1'
job nul-value '"command": "make\\u0000rm", "cwd": "/tmp\\u0000/x"'
job raw-nul '"name": "a\000b"'
job control '"name": "a\033[31mb"'
job latin1 '"name": "\344"'
job overlong '"name": "\300\257"'
job escape '"name": "\\u001b[31m\\u009b\\n\\r", "phase": "\\u001b]0;x\\u0007"'
job bidi '"name": "a\\u202eb"'
job long "\"name\": \"$(printf '%100000s' x)\", \"phase\": \"$(printf '%100000s' y)\""
job result "\"result\": [\"$(printf '%100000s' z)\"]"
