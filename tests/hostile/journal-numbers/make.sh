#!/bin/sh
# A record whose end is KEY with VALUE.
job() {
	mkdir "$1"
	printf '{"finished": "2026-01-01T00:00:01Z", "%s": %s}\n' "$2" "$3" \
	    >"$1/journal.json"
}
job beyond exit_code 18446744073709551616
job far exit_code 99999999999999999999999999
job negative exit_code -1
job code exit_code 256
job real exit_code 1e300
job int64 exit_code -9223372036854775808
job overflow exit_code 1e999
job underflow duration_seconds -1e308
job minus exit_code -0
job sizes stdout '{"bytes": -1}'
job huge stdout '{"bytes": 1e18, "dropped": {"offset": 9e18, "bytes": 9e18}}'
job duration duration_seconds 1e308
job timeout timeout_seconds 1e308
job progress progress '{"current": 1e308, "total": -9223372036854775808}'
job rss rusage '{"user_seconds": 1e308, "max_rss_bytes": 1e20}'
