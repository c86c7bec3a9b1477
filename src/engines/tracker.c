/*
 * tracker.c: what happens to the jobs of a root
 *
 * Events, timers and passes put directories into queues; one function takes
 * them out, in the same turn of the loop if it was an event.
 *
 * Invariant: a directory is in at most one queue, so that any number of events
 * is one look; no turn of the loop takes long, whatever there is to do.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fsio.h"

enum {
	TICK = USEC_PER_SEC,
	TICKS_OF_RESCAN = WATCH_RESCAN / TICK,
	URGENT_SLICE = 20 * 1000, /* then events are read again */
	SLOW_SLICE = 2 * 1000,
	UNREAD_SLICE = 64,
};

static void work(void *arg);
static void tick(void *arg);

void
tracker_wake(struct tracker *t)
{
	if (!t->work && !t->starting)
		t->work = loop_timer(t->config.loop, time_mono(), work, t);
}

void
tracker_dequeue(struct tracker_dir *dir)
{
	struct tracker *t = dir->tracker;

	if (dir->queued != QUEUE_NONE)
		TAILQ_REMOVE(&t->queues[dir->queued], dir, next_queued);
	dir->queued = QUEUE_NONE;
}

void
tracker_enqueue(struct tracker_dir *dir, enum tracker_queue queue)
{
	struct tracker *t = dir->tracker;

	if (dir->queued == QUEUE_URGENT || dir->queued == queue)
		return;
	tracker_dequeue(dir);
	dir->queued = (uint8_t)queue;
	TAILQ_INSERT_TAIL(&t->queues[queue], dir, next_queued);
	tracker_wake(t);
}

static void arm_due(struct tracker *t);

static void
on_due(void *arg)
{
	struct tracker *t = arg;
	struct tracker_live *live, *next;
	usec_t now = time_mono();

	t->due_timer = NULL;
	for (live = TAILQ_FIRST(&t->due); live; live = next) {
		next = TAILQ_NEXT(live, next_due);
		if (live->due > now)
			continue;
		tracker_due_drop(live);
		tracker_enqueue(live->job->dir, QUEUE_URGENT);
	}
	arm_due(t);
}

static void
arm_due(struct tracker *t)
{
	struct tracker_live *live;
	usec_t first = INT64_MAX;

	TAILQ_FOREACH(live, &t->due, next_due)
	if (live->due < first)
		first = live->due;
	loop_timer_cancel(t->due_timer);
	t->due_timer = NULL;
	t->due_first = first;
	if (first < INT64_MAX)
		t->due_timer = loop_timer(t->config.loop, first, on_due, t);
}

void
tracker_due_at(struct tracker_job *job, usec_t when)
{
	struct tracker *t = job->dir->tracker;
	struct tracker_live *live = job->live;

	if (!live || (live->due && live->due <= when))
		return;
	if (!live->due)
		TAILQ_INSERT_TAIL(&t->due, live, next_due);
	live->due = when;
	if (!t->due_timer || when < t->due_first) {
		loop_timer_cancel(t->due_timer);
		t->due_first = when;
		t->due_timer = loop_timer(t->config.loop, when, on_due, t);
	}
}

static int
on_entry(void *arg, const char *name)
{
	struct tracker *t = arg;
	struct tracker_dir *dir;

	if (*name == '.')
		return 0;
	dir = tracker_dir_get(t, name);
	dir->generation = t->generation;
	if (!dir->jobs)
		tracker_enqueue(dir, QUEUE_URGENT);
	return 0;
}

static void
list_root(struct tracker *t)
{
	const struct spool *spool = t->config.spool;
	usec_t now = time_wall();
	struct tracker_dir *dir;
	size_t i;

	t->list = false;
	t->generation++;
	if (spool->fd >= 0 && fsio_each(spool->fd, on_entry, t) < 0)
		return; /* at the next rescan */
	t->listing = now;
	for (i = 0; i < t->dirs_size; i++)
		for (dir = t->dirs[i]; dir; dir = dir->next)
			if (dir->generation != t->generation)
				tracker_enqueue(dir, QUEUE_URGENT);
}

/* The path names another directory now: nothing that was open or watched means
 * anything, but what is remembered of jobs tells what is news. */
static void
drop_root(struct tracker *t)
{
	struct tracker_dir *dir;
	size_t i;

	for (i = 0; i < t->dirs_size; i++) {
		for (dir = t->dirs[i]; dir; dir = dir->next) {
			tracker_dir_unwatch(dir);
			dir->inode = 0;
			dir->relist = true;
			tracker_enqueue(dir, QUEUE_URGENT);
		}
	}
	tracker_root_watch(t);
	t->list = true;
}

static void
check_root(struct tracker *t)
{
	struct spool *spool = t->config.spool;
	struct err ignored = ERR_INIT;
	uint64_t device = 0, inode = 0;
	struct stat st;

	t->root_changed = false;
	if (spool_recheck(spool, &ignored) < 0)
		return; /* not to be looked at: no news */
	/* Somebody else may have opened it anew. */
	if (spool->fd >= 0 && fstat(spool->fd, &st) == 0) {
		device = (uint64_t)st.st_dev;
		inode = (uint64_t)st.st_ino;
	}
	if (device != t->root_device || inode != t->root_inode)
		drop_root(t);
	else if (t->root && watch_is_lost(t->root))
		tracker_root_watch(t);
}

static bool
has_work(const struct tracker *t)
{
	return t->root_changed || t->list || t->pass ||
	    !TAILQ_EMPTY(&t->queues[QUEUE_URGENT]) ||
	    !TAILQ_EMPTY(&t->queues[QUEUE_SLOW]);
}

static void
work_urgent(struct tracker *t, usec_t until)
{
	struct tracker_dir *dir;

	if (t->root_changed)
		check_root(t);
	if (t->list)
		list_root(t);
	while ((dir = TAILQ_FIRST(&t->queues[QUEUE_URGENT]))) {
		tracker_look(dir);
		if (time_mono() > until)
			return;
	}
}

static void
work_slow(struct tracker *t, usec_t until)
{
	struct tracker_dir *dir;

	while (time_mono() <= until) {
		if ((dir = TAILQ_FIRST(&t->queues[QUEUE_SLOW])))
			tracker_look(dir);
		else if (t->pass)
			tracker_pass_step(t);
		else
			return;
	}
}

static void
work(void *arg)
{
	struct tracker *t = arg;
	usec_t now = time_mono();

	t->work = NULL;
	work_urgent(t, now + URGENT_SLICE);
	if (TAILQ_EMPTY(&t->queues[QUEUE_URGENT]))
		work_slow(t, time_mono() + SLOW_SLICE);
	if (has_work(t)) {
		tracker_wake(t);
		return;
	}
	if (t->held == 0)
		t->complete = t->listing;
	tracker_poll_arm(t);
}

static void
tick(void *arg)
{
	struct tracker *t = arg;

	t->tick = loop_timer(t->config.loop, time_mono() + TICK, tick, t);
	t->root_changed = true;
	tracker_read_unread(t, UNREAD_SLICE);
	if (++t->ticks % TICKS_OF_RESCAN == 0) {
		t->list = true;
		t->no_watch = false;
		tracker_pass_begin(t, true);
	}
	tracker_wake(t);
}

struct tracker *
tracker_new(const struct tracker_config *config)
{
	struct tracker *t = xmalloc(sizeof(*t));
	size_t i;

	memset(t, 0, sizeof(*t));
	t->config = *config;
	if (!config->hold)
		t->config.hold = TRACKER_HOLD;
	for (i = 0; i < ARRAY_LEN(t->queues); i++)
		TAILQ_INIT(&t->queues[i]);
	TAILQ_INIT(&t->live);
	TAILQ_INIT(&t->due);
	t->watches_max = config->max_watches ? config->max_watches
					     : tracker_watches_default();
	t->pidfds_left = tracker_pidfds_default();
	return t;
}

int
tracker_start(struct tracker *t, struct err *err)
{
	struct tracker_dir *dir;

	if (spool_recheck(t->config.spool, err) < 0)
		return -1;
	t->starting = true;
	tracker_root_watch(t);
	list_root(t);
	if (!t->listing)
		return err_errno(err, ERR_SYSTEM, errno, "%s",
		    t->config.spool->path);
	while ((dir = TAILQ_FIRST(&t->queues[QUEUE_URGENT])))
		tracker_look(dir);
	t->starting = false;
	if (t->held == 0)
		t->complete = t->listing;
	t->tick = loop_timer(t->config.loop, time_mono() + TICK, tick, t);
	tracker_poll_arm(t);
	return 0;
}

void
tracker_free(struct tracker *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->dirs_size; i++)
		while (t->dirs[i])
			tracker_dir_free(t->dirs[i]);
	watch_remove(t->root);
	loop_timer_cancel(t->tick);
	loop_timer_cancel(t->poll);
	loop_timer_cancel(t->due_timer);
	loop_timer_cancel(t->work);
	free(t->dirs);
	free(t->claims);
	free(t);
}

usec_t
tracker_complete(const struct tracker *t)
{
	return t->complete;
}

void
tracker_each(struct tracker *t,
    void (*each)(void *arg, const struct spool_job *job, enum status status),
    void *arg)
{
	struct spool_job names;
	struct tracker_dir *dir;
	struct tracker_job *job;
	size_t i;

	for (i = 0; i < t->dirs_size; i++) {
		for (dir = t->dirs[i]; dir; dir = dir->next) {
			for (job = dir->jobs; job; job = job->next) {
				if (job->unread)
					tracker_read_one(job);
				tracker_job_names(job, &names);
				each(arg, &names, (enum status)job->status);
				spool_job_release(&names);
			}
		}
	}
}
