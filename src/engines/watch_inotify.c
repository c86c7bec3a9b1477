/*
 * watch_inotify.c: watching by the kernel (inotify(7); on BSD by libinotify)
 *
 * One instance for each struct watch.  Several handles may name one directory:
 * the kernel has one watch for it, and its handles form a chain.
 *
 * Invariant: the chain of a watch descriptor holds exactly the living handles
 * that were added under it and that the kernel still has; an overflow, and
 * anything not understood, means "look again at all of them".
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

enum { CHAINS = 4096, EVENT_ROOM = 16384, READS_MAX = 16 };

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

/* The kernel has no such watch any more. */
static void
forget(struct inotify *in, struct watch_handle *handle)
{
	struct watch_handle **h = chain_of(in, handle->descriptor);

	while (*h && *h != handle)
		h = &(*h)->next_same;
	if (*h)
		*h = handle->next_same;
	handle->descriptor = -1;
}

static void
fire_descriptor(struct inotify *in, const struct inotify_event *event,
    const char *name)
{
	struct watch_handle *handle = *chain_of(in, event->wd);
	struct watch_handle *next;

	for (; handle; handle = next) {
		next = handle->next_same;
		if (handle->descriptor != event->wd)
			continue;
		if (event->mask & IN_IGNORED) {
			forget(in, handle);
			handle->lost = true;
		}
		watch_fire(handle, name);
	}
}

/* One reading: false if there is nothing left to read. */
static bool
read_events(struct inotify *in)
{
	char buf[EVENT_ROOM] __attribute__((aligned(8)));
	struct inotify_event event;
	ssize_t n = read(in->fd, buf, sizeof(buf));
	const char *name;
	size_t at;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		watch_fire_all(in->watch);
		return false;
	}
	for (at = 0; at + sizeof(event) <= (size_t)n;
	     at += sizeof(event) + event.len) {
		memcpy(&event, buf + at, sizeof(event));
		name = event.len > 0 ? buf + at + sizeof(event) : NULL;
		if ((event.mask & IN_Q_OVERFLOW) || event.wd < 0)
			watch_fire_all(in->watch);
		else
			fire_descriptor(in, &event, name);
	}
	/* With less than half of the room used the queue is empty. */
	return (size_t)n > sizeof(buf) / 2;
}

static void
on_events(void *arg, int events)
{
	struct inotify *in = arg;
	struct watch *watch = in->watch;
	int reads = 0;

	(void)events;
	watch_enter(watch);
	while (reads++ < READS_MAX && read_events(in))
		continue;
	watch_leave(watch);
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
inotify_add(void *state, struct watch_handle *handle, int dirfd)
{
	uint32_t mask = names_mask | IN_MASK_ADD;
	struct inotify *in = state;
	struct watch_handle **chain;
	char path[64];

	if (handle->what & WATCH_CONTENT)
		mask |= content_mask;
	/* By descriptor: the path may name something else by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
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
	struct watch_handle **h;
	bool shared = false;

	if (handle->lost)
		return;
	h = chain_of(in, handle->descriptor);
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
