#!/bin/sh
job() {
	mkdir "$1"
	printf '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z", %s}\n' "$2" \
	    >"$1/journal.json"
	echo words >"$1/stdout.log"
}
job claims '"stdout": {"bytes": 9223372036854775807}'
job drops '"stdout": {"bytes": 9223372036854775807,
	"dropped": {"offset": 3, "bytes": 9223372036854775801}}'
job beyond '"stdout": {"bytes": 6, "dropped": {"offset": 1000000, "bytes": 9}}'
job negative '"stdout": {"bytes": -6, "dropped": {"offset": -1, "bytes": -9}}'
job overlap '"stdout": {"bytes": 9223372036854775807,
	"dropped": {"offset": 9223372036854775807, "bytes": 9223372036854775807}}'
job sparse '"name": "sparse"'
dd if=/dev/null of=sparse/stdout.log bs=1048576 seek=65536
job line '"name": "line"'
head -c 67108864 /dev/zero | tr '\000' a >line/stdout.log
