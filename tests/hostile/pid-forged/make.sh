#!/bin/sh
start=$(sed 's/.*) //' "/proc/$BYSTANDER_PID/stat" | cut -d ' ' -f 20)
place="\"boot_id\": \"$(cat /proc/sys/kernel/random/boot_id)\",
	\"pid_namespace\": $(readlink /proc/self/ns/pid | tr -cd 0-9)"
command="\"pid\": $BYSTANDER_PID, \"start_time\": $start"
supervisor="\"supervisor\": {\"pid\": $BYSTANDER_PID, \"start_time\": $start}"
nobody='"pid": 2147483647, "start_time": 5'
job() {
	mkdir "$1"
	echo "{\"jobdir\": 1, $place, $2}" >"$1/journal.json"
	echo "$BYSTANDER_PID" >"$1/pid"
}
job command "$command"
job orphan "$command, \"supervisor\": {\"pid\": 2147483647, \"start_time\": 5}"
job supervisor "$nobody, $supervisor"
job both "$command, $supervisor"
job ended "$command, $supervisor, \"exit_code\": 0"
