/*
 * ops_job.c: one job by its full id, for handles that clients keep
 *
 * Invariant: what is said of a job that has ended comes from its record and its
 * files alone, so every process says the same, always.
 */
#include "base/compat.h"
#include "verbs/ops_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/text.h"
#include "engines/tracker.h"
#include "truth/evidence.h"
#include "verbs/internal.h"

enum { LAST_LINE_MAX = 200 }; /* bytes */

/* The job with that very id: 0, or -1 with err.  `job` is to be released. */
static int
find_job(struct ops *ops, const char *id, struct spool_job *job,
    struct err *err)
{
	const struct spool_entry *entry = catalog_find(&ops->catalog, id);
	const char *place = entry ? NULL : catalog_place(&ops->catalog, id);
	const struct spool_index *index;
	size_t i;

	if (place) {
		spool_job_native(job, place);
		return 0;
	}
	if (!entry) {
		index = catalog_index_for(&ops->catalog, id, err);
		if (!index)
			return -1;
		for (i = 0; i < index->count && !entry; i++)
			if (strcmp(index->entries[i].job.id, id) == 0)
				entry = &index->entries[i];
	}
	if (!entry)
		return err_set(err, ERR_NOT_FOUND, "Job %.100s not found", id);
	spool_job_copy(job, &entry->job);
	if (strcmp(spool_name_tag(job->name), id) == 0)
		catalog_keep_place(&ops->catalog, job->name);
	return 0;
}

int
ops_job(struct ops *ops, const char *id, struct record *record, struct err *err)
{
	struct spool_job job = { .name = NULL };
	int result;

	memset(record, 0, sizeof(*record));
	journal_init(&record->journal);
	if (op_recheck(ops, err) < 0)
		return -1;
	result = find_job(ops, id, &job, err);
	if (result == 0)
		result = op_scan(ops, &job, record, err);
	spool_job_release(&job);
	/* What could not be looked at is not told as a state. */
	if (result == 0 && record->starved)
		result =
		    err_sys(err, record->starved, "look at job %.100s", id);
	return result;
}

int
ops_census(struct ops *ops, struct err *err)
{
	if (op_recheck(ops, err) < 0)
		return -1;
	return catalog_index(&ops->catalog, err) ? 0 : -1;
}

bool
ops_census_has(struct ops *ops, const char *id, const struct spool_job *job)
{
	const struct spool_entry *entry = catalog_recall(&ops->catalog, id);

	if (!entry || !job->name)
		return !entry && !job->name;
	return strcmp(entry->job.name, job->name) == 0 &&
	    strcmp(entry->job.journal, job->journal) == 0;
}

int
ops_job_named(struct ops *ops, const char *word, struct record *record,
    struct err *err)
{
	struct op_call call = { .args = NULL };
	struct spool_job job;
	int result;

	memset(record, 0, sizeof(*record));
	journal_init(&record->journal);
	result = op_resolve(ops, &call, word, &job, err) < 0
	    ? -1
	    : op_scan(ops, &job, record, err);
	spool_job_release(&job);
	return result;
}

/* --- its result --------------------------------------------------------- */

json_t *
ops_job_result(struct ops *ops, const struct record *record)
{
	json_t *result = record_json_started(ops, record);

	op_add_last_output(ops, record, result);
	return result;
}

usec_t
ops_job_changed(const struct record *record)
{
	const usec_t times[] = { record->journal.created, record->started,
		record->out.grown, record->err.grown };
	usec_t latest = -1;
	size_t i;

	if (status_is_final(record->verdict.status) && record->finished >= 0)
		return record->finished;
	for (i = 0; i < ARRAY_LEN(times); i++)
		if (times[i] > latest)
			latest = times[i];
	return latest >= 0 ? latest : record->journal_written;
}

/* --- its files ---------------------------------------------------------- */

/* What precedes the text, if it is not all. */
static void
add_note(struct buf *text, const struct log_view *view, const struct log *log)
{
	long long start = view->omitted.offset + view->omitted.bytes;

	if (log->dropped.bytes > 0)
		buf_addf(text, "[jobdir: %lld bytes dropped at offset %lld]\n",
		    (long long)log->dropped.bytes,
		    (long long)log->dropped.offset);
	if (view->omitted.bytes > 0)
		buf_addf(text,
		    "[jobdir: what comes before offset %lld is left out here; "
		    "get_job_output has it]\n",
		    start);
}

json_t *
ops_job_log(struct ops *ops, const struct record *record, bool is_err,
    size_t max, struct err *err)
{
	struct text_style style = { .raw = false };
	struct buf text = BUF_INIT;
	struct log_view view;
	struct op_logs logs;
	json_t *string = NULL;
	struct log *log;

	if (op_logs_open(&logs, ops, record, err) < 0)
		return NULL;
	log = is_err ? &logs.err : &logs.out;
	log_view_init(&view);
	if (log_view_tail(log, INT32_MAX, max, &style, &view, err) == 0) {
		add_note(&text, &view, log);
		buf_add(&text, buf_str(&view.text), view.text.len);
		string = json_stringn(buf_str(&text), text.len);
	}
	buf_release(&text);
	log_view_release(&view);
	op_logs_close(&logs);
	return string;
}

json_t *
ops_job_journal(struct ops *ops, const struct record *record, size_t max,
    struct err *err)
{
	cleanup_close int dir = scan_open_dir(ops->spool, record->job.name);
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	json_t *string = NULL;
	bool lossy = false;

	if (dir < 0 ||
	    fsio_read_capped(dir, record->job.journal, max, &bytes, NULL) < 0) {
		err_sys(err, errno, "%s", record->job.journal);
	} else {
		text_add_utf8(&text, buf_str(&bytes), bytes.len, &lossy);
		string = json_stringn(buf_str(&text), text.len);
	}
	buf_release(&bytes);
	buf_release(&text);
	return string;
}

int64_t
ops_job_part(const struct ops *ops, const struct record *record,
    const char *part, usec_t *modified)
{
	cleanup_close int dir = scan_open_dir(ops->spool, record->job.name);
	struct stat st;

	*modified = -1;
	if (dir < 0 || fstatat(dir, part, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return -1;
	*modified = time_from_spec(&st.st_mtim);
	return st.st_size;
}

/* --- one line about it -------------------------------------------------- */

static void
add_last_line(struct ops *ops, const struct record *record, struct buf *text)
{
	struct err err = ERR_INIT;
	struct op_views views;
	struct op_logs logs;
	const struct buf *line;

	if (op_logs_open(&logs, ops, record, &err) < 0)
		return;
	op_views_init(&views);
	if (op_views_tail(&logs, 1, LAST_LINE_MAX, false, &views, &err) == 0) {
		line = record->err.grown > record->out.grown ? &views.err.text
							     : &views.out.text;
		if (line->len > 0 && line->data[line->len - 1] == '\n')
			buf_addf(text, "; last line: %.*s", (int)line->len - 1,
			    line->data);
		else if (line->len > 0)
			buf_addf(text, "; last line: %.*s", (int)line->len,
			    line->data);
	}
	op_views_release(&views);
	op_logs_close(&logs);
}

/* "killed on request of claude-code: SIGTERM, exit code 0" */
static void
add_killed(const struct record *record, struct buf *text)
{
	const struct journal *j = &record->journal;
	bool own = j->ended && j->cancelled;
	const char *by = own ? j->cancel_by : record->cancel.by;
	int asked = own ? j->cancel_signal : record->cancel.signal;
	char name[16];

	buf_addf(text, "killed on request%s%s", by && *by ? " of " : "",
	    by && *by ? by : "");
	if (asked)
		buf_addf(text, ": %s", signal_name(asked, name));
	if (j->exit_code >= 0)
		buf_addf(text, ", exit code %d", j->exit_code);
	else if (j->signal && j->signal != asked)
		buf_addf(text, ", ended by %s", signal_name(j->signal, name));
}

static void
add_words(struct ops *ops, const struct record *record, struct buf *text)
{
	char words[OUTCOME_MAX];

	if (record->verdict.status == STATUS_KILLED) {
		add_killed(record, text);
	} else if (status_is_final(record->verdict.status)) {
		evidence_outcome(record, words);
		buf_addstr(text, words);
	} else if (record->verdict.status != STATUS_RUNNING) {
		evidence_outcome(record, words);
		buf_addf(text, "%s%s%s", status_word(record->verdict.status),
		    words[0] ? ": " : "", words);
	} else if (record->cancel_requested) {
		buf_addstr(text, "stopping");
	} else {
		buf_addf(text, "running %.0f s",
		    record->duration > 0 ? record->duration : 0);
		add_last_line(ops, record, text);
	}
	if (status_is_final(record->verdict.status) && record->duration >= 0)
		buf_addf(text, " after %.1f s", record->duration);
}

void
ops_job_message(struct ops *ops, const struct record *record, struct buf *text)
{
	struct buf raw = BUF_INIT;

	add_words(ops, record, &raw);
	text_show(text, buf_str(&raw), 0);
	buf_release(&raw);
}

/* --- stopping it -------------------------------------------------------- */

int
ops_job_stop(struct ops *ops, const struct record *record, const char *asker,
    struct err *err)
{
	const char *note = NULL;
	struct request request;

	if (status_is_final(record->verdict.status) && record->leftover == 0)
		return 0;
	request_init(&request, asker);
	return op_stop_begin(ops, record, &request, &note, err);
}

/* --- all of them -------------------------------------------------------- */

json_t *
ops_job_page(struct ops *ops, const char *cursor, int64_t limit,
    json_t *(*make)(const struct ops *ops, const struct record *record),
    char **next, struct err *err)
{
	struct ops_list_query query = { .limit = -1,
		.newest_ended = -1,
		.make = make };
	struct op_call call = { .args = json_object() };
	struct op_page page = { 0 };
	int result;

	if (cursor)
		json_object_set_new(call.args, "cursor", json_string(cursor));
	result = op_list_page(ops, &call, &query, limit, SIZE_MAX, &page, err);
	json_decref(call.args);
	*next = result < 0 ? NULL : page.next_cursor;
	return result < 0 ? NULL : page.jobs;
}

static bool
begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
has_word(const json_t *words, const char *word)
{
	size_t i;

	for (i = 0; i < json_array_size(words); i++)
		if (strcmp(json_string_value(json_array_get(words, i)), word) ==
		    0)
			return true;
	return false;
}

static void
add_names(struct ops *ops, const struct spool_index *index, const char *prefix,
    size_t max, json_t *words)
{
	struct record record;
	const char *name;
	size_t i;

	for (i = 0; i < index->count && i < OPS_JOB_NAMED &&
	     json_array_size(words) < max;
	     i++) {
		if (record_cache_scan(ops->cache, ops->spool,
			&index->entries[i].job, SCAN_STATE, &record) == 0 &&
		    (name = record.journal.name) != NULL &&
		    begins(name, prefix) && !has_word(words, name))
			json_array_append_new(words, json_string(name));
		record_release(&record);
	}
}

json_t *
ops_job_words(struct ops *ops, const char *prefix, bool names, size_t max)
{
	const struct spool_index *index = NULL;
	json_t *words = json_array();
	struct err err = ERR_INIT;
	size_t i;

	if (op_recheck(ops, &err) == 0)
		index = catalog_index(&ops->catalog, &err);
	if (!index)
		return words;
	if (names)
		add_names(ops, index, prefix, max, words);
	for (i = 0; i < index->count && json_array_size(words) < max; i++)
		if (begins(index->entries[i].job.id, prefix))
			json_array_append_new(words,
			    json_string(index->entries[i].job.id));
	return words;
}

struct ops_list_watch {
	struct tracker *tracker;
	watch_changed_fn *changed;
	void *arg;
	bool starting;
};

static void
on_news(void *arg, const struct tracker_news *news)
{
	const struct ops_list_watch *watch = arg;

	if (!watch->starting &&
	    (news->event == TRACKER_CREATED || news->event == TRACKER_REMOVED))
		watch->changed(watch->arg);
}

struct ops_list_watch *
ops_list_watch_new(struct ops *ops, watch_changed_fn *changed, void *arg,
    struct err *err)
{
	struct ops_list_watch *watch = xmalloc(sizeof(*watch));
	const struct tracker_config config = { .loop = ops->loop,
		.spool = ops->spool,
		.watch = ops->watch,
		.tell = on_news,
		.arg = watch };

	*watch = (struct ops_list_watch){ .changed = changed,
		.arg = arg,
		.starting = true };
	watch->tracker = tracker_new(&config);
	if (tracker_start(watch->tracker, err) < 0) {
		ops_list_watch_free(watch);
		return NULL;
	}
	watch->starting = false;
	return watch;
}

void
ops_list_watch_free(struct ops_list_watch *watch)
{
	if (!watch)
		return;
	tracker_free(watch->tracker);
	free(watch);
}
