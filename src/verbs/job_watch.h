/*
 * job_watch.h: "something about this job changed"
 *
 * Its directory, or the end of one of its processes.  Only a hint: look again
 * in the callback, and once after job_watch_new().
 *
 *	watch = job_watch_new(ops, name, &record, WATCH_NAMES, changed, arg);
 *	look();
 *	...
 *	job_watch_free(watch);
 */
#ifndef VERBS_JOB_WATCH_H
#define VERBS_JOB_WATCH_H

#include "engines/watch.h"
#include "truth/scan.h"
#include "verbs/ops.h"

struct job_watch;

/*
 * dirname	the job's directory
 * record	names the processes; borrowed during the call
 * what		WATCH_NAMES, and WATCH_CONTENT to hear of output, too
 * Never fails: a directory that is gone changes no more.
 */
struct job_watch *job_watch_new(struct ops *ops, const char *dirname,
    const struct record *record, unsigned what, watch_changed_fn *changed,
    void *arg);
void job_watch_free(struct job_watch *watch); /* NULL is allowed */

#endif
