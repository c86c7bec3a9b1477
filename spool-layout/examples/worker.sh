#!/bin/sh
# A worker that jobdir did not start, and that is a job all the same.
# usage: worker.sh ROOT NAME STEPS [FAIL_AT]
#
# NAME	letters, digits, '.', '_' and '-', not '.' first
# STEPS	how many steps it works
# FAIL_AT	the step that fails
#
# A step takes a second; with STEP_ON_INPUT=1 in the environment it takes until
# a line comes on standard input.
set -eu
umask 077
export LC_ALL=C

refuse() {
	echo "worker.sh: $1" >&2
	exit 2
}

[ $# -ge 3 ] || refuse 'usage: worker.sh ROOT NAME STEPS [FAIL_AT]'
root=$1 name=$2 steps=$3 fail_at=${4:-0}
case $name in
'' | .* | *[!A-Za-z0-9._-]*) refuse "bad NAME: $name" ;;
esac
case $steps:$fail_at in
*[!0-9:]* | :* | 0[0-9]*) refuse 'STEPS and FAIL_AT are numbers' ;;
esac

now() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

# A text inside a JSON string.  What is not printable ASCII becomes '?', because
# one byte that is not UTF-8 would make the whole record unreadable.
json_text() {
	printf '%s' "$1" | tr -c ' -~' '[?*]' | sed 's/["\\]/\\&/g'
}

# Replace the record by what never changes and the members given.  Never write
# journal.json in place: who reads meanwhile must see the old record or the new.
record() {
	{
		printf '{\n"name": "%s",\n"pid": %s,\n' "$name" $$
		printf '"command": "%s",\n' "$(json_text "$command")"
		printf '"started": "%s"' "$started"
		[ $# -eq 0 ] || printf ',\n%s' "$@"
		printf '\n}\n'
	} >"$dir/.journal.json"
	sync "$dir/.journal.json"
	mv -f "$dir/.journal.json" "$dir/journal.json"
}

# The members that say how far it is: phase, steps done, words.
state() {
	phase="\"phase\": \"$1\""
	progress="\"progress\": {\"current\": $2, \"total\": $steps,"
	progress="$progress \"unit\": \"steps\", \"message\": \"$3\"}"
}

# End with an error, in words, and an exit code.
fail() {
	echo "$1"
	record "$phase" "$progress" "\"error\": \"$(json_text "$1")\"" \
	    "\"finished\": \"$(now)\"" "\"exit_code\": $2"
	exit "$2"
}

# Built under a hidden name, so that nobody sees half a job; mkdir lets one
# worker at a time build it.  Without the test, mv would move it *into* a job
# that has the name already.
dirname=$(date -u +%Y%m%dT%H%M%SZ)__$name
command="$0 $*" started=$(now)
dir=$root/.$dirname
mkdir -p "$root"
mkdir "$dir"
if [ -e "$root/$dirname" ]; then
	rmdir "$dir"
	refuse "$root/$dirname is there already"
fi
# The logs stay open: with them jobdir can prove whose process this is.
exec >"$dir/stdout.log" 2>"$dir/stderr.log"
record
mv "$dir" "$root/$dirname"
dir=$root/$dirname

state start 0 'nothing done yet'
step=1
while [ "$step" -le "$steps" ]; do
	# The directory is new: a `cancel` in it is never from before the start.
	[ ! -e "$dir/cancel" ] || fail 'stopped on request' 130
	state "step $step" $((step - 1)) "working on step $step"
	record "$phase" "$progress"
	if [ "${STEP_ON_INPUT:-}" = 1 ]; then
		read -r _ || :
	else
		sleep 1
	fi
	[ "$step" -ne "$fail_at" ] || fail "step $step failed" 1
	echo "step $step of $steps done"
	step=$((step + 1))
done
state end "$steps" 'all done'
record "$phase" "$progress" "\"result\": {\"steps\": $steps}" \
    "\"finished\": \"$(now)\"" '"exit_code": 0'
