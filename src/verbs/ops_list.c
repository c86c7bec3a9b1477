/*
 * ops_list.c: jobs, newest first
 *
 * The order is by start, ties by id.  A name of ours carries the second at
 * which its job was made, so records are read from the newest name on and given
 * out as soon as no later one can come before them: a page costs what it shows.
 *
 * Invariant: a cursor is a position in that order, "<start>:<id>"; it means the
 * same to every process.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "verbs/cursor.h"

/* A start comes at most so long after the second in its name. */
enum { NAME_SLACK = 2 * USEC_PER_SEC, PAGE_BYTES = 16 * 1024, PAGE_JOBS = 20 };

struct candidate {
	usec_t started;
	char *id;
	bool ended;
	json_t *job;
};

struct listing {
	struct ops *ops;
	const struct ops_list_query *query;
	const struct cursor *after; /* NULL: from the beginning */
	struct candidate *waiting;  /* not given out yet */
	size_t count;
	size_t room;
	int64_t given;
	int64_t given_ended;
	int (*each)(void *arg, json_t *job);
	void *arg;
	int result;   /* non-zero: stop */
	size_t total; /* jobs of the root */
};

static int
before(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->started != b->started)
		return a->started > b->started ? -1 : 1;
	return strcmp(a->id, b->id);
}

static void
drop(struct candidate *candidate)
{
	free(candidate->id);
	json_decref(candidate->job);
}

static void
give(struct listing *l, const struct candidate *c)
{
	const struct ops_list_query *q = l->query;

	if (l->result)
		return;
	if (q->newest_ended >= 0 && c->ended &&
	    l->given_ended >= q->newest_ended)
		return;
	if (q->limit >= 0 && l->given >= q->limit) {
		l->result = 1;
		return;
	}
	l->given++;
	l->given_ended += c->ended;
	l->result = l->each(l->arg, c->job);
}

/* Give out what started after `bound`; the rest may still be overtaken. */
static void
flush(struct listing *l, usec_t bound)
{
	size_t i, kept = 0;

	if (l->count == 0)
		return;
	qsort(l->waiting, l->count, sizeof(*l->waiting), before);
	for (i = 0; i < l->count; i++) {
		if (l->waiting[i].started <= bound && !l->result) {
			l->waiting[kept++] = l->waiting[i];
			continue;
		}
		give(l, &l->waiting[i]);
		drop(&l->waiting[i]);
	}
	l->count = kept;
}

/* Does the name match a pattern in which * and ? are the only wildcards? */
static bool
is_like(const char *name, const char *pattern)
{
	const char *star = NULL, *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) { /* let the last * take one more */
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* Does `path` lie in directory `dir` or is it that? */
static bool
is_below(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	while (length > 1 && dir[length - 1] == '/')
		length--;
	if (!path || strncmp(path, dir, length) != 0)
		return false;
	return path[length] == '\0' || path[length] == '/' || length == 1;
}

static bool
matches(const struct ops_list_query *q, const struct record *record)
{
	const struct journal *j = &record->journal;

	if (q->statuses && !(q->statuses & 1u << record->verdict.status))
		return false;
	if (q->name && (!j->name || !is_like(j->name, q->name)))
		return false;
	return !q->cwd || is_below(j->cwd, q->cwd);
}

/* One stat: an own job whose journal can't change any more has ended. */
static bool
is_surely_ended(const struct listing *l, const struct spool_entry *entry)
{
	char path[JOB_NAME_MAX + sizeof(JOB_JOURNAL) + 1];
	struct stat st;

	if (!entry->own)
		return false;
	snprintf(path, sizeof(path), "%s/" JOB_JOURNAL, entry->job.name);
	return fstatat(l->ops->spool->fd, path, &st, AT_SYMLINK_NOFOLLOW) ==
	    0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & S_IWUSR) == 0;
}

/* Can it be told without reading that the entry is not wanted? */
static bool
is_unwanted(const struct listing *l, const struct spool_entry *entry)
{
	const unsigned live =
	    1u << STATUS_QUEUED | 1u << STATUS_RUNNING | 1u << STATUS_UNKNOWN;
	const struct ops_list_query *q = l->query;

	if (l->after && entry->own &&
	    entry->stamp > l->after->started + NAME_SLACK)
		return true;
	if (q->statuses && !(q->statuses & ~live))
		return is_surely_ended(l, entry);
	return q->newest_ended >= 0 && l->given_ended >= q->newest_ended &&
	    is_surely_ended(l, entry);
}

static bool
is_after(const struct cursor *cursor, const struct record *record)
{
	if (!cursor)
		return true;
	if (record->started != cursor->started)
		return record->started < cursor->started;
	return strcmp(record->job.id, cursor->id) > 0;
}

static void
consider(struct listing *l, const struct spool_entry *entry)
{
	struct record record;
	struct candidate *c;

	if (is_unwanted(l, entry))
		return;
	if (record_cache_scan(l->ops->cache, l->ops->spool, &entry->job,
		l->query->leftover ? SCAN_FULL : SCAN_STATE, &record) == 0 &&
	    is_after(l->after, &record) && matches(l->query, &record)) {
		if (l->count == l->room) {
			l->room = l->room ? l->room * 2 : 64;
			l->waiting =
			    xrealloc(l->waiting, l->room, sizeof(*l->waiting));
		}
		c = &l->waiting[l->count++];
		c->started = record.started;
		c->id = xstrdup(record.job.id);
		c->ended = status_is_final(record.verdict.status) &&
		    record.leftover == 0;
		c->job = l->query->make ? l->query->make(l->ops, &record)
					: record_json_listed(&record,
					      l->query->command_characters
						  ? l->query->command_characters
						  : SIZE_MAX);
		if (l->query->kind && record.dialect != &dialect_native)
			json_set_string(c->job, "kind", record.dialect->kind);
		if (record.leftover > 0)
			json_object_set_new(c->job, "leftover",
			    json_integer(record.leftover));
	}
	record_release(&record);
}

static int
run(struct listing *l, struct err *err)
{
	const struct spool_index *index;
	size_t i;

	if (op_recheck(l->ops, err) < 0)
		return -1;
	index = catalog_index(&l->ops->catalog, err);
	if (!index)
		return -1;
	l->total = index->count;
	for (i = 0; i < index->count && !l->result; i++) {
		const struct spool_entry *entry = &index->entries[i];

		if (entry->own && l->count > 0)
			flush(l, entry->stamp + NAME_SLACK);
		if (!l->result)
			consider(l, entry);
	}
	flush(l, INT64_MIN);
	free(l->waiting);
	return 0;
}

int
ops_list(struct ops *ops, const struct ops_list_query *query,
    int (*each)(void *arg, json_t *job), void *arg, struct err *err)
{
	struct listing l = { .ops = ops,
		.query = query,
		.each = each,
		.arg = arg };

	return run(&l, err);
}

/* What a page is made of, until it is full. */
struct filling {
	json_t *jobs;
	size_t bytes;
	size_t most_bytes;
	int64_t limit;
	bool more;
};

static int
add_to_page(void *arg, json_t *job)
{
	struct filling *page = arg;
	size_t bytes = json_dumpb(job, NULL, 0, JSON_COMPACT) + 1;

	if ((int64_t)json_array_size(page->jobs) == page->limit ||
	    (json_array_size(page->jobs) > 0 &&
		page->bytes + bytes > page->most_bytes)) {
		page->more = true;
		return 1;
	}
	page->bytes += bytes;
	json_array_append(page->jobs, job);
	return 0;
}

static const char *
optional_string(const struct op_call *call, const char *name)
{
	return json_string_value(json_object_get(call->args, name));
}

int
op_list_page(struct ops *ops, const struct op_call *call,
    const struct ops_list_query *query, int64_t limit, size_t bytes,
    struct op_page *page, struct err *err)
{
	const char *text = optional_string(call, "cursor");
	struct filling filling = { .limit = (int64_t)arg_number(call, "limit",
				       (double)limit),
		.most_bytes = bytes };
	struct listing l = { .ops = ops,
		.query = query,
		.each = add_to_page,
		.arg = &filling };
	struct cursor cursor = { 0 };
	int result;

	if (text && cursor_parse(&cursor, text) < 0)
		return err_set(err, ERR_INVALID, ERROR_PARAMETER, "cursor");
	l.after = text ? &cursor : NULL;
	filling.jobs = json_array();
	result = run(&l, err);
	cursor_release(&cursor);
	if (result < 0) {
		json_decref(filling.jobs);
		return -1;
	}
	page->jobs = filling.jobs;
	page->total = l.total;
	page->next_cursor = NULL;
	if (filling.more)
		page->next_cursor = cursor_format(json_array_get(filling.jobs,
		    json_array_size(filling.jobs) - 1));
	return 0;
}

static unsigned
wanted_statuses(const struct op_call *call)
{
	const json_t *list = json_object_get(call->args, "status");
	unsigned statuses = 0;
	size_t i;
	int status;

	for (i = 0; i < json_array_size(list); i++) {
		status = status_from_word(
		    json_string_value(json_array_get(list, i)));
		if (status >= 0)
			statuses |= 1u << status;
	}
	return statuses;
}

void
op_list(struct ops *ops, struct op_call *call)
{
	struct ops_list_query query = { .statuses = wanted_statuses(call),
		.name = optional_string(call, "name"),
		.cwd = optional_string(call, "cwd"),
		.limit = -1,
		.newest_ended = -1,
		.command_characters = OPS_COMMAND_LISTED };
	struct err err = ERR_INIT;
	struct op_page page = { 0 };
	json_t *result;

	if (op_list_page(ops, call, &query, PAGE_JOBS, PAGE_BYTES, &page,
		&err) < 0) {
		op_failed_at(call, &err);
		return;
	}
	result = json_object();
	json_set_string(result, "root", ops->spool->path);
	json_set_string(result, "next_cursor", page.next_cursor);
	json_object_set_new(result, "jobs", page.jobs);
	free(page.next_cursor);
	op_done(call, result);
}
