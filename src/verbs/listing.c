/*
 * listing.c: walking over the jobs of a root, newest first
 *
 * Invariant: nothing is given out before all that may come before it has been
 * read.
 */
#include "base/compat.h"
#include "verbs/listing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crew.h"
#include "base/scratch.h"

/* A start comes at most so long after the second in its name. */
enum { NAME_SLACK = 2 * USEC_PER_SEC, TEXT_USUAL = 512 };

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
	buf_release(&candidate->text);
	json_decref(candidate->job);
}

static void
give(struct listing *l, const struct candidate *c)
{
	const struct ops_list_query *q = l->query;
	struct ops_listed listed = { .id = c->id,
		.job = c->job,
		.text = buf_str(&c->text),
		.length = c->text.len };

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
	l->result = l->each(l->arg, &listed);
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

/* Of states that may still change, only. */
static bool
wants_live_only(const struct ops_list_query *q)
{
	const unsigned live =
	    1u << STATUS_QUEUED | 1u << STATUS_RUNNING | 1u << STATUS_UNKNOWN;

	return q->statuses && !(q->statuses & ~live);
}

/* Can it be told without reading that the entry is not wanted? */
static bool
is_unwanted(const struct listing *l, const struct spool_entry *entry)
{
	const struct ops_list_query *q = l->query;

	if (l->after && entry->own &&
	    entry->stamp > l->after->started + NAME_SLACK)
		return true;
	if (!wants_live_only(q) &&
	    (q->newest_ended < 0 || l->given_ended < q->newest_ended))
		return false;
	return l->ended ? l->ended[entry - l->index->entries]
			: is_surely_ended(l, entry);
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

static json_t *
make_job(const struct listing *l, const struct record *record)
{
	const struct ops_list_query *q = l->query;
	json_t *job;

	if (q->ids_only)
		return NULL;
	job = q->make
	    ? q->make(l->ops, record)
	    : record_json_listed(record,
		  q->command_characters ? q->command_characters : SIZE_MAX);
	if (q->kind && record->dialect != &dialect_native)
		json_set_string(job, "kind", record->dialect->kind);
	if (record->leftover > 0)
		json_object_set_new(job, "leftover",
		    json_integer(record->leftover));
	return job;
}

static int
add_text(const char *data, size_t size, void *text)
{
	buf_add(text, data, size);
	return 0;
}

static void
make_text(struct candidate *c)
{
	buf_reserve(&c->text, TEXT_USUAL);
	if (json_dump_callback(c->job, add_text, &c->text,
		JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0)
		die("cannot write JSON");
	json_decref(c->job);
	c->job = NULL;
}

/* What is to be told of the record of an entry. */
static void
make(const struct listing *l, const struct spool_entry *entry,
    const struct record *record, struct candidate *c)
{
	if (!is_after(l->after, record) || !matches(l->query, record))
		return;
	c->started = record->started;
	c->id = entry->job.id;
	c->ended =
	    status_is_final(record->verdict.status) && record->leftover == 0;
	c->job = make_job(l, record);
	if (l->as_text && c->job)
		make_text(c);
}

static void
add(struct listing *l, struct candidate *c)
{
	if (!c->id) {
		drop(c);
		return;
	}
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->waiting = xrealloc(l->waiting, l->room, sizeof(*l->waiting));
	}
	l->waiting[l->count++] = *c;
}

static enum scan_depth
depth_of(const struct listing *l)
{
	return l->query->leftover ? SCAN_FULL : SCAN_STATE;
}

/* The next entry, to be read by this thread. */
static int
consider(void *arg, size_t i)
{
	struct listing *l = arg;
	const struct spool_entry *entry = &l->index->entries[i];
	struct candidate candidate = { .id = NULL };
	struct record record;

	if (entry->own)
		flush(l, entry->stamp + NAME_SLACK);
	if (l->result || is_unwanted(l, entry))
		return l->result;
	if (record_cache_scan(l->ops->cache, l->ops->spool, &entry->job,
		depth_of(l), &record) == 0) {
		make(l, entry, &record, &candidate);
		add(l, &candidate);
	}
	record_release(&record);
	return 0;
}

/* The next entry, read by another thread.  What it wrote is copied: to free the
 * memory of another thread costs more than that. */
static int
take(void *arg, size_t i)
{
	struct listing *l = arg;
	const struct spool_entry *entry = &l->index->entries[i];
	struct candidate *slot = &l->slots[i % CREW_AHEAD];
	struct candidate candidate = *slot;

	if (entry->own)
		flush(l, entry->stamp + NAME_SLACK);
	memset(&candidate.text, 0, sizeof(candidate.text));
	buf_add(&candidate.text, buf_str(&slot->text), slot->text.len);
	slot->job = NULL;
	add(l, &candidate);
	return l->result;
}

/* By any thread. */
static void
read_entry(void *arg, size_t i)
{
	const struct listing *l = arg;
	const struct spool_entry *entry = &l->index->entries[i];
	struct candidate *slot = &l->slots[i % CREW_AHEAD];
	char room[SCRATCH_ROOM];
	struct record record;

	slot->id = NULL;
	buf_cut(&slot->text, 0);
	/* Of objects that are handed on, others are the owners. */
	if (l->as_text)
		scratch_begin(room, sizeof(room));
	if (scan_job(l->ops->spool, &entry->job, depth_of(l), &record) == 0)
		make(l, entry, &record, slot);
	record_release(&record);
	scratch_end();
}

/* By any thread. */
static void
look_at_entry(void *arg, size_t i)
{
	const struct listing *l = arg;

	l->ended[i] = is_surely_ended(l, &l->index->entries[i]);
}

/* A page ends soon, and others need not work ahead for it; those who want all
 * either read every record, or those of few and of the others a stat. */
static void
walk(struct listing *l)
{
	const struct ops_list_query *q = l->query;
	size_t i;

	if (q->limit >= 0 || l->page) {
		for (i = 0; i < l->index->count && !l->result; i++)
			l->result = consider(l, i);
	} else if (q->newest_ended >= 0 || wants_live_only(q)) {
		l->ended = xmalloc(l->index->count * sizeof(*l->ended) + 1);
		crew_each(l->index->count, look_at_entry, consider, l);
		free(l->ended);
	} else {
		l->slots = xmalloc(CREW_AHEAD * sizeof(*l->slots));
		memset(l->slots, 0, CREW_AHEAD * sizeof(*l->slots));
		crew_each(l->index->count, read_entry, take, l);
		for (i = 0; i < CREW_AHEAD; i++)
			drop(&l->slots[i]);
		free(l->slots);
	}
}

int
listing_run(struct listing *l, struct err *err)
{
	if (op_recheck(l->ops, err) < 0)
		return -1;
	l->index = catalog_index(&l->ops->catalog, err);
	if (!l->index)
		return -1;
	l->total = l->index->count;
	json_object_seed(0); /* before there are threads */
	walk(l);
	flush(l, INT64_MIN);
	free(l->waiting);
	return 0;
}
