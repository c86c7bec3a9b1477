/*
 * watch_inotify.c: watching by the kernel (inotify(7); on BSD by libinotify)
 *
 * One instance for each struct watch.  Several handles may name one directory:
 * the kernel has one watch for it, and its handles form a chain.
 *
 * Invariant: the chain of a watch descriptor holds exactly the living handles
 * that were added under it; an overflow, and anything not understood, means
 * "look again at all of them".
 */
#include "base/compat.h"
#include "engines/watch_backend.h"

#include <errno.h>
#include <inotifytools/inotify.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* IN_CLOSE_WRITE is left out: not every kernel that speaks inotify has it. */
static const uint32_t names_mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM |
    IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t content_mask = IN_MODIFY;

enum { CHAINS = 256, EVENT_ROOM = 16384 };

struct inotify {
	struct watch *watch;
	struct loop_source *source;
	int fd;
	struct watch_handle *chains[CHAINS]; /* by watch descriptor */
};

static struct watch_handle **
chain_of(struct inotify *in, int descriptor)
{
	return &in->chains[(unsigned)descriptor % CHAINS];
}

static void
fire_descriptor(struct inotify *in, int descriptor)
{
	struct watch_handle *handle = *chain_of(in, descriptor);
	struct watch_handle *next;

	for (; handle; handle = next) {
		next = handle->next_same;
		if (handle->descriptor == descriptor)
			watch_fire(in->watch, handle);
	}
}

static void
on_events(void *arg, int events)
{
	char buf[EVENT_ROOM] __attribute__((aligned(8)));
	struct inotify *in = arg;
	struct inotify_event event;
	ssize_t n;
	size_t at;

	(void)events;
	n = read(in->fd, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		watch_fire(in->watch, NULL);
		return;
	}
	for (at = 0; at + sizeof(event) <= (size_t)n;
	     at += sizeof(event) + event.len) {
		memcpy(&event, buf + at, sizeof(event));
		if ((event.mask & IN_Q_OVERFLOW) || event.wd < 0)
			watch_fire(in->watch, NULL);
		else
			fire_descriptor(in, event.wd);
	}
}

static void *
inotify_open(struct watch *watch, struct loop *loop, struct err *err)
{
	struct inotify *in;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0) {
		err_sys(err, errno, "inotify");
		return NULL;
	}
	in = xmalloc(sizeof(*in));
	memset(in, 0, sizeof(*in));
	in->watch = watch;
	in->fd = fd;
	in->source = loop_add(loop, fd, POLLIN, on_events, in);
	return in;
}

static void
inotify_close(void *state)
{
	struct inotify *in = state;

	loop_remove(in->source);
	close_fd(&in->fd);
	free(in);
}

static int
inotify_add(void *state, struct watch_handle *handle)
{
	uint32_t mask = names_mask | IN_MASK_ADD;
	struct inotify *in = state;
	struct watch_handle **chain;
	char path[64];

	if (handle->what & WATCH_CONTENT)
		mask |= content_mask;
	/* By descriptor: the path may name something else by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", handle->dirfd);
	handle->descriptor = inotify_add_watch(in->fd, path, mask);
	if (handle->descriptor < 0)
		return -1;
	chain = chain_of(in, handle->descriptor);
	handle->next_same = *chain;
	*chain = handle;
	return 0;
}

static void
inotify_remove(void *state, struct watch_handle *handle)
{
	struct inotify *in = state;
	struct watch_handle **h = chain_of(in, handle->descriptor);
	bool shared = false;

	while (*h) {
		if (*h == handle) {
			*h = handle->next_same;
			continue;
		}
		shared = shared || (*h)->descriptor == handle->descriptor;
		h = &(*h)->next_same;
	}
	/* EINVAL: the kernel dropped it already, with its directory. */
	if (!shared && inotify_rm_watch(in->fd, handle->descriptor) < 0 &&
	    errno != EINVAL)
		warn_user("inotify: remove watch: %s", strerror(errno));
}

const struct watch_backend watch_backend_inotify = {
	inotify_open,
	inotify_close,
	inotify_add,
	inotify_remove,
};
