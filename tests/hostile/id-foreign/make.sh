#!/bin/sh
job() {
	mkdir "$1"
	echo "{\"exit_code\": 0, \"finished\": \"2026-01-01T00:00:01Z\", $2}" \
	    >"$1/journal.json"
}
job ended '"id": "good-ended"'
job live '"id": "good-live", "name": "good-live"'
job path '"id": "../../outside/job", "name": "../../outside/job"'
job empty '"id": "", "name": ""'
job last '"id": "@last", "name": "@last", "from_run": true'
