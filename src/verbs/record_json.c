/*
 * record_json.c: a record as the members of the tools' output schemas
 *
 * Invariant: members that do not apply are absent; a name means the same in
 * every object.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "truth/evidence.h"

#define ELLIPSIS "\xe2\x80\xa6"

enum { RESULT_MAX = 8192 };

/* Beyond this a time says nothing. */
#define SECONDS_MAX 1e15

void
json_set_string(json_t *object, const char *key, const char *value)
{
	struct buf text = BUF_INIT;
	bool lossy = false;

	if (!value)
		return;
	text_add_utf8(&text, value, strlen(value), &lossy);
	json_object_set_new_nocheck(object, key,
	    json_stringn_nocheck(buf_str(&text), text.len));
	buf_release(&text);
}

void
json_set_time(json_t *object, const char *key, usec_t when)
{
	char text[TIME_TEXT_MAX];

	if (when < 0)
		return;
	time_format(when, text);
	json_object_set_new_nocheck(object, key, json_string_nocheck(text));
}

void
json_set_seconds(json_t *object, const char *key, double seconds)
{
	/* Milliseconds are enough for people, and print short. */
	if (seconds >= 0 && seconds < SECONDS_MAX)
		json_object_set_new(object, key,
		    json_real((double)(int64_t)(seconds * 1000 + 0.5) / 1000));
}

void
json_set_command(json_t *object, const char *command, size_t characters,
    size_t bytes)
{
	struct buf text = BUF_INIT;
	size_t at = 0, count = 0, n;
	bool lossy = false;

	text_add_utf8(&text, command, strlen(command), &lossy);
	while (at < text.len && count < characters) {
		n = text_utf8_length(text.data + at, text.len - at);
		if (at + n > bytes)
			break;
		at += n;
		count++;
	}
	if (at < text.len) {
		buf_cut(&text, at);
		buf_addstr(&text, ELLIPSIS);
	}
	json_object_set_new(object, "command",
	    json_stringn(buf_str(&text), text.len));
	buf_release(&text);
}

static void
set_number(json_t *object, const char *key, int64_t number)
{
	json_object_set_new(object, key, json_integer(number));
}

static void
set_status(json_t *object, const struct record *record)
{
	json_set_string(object, "status", status_word(record->verdict.status));
}

static void
set_reason(json_t *object, const struct record *record)
{
	enum reason reason = record->verdict.reason;

	/* Of a completed job it would say nothing. */
	if (reason != REASON_NONE && record->verdict.status != STATUS_COMPLETED)
		json_set_string(object, "reason", reason_word(reason));
}

void
record_json_status_word(json_t *object, const struct record *record)
{
	set_status(object, record);
	set_reason(object, record);
}

void
record_json_ending(json_t *object, const struct record *record)
{
	const struct journal *j = &record->journal;
	char name[16];

	if (!j->ended)
		return;
	if (j->exit_code >= 0)
		set_number(object, "exit_code", j->exit_code);
	if (j->signal)
		json_set_string(object, "signal", signal_name(j->signal, name));
}

/* "progress" with those members that are of the right type. */
void
record_json_progress(json_t *object, const struct record *record)
{
	const struct journal *j = &record->journal;
	static const char *const numbers[] = { "current", "total" };
	static const char *const strings[] = { "unit", "message" };
	json_t *progress, *value;
	size_t i;

	if (!j->progress)
		return;
	progress = json_object();
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		value = json_object_get(j->progress, numbers[i]);
		if (json_is_number(value))
			json_object_set(progress, numbers[i], value);
	}
	for (i = 0; i < ARRAY_LEN(strings); i++) {
		value = json_object_get(j->progress, strings[i]);
		if (json_is_string(value))
			json_object_set(progress, strings[i], value);
	}
	if (json_object_size(progress) > 0)
		json_object_set(object, "progress", progress);
	json_decref(progress);
}

static void
set_journal_error(json_t *object, const struct record *record)
{
	if (record->journal_error[0])
		json_set_string(object, "journal_error", record->journal_error);
}

static void
set_started_by(json_t *object, const struct journal *j)
{
	json_set_string(object, "started_by",
	    j->started_by ? j->started_by : "external");
}

json_t *
record_json_listed(const struct record *record, size_t command_characters)
{
	const struct journal *j = &record->journal;
	json_t *object = json_object();

	json_set_string(object, "job_id", record->job.id);
	set_status(object, record);
	json_set_command(object, j->command ? j->command : "",
	    command_characters, OPS_COMMAND_SHOWN);
	json_set_time(object, "started", record->started);
	set_reason(object, record);
	json_set_string(object, "name", j->name);
	record_json_ending(object, record);
	json_set_time(object, "finished", record->finished);
	json_set_seconds(object, "duration_seconds", record->duration);
	json_set_string(object, "cwd", j->cwd);
	json_set_string(object, "phase", j->phase);
	record_json_progress(object, record);
	set_started_by(object, j);
	set_journal_error(object, record);
	return object;
}

static void
set_dir(json_t *object, const struct ops *ops, const struct record *record)
{
	cleanup_free char *path = spool_path_of(ops->spool, record->job.name);

	json_set_string(object, "dir", path);
}

json_t *
record_json_started(const struct ops *ops, const struct record *record)
{
	const struct journal *j = &record->journal;
	json_t *object = json_object();

	json_set_string(object, "job_id", record->job.id);
	record_json_status_word(object, record);
	if (j->command_id.pid)
		set_number(object, "pid", j->command_id.pid);
	json_set_time(object, "started", record->started);
	json_set_time(object, "finished", record->finished);
	json_set_seconds(object, "duration_seconds", record->duration);
	record_json_ending(object, record);
	json_set_string(object, "name", j->name);
	json_set_command(object, j->command ? j->command : "", SIZE_MAX,
	    OPS_COMMAND_SHOWN);
	json_set_string(object, "cwd", j->cwd ? j->cwd : "");
	set_dir(object, ops, record);
	return object;
}

json_t *
record_json_done(const struct record *record)
{
	json_t *object = json_object();

	json_set_string(object, "job_id", record->job.id);
	json_set_string(object, "name", record->journal.name);
	record_json_status_word(object, record);
	record_json_ending(object, record);
	json_set_time(object, "finished", record->finished);
	json_set_seconds(object, "duration_seconds", record->duration);
	return object;
}

void
record_json_request(json_t *object, const struct record *record)
{
	bool stopped = record->verdict.rule == RULE_STOPPED;
	const struct journal *j = &record->journal;
	char name[16];
	json_t *request;

	if (!record->cancel_requested && !stopped &&
	    !(j->ended && j->cancelled))
		return;
	request = json_object();
	if (j->ended && j->cancelled) {
		json_set_time(request, "at", j->cancel_at);
		json_set_string(request, "by", j->cancel_by);
		if (j->cancel_signal)
			json_set_string(request, "signal",
			    signal_name(j->cancel_signal, name));
	} else {
		json_set_time(request, "at", record->cancel.at);
		if (record->cancel.by[0])
			json_set_string(request, "by", record->cancel.by);
		json_set_string(request, "signal",
		    signal_name(record->cancel.signal, name));
	}
	json_object_set_new(object, "cancel_requested", request);
}

static void
set_usage(json_t *object, const struct journal *j)
{
	json_t *usage;

	if (!j->has_usage)
		return;
	usage = json_object();
	json_set_seconds(usage, "user_seconds", j->user_seconds);
	json_set_seconds(usage, "system_seconds", j->system_seconds);
	set_number(usage, "max_rss_bytes", j->max_rss_bytes);
	json_object_set_new(object, "rusage", usage);
}

static void
set_logs(json_t *object, const struct record *record)
{
	usec_t grown = record->out.grown > record->err.grown
	    ? record->out.grown
	    : record->err.grown;

	set_number(object, "stdout_size", record->out.size);
	set_number(object, "stderr_size", record->err.size);
	json_set_time(object, "last_output", grown);
}

static void
set_hint(json_t *object, const struct record *record)
{
	int64_t truncated = record->out.truncated + record->err.truncated;
	struct buf hint = BUF_INIT;

	if (record->leftover > 0)
		buf_addf(&hint,
		    "%d process%s left behind by the command "
		    "(started with a trailing & or detached) still live%s; "
		    "kill_job ends %s",
		    record->leftover, record->leftover == 1 ? "" : "es",
		    record->leftover == 1 ? "s" : "",
		    record->leftover == 1 ? "it" : "them");
	if (truncated > 0)
		buf_addf(&hint,
		    "%sthe job truncated its own log %lld time%s "
		    "(e.g. by > /dev/stderr; use >&2), earlier output is gone",
		    hint.len ? "; " : "", (long long)truncated,
		    truncated == 1 ? "" : "s");
	if (record->verdict.orphaned)
		buf_addf(&hint,
		    "%sits supervisor was killed: kill_job and "
		    "interact_with_job start a new one",
		    hint.len ? "; " : "");
	if (hint.len)
		json_set_string(object, "hint", buf_str(&hint));
	buf_release(&hint);
}

/* What a worker left as its result, unless it is huge. */
void
record_json_result(json_t *object, const struct record *record)
{
	const struct journal *j = &record->journal;
	size_t size;

	if (!j->result)
		return;
	size = json_dumpb(j->result, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	if (size <= RESULT_MAX)
		json_object_set(object, "result", j->result);
	else
		json_object_set_new(object, "result",
		    json_pack("{s:I}", "omitted_bytes", (json_int_t)size));
}

/* Why it failed, in words, where the record itself does not say. */
static void
set_error(json_t *object, const struct record *record)
{
	char text[OUTCOME_MAX];

	if (record->journal.error) {
		json_set_string(object, "error", record->journal.error);
	} else if (record->verdict.reason == REASON_TIMEOUT) {
		evidence_outcome(record, text);
		json_set_string(object, "error", text);
	}
}

json_t *
record_json_status(const struct ops *ops, const struct record *record)
{
	const struct journal *j = &record->journal;
	json_t *object = json_object();
	bool running = record->verdict.status == STATUS_RUNNING;
	char evidence[EVIDENCE_MAX];

	json_set_string(object, "job_id", record->job.id);
	record_json_status_word(object, record);
	record_json_ending(object, record);
	json_set_string(object, "name", j->name);
	json_set_command(object, j->command ? j->command : "", SIZE_MAX,
	    OPS_COMMAND_SHOWN);
	json_set_string(object, "cwd", j->cwd);
	set_dir(object, ops, record);
	json_set_time(object, "created", j->created);
	json_set_time(object, "started", record->started);
	json_set_time(object, "finished", record->finished);
	json_set_seconds(object, "duration_seconds", record->duration);
	if (running && j->command_id.pid)
		set_number(object, "pid", j->command_id.pid);
	if (record->leftover > 0)
		set_number(object, "leftover", record->leftover);
	record_json_request(object, record);
	if (j->timeout_usec >= 0)
		set_number(object, "timeout_seconds",
		    (j->timeout_usec + USEC_PER_SEC - 1) / USEC_PER_SEC);
	if (j->interactive)
		json_object_set_new(object, "interactive", json_true());
	json_set_string(object, "phase", j->phase);
	record_json_progress(object, record);
	set_error(object, record);
	set_logs(object, record);
	set_usage(object, j);
	set_started_by(object, j);
	set_journal_error(object, record);
	evidence_write(record, evidence);
	json_set_string(object, "evidence", evidence);
	if (record->verdict.orphaned)
		json_object_set_new(object, "orphaned", json_true());
	set_hint(object, record);
	record_json_result(object, record);
	return object;
}
