#!/bin/sh
# KEY with VALUE in a record that is all right otherwise.
job() {
	mkdir "$1"
	printf '{"exit_code": 0, "finished": "2026-01-01T00:00:01Z", "%s": %s}\n' \
	    "$1" "$2" >"$1/journal.json"
}
job jobdir '"1"'
job id '[1]'
job name '{}'
job command '7'
job argv '"make"'
job cwd 'false'
job env_names '[1]'
job idempotency_key '[]'
job interactive '"yes"'
job merge_output '1'
job timeout_seconds '"5"'
job max_log_bytes '"5"'
job started_by '[]'
job from_run '1'
job host '{}'
job created '5'
job started '"yesterday"'
job boot_id '5'
job pid_namespace '"5"'
job supervisor '[1]'
job pid '"2"'
job start_time '"5"'
job phase '{}'
job progress '0.5'
job error '{}'
job duration_seconds '"1"'
job signal '9'
job reason '[]'
job cancel '"yes"'
job rusage '[]'
job stdout '"words"'
job stderr '[]'
job adopted '"yes"'
job log_file '[]'
mkdir exit_code finished all
echo '{"exit_code": "0", "finished": "2026-01-01T00:00:01Z"}' \
    >exit_code/journal.json
echo '{"exit_code": 0, "finished": 5}' >finished/journal.json
echo '{"exit_code": "0", "finished": true, "pid": [], "name": 1}' \
    >all/journal.json
