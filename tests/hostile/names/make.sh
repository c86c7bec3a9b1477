#!/bin/sh
# NAME is a format of printf.
job() {
	# shellcheck disable=SC2059
	name=$(printf "$1.")
	name=./${name%.}
	mkdir -- "$name"
	echo '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z"}' \
	    >"$name/journal.json"
}
job 'a\nb'
job '\033[31mred'
job '\377'
job 'a%%b'
job 'a~b'
job '~'
job '%%'
job 'tab\there'
job '\177'
job '\302\233m'
job '\303\244\303'
job ' '
job 'a'\''b"c\\d*'
job '\300\257'
job '\355\240\200'
