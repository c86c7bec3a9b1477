/*
 * tracker_fixture.h: a root, a tracker on it, and what it told (test_tracker*.c)
 *
 * Events are kept as words: "created a completed".  Tests pump the loop until
 * something was told; nothing about time is asserted.
 */
#ifndef TESTS_TRACKER_FIXTURE_H
#define TESTS_TRACKER_FIXTURE_H

#include "engines/tracker.h"
#include "scan_fixture.h"

enum { TOLD_MAX = 4096 };

struct tracking {
	struct scan_fixture *f;
	struct loop *loop;
	struct watch *watch;
	struct tracker *tracker;
	struct tracker_config config;
	char *told[TOLD_MAX];
	int count;
	const char *wanted;
	bool over;   /* wanted was told, or the time is up */
	char *phase; /* of the last record */
	char *id;
};

static const enum watch_kind tracker_kinds[] = { WATCH_INOTIFY, WATCH_POLL };

static inline void
on_news(void *arg, const struct tracker_news *news)
{
	struct tracking *s = arg;

	if (news->event == TRACKER_LOOKED)
		return;
	assert_non_null(news->record);
	assert_string_equal(news->record->job.name, news->name);
	free(s->phase);
	free(s->id);
	s->phase = xstrdup(
	    news->record->journal.phase ? news->record->journal.phase : "");
	s->id = xstrdup(news->record->job.id);
	if (s->count == TOLD_MAX)
		fail_msg("too many events");
	s->told[s->count] =
	    xasprintf("%s %s %s", tracker_event_word(news->event), news->name,
		status_word(news->status));
	if (s->wanted && strcmp(s->told[s->count], s->wanted) == 0) {
		s->over = true;
		loop_stop(s->loop, 0);
	}
	s->count++;
}

static inline void
tracking_open(struct tracking *s, struct scan_fixture *f, enum watch_kind kind)
{
	struct err err = ERR_INIT;

	memset(s, 0, sizeof(*s));
	s->f = f;
	s->loop = loop_new(&err);
	s->watch = watch_new(s->loop, kind, &err);
	assert_non_null(s->watch);
	s->config = (struct tracker_config){ .loop = s->loop,
		.spool = &f->spool,
		.watch = s->watch,
		.tell = on_news,
		.arg = s };
}

static inline void
tracking_start(struct tracking *s)
{
	struct err err = ERR_INIT;

	s->tracker = tracker_new(&s->config);
	if (tracker_start(s->tracker, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void
tracking_forget(struct tracking *s)
{
	while (s->count > 0)
		free(s->told[--s->count]);
}

static inline void
tracking_close(struct tracking *s)
{
	tracker_free(s->tracker);
	watch_free(s->watch);
	loop_free(s->loop);
	tracking_forget(s);
	free(s->phase);
	free(s->id);
}

static inline void
tracking_late(void *arg)
{
	struct tracking *s = arg;

	s->over = true;
	loop_stop(s->loop, 1);
}

static inline int
times_told(const struct tracking *s, const char *words)
{
	int i, count = 0;

	for (i = 0; i < s->count; i++)
		count += strcmp(s->told[i], words) == 0;
	return count;
}

/* Until that was told (again). */
static inline void
pump_until(struct tracking *s, const char *words)
{
	struct loop_timer *limit = loop_timer(s->loop,
	    time_mono() + 20 * USEC_PER_SEC, tracking_late, s);
	int i, code = 0;

	s->wanted = words;
	s->over = false;
	while (!s->over)
		code = loop_run(s->loop);
	loop_timer_cancel(limit);
	s->wanted = NULL;
	if (code == 0)
		return;
	for (i = 0; i < s->count; i++)
		print_message("%s\n", s->told[i]);
	fail_msg("not told: %s", words);
}

/* A worker's directory is renamed in, with that record (NULL: none). */
static inline void
drop_in(int root, const char *name, const char *record)
{
	char hidden[300];
	int dir;

	snprintf(hidden, sizeof(hidden), ".%s", name);
	tmpdir_mkdir(root, hidden);
	dir = openat(root, hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	if (record)
		tmpdir_write(dir, "journal.json", record);
	close(dir);
	assert_int_equal(renameat(root, hidden, root, name), 0);
}

/* Its record is written in place. */
static inline void
rewrite(int root, const char *name, const char *record)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/journal.json", name);
	fd = openat(root, path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, record, strlen(record)), 0);
	close(fd);
}

/* Until all that happened before this has been told: a job of that name comes
 * and is seen. */
static inline void
pump_all(struct tracking *s, const char *name)
{
	cleanup_free char *words = xasprintf("created %s completed", name);

	drop_in(s->f->tmp->fd, name, "{\"exit_code\": 0}");
	pump_until(s, words);
}

#define PID_RECORD "{\"pid\": %d, \"phase\": \"%s\"}"

/* The record of a job that runs: this very process. */
static inline char *
running_text(const char *phase)
{
	return xasprintf(PID_RECORD, (int)getpid(), phase);
}

#endif
