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
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
}

void
journal_release(struct journal *journal)
{
	json_decref(journal->doc);
	json_decref(journal->progress_doc);
	free(journal->lists);
	journal_init(journal);
}

/* What a parse works on. */
struct reader {
	struct journal *journal;
	const json_t *object; /* the one being read */
};

static void
complain(struct reader *r, const char *key, const char *what)
{
	if (!r->journal->complaint[0])
		snprintf(r->journal->complaint, JOURNAL_COMPLAINT_MAX,
		    "%.64s is %s", key, what);
}

/* The value of `key`; NULL if absent or null. */
static json_t *
value_of(const struct reader *r, const char *key)
{
	json_t *value = json_object_get(r->object, key);

	return json_is_null(value) ? NULL : value;
}

static void
read_string(struct reader *r, const char *key, const char **out)
{
	json_t *value = value_of(r, key);

	if (json_is_string(value))
		*out = json_string_value(value);
	else if (value)
		complain(r, key, "no string");
}

static void
read_bool(struct reader *r, const char *key, bool *out)
{
	json_t *value = value_of(r, key);

	if (json_is_boolean(value))
		*out = json_is_true(value);
	else if (value)
		complain(r, key, "neither true nor false");
}

static void
read_number(struct reader *r, const char *key, int64_t least, int64_t most,
    int64_t *out)
{
	json_t *value = value_of(r, key);
	double number;

	if (!value)
		return;
	if (!json_is_number(value)) {
		complain(r, key, "no number");
		return;
	}
	number = json_number_value(value);
	/* Below 2^63, which a double holds exactly and an int64_t does not. */
	if (!(number >= (double)least && number <= (double)most) ||
	    (json_is_real(value) && number >= 0x1p63)) {
		complain(r, key, "out of range");
		return;
	}
	*out = json_is_integer(value) ? json_integer_value(value)
				      : (int64_t)number;
}

static void
read_real(struct reader *r, const char *key, double *out)
{
	json_t *value = value_of(r, key);

	if (!value)
		return;
	if (json_is_number(value) && isfinite(json_number_value(value)) &&
	    json_number_value(value) >= 0)
		*out = json_number_value(value);
	else
		complain(r, key, "no number that makes sense");
}

static void
read_time(struct reader *r, const char *key, usec_t *out)
{
	const char *text = NULL;

	read_string(r, key, &text);
	if (text && time_parse(text, out) < 0)
		complain(r, key, "no RFC 3339 time");
}

static void
read_signal(struct reader *r, const char *key, int *out)
{
	const char *text = NULL;
	int signo;

	read_string(r, key, &text);
	if (!text)
		return;
	signo = signal_number(text);
	if (signo > 0)
		*out = signo;
	else
		complain(r, key, "no signal");
}

static void
read_int(struct reader *r, const char *key, int least, int most, int *out)
{
	int64_t number = *out;

	read_number(r, key, least, most, &number);
	*out = (int)number;
}

/* Go down into the object `key`; false if there is none. */
static bool
enter(struct reader *r, const char *key, struct reader *below)
{
	json_t *value = value_of(r, key);

	if (value && !json_is_object(value))
		complain(r, key, "no object");
	below->journal = r->journal;
	below->object = value;
	return json_is_object(value);
}

static void
read_process(struct reader *r, const char *key, struct proc_id *id)
{
	int64_t start = 0;
	struct reader in;
	int pid = 0;

	if (!enter(r, key, &in))
		return;
	read_int(&in, KEY_PID, 0, INT32_MAX, &pid);
	read_number(&in, KEY_START_TIME, 0, INT64_MAX, &start);
	id->pid = pid;
	id->start = (uint64_t)start;
}

static void
read_log(struct reader *r, const char *key, struct journal_log *log)
{
	struct reader in, dropped;

	if (!enter(r, key, &in))
		return;
	log->known = true;
	read_number(&in, KEY_BYTES, 0, INT64_MAX, &log->bytes);
	read_number(&in, KEY_TRUNCATED, 0, INT64_MAX, &log->truncated);
	if (!enter(&in, KEY_DROPPED, &dropped))
		return;
	read_number(&dropped, KEY_OFFSET, 0, INT64_MAX, &log->dropped_offset);
	read_number(&dropped, KEY_BYTES, 0, INT64_MAX, &log->dropped_bytes);
}

static void
read_end(struct reader *r)
{
	struct journal *j = r->journal;
	struct reader in;

	read_time(r, KEY_FINISHED, &j->finished);
	read_int(r, KEY_EXIT_CODE, 0, 255, &j->exit_code);
	read_signal(r, KEY_SIGNAL, &j->signal);
	read_string(r, KEY_REASON, &j->reason);
	read_real(r, KEY_DURATION, &j->duration);
	/* Any of them ends a run: workers may know only that they failed. */
	j->ended = j->finished >= 0 || j->exit_code >= 0 || j->signal > 0;
	if (enter(r, KEY_CANCEL, &in)) {
		j->cancelled = true;
		read_time(&in, KEY_AT, &j->cancel_at);
		read_string(&in, KEY_BY, &j->cancel_by);
		read_signal(&in, KEY_SIGNAL, &j->cancel_signal);
	}
	if (enter(r, KEY_RUSAGE, &in)) {
		j->has_usage = true;
		read_real(&in, KEY_USER, &j->user_seconds);
		read_real(&in, KEY_SYSTEM, &j->system_seconds);
		read_number(&in, KEY_MAX_RSS, 0, INT64_MAX, &j->max_rss_bytes);
	}
	read_log(r, KEY_STDOUT, &j->out);
	read_log(r, KEY_STDERR, &j->err);
}

static void
read_identity(struct reader *r)
{
	struct journal *j = r->journal;
	const char *boot_id = NULL;
	int64_t number = 0;

	read_string(r, KEY_BOOT_ID, &boot_id);
	if (boot_id)
		snprintf(j->place.boot_id, sizeof(j->place.boot_id), "%s",
		    boot_id);
	read_number(r, KEY_PID_NAMESPACE, 0, INT64_MAX, &number);
	j->place.pid_namespace = (uint64_t)number;
	read_process(r, KEY_SUPERVISOR, &j->supervisor);
	read_int(r, KEY_PID, 0, INT32_MAX, &j->command_id.pid);
	number = 0;
	read_number(r, KEY_START_TIME, 0, INT64_MAX, &number);
	j->command_id.start = (uint64_t)number;
}

/* Count the strings of a list; 0 if it is none. */
static size_t
list_length(struct reader *r, const char *key)
{
	json_t *value = value_of(r, key), *item;
	size_t i;

	if (!value)
		return 0;
	if (!json_is_array(value)) {
		complain(r, key, "no list");
		return 0;
	}
	json_array_foreach(value, i, item) {
		if (!json_is_string(item)) {
			complain(r, key, "no list of strings");
			return 0;
		}
	}
	return json_array_size(value);
}

/* Fill `slots` with the strings of a list and a NULL; returns what follows. */
static const char **
fill_list(const struct reader *r, const char *key, size_t count,
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
read_lists(struct reader *r)
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

static void
read_start(struct reader *r)
{
	struct journal *j = r->journal;
	double seconds = -1;
	struct reader in;

	read_string(r, KEY_ID, &j->id);
	read_string(r, KEY_NAME, &j->name);
	read_string(r, KEY_COMMAND, &j->command);
	read_string(r, KEY_CWD, &j->cwd);
	read_string(r, KEY_KEY, &j->key);
	read_string(r, KEY_STARTED_BY, &j->started_by);
	read_string(r, KEY_HOST, &j->host);
	read_bool(r, KEY_FROM_RUN, &j->from_run);
	read_bool(r, KEY_INTERACTIVE, &j->interactive);
	read_bool(r, KEY_MERGE_OUTPUT, &j->merge_output);
	read_real(r, KEY_TIMEOUT, &seconds);
	if (seconds >= 0 && seconds < 1e10)
		j->timeout_usec = (int64_t)(seconds * USEC_PER_SEC);
	read_number(r, KEY_MAX_LOG, 0, INT64_MAX, &j->max_log_bytes);
	read_time(r, KEY_CREATED, &j->created);
	read_time(r, KEY_STARTED, &j->started);
	read_lists(r);
	read_string(r, KEY_PHASE, &j->phase);
	read_string(r, KEY_ERROR, &j->error);
	if (enter(r, KEY_PROGRESS, &in))
		j->progress = value_of(r, KEY_PROGRESS);
	j->result = value_of(r, KEY_RESULT);
}

int
journal_parse(struct journal *journal, const char *text, size_t len,
    struct err *err)
{
	struct reader r = { journal, NULL };
	json_error_t error;

	if (len == 0)
		return err_set(err, ERR_INVALID, "is empty");
	journal->doc = json_loadb(text, len, JSON_ALLOW_NUL, &error);
	if (!journal->doc)
		return err_set(err, ERR_INVALID, "line %d: %s", error.line,
		    error.text);
	if (!json_is_object(journal->doc))
		return err_set(err, ERR_INVALID, "is no JSON object");
	r.object = journal->doc;
	read_start(&r);
	read_identity(&r);
	read_end(&r);
	return 0;
}

int
journal_take_progress(struct journal *journal, const char *text, size_t len,
    struct err *err)
{
	struct reader r = { journal, NULL };
	json_error_t error;
	json_t *doc;

	doc = json_loadb(text, len, JSON_ALLOW_NUL, &error);
	if (!json_is_object(doc)) {
		err_set(err, ERR_INVALID, "%s",
		    doc ? "is no JSON object" : error.text);
		json_decref(doc);
		return -1;
	}
	if (journal->progress_doc)
		journal->phase = NULL; /* it may belong to the old one */
	json_decref(journal->progress_doc);
	journal->progress_doc = doc;
	r.object = doc;
	read_string(&r, KEY_PHASE, &journal->phase);
	journal->progress = doc;
	return 0;
}
