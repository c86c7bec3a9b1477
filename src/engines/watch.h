/*
 * watch.h: "something changed in this directory"
 *
 * Events are hints, the disk is the truth: a callback says only "look again",
 * may come without a change, and comes at least every WATCH_RESCAN even if no
 * event does.  Watch first, look second, and nothing is missed:
 *
 *	struct watch *watch = watch_new(loop, WATCH_AUTO, &err);
 *
 *	handle = watch_add(watch, jobdir_fd, WATCH_NAMES, changed, arg);
 *	look();			-- after the watch
 *	...
 *	watch_remove(handle);
 *
 * Local directories are watched by the kernel.  Where it can't (network and
 * FUSE file systems, no instance or watch to be had), the directory is polled,
 * with the same answers: 20 ms after a change, and ever more slowly up to 1 s
 * while nothing happens.
 */
#ifndef ENGINES_WATCH_H
#define ENGINES_WATCH_H

#include "base/err.h"
#include "base/loop.h"

enum { WATCH_RESCAN = 5 * USEC_PER_SEC };

enum watch_kind { WATCH_AUTO, WATCH_INOTIFY, WATCH_POLL };

enum {
	WATCH_NAMES = 1,   /* entries made, renamed, removed; the directory
			  * itself renamed (its removal: by the rescan) */
	WATCH_CONTENT = 2, /* and files in it written */
};

struct watch;
struct watch_handle;

typedef void watch_changed_fn(void *arg);

/* "auto", "inotify", "poll" -> kind; -1 if it is none. */
int watch_kind_from_word(const char *word);

/* With WATCH_INOTIFY it is an error if there is none to be had. */
struct watch *watch_new(struct loop *loop, enum watch_kind kind,
    struct err *err);
void watch_free(struct watch *watch); /* NULL is allowed; after its handles */

/*
 * Watch directory `dirfd` (copied; the caller may close his).  Never fails:
 * what can't be watched is polled.  The handle may be removed inside its own
 * callback.
 */
struct watch_handle *watch_add(struct watch *watch, int dirfd, unsigned what,
    watch_changed_fn *changed, void *arg);
void watch_remove(struct watch_handle *handle); /* NULL is allowed */

#endif
