/*
 * oom.h: how many processes did the kernel kill for lack of memory?
 *
 * The kernel tells nobody why a process got SIGKILL, but it counts: for each
 * cgroup (version 2: memory.events, version 1: memory.oom_control; cgroups(7))
 * those of its processes that it killed for lack of memory, and in /proc/vmstat
 * those of the machine.
 *
 *	struct oom_counter counter;
 *
 *	oom_open(&counter, "", pid);		before it runs
 *	...
 *	if (oom_kills(&counter) > 0)		after its end
 *
 * A counter that rose says that some process was killed so, not which one.
 * No function here allocates.
 */
#ifndef BASE_OOM_H
#define BASE_OOM_H

#include <stdint.h>
#include <sys/types.h>

/* Whose processes are counted. */
enum oom_scope {
	OOM_UNTOLD, /* the system does not count */
	OOM_CGROUP, /* those of the cgroup that the process was in */
	OOM_SYSTEM, /* all of the machine */
};

struct oom_counter {
	enum oom_scope scope;
	const char *top; /* as given */
	int fd;          /* OOM_CGROUP: of its file; else -1 */
	int64_t before;  /* how many, when it was opened */
};

/*
 * Find the narrowest counter for a living process.
 * top	what stands before /proc and /sys: "" but for tests; must live as long
 *	as the counter
 * A descriptor is kept for a cgroup only, so that /proc can be unmounted.
 */
void oom_open(struct oom_counter *counter, const char *top, pid_t pid);

/* How many were killed since then; 0 also if that can't be told. */
int64_t oom_kills(const struct oom_counter *counter);

#endif
