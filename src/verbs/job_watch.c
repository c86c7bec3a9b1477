/*
 * job_watch.c: "something about this job changed"
 *
 * Its directory tells of an end record and of output; pidfds of the processes
 * that its record names tell of deaths that leave no record.
 *
 * Invariant: a callback is only a hint; without any of it the slow rescan of
 * the directory's watch still comes.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { REAP_FIRST = 5 * 1000, REAP_LAST = USEC_PER_SEC };

struct process_watch {
	struct job_watch *watch;
	struct loop_source *source;
	struct loop_timer *reaped; /* ended; when to look for its reaping */
	usec_t pause;
	struct proc_id id;
	int pidfd;
};

struct job_watch {
	struct loop *loop;
	struct watch_handle *directory;
	struct process_watch processes[2];
	watch_changed_fn *changed;
	void *arg;
};

static void
forget_process(struct process_watch *process)
{
	loop_remove(process->source);
	process->source = NULL;
	loop_timer_cancel(process->reaped);
	process->reaped = NULL;
	close_fd(&process->pidfd);
}

static void on_reaping(void *arg);

/* A zombie leaves the state of a worker open until its parent reaps it. */
static void
look_for_reaping(struct process_watch *process)
{
	if (proc_life(&process->id) != PROC_ZOMBIE)
		return;
	process->reaped = loop_timer(process->watch->loop,
	    time_mono() + process->pause, on_reaping, process);
	process->pause *= 2;
	if (process->pause > REAP_LAST)
		process->pause = REAP_LAST;
}

static void
on_reaping(void *arg)
{
	struct process_watch *process = arg;

	process->reaped = NULL;
	look_for_reaping(process);
	if (!process->reaped)
		process->watch->changed(process->watch->arg);
}

static void
on_death(void *arg, int events)
{
	struct process_watch *process = arg;
	struct job_watch *watch = process->watch;

	(void)events;
	/* Tells once; a readable pidfd stays readable. */
	forget_process(process);
	process->pause = REAP_FIRST;
	look_for_reaping(process);
	watch->changed(watch->arg);
}

static void
watch_process(struct job_watch *watch, struct ops *ops, int slot,
    const struct proc_id *id)
{
	struct process_watch *process = &watch->processes[slot];

	process->watch = watch;
	process->id = *id;
	process->pidfd = id->pid > 1 ? compat_pidfd_open(id->pid) : -1;
	/* The pidfd pins whoever has that number now: is it still the one? */
	if (process->pidfd >= 0 && proc_life(id) != PROC_ALIVE)
		close_fd(&process->pidfd);
	if (process->pidfd >= 0)
		process->source = loop_add(ops->loop, process->pidfd, POLLIN,
		    on_death, process);
}

struct job_watch *
job_watch_new(struct ops *ops, const char *dirname, const struct record *record,
    unsigned what, watch_changed_fn *changed, void *arg)
{
	cleanup_close int dir = scan_open_dir(ops->spool, dirname);
	struct job_watch *watch = xmalloc(sizeof(*watch));

	memset(watch, 0, sizeof(*watch));
	watch->loop = ops->loop;
	watch->changed = changed;
	watch->arg = arg;
	watch->processes[0].pidfd = watch->processes[1].pidfd = -1;
	if (dir >= 0)
		watch->directory =
		    watch_add(ops->watch, dir, what, changed, arg);
	watch_process(watch, ops, 0, &record->journal.command_id);
	watch_process(watch, ops, 1, &record->journal.supervisor);
	return watch;
}

void
job_watch_free(struct job_watch *watch)
{
	if (!watch)
		return;
	watch_remove(watch->directory);
	forget_process(&watch->processes[0]);
	forget_process(&watch->processes[1]);
	free(watch);
}
