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

/* One directory that is polled. */
struct polled {
	struct polling *polling;
	struct loop_timer *timer;
	usec_t interval;
	uint64_t fingerprint;
	int dirfd; /* kept: its path may name another one later */
};

struct print {
	uint64_t hash;
	int dirfd;
	int entries;
};

static void
mix(struct print *print, const void *data, size_t len)
{
	print->hash = hash_add(print->hash, data, len);
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
fingerprint(const struct polled *polled)
{
	struct print print = { HASH_INIT, polled->dirfd, 0 };
	struct stat st;

	if (fstat(polled->dirfd, &st) == 0)
		mix_stat(&print, &st);
	if (fsio_each(polled->dirfd, mix_entry, &print) < 0)
		mix(&print, "?", 1);
	return print.hash;
}

static void look(void *arg);

static void
arm(struct watch_handle *handle)
{
	struct polled *polled = handle->polled;

	polled->timer = loop_timer(polled->polling->loop,
	    time_mono() + polled->interval, look, handle);
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
poll_add(void *state, struct watch_handle *handle, int dirfd)
{
	struct polled *polled = xmalloc(sizeof(*polled));

	polled->polling = state;
	polled->interval = POLL_FAST;
	polled->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	polled->fingerprint = fingerprint(polled);
	handle->polled = polled;
	arm(handle);
	return 0;
}

static void
poll_remove(void *state, struct watch_handle *handle)
{
	(void)state;
	loop_timer_cancel(handle->polled->timer);
	close_fd(&handle->polled->dirfd);
	free(handle->polled);
	handle->polled = NULL;
}

static void
look(void *arg)
{
	struct watch_handle *handle = arg;
	struct watch *watch = handle->watch;
	struct polled *polled = handle->polled;
	uint64_t now = fingerprint(polled);
	bool changed = now != polled->fingerprint;

	polled->fingerprint = now;
	polled->interval = changed ? POLL_FAST : polled->interval * 3 / 2;
	if (polled->interval > POLL_SLOW)
		polled->interval = POLL_SLOW;
	arm(handle);
	if (!changed)
		return;
	watch_enter(watch);
	watch_fire(handle, NULL);
	watch_leave(watch);
}

const struct watch_backend watch_backend_poll = {
	poll_open,
	poll_close,
	poll_add,
	poll_remove,
};
