#!/bin/sh
job() {
	mkdir "$1"
	echo "$2" >"$1/journal.json"
}
job code '{"exit_code": 1, "exit_code": 0, "name": "a", "name": "b"}'
job back '{"exit_code": 0, "exit_code": 7}'
job null '{"exit_code": 0, "exit_code": 7, "error": "x", "error": null}'
job pid "{\"pid\": $BYSTANDER_PID, \"pid\": 1, \"name\": \"x\"}"
