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

struct process_watch {
	struct job_watch *watch;
	struct loop_source *source;
	int pidfd;
};

struct job_watch {
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
	close_fd(&process->pidfd);
}

static void
on_death(void *arg, int events)
{
	struct process_watch *process = arg;
	struct job_watch *watch = process->watch;

	(void)events;
	/* Tells once; a readable pidfd stays readable. */
	forget_process(process);
	watch->changed(watch->arg);
}

static void
watch_process(struct job_watch *watch, struct ops *ops, int slot,
    const struct proc_id *id)
{
	struct process_watch *process = &watch->processes[slot];

	process->watch = watch;
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
