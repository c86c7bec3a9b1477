/*
 * watch_poll.c: watching by looking
 *
 * Every handle has a timer.  A fingerprint of the directory (its stamps and
 * those of its entries, which also show a file that was written) says whether
 * to call; a changed one makes the next look come soon, an unchanged one makes
 * it come later.
 *
 * Invariant: the interval lies between POLL_FAST and POLL_SLOW.
 */
#include "base/compat.h"
#include "engines/watch_backend.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"

enum { POLL_FAST = 20 * 1000, POLL_SLOW = 1000 * 1000, POLL_ENTRIES = 64 };

struct polling {
	struct watch *watch;
	struct loop *loop;
};

struct print {
	uint64_t hash;
	int dirfd;
	int entries;
};

static void
mix(struct print *print, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		print->hash = (print->hash ^ bytes[i]) * 1099511628211u;
}

static void
mix_stat(struct print *print, const struct stat *st)
{
	mix(print, &st->st_ino, sizeof(st->st_ino));
	mix(print, &st->st_size, sizeof(st->st_size));
	mix(print, &st->st_mtim, sizeof(st->st_mtim));
	mix(print, &st->st_ctim, sizeof(st->st_ctim));
}

static int
mix_entry(void *arg, const char *name)
{
	struct print *print = arg;
	struct stat st;

	mix(print, name, strlen(name));
	if (fstatat(print->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		mix_stat(print, &st);
	return ++print->entries > POLL_ENTRIES;
}

static uint64_t
fingerprint(const struct watch_handle *handle)
{
	struct print print = { 14695981039346656037u, handle->dirfd, 0 };
	struct stat st;

	if (fstat(handle->dirfd, &st) == 0)
		mix_stat(&print, &st);
	if (fsio_each(handle->dirfd, mix_entry, &print) < 0)
		mix(&print, "?", 1);
	return print.hash;
}

static void look(void *arg);

static void
arm(struct watch_handle *handle, struct loop *loop)
{
	handle->timer =
	    loop_timer(loop, time_mono() + handle->interval, look, handle);
}

static void *
poll_open(struct watch *watch, struct loop *loop, struct err *err)
{
	struct polling *polling = xmalloc(sizeof(*polling));

	(void)err;
	polling->watch = watch;
	polling->loop = loop;
	return polling;
}

static void
poll_close(void *state)
{
	free(state);
}

static int
poll_add(void *state, struct watch_handle *handle)
{
	struct polling *polling = state;

	handle->interval = POLL_FAST;
	handle->fingerprint = fingerprint(handle);
	handle->backend_state = polling;
	arm(handle, polling->loop);
	return 0;
}

static void
poll_remove(void *state, struct watch_handle *handle)
{
	(void)state;
	loop_timer_cancel(handle->timer);
	handle->timer = NULL;
}

static void
look(void *arg)
{
	struct watch_handle *handle = arg;
	struct polling *polling = handle->backend_state;
	uint64_t now = fingerprint(handle);
	bool changed = now != handle->fingerprint;

	handle->timer = NULL;
	handle->fingerprint = now;
	handle->interval = changed ? POLL_FAST : handle->interval * 3 / 2;
	if (handle->interval > POLL_SLOW)
		handle->interval = POLL_SLOW;
	arm(handle, polling->loop);
	if (changed)
		watch_fire(polling->watch, handle);
}

const struct watch_backend watch_backend_poll = {
	poll_open,
	poll_close,
	poll_add,
	poll_remove,
};
