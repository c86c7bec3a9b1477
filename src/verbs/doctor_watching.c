/*
 * doctor_watching.c: check of doctor: does the kernel tell of changes?
 *
 * Invariant: what is watched for the trial is watched no longer than it takes.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "engines/watch.h"

static void
ignore(void *arg, const char *name)
{
	(void)arg;
	(void)name;
}

void
doctor_look_watching(struct doctor *d)
{
	struct doctor_watching *w = &d->watching;
	int base = d->root.base_fd;
	struct watch_handle *handle = NULL;
	struct watch *watch = NULL;
	struct err err = ERR_INIT;
	struct loop *loop;

	watches_count(&w->watches);
	w->instance_errno = w->watch_errno = NOT_TRIED;
	loop = loop_new(&err);
	if (loop)
		watch = watch_new(loop, WATCH_INOTIFY, &err);
	if (loop)
		w->instance_errno = watch ? 0 : err.sys;
	if (watch && base >= 0) {
		handle = watch_add_named(watch, base,
		    WATCH_NAMES | WATCH_NO_RESCAN | WATCH_NO_POLL, ignore,
		    NULL);
		w->watch_errno = handle ? 0 : errno;
	}
	watch_remove(handle);
	watch_free(watch);
	loop_free(loop);
}

/* Only of a lack is there a remedy in numbers. */
static void
advise(struct finding *f, int sys, int lack, const char *limit)
{
	if (sys == lack)
		finding_advise(f,
		    "sysctl fs.inotify.%s: raise it, or end who "
		    "uses them",
		    limit);
	else
		finding_advise(f, "nothing: it is seen a little later");
}

/* Something of which so many are in use and at most so many to be had. */
static void
say_watches(struct finding *f, enum doctor_status status, const char *what,
    int64_t used, int64_t most)
{
	if (most >= 0)
		finding_say(f, status, "%" PRId64 " of %" PRId64 " %s in use",
		    used, most, what);
	else
		finding_say(f, status, "%" PRId64 " %s in use", used, what);
}

void
check_watching(const struct doctor *d, struct finding *f)
{
	const struct doctor_watching *seen = &d->watching;
	const struct watches *w = &seen->watches;
	int64_t wanted = (int64_t)d->jobs.live + 1;

	if (d->disk.fs.remote) {
		finding_say(f, DOCTOR_OK,
		    "by polling, as always on this file system");
	} else if (seen->instance_errno) {
		finding_say(f, DOCTOR_WARN, "by polling: no inotify: %s",
		    seen->instance_errno == NOT_TRIED
			? "it could not be tried"
			: strerror(seen->instance_errno));
		say_watches(f, DOCTOR_WARN, "instances", w->instances,
		    w->instances_most);
		advise(f, seen->instance_errno, EMFILE, "max_user_instances");
	} else if (seen->watch_errno > 0) {
		finding_say(f, DOCTOR_WARN, "by polling: no watch: %s",
		    strerror(seen->watch_errno));
		say_watches(f, DOCTOR_WARN, "watches", w->watches,
		    w->watches_most);
		advise(f, seen->watch_errno, ENOSPC, "max_user_watches");
	} else if (w->watches_most >= 0 &&
	    w->watches_most - w->watches < wanted) {
		say_watches(f, DOCTOR_WARN, "watches", w->watches,
		    w->watches_most);
		finding_say(f, DOCTOR_WARN,
		    "%" PRId64 " more are needed, else some jobs are polled",
		    wanted);
		advise(f, ENOSPC, ENOSPC, "max_user_watches");
	} else {
		say_watches(f, DOCTOR_OK, "watches", w->watches,
		    w->watches_most);
		say_watches(f, DOCTOR_OK, "instances", w->instances,
		    w->instances_most);
	}
}
