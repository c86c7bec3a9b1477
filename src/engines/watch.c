/*
 * watch.c: the front of both backends
 *
 * Invariant: every handle that was added is told of at least once every
 * WATCH_RESCAN, whatever its backend does, and never after its removal.
 */
#include "base/compat.h"
#include "engines/watch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "engines/watch_backend.h"

struct watch {
	struct loop *loop;
	struct loop_timer *rescan;
	struct watch_handle *handles;
	void *inotify;    /* state; NULL: not to be had, or not tried yet */
	bool try_inotify; /* at the first use: an instance costs its closing */
	void *poll;
};

static const char *const kind_words[] = {
	[WATCH_AUTO] = "auto",
	[WATCH_INOTIFY] = "inotify",
	[WATCH_POLL] = "poll",
};

int
watch_kind_from_word(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kind_words); i++)
		if (strcmp(word, kind_words[i]) == 0)
			return (int)i;
	return -1;
}

static void rescan(void *arg);

/* Free removed handles; not while callbacks of a chain are running. */
static void
sweep(struct watch *watch)
{
	struct watch_handle **h = &watch->handles;

	while (*h) {
		struct watch_handle *handle = *h;

		if (handle->changed) {
			h = &handle->next;
			continue;
		}
		*h = handle->next;
		free(handle);
	}
}

static void
arm_rescan(struct watch *watch)
{
	loop_timer_cancel(watch->rescan);
	watch->rescan = NULL;
	if (watch->handles)
		watch->rescan = loop_timer(watch->loop,
		    time_mono() + WATCH_RESCAN, rescan, watch);
}

static void
rescan(void *arg)
{
	struct watch *watch = arg;

	watch->rescan = NULL;
	watch_fire(watch, NULL);
	sweep(watch);
	arm_rescan(watch);
}

void
watch_fire(struct watch *watch, struct watch_handle *handle)
{
	if (handle) {
		if (handle->changed)
			handle->changed(handle->arg);
		return;
	}
	for (handle = watch->handles; handle; handle = handle->next)
		if (handle->changed)
			handle->changed(handle->arg);
}

struct watch *
watch_new(struct loop *loop, enum watch_kind kind, struct err *err)
{
	struct watch *watch = xmalloc(sizeof(*watch));

	memset(watch, 0, sizeof(*watch));
	watch->loop = loop;
	watch->poll = watch_backend_poll.open(watch, loop, err);
	watch->try_inotify = kind == WATCH_AUTO;
	if (kind == WATCH_INOTIFY && watch->poll)
		watch->inotify = watch_backend_inotify.open(watch, loop, err);
	if (!watch->poll || (kind == WATCH_INOTIFY && !watch->inotify)) {
		watch_free(watch);
		return NULL;
	}
	return watch;
}

/* The kernel's help, if there is any to be had for this directory. */
static bool
add_to_inotify(struct watch *watch, struct watch_handle *handle)
{
	struct err ignored = ERR_INIT;

	if (handle->dirfd < 0 || compat_is_remote(handle->dirfd))
		return false;
	if (watch->try_inotify) {
		watch->try_inotify = false;
		watch->inotify =
		    watch_backend_inotify.open(watch, watch->loop, &ignored);
	}
	return watch->inotify &&
	    watch_backend_inotify.add(watch->inotify, handle) == 0;
}

void
watch_free(struct watch *watch)
{
	struct watch_handle *handle;

	if (!watch)
		return;
	loop_timer_cancel(watch->rescan);
	for (handle = watch->handles; handle; handle = handle->next)
		watch_remove(handle);
	sweep(watch);
	if (watch->inotify)
		watch_backend_inotify.close(watch->inotify);
	if (watch->poll)
		watch_backend_poll.close(watch->poll);
	free(watch);
}

struct watch_handle *
watch_add(struct watch *watch, int dirfd, unsigned what,
    watch_changed_fn *changed, void *arg)
{
	struct watch_handle *handle = xmalloc(sizeof(*handle));

	memset(handle, 0, sizeof(*handle));
	handle->watch = watch;
	handle->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	handle->what = what;
	handle->changed = changed;
	handle->arg = arg;
	handle->descriptor = -1;
	handle->next = watch->handles;
	watch->handles = handle;
	if (add_to_inotify(watch, handle)) {
		handle->backend = &watch_backend_inotify;
	} else {
		watch_backend_poll.add(watch->poll, handle);
		handle->backend = &watch_backend_poll;
	}
	if (!watch->rescan)
		arm_rescan(watch);
	return handle;
}

void
watch_remove(struct watch_handle *handle)
{
	struct watch *watch;

	if (!handle || !handle->changed)
		return;
	watch = handle->watch;
	handle->backend->remove(handle->backend == &watch_backend_inotify
		? watch->inotify
		: watch->poll,
	    handle);
	handle->changed = NULL;
	close_fd(&handle->dirfd);
}
