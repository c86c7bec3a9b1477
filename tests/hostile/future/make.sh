#!/bin/sh
job() {
	mkdir "$1"
	echo "$2" >"$1/journal.json"
}
job ended '{"started": "2099-01-01T00:00:00Z", "exit_code": 0,
	"finished": "2099-01-01T00:00:05Z"}'
job backwards '{"started": "2099-01-01T00:00:00Z", "exit_code": 0,
	"finished": "1999-01-01T00:00:05Z"}'
job last '{"started": "9999-12-31T23:59:59.999999Z", "exit_code": 0,
	"finished": "9999-12-31T23:59:60Z"}'
job first '{"started": "0000-01-01T00:00:00Z", "exit_code": 0,
	"finished": "1969-12-31T23:59:59Z"}'
job live "{\"started\": \"2099-01-01T00:00:00Z\", \"pid\": $BYSTANDER_PID}"
job 20990101T000000Z__stamp '{"exit_code": 0}'
job 99999999T999999Z__no-time '{"exit_code": 0}'
mkdir 2099-01-01_00-00-00__run
echo '{"last_run_started_at": "2099-01-01T00:00:00", "last_run_completed": true}' \
    >2099-01-01_00-00-00__run/enchanted_terrain.weave_journal.json
echo words >ended/stdout.log
touch -t 209901010000 ended/* ended live/journal.json live \
    2099-01-01_00-00-00__run/*
