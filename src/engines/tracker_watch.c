/*
 * tracker_watch.c: what tells the tracker where to look
 *
 * Watches of directories, and pidfds of the processes of running jobs.
 *
 * Invariant: whoever has neither is looked at by a pass.  Nothing here judges;
 * a call only puts a directory into a queue.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/fsio.h"

enum {
	PIDFDS_MOST = 1024,    /* each costs every turn of the loop a little */
	REAP_PAUSE = 50 * 1000 /* its parent reaps what died, before that */
};

int64_t
tracker_watches_default(void)
{
	cleanup_close int fd = -1;
	char text[32];
	struct stat st;
	long long most;
	ssize_t n;

	/* Not there on other systems: then as many as can be had.  A sysctl is
	 * whole in the first read only. */
	fd = fsio_open_file(AT_FDCWD, "/proc/sys/fs/inotify/max_user_watches",
	    &st);
	n = fd < 0 ? -1 : read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return INT64_MAX;
	text[n] = '\0';
	most = strtoll(text, NULL, 10);
	return most > 0 ? most / 4 * 3 : INT64_MAX;
}

int64_t
tracker_pidfds_default(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur / 4 > PIDFDS_MOST)
		return PIDFDS_MOST;
	return (int64_t)(limit.rlim_cur / 4);
}

static bool
is_log(const struct tracker_dir *dir, const char *name)
{
	const struct tracker_job *job;
	const struct dialect *dialect;

	for (job = dir->jobs; job; job = job->next) {
		dialect = dialect_of(job->journal);
		if (strcmp(name, dialect->out_log) == 0 ||
		    strcmp(name, dialect->err_log) == 0)
			return true;
	}
	return false;
}

/* Output came: look now, or when it may be told again. */
static void
on_output(struct tracker_dir *dir)
{
	struct tracker_job *job;
	usec_t now = time_mono();

	for (job = dir->jobs; job; job = job->next) {
		struct tracker_live *live = job->live;

		if (!live || status_is_final((enum status)job->status))
			continue;
		if (live->told_output &&
		    live->told_output + TRACKER_PAUSE > now)
			tracker_due_at(job, live->told_output + TRACKER_PAUSE);
		else
			tracker_enqueue(dir, QUEUE_URGENT);
	}
}

static void
on_dir(void *arg, const char *name)
{
	struct tracker_dir *dir = arg;

	if (!name) { /* anything: overflow, or the directory itself */
		dir->relist = true;
		tracker_enqueue(dir, QUEUE_SLOW);
		return;
	}
	if (is_log(dir, name)) {
		if (dir->tracker->config.output)
			on_output(dir);
		return;
	}
	/* A job's own files in its directory mean nothing. */
	if (dir->own && strcmp(name, JOB_JOURNAL) != 0 &&
	    strcmp(name, JOB_PROGRESS) != 0)
		return;
	if (!dir->own)
		dir->relist = true;
	tracker_enqueue(dir, QUEUE_URGENT);
}

void
tracker_dir_watch(struct tracker_dir *dir, int dirfd)
{
	struct tracker *t = dir->tracker;
	unsigned what = WATCH_NAMES | WATCH_NO_RESCAN | WATCH_NO_POLL;

	if (dir->watch && watch_is_lost(dir->watch))
		tracker_dir_unwatch(dir);
	if (dir->watch || t->no_watch)
		return;
	/* Others may write their journals in place. */
	if (t->config.output || !dir->own)
		what |= WATCH_CONTENT;
	if (t->watches < t->watches_max)
		dir->watch =
		    watch_add_named(t->config.watch, dirfd, what, on_dir, dir);
	if (!dir->watch) {
		t->no_watch = true;
		return;
	}
	t->watches++;
	t->unwatched -= dir->live;
}

void
tracker_dir_unwatch(struct tracker_dir *dir)
{
	struct tracker *t = dir->tracker;

	if (!dir->watch)
		return;
	watch_remove(dir->watch);
	dir->watch = NULL;
	t->watches--;
	t->unwatched += dir->live;
}

static void
on_root(void *arg, const char *name)
{
	struct tracker *t = arg;
	struct tracker_dir *dir;

	if (!name) {
		t->root_changed = t->list = true;
		tracker_wake(t);
		return;
	}
	if (*name == '.')
		return;
	dir = tracker_dir_get(t, name);
	dir->relist = true;
	tracker_enqueue(dir, QUEUE_URGENT);
}

void
tracker_root_watch(struct tracker *t)
{
	struct stat st;

	watch_remove(t->root);
	t->root = NULL;
	t->root_device = t->root_inode = 0;
	if (t->config.spool->fd >= 0 && fstat(t->config.spool->fd, &st) == 0) {
		t->root_device = (uint64_t)st.st_dev;
		t->root_inode = (uint64_t)st.st_ino;
	}
	if (t->config.spool->fd >= 0)
		t->root = watch_add_named(t->config.watch, t->config.spool->fd,
		    WATCH_NAMES | WATCH_NO_RESCAN, on_root, t);
}

static void
forget_process(struct tracker_process *process)
{
	if (process->pidfd < 0)
		return;
	loop_remove(process->source);
	close_fd(&process->pidfd);
	process->job->dir->tracker->pidfds_left++;
}

void
tracker_processes_forget(struct tracker_live *live)
{
	forget_process(&live->processes[0]);
	forget_process(&live->processes[1]);
}

static void
on_death(void *arg, int events)
{
	struct tracker_process *process = arg;
	struct tracker_job *job = process->job;

	(void)events;
	forget_process(process);
	tracker_enqueue(job->dir, QUEUE_URGENT);
	/* A zombie may leave the state open. */
	tracker_due_at(job, time_mono() + REAP_PAUSE);
}

static void
watch_process(struct tracker *t, struct tracker_process *process,
    const struct proc_id *id)
{
	if (process->pidfd >= 0 && process->id.pid == id->pid &&
	    process->id.start == id->start)
		return;
	forget_process(process);
	if (id->pid < 2 || t->pidfds_left <= 0)
		return;
	process->pidfd = compat_pidfd_open(id->pid);
	if (process->pidfd < 0)
		return;
	/* It pins whoever has that number now: is it still the one? */
	if (proc_life(id) != PROC_ALIVE) {
		close_fd(&process->pidfd);
		return;
	}
	t->pidfds_left--;
	process->id = *id;
	process->source =
	    loop_add(t->config.loop, process->pidfd, POLLIN, on_death, process);
}

void
tracker_processes_watch(struct tracker_job *job, const struct record *record)
{
	struct tracker *t = job->dir->tracker;
	struct tracker_live *live = job->live;
	enum rule rule = record->verdict.rule;

	bool told;

	/* Where the numbers mean something. */
	if (rule == RULE_COMMAND_ALIVE || rule == RULE_SUPERVISOR_ALIVE ||
	    rule == RULE_NAMED_ALIVE) {
		watch_process(t, &live->processes[0],
		    &record->journal.command_id);
		watch_process(t, &live->processes[1],
		    &record->journal.supervisor);
	} else {
		tracker_processes_forget(live);
	}
	told = live->processes[0].pidfd >= 0 || live->processes[1].pidfd >= 0;
	live->uncovered = !told && !status_is_final(record->verdict.status) &&
	    rule != RULE_UNREADABLE && rule != RULE_NO_EVIDENCE;
}
