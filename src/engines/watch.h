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
 * Local directories are watched by the kernel; no descriptor of them is kept.
 * Where it can't (network and FUSE file systems, no instance or watch to be
 * had), the directory is polled, with the same answers: 20 ms after a change,
 * and ever more slowly up to 1 s while nothing happens.
 *
 * Who has thousands of directories asks with watch_add_named() which entry it
 * was, looks by himself every so often (WATCH_NO_RESCAN), and polls by himself
 * what the kernel can't watch (WATCH_NO_POLL).
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

	WATCH_NO_RESCAN = 4, /* call only if there was an event */
	WATCH_NO_POLL = 8,   /* no handle where the kernel can't watch */
};

struct watch;
struct watch_handle;

typedef void watch_changed_fn(void *arg);

/* `name`: the entry that changed; NULL: any of them, or the directory itself.
 * Events of one file come in their order. */
typedef void watch_named_fn(void *arg, const char *name);

/* "auto", "inotify", "poll" -> kind; -1 if it is none. */
int watch_kind_from_word(const char *word);

/* With WATCH_INOTIFY it is an error if there is none to be had. */
struct watch *watch_new(struct loop *loop, enum watch_kind kind,
    struct err *err);
void watch_free(struct watch *watch); /* NULL is allowed; after its handles */

/*
 * Watch directory `dirfd`, which stays the caller's.  Never fails but with
 * WATCH_NO_POLL (NULL): what can't be watched is polled.  The handle may be
 * removed inside its own callback.
 */
struct watch_handle *watch_add(struct watch *watch, int dirfd, unsigned what,
    watch_changed_fn *changed, void *arg);
struct watch_handle *watch_add_named(struct watch *watch, int dirfd,
    unsigned what, watch_named_fn *named, void *arg);
void watch_remove(struct watch_handle *handle); /* NULL is allowed */

/* The kernel gave the watch up, since the directory was removed or its file
 * system unmounted; told by one last call.  Only the rescan is left. */
bool watch_is_lost(const struct watch_handle *handle);

#endif
