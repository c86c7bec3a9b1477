/*
 * journal_keys.h: the keys of journal.json, spelled once (for journal*.c)
 *
 * Their meaning: spool-layout/README.md and spool-layout/journal.schema.json.
 */
#ifndef SPOOL_JOURNAL_KEYS_H
#define SPOOL_JOURNAL_KEYS_H

#define KEY_SCHEMA "jobdir"
#define KEY_ID "id"
#define KEY_NAME "name"
#define KEY_COMMAND "command"
#define KEY_ARGV "argv"
#define KEY_CWD "cwd"
#define KEY_ENV_NAMES "env_names"
#define KEY_KEY "idempotency_key"
#define KEY_STARTED_BY "started_by"
#define KEY_FROM_RUN "from_run"
#define KEY_HOST "host"
#define KEY_INTERACTIVE "interactive"
#define KEY_MERGE_OUTPUT "merge_output"
#define KEY_TIMEOUT "timeout_seconds"
#define KEY_MAX_LOG "max_log_bytes"
#define KEY_CREATED "created"
#define KEY_STARTED "started"
#define KEY_BOOT_ID "boot_id"
#define KEY_PID_NAMESPACE "pid_namespace"
#define KEY_SUPERVISOR "supervisor"
#define KEY_PID "pid"
#define KEY_START_TIME "start_time"
#define KEY_PHASE "phase"
#define KEY_ERROR "error"
#define KEY_PROGRESS "progress"
#define KEY_RESULT "result"
#define KEY_FINISHED "finished"
#define KEY_DURATION "duration_seconds"
#define KEY_EXIT_CODE "exit_code"
#define KEY_SIGNAL "signal"
#define KEY_REASON "reason"
#define KEY_CANCEL "cancel"
#define KEY_AT "at"
#define KEY_BY "by"
#define KEY_RUSAGE "rusage"
#define KEY_USER "user_seconds"
#define KEY_SYSTEM "system_seconds"
#define KEY_MAX_RSS "max_rss_bytes"
#define KEY_STDOUT "stdout"
#define KEY_STDERR "stderr"
#define KEY_BYTES "bytes"
#define KEY_DROPPED "dropped"
#define KEY_OFFSET "offset"
#define KEY_TRUNCATED "truncated_by_job"

#endif
