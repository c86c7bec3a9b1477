/*
 * journal.c: reading a record
 *
 * Invariant: whatever the text, the struct is complete and every pointer in it
 * belongs to `doc` or `lists`; a key that is not as it should be is left out
 * and told once in `complaint`.
 */
#include "base/compat.h"
#include "spool/journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spool/journal_fields.h"
#include "spool/journal_keys.h"

void
journal_init(struct journal *journal)
{
	memset(journal, 0, sizeof(*journal));
	journal->timeout_usec = -1;
	journal->max_log_bytes = -1;
	journal->created = journal->started = journal->finished = -1;
	journal->duration = -1;
	journal->exit_code = -1;
	journal->cancel_at = -1;
	journal->sigkill_after = -1;
	journal->weave_completed = -1;
	journal->entries = -1;
}

void
journal_release(struct journal *journal)
{
	json_decref(journal->doc);
	json_decref(journal->progress_doc);
	free(journal->lists);
	journal_init(journal);
}

static size_t
count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

void
journal_copy(struct journal *journal, const struct journal *from)
{
	size_t words = count_words(from->argv);
	size_t names = count_words(from->env_names);

	*journal = *from;
	json_incref(from->doc);
	json_incref(from->progress_doc);
	if (!from->lists)
		return;
	journal->lists = xrealloc(NULL, words + names + 2, sizeof(char *));
	memset(journal->lists, 0, (words + names + 2) * sizeof(char *));
	if (words) {
		memcpy(journal->lists, from->argv, words * sizeof(char *));
		journal->argv = journal->lists;
	}
	if (names) {
		memcpy(journal->lists + words + 1, from->env_names,
		    names * sizeof(char *));
		journal->env_names = journal->lists + words + 1;
	}
}

static void
read_process(struct field_reader *r, const char *key, struct proc_id *id)
{
	int64_t start = 0;
	struct field_reader in;
	int pid = 0;

	if (!field_enter(r, key, &in))
		return;
	field_int(&in, KEY_PID, 0, INT32_MAX, &pid);
	field_number(&in, KEY_START_TIME, 0, INT64_MAX, &start);
	id->pid = pid;
	id->start = (uint64_t)start;
}

static void
read_log(struct field_reader *r, const char *key, struct journal_log *log)
{
	struct field_reader in, dropped;

	if (!field_enter(r, key, &in))
		return;
	log->known = true;
	field_number(&in, KEY_BYTES, 0, INT64_MAX, &log->bytes);
	field_number(&in, KEY_TRUNCATED, 0, INT64_MAX, &log->truncated);
	if (!field_enter(&in, KEY_DROPPED, &dropped))
		return;
	field_number(&dropped, KEY_OFFSET, 0, INT64_MAX, &log->dropped_offset);
	field_number(&dropped, KEY_BYTES, 0, INT64_MAX, &log->dropped_bytes);
}

static void
read_end(struct field_reader *r)
{
	struct journal *j = r->journal;
	struct field_reader in;

	field_time(r, KEY_FINISHED, &j->finished);
	field_int(r, KEY_EXIT_CODE, 0, 255, &j->exit_code);
	field_signal(r, KEY_SIGNAL, &j->signal);
	field_bool(r, KEY_CORE_DUMPED, &j->core_dumped);
	field_string(r, KEY_REASON, &j->reason);
	field_number(r, KEY_OOM_KILLS, 0, INT64_MAX, &j->oom_kills);
	field_string(r, KEY_OOM_COUNTER, &j->oom_counter);
	field_real(r, KEY_SIGKILL_AFTER, &j->sigkill_after);
	field_real(r, KEY_DURATION, &j->duration);
	/* Any of them ends a run: workers may know only that they failed. */
	j->ended = j->finished >= 0 || j->exit_code >= 0 || j->signal > 0;
	if (field_enter(r, KEY_CANCEL, &in)) {
		j->cancelled = true;
		field_time(&in, KEY_AT, &j->cancel_at);
		field_string(&in, KEY_BY, &j->cancel_by);
		field_signal(&in, KEY_SIGNAL, &j->cancel_signal);
	}
	if (field_enter(r, KEY_RUSAGE, &in)) {
		j->has_usage = true;
		field_real(&in, KEY_USER, &j->user_seconds);
		field_real(&in, KEY_SYSTEM, &j->system_seconds);
		field_number(&in, KEY_MAX_RSS, 0, INT64_MAX, &j->max_rss_bytes);
	}
	read_log(r, KEY_STDOUT, &j->out);
	read_log(r, KEY_STDERR, &j->err);
}

static void
read_identity(struct field_reader *r)
{
	struct journal *j = r->journal;
	const char *boot_id = NULL;
	int64_t number = 0;

	field_string(r, KEY_BOOT_ID, &boot_id);
	if (boot_id)
		snprintf(j->place.boot_id, sizeof(j->place.boot_id), "%s",
		    boot_id);
	field_number(r, KEY_PID_NAMESPACE, 0, INT64_MAX, &number);
	j->place.pid_namespace = (uint64_t)number;
	read_process(r, KEY_SUPERVISOR, &j->supervisor);
	field_int(r, KEY_PID, 0, INT32_MAX, &j->command_id.pid);
	number = 0;
	field_number(r, KEY_START_TIME, 0, INT64_MAX, &number);
	j->command_id.start = (uint64_t)number;
}

/* Count the strings of a list; 0 if it is none. */
static size_t
list_length(struct field_reader *r, const char *key)
{
	const json_t *value = field_value(r, key);
	size_t i, count;

	if (!value)
		return 0;
	if (json_typeof(value) != JSON_ARRAY) {
		field_complain(r, key, "no list");
		return 0;
	}
	count = json_array_size(value);
	for (i = 0; i < count; i++) {
		if (json_typeof(json_array_get(value, i)) != JSON_STRING) {
			field_complain(r, key, "no list of strings");
			return 0;
		}
	}
	return count;
}

/* Fill `slots` with the strings of a list and a NULL; returns what follows. */
static const char **
fill_list(const struct field_reader *r, const char *key, size_t count,
    const char **slots, const char *const **out)
{
	const json_t *value = json_object_get(r->object, key);
	size_t i;

	if (!count)
		return slots;
	*out = slots;
	for (i = 0; i < count; i++)
		*slots++ = json_string_value(json_array_get(value, i));
	*slots++ = NULL;
	return slots;
}

static void
read_lists(struct field_reader *r)
{
	struct journal *j = r->journal;
	size_t words = list_length(r, KEY_ARGV);
	size_t names = list_length(r, KEY_ENV_NAMES);
	const char **next;

	if (words + names == 0)
		return;
	j->lists = xrealloc(NULL, words + names + 2, sizeof(char *));
	next = fill_list(r, KEY_ARGV, words, j->lists, &j->argv);
	fill_list(r, KEY_ENV_NAMES, names, next, &j->env_names);
}

/* Views take those members that are right; the others are told here. */
static void
check_progress(struct field_reader *r)
{
	const char *text;
	double number;

	field_real(r, KEY_CURRENT, &number);
	field_real(r, KEY_TOTAL, &number);
	field_string(r, KEY_UNIT, &text);
	field_string(r, KEY_MESSAGE, &text);
}

static void
read_start(struct field_reader *r)
{
	struct journal *j = r->journal;
	int64_t version = JOURNAL_SCHEMA;
	double seconds = -1;
	struct field_reader in;

	field_number(r, KEY_SCHEMA, 1, INT32_MAX, &version);
	field_string(r, KEY_ID, &j->id);
	field_string(r, KEY_NAME, &j->name);
	field_string(r, KEY_COMMAND, &j->command);
	field_string(r, KEY_CWD, &j->cwd);
	field_string(r, KEY_KEY, &j->key);
	field_string(r, KEY_STARTED_BY, &j->started_by);
	field_string(r, KEY_HOST, &j->host);
	field_bool(r, KEY_FROM_RUN, &j->from_run);
	field_bool(r, KEY_INTERACTIVE, &j->interactive);
	field_bool(r, KEY_MERGE_OUTPUT, &j->merge_output);
	field_real(r, KEY_TIMEOUT, &seconds);
	if (seconds >= 0 && seconds < 1e10)
		j->timeout_usec = (int64_t)(seconds * USEC_PER_SEC);
	field_number(r, KEY_MAX_LOG, 0, INT64_MAX, &j->max_log_bytes);
	field_time(r, KEY_CREATED, &j->created);
	field_time(r, KEY_STARTED, &j->started);
	read_lists(r);
	field_string(r, KEY_PHASE, &j->phase);
	field_string(r, KEY_ERROR, &j->error);
	if (field_enter(r, KEY_PROGRESS, &in)) {
		j->progress = field_value(r, KEY_PROGRESS);
		check_progress(&in);
	}
	j->result = field_value(r, KEY_RESULT);
	field_bool(r, KEY_ADOPTED, &j->adopted);
	field_string(r, KEY_LOG_FILE, &j->log_file);
}

json_t *
journal_load(const char *text, size_t len, struct err *err)
{
	struct buf why = BUF_INIT;
	json_error_t error;
	json_t *doc;

	if (len == 0) {
		err_set(err, ERR_INVALID, "is empty");
		return NULL;
	}
	doc = json_loadb(text, len, JSON_ALLOW_NUL, &error);
	if (!doc && json_error_code(&error) == json_error_numeric_overflow)
		doc = json_loadb(text, len,
		    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (json_is_object(doc))
		return doc;
	if (doc) {
		err_set(err, ERR_INVALID, "is no JSON object");
	} else {
		/* It quotes the text, maybe up to the middle of a character. */
		text_show(&why, error.text, 0);
		err_set(err, ERR_INVALID, "line %d: %s", error.line,
		    buf_str(&why));
		buf_release(&why);
	}
	json_decref(doc);
	return NULL;
}

int
journal_parse(struct journal *journal, const char *text, size_t len,
    struct err *err)
{
	struct field_reader r = { journal, NULL };

	journal->doc = journal_load(text, len, err);
	if (!journal->doc)
		return -1;
	r.object = journal->doc;
	read_start(&r);
	read_identity(&r);
	read_end(&r);
	return 0;
}

void
journal_forget_run(struct journal *journal)
{
	journal->ended = journal->reports_success = false;
	journal->finished = journal->duration = journal->exit_code = -1;
	journal->signal = 0;
	journal->core_dumped = false;
	journal->oom_kills = 0;
	journal->sigkill_after = -1;
	journal->reason = journal->error = journal->phase = NULL;
	journal->progress = journal->result = NULL;
	journal->entries = -1;
}

int
journal_take_progress(struct journal *journal, const char *text, size_t len,
    struct err *err)
{
	struct field_reader r = { journal, NULL };
	json_t *doc = journal_load(text, len, err);

	if (!doc)
		return -1;
	if (journal->progress_doc)
		journal->phase = NULL; /* it may belong to the old one */
	json_decref(journal->progress_doc);
	journal->progress_doc = doc;
	r.object = doc;
	field_string(&r, KEY_PHASE, &journal->phase);
	check_progress(&r);
	journal->progress = doc;
	return 0;
}
