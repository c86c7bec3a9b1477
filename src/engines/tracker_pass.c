/*
 * tracker_pass.c: looking without being told
 *
 * A pass goes over the live jobs, one directory a step, and asks stat whether
 * anything changed since the last scan.  Every rescan is a pass over all of
 * them; what could not be watched is passed over every 20 ms to 1 s.
 *
 * Invariant: a state is trusted only if stat says that nothing changed, and the
 * last change was long enough before the last scan; or if a pidfd would tell.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"

enum {
	POLL_FAST = 20 * 1000,
	POLL_SLOW = 1000 * 1000,
	POLL_SHARE = 10, /* at most one part in so many of the time */
};

void
tracker_pass_begin(struct tracker *t, bool all)
{
	t->pass_all = t->pass_all || all;
	t->pass_found = false;
	t->pass_cost = 0;
	t->pass = TAILQ_FIRST(&t->live);
}

static bool
is_due(const struct tracker *t, struct tracker_dir *dir, int fd)
{
	const struct tracker_job *job;

	for (job = dir->jobs; job; job = job->next) {
		if (!job->live)
			continue;
		if (t->pass_all && job->live->uncovered)
			return true;
		if (!tracker_looks_same(job, fd)) {
			dir->relist = !dir->own;
			return true;
		}
	}
	return false;
}

static void
look_at(struct tracker *t, struct tracker_dir *dir)
{
	cleanup_close int fd = scan_open_dir(t->config.spool, dir->name);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (uint64_t)st.st_ino == dir->inode) {
		if (!dir->watch && !t->no_watch)
			tracker_dir_watch(dir, fd);
		if (!is_due(t, dir, fd))
			return;
	}
	tracker_look(dir);
}

void
tracker_pass_step(struct tracker *t)
{
	struct tracker_dir *dir = t->pass;
	usec_t start;

	t->pass = TAILQ_NEXT(dir, next_live);
	if (t->pass_all || !dir->watch) {
		start = time_mono();
		look_at(t, dir);
		t->pass_cost += time_mono() - start;
	}
	if (t->pass)
		return;
	t->pass_all = false;
	t->poll_interval = t->pass_found ? POLL_FAST : t->poll_interval * 3 / 2;
	if (t->poll_interval > POLL_SLOW)
		t->poll_interval = POLL_SLOW;
	if (t->poll_interval < t->pass_cost * POLL_SHARE)
		t->poll_interval = t->pass_cost * POLL_SHARE;
}

static void
on_poll(void *arg)
{
	struct tracker *t = arg;

	t->poll = NULL;
	if (t->pass || t->unwatched == 0)
		return;
	tracker_pass_begin(t, false);
	tracker_wake(t);
}

void
tracker_poll_arm(struct tracker *t)
{
	if (t->poll || t->pass || t->unwatched == 0)
		return;
	if (t->poll_interval < POLL_FAST)
		t->poll_interval = POLL_FAST;
	t->poll = loop_timer(t->config.loop, time_mono() + t->poll_interval,
	    on_poll, t);
}

void
tracker_read_one(struct tracker_job *job)
{
	struct tracker_dir *dir = job->dir;
	struct spool_job names;
	struct record record;

	tracker_job_names(job, &names);
	if (scan_job(dir->tracker->config.spool, &names, SCAN_STATE, &record) ==
	    0) {
		job->unread = false;
		job->status = (uint8_t)record.verdict.status;
		if (status_is_final(record.verdict.status)) {
			job->end = tracker_end_of(&record);
		} else {
			/* Its mode promised too much. */
			job->known = false;
			job->past = TRACKER_KNOWN;
			tracker_job_set_live(job, true);
			tracker_enqueue(dir, QUEUE_SLOW);
		}
	}
	record_release(&record);
	spool_job_release(&names);
}

void
tracker_read_unread(struct tracker *t, size_t count)
{
	struct tracker_dir *dir;

	for (; count > 0 && t->unread_at < t->dirs_size; t->unread_at++) {
		for (dir = t->dirs[t->unread_at]; dir; dir = dir->next) {
			if (!dir->jobs || !dir->jobs->unread)
				continue;
			tracker_read_one(dir->jobs);
			count -= count > 0;
		}
	}
}
