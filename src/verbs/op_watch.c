/*
 * op_watch.c: what happens to jobs, told with a cursor
 *
 * Invariant: when an event is told the cursor holds it and all before it, and
 * nothing that was not told: a reader that dies between two events and goes on
 * with the last cursor misses nothing and hears nothing twice.
 */
#include "base/compat.h"
#include "verbs/op_watch.h"

#include <stdlib.h>
#include <string.h>

#include "verbs/internal.h"
#include "verbs/watch_cursor.h"

/* News that wait to be told in the order of time. */
struct missed {
	struct tracker_news news; /* names are copies, no record */
	json_t *job;
	usec_t order;
	size_t number;
};

struct ops_watch {
	struct ops *ops;
	struct tracker *tracker;
	struct watch_cursor *cursor;
	struct spool_job *jobs; /* only these */
	int job_count;
	bool all;
	size_t command_characters;
	ops_event_fn *each;
	void *arg;
	bool starting;
	struct missed *missed;
	size_t missed_count;
	size_t missed_room;
};

/* The place of a job among those that are named; -1: it is none of them. */
static int
place_of(const struct ops_watch *w, const struct tracker_news *news)
{
	int i;

	for (i = 0; i < w->job_count; i++)
		if (strcmp(w->jobs[i].name, news->name) == 0 &&
		    strcmp(w->jobs[i].journal, news->journal) == 0)
			return i;
	return -1;
}

static bool
is_wanted(struct ops_watch *w, const struct tracker_news *news)
{
	int place;

	if (news->event == TRACKER_LOOKED)
		return false;
	if (w->all)
		return true;
	place = place_of(w, news);
	if (place >= 0 && news->event == TRACKER_REMOVED) {
		/* What comes by that name later is another job. */
		spool_job_release(&w->jobs[place]);
		w->jobs[place] = w->jobs[--w->job_count];
	}
	return place >= 0;
}

/* A job that is told as created, and has ended, is told as finished next. */
static bool
is_live_yet(const struct tracker_news *news)
{
	return news->event == TRACKER_CREATED;
}

/* Are these news of the job that the last ones were of? */
static bool
is_next(const struct ops_watch *w, const struct tracker_news *news)
{
	const struct tracker_news *last;

	if (w->missed_count == 0)
		return false;
	last = &w->missed[w->missed_count - 1].news;
	return strcmp(last->name, news->name) == 0 &&
	    strcmp(last->journal, news->journal) == 0;
}

/* What is told of one job at the start comes in one go, and keeps its order
 * whatever the clocks say. */
static void
keep(struct ops_watch *w, const struct tracker_news *news, json_t *job)
{
	bool next = is_next(w, news);
	struct missed *missed;

	if (w->missed_count == w->missed_room) {
		w->missed_room = w->missed_room ? w->missed_room * 2 : 64;
		w->missed =
		    xrealloc(w->missed, w->missed_room, sizeof(*w->missed));
	}
	missed = &w->missed[w->missed_count];
	missed->news = *news;
	missed->news.name = xstrdup(news->name);
	missed->news.journal = xstrdup(news->journal);
	missed->news.record = NULL;
	missed->job = job;
	missed->order = news->when;
	if (next && missed[-1].order > missed->order)
		missed->order = missed[-1].order;
	missed->number = w->missed_count++;
	/* Until they are told, the job is what its reader knew of it. */
	if (!next && news->event != TRACKER_CREATED)
		watch_cursor_note(w->cursor, news, true);
}

static void
tell(struct ops_watch *w, const struct tracker_news *news, json_t *job)
{
	const struct ops_event event = { w, news->event, news->when, job };

	watch_cursor_note(w->cursor, news, is_live_yet(news));
	w->each(w->arg, &event);
}

static void
on_news(void *arg, const struct tracker_news *news)
{
	struct ops_watch *w = arg;
	json_t *job;

	if (!is_wanted(w, news)) {
		watch_cursor_note(w->cursor, news, false);
		return;
	}
	job = record_json_listed(news->record, w->command_characters);
	if (w->starting) {
		keep(w, news, job);
		return;
	}
	watch_cursor_settle(w->cursor, tracker_complete(w->tracker));
	tell(w, news, job);
	json_decref(job);
}

static struct tracker_memory
on_recall(void *arg, const char *name, const char *journal,
    const struct tracker_stamps *stamps)
{
	struct ops_watch *w = arg;

	return watch_cursor_recall(w->cursor, name, journal, stamps);
}

static int
by_time(const void *left, const void *right)
{
	const struct missed *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static void
free_string(const char *string)
{
	char *text;

	memcpy(&text, &string, sizeof(text));
	free(text);
}

static void
tell_missed(struct ops_watch *w)
{
	size_t i;

	if (w->missed_count > 0)
		qsort(w->missed, w->missed_count, sizeof(*w->missed), by_time);
	for (i = 0; i < w->missed_count; i++) {
		struct missed *missed = &w->missed[i];

		tell(w, &missed->news, missed->job);
		free_string(missed->news.name);
		free_string(missed->news.journal);
		json_decref(missed->job);
	}
	free(w->missed);
	w->missed = NULL;
	w->missed_count = 0;
}

static int
resolve(struct ops_watch *w, const struct ops_watch_query *query,
    struct err *err)
{
	struct op_call call = { .allow_last = true };

	w->all = query->job_count == 0;
	w->jobs = xmalloc(((size_t)query->job_count + 1) * sizeof(*w->jobs));
	for (; w->job_count < query->job_count; w->job_count++) {
		struct spool_job *job = &w->jobs[w->job_count];

		if (op_resolve(w->ops, &call, query->jobs[w->job_count], job,
			err) < 0) {
			spool_job_release(job);
			return -1;
		}
	}
	return 0;
}

static int
start(struct ops_watch *w, const struct ops_watch_query *query, struct err *err)
{
	const struct tracker_config config = { .loop = w->ops->loop,
		.spool = w->ops->spool,
		.watch = w->ops->watch,
		.output = true,
		.tell = on_news,
		.recall = on_recall,
		.arg = w };

	if (query->after && watch_cursor_parse(w->cursor, query->after) < 0)
		return err_set(err, ERR_INVALID, "no cursor of this program");
	if (resolve(w, query, err) < 0)
		return -1;
	w->tracker = tracker_new(&config);
	w->starting = true;
	if (tracker_start(w->tracker, err) < 0)
		return -1;
	w->starting = false;
	tell_missed(w);
	watch_cursor_settle(w->cursor, tracker_complete(w->tracker));
	return 0;
}

struct ops_watch *
ops_watch_new(struct ops *ops, const struct ops_watch_query *query,
    ops_event_fn *each, void *arg, struct err *err)
{
	struct ops_watch *w = xmalloc(sizeof(*w));

	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->cursor = watch_cursor_new();
	w->command_characters =
	    query->command_characters ? query->command_characters : SIZE_MAX;
	w->each = each;
	w->arg = arg;
	if (start(w, query, err) == 0)
		return w;
	ops_watch_free(w);
	return NULL;
}

void
ops_watch_free(struct ops_watch *w)
{
	int i;

	if (!w)
		return;
	tracker_free(w->tracker);
	watch_cursor_free(w->cursor);
	for (i = 0; i < w->job_count; i++)
		spool_job_release(&w->jobs[i]);
	free(w->jobs);
	free(w);
}

void
ops_watch_cursor(struct ops_watch *w,
    void (*put)(void *arg, const char *data, size_t length), void *arg)
{
	watch_cursor_put(w->cursor, put, arg);
}
