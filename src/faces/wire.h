/*
 * wire.h: lines in, lines out, over two descriptors that others share
 *
 * For a server on stdin and stdout, whatever these are: pipes, sockets, files,
 * a terminal.  The descriptors are inherited, so O_NONBLOCK is never set on
 * them (another process would get it too); reading follows poll(2), writing
 * never waits: send(2) with MSG_DONTWAIT on a socket, elsewhere at most
 * PIPE_BUF bytes after POLLOUT.
 *
 *	static const struct wire_hooks hooks = { on_line, on_long_line, on_eof,
 *	    on_gone };
 *	struct wire *wire = wire_new(loop, in, out, &hooks, arg);
 *
 *	loop_run(loop);		-- on_line() may call wire_send()
 *	wire_free(wire);
 *
 * The end: when the last line has been handed over after end of file, eof() is
 * called; whoever has nothing more to send calls wire_finish(); what is queued
 * goes out, unless the reader takes nothing for half a second; then gone() is
 * called.  It is called at once when the reader has gone.  After gone() nothing
 * is called or sent any more and nothing uses the processor.
 *
 * A client that sends and does not read: while more than WIRE_BUSY bytes are
 * queued, no line is handed over; so the queue has a bound if each line has.
 */
#ifndef FACES_WIRE_H
#define FACES_WIRE_H

#include "base/loop.h"
#include "base/util.h"

struct wire;

enum {
	WIRE_LINE_MAX = 16 << 20, /* bytes of a line that is taken */
	WIRE_BUSY = 1 << 20,      /* bytes in the queue that make it wait */
	WIRE_SPARE = 256 << 10,   /* beyond that, for what answers nobody */
};

struct wire_hooks {
	/* One line without its end ("\n" or "\r\n"), not blank; the bytes are
	 * valid during the call.  Also for a last line without an end. */
	void (*line)(void *arg, const char *line, size_t len);
	/* A line of more than WIRE_LINE_MAX bytes was left out. */
	void (*long_line)(void *arg);
	/* No more lines come. */
	void (*eof)(void *arg);
	/* It is over, `why` in a few words. */
	void (*gone)(void *arg, const char *why);
};

/* `in` and `out` stay the caller's; they may be the same. */
struct wire *wire_new(struct loop *loop, int in, int out,
    const struct wire_hooks *hooks, void *arg);
void wire_free(struct wire *wire); /* NULL is allowed */

/* Queue one line; its end is added. */
void wire_send(struct wire *wire, const char *line, size_t len);

/* Bytes that wait to be written. */
size_t wire_queued(const struct wire *wire);

/* Nothing more will be sent: gone() as soon as the queue is empty. */
void wire_finish(struct wire *wire);

/* End now: write what can be written without waiting, then gone(). */
void wire_close(struct wire *wire, const char *why);

#endif
