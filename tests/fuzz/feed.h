/*
 * feed.h: a peer that sends bytes in pieces and reads what comes
 *
 *	feed_init(&feed, socket, data, size, seed);
 *	wire_new(feed.loop, feed.in, feed.out, …);
 *	loop_run(feed.loop);	-- until loop_stop(), after the end of the data
 *	feed_drain(&feed);
 *	... feed.got
 *	feed_release(&feed);
 *
 * seed		0: all at once; else the pieces that it makes
 * socket	one socket each way instead of pipes
 */
#ifndef TESTS_FUZZ_FEED_H
#define TESTS_FUZZ_FEED_H

#include <errno.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "fuzz.h"

struct feed {
	struct loop *loop;
	bool socket;
	int in, out;  /* of what is fuzzed */
	int to, from; /* the peer's */
	struct loop_source *writer, *reader;
	const uint8_t *data;
	size_t left;
	unsigned seed;
	struct buf got; /* what came back */
};

/* How much is sent next. */
static inline size_t
feed_piece(struct feed *feed)
{
	size_t n = feed->left;

	if (feed->seed) {
		feed->seed = feed->seed * 1103515245 + 12345;
		n = 1 + (feed->seed >> 16) % 64;
		if ((feed->seed >> 24) % 4 == 0)
			n *= 40;
	}
	return n < feed->left ? n : feed->left;
}

static inline void
feed_end(struct feed *feed)
{
	loop_remove(feed->writer);
	feed->writer = NULL;
	if (feed->socket)
		shutdown(feed->to, SHUT_WR);
	else
		close_fd(&feed->to);
}

static inline void
feed_send(void *arg, int events)
{
	struct feed *feed = arg;
	ssize_t n = 0;

	if (feed->left > 0 && !(events & (POLLERR | POLLHUP)))
		n = write(feed->to, feed->data, feed_piece(feed));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		feed_end(feed);
		return;
	}
	feed->data += n;
	feed->left -= (size_t)n;
}

static inline void
feed_read(void *arg, int events)
{
	struct feed *feed = arg;
	char text[4096];
	ssize_t n = read(feed->from, text, sizeof(text));

	(void)events;
	if (n > 0) {
		buf_add(&feed->got, text, (size_t)n);
	} else if (n == 0) {
		loop_remove(feed->reader);
		feed->reader = NULL;
	}
}

static inline void
feed_init(struct feed *feed, bool socket, const uint8_t *data, size_t size,
    unsigned seed)
{
	struct err err = ERR_INIT;
	int ends[2], back[2];

	memset(feed, 0, sizeof(*feed));
	feed->data = data;
	feed->left = size;
	feed->seed = seed;
	feed->socket = socket;
	feed->loop = loop_new(&err);
	FUZZ_CHECK(feed->loop);
	if (socket) {
		FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
		feed->in = feed->out = ends[0];
		feed->to = feed->from = ends[1];
	} else {
		FUZZ_CHECK(pipe(ends) == 0 && pipe(back) == 0);
		feed->in = ends[0];
		feed->to = ends[1];
		feed->from = back[0];
		feed->out = back[1];
	}
	FUZZ_CHECK(fcntl(feed->to, F_SETFL, O_NONBLOCK) == 0);
	feed->writer = loop_add(feed->loop, feed->to, POLLOUT, feed_send, feed);
	feed->reader =
	    loop_add(feed->loop, feed->from, POLLIN, feed_read, feed);
}

/* Close the ends of what was fuzzed and read what is still on its way. */
static inline void
feed_drain(struct feed *feed)
{
	close_fd(&feed->out);
	if (feed->socket)
		feed->in = -1;
	close_fd(&feed->in);
	while (feed->reader)
		feed_read(feed, 0);
}

static inline void
feed_release(struct feed *feed)
{
	feed_drain(feed);
	if (!feed->socket)
		close_fd(&feed->to);
	close_fd(&feed->from);
	loop_free(feed->loop);
	buf_release(&feed->got);
}

#endif
