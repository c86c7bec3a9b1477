/*
 * record_workflow.c: a record in the shape of an older workflow server
 *
 * Invariant: the members that its clients expect to be null are null where they
 * do not apply; all others are absent.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A string or null. */
static void
set_or_null(json_t *object, const char *key, const char *value)
{
	if (value)
		json_set_string(object, key, value);
	else
		json_object_set_new(object, key, json_null());
}

/* The path of `file`, null if there is none. */
static void
set_path(json_t *object, const char *key, const struct ops *ops,
    const struct record *record, const char *file)
{
	cleanup_free char *below = xasprintf("%s/%s", record->job.name, file);
	cleanup_free char *path = NULL;
	struct stat st;

	if (fstatat(ops->spool->fd, below, &st, AT_SYMLINK_NOFOLLOW) == 0)
		path = spool_path_of(ops->spool, below);
	set_or_null(object, key, path);
}

static void
set_time_or_null(json_t *object, const char *key, usec_t when)
{
	if (when >= 0)
		json_set_time(object, key, when);
	else
		json_object_set_new(object, key, json_null());
}

static const char *
mode_of(const struct record *record)
{
	if (record->dialect->mode)
		return record->dialect->mode(record->job.journal);
	return record->foreign || record->journal.adopted ? "external"
							  : "command";
}

/* What only runs of that dialect have. */
static void
set_weave(json_t *object, const struct record *record)
{
	const struct journal *j = &record->journal;

	set_or_null(object, "last_run_started_at", j->weave_started);
	json_object_set_new(object, "last_run_completed",
	    j->weave_completed < 0 ? json_null()
				   : json_boolean(j->weave_completed));
	set_or_null(object, "last_run_failed_at", j->weave_failed);
	set_or_null(object, "last_run_error", j->weave_error);
}

static void
set_tag(json_t *object, const struct record *record)
{
	struct buf tag = BUF_INIT;

	if (!record->dialect->tag)
		return;
	record->dialect->tag(&tag, record->job.name);
	json_set_string(object, "nexus_tag", buf_str(&tag));
	buf_release(&tag);
}

json_t *
record_json_workflow(const struct ops *ops, const struct record *record)
{
	const struct journal *j = &record->journal;
	bool weave = record->dialect->tag != NULL;
	json_t *object = json_object();

	json_set_string(object, "job_id", record->job.id);
	json_set_string(object, "kind", record->dialect->kind);
	json_set_string(object, "mode", mode_of(record));
	record_json_status_word(object, record);
	json_object_set_new(object, "detached", json_true());
	if (record->verdict.status == STATUS_RUNNING && j->command_id.pid)
		json_object_set_new(object, "pid",
		    json_integer(j->command_id.pid));
	set_tag(object, record);
	set_path(object, "journal", ops, record, record->job.journal);
	set_path(object, "log_file", ops, record, record->dialect->out_log);
	json_set_time(object, "started_at", record->started);
	if (!weave)
		set_time_or_null(object, "finished_at", record->finished);
	set_or_null(object, "phase", j->phase);
	if (!weave)
		record_json_progress(object, record);
	if (j->entries >= 0)
		json_object_set_new(object, "entries_completed",
		    json_integer(j->entries));
	record_json_ending(object, record);
	if (weave)
		set_weave(object, record);
	record_json_request(object, record);
	if (record->journal_error[0])
		json_set_string(object, "journal_error", record->journal_error);
	set_or_null(object, "error", j->error);
	if (!weave)
		record_json_result(object, record);
	if (!weave && !json_object_get(object, "result"))
		json_object_set_new(object, "result", json_null());
	return object;
}
