/*
 * watch.c: the front of both backends
 *
 * Invariant: every handle that was added is told of at least once every
 * WATCH_RESCAN, whatever its backend does, and never after its removal.
 */
#include "base/compat.h"
#include "engines/watch.h"

#include <stdlib.h>
#include <string.h>

#include "engines/watch_backend.h"

struct watch {
	struct loop *loop;
	struct loop_timer *rescan;
	struct watch_handle *handles;
	struct watch_handle *removed; /* to be freed */
	int rescanned;                /* handles that want the rescan */
	int firing;                   /* calls under way */
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

void
watch_enter(struct watch *watch)
{
	watch->firing++;
}

void
watch_leave(struct watch *watch)
{
	struct watch_handle *handle;

	if (--watch->firing > 0)
		return;
	while ((handle = watch->removed)) {
		watch->removed = handle->next_removed;
		*handle->link = handle->next;
		if (handle->next)
			handle->next->link = handle->link;
		free(handle);
	}
}

static void
arm_rescan(struct watch *watch)
{
	loop_timer_cancel(watch->rescan);
	watch->rescan = NULL;
	if (watch->rescanned > 0)
		watch->rescan = loop_timer(watch->loop,
		    time_mono() + WATCH_RESCAN, rescan, watch);
}

static void
rescan(void *arg)
{
	struct watch *watch = arg;
	struct watch_handle *handle;

	watch->rescan = NULL;
	watch_enter(watch);
	for (handle = watch->handles; handle; handle = handle->next)
		if (!(handle->what & WATCH_NO_RESCAN))
			watch_fire(handle, NULL);
	watch_leave(watch);
	arm_rescan(watch);
}

void
watch_fire(struct watch_handle *handle, const char *name)
{
	if (handle->removed)
		return;
	if (handle->named)
		handle->named(handle->arg, name);
	else
		handle->changed(handle->arg);
}

void
watch_fire_all(struct watch *watch)
{
	struct watch_handle *handle;

	for (handle = watch->handles; handle; handle = handle->next)
		watch_fire(handle, NULL);
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
add_to_inotify(struct watch *watch, struct watch_handle *handle, int dirfd)
{
	struct err ignored = ERR_INIT;

	if (dirfd < 0 || compat_is_remote(dirfd))
		return false;
	if (watch->try_inotify) {
		watch->try_inotify = false;
		watch->inotify =
		    watch_backend_inotify.open(watch, watch->loop, &ignored);
	}
	if (!watch->inotify ||
	    watch_backend_inotify.add(watch->inotify, handle, dirfd) < 0)
		return false;
	handle->backend = &watch_backend_inotify;
	return true;
}

void
watch_free(struct watch *watch)
{
	struct watch_handle *handle;

	if (!watch)
		return;
	watch_enter(watch);
	for (handle = watch->handles; handle; handle = handle->next)
		watch_remove(handle);
	watch_leave(watch);
	loop_timer_cancel(watch->rescan);
	if (watch->inotify)
		watch_backend_inotify.close(watch->inotify);
	if (watch->poll)
		watch_backend_poll.close(watch->poll);
	free(watch);
}

static struct watch_handle *
add(struct watch *watch, int dirfd, const struct watch_handle *wanted)
{
	struct watch_handle *handle = xmalloc(sizeof(*handle));

	*handle = *wanted;
	handle->watch = watch;
	handle->descriptor = -1;
	if (!add_to_inotify(watch, handle, dirfd)) {
		if (handle->what & WATCH_NO_POLL) {
			free(handle);
			return NULL;
		}
		handle->backend = &watch_backend_poll;
		watch_backend_poll.add(watch->poll, handle, dirfd);
	}
	handle->next = watch->handles;
	handle->link = &watch->handles;
	if (handle->next)
		handle->next->link = &handle->next;
	watch->handles = handle;
	if (!(handle->what & WATCH_NO_RESCAN)) {
		watch->rescanned++;
		if (!watch->rescan)
			arm_rescan(watch);
	}
	return handle;
}

struct watch_handle *
watch_add(struct watch *watch, int dirfd, unsigned what,
    watch_changed_fn *changed, void *arg)
{
	const struct watch_handle wanted = { .what = what,
		.changed = changed,
		.arg = arg };

	return add(watch, dirfd, &wanted);
}

struct watch_handle *
watch_add_named(struct watch *watch, int dirfd, unsigned what,
    watch_named_fn *named, void *arg)
{
	const struct watch_handle wanted = { .what = what,
		.named = named,
		.arg = arg };

	return add(watch, dirfd, &wanted);
}

void
watch_remove(struct watch_handle *handle)
{
	struct watch *watch;

	if (!handle || handle->removed)
		return;
	watch = handle->watch;
	handle->backend->remove(handle->backend == &watch_backend_inotify
		? watch->inotify
		: watch->poll,
	    handle);
	watch_enter(watch);
	handle->removed = true;
	handle->next_removed = watch->removed;
	watch->removed = handle;
	if (!(handle->what & WATCH_NO_RESCAN) && --watch->rescanned == 0)
		arm_rescan(watch);
	watch_leave(watch);
}

bool
watch_is_lost(const struct watch_handle *handle)
{
	return handle->lost;
}
