#!/bin/sh
# A record that names pid VALUE and nothing else.
job() {
	mkdir "$1"
	printf '{"name": "x", "pid": %s}\n' "$2" >"$1/journal.json"
}
job pid-00 '-1'
job pid-01 '0'
job pid-02 '1'
job pid-03 '-2147483648'
job pid-04 '2147483648'
job pid-05 '4294967297'
job pid-06 '1099511627776'
job pid-07 '9223372036854775807'
job pid-08 '1e20'
job pid-09 '"2"'
job pid-10 'true'
job pid-11 'null'
job pid-12 '[2]'
job pid-13 '{}'
job none 2147483647
# 2^32 more than a living process.
job wrapped $((BYSTANDER_PID + 4294967296))
job negative "-$BYSTANDER_PID"
mkdir supervisor
printf '{"pid": 1, "start_time": 1, "supervisor": {"pid": 1, "start_time": 1}}' \
    >supervisor/journal.json
