/*
 * wire.c: lines over descriptors that others share
 *
 * Invariant: input holds what was read and not yet handed over, from `start`
 * on; before `searched` there is no newline in it.  Nothing is read while a
 * whole line waits in it, except (up to AHEAD_MAX) while the reader of our
 * answers is slow: else the end of a client that never reads would go
 * unnoticed.  Per turn of the loop a bounded number of lines and bytes is
 * served.
 */
#include "base/compat.h"
#include "faces/wire.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_MAX = 64 << 10,      /* bytes read in one turn */
	WRITE_MAX = 256 << 10,    /* bytes written in one turn */
	LINES_MAX = 32,           /* lines handed over in one turn */
	AHEAD_MAX = 1 << 20,      /* bytes read although a line waits */
	STALL = USEC_PER_SEC / 2, /* of a reader, after end of file */
};

struct wire {
	struct loop *loop;
	const struct wire_hooks *hooks;
	void *arg;
	int in, out;
	bool in_is_socket, out_is_socket;
	struct loop_source *in_source, *out_source;
	struct loop_timer *turn;  /* lines are left for the next turn */
	struct loop_timer *stall; /* after end of file */
	struct buf input;
	size_t start, searched;
	bool has_line; /* input[searched] is a newline */
	bool skipping; /* the rest of a line that was too long */
	bool hung_up;  /* input ends after what can still be read */
	bool eof;      /* all was read */
	bool eof_told;
	bool finishing;
	bool over;
	struct buf output;
	size_t written; /* bytes of output */
	usec_t moved;   /* when the reader took something last */
};

static void arrange(struct wire *wire);

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

size_t
wire_queued(const struct wire *wire)
{
	return wire->output.len - wire->written;
}

static void
stop(struct wire *wire)
{
	loop_remove(wire->in_source);
	loop_remove(wire->out_source);
	loop_timer_cancel(wire->turn);
	loop_timer_cancel(wire->stall);
	wire->in_source = wire->out_source = NULL;
	wire->turn = wire->stall = NULL;
}

static void
end(struct wire *wire, const char *why)
{
	if (wire->over)
		return;
	wire->over = true;
	stop(wire);
	wire->hooks->gone(wire->arg, why);
}

/* --- output ------------------------------------------------------------- */

static bool
is_writable(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return compat_poll(&p, 1, 0, NULL) > 0 && (p.revents & POLLOUT);
}

/* Write some bytes without waiting.  The number, 0 if none can be written now,
 * -1 with errno. */
static ssize_t
write_some(struct wire *wire, const char *data, size_t len)
{
	ssize_t n;

	if (wire->out_is_socket) {
		n = send(wire->out, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		if (!is_writable(wire->out))
			return 0;
		n = write(wire->out, data, len < PIPE_BUF ? len : PIPE_BUF);
	}
	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return n;
}

/* Write at most `max` bytes of the queue.  0, or -1 if the reader has gone. */
static int
drain(struct wire *wire, size_t max)
{
	size_t todo;
	ssize_t n;

	while (max > 0 && wire_queued(wire) > 0) {
		todo = wire_queued(wire) < max ? wire_queued(wire) : max;
		n = write_some(wire, wire->output.data + wire->written, todo);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		wire->written += (size_t)n;
		max -= (size_t)n;
		wire->moved = time_mono();
	}
	if (wire->written == wire->output.len || wire->written > WIRE_BUSY) {
		buf_shift(&wire->output, wire->written);
		wire->written = 0;
	}
	return 0;
}

static void
on_output(void *arg, int events)
{
	struct wire *wire = arg;

	if (events & (POLLERR | POLLHUP | POLLNVAL))
		end(wire, "the client has closed its end");
	else if (drain(wire, WRITE_MAX) < 0)
		end(wire, "the client cannot be written to");
	else
		arrange(wire);
}

void
wire_send(struct wire *wire, const char *line, size_t len)
{
	if (wire->over)
		return;
	if (wire_queued(wire) == 0)
		wire->moved = time_mono();
	buf_add(&wire->output, line, len);
	buf_addch(&wire->output, '\n');
	arrange(wire);
}

void
wire_close(struct wire *wire, const char *why)
{
	if (wire->over)
		return;
	drain(wire, SIZE_MAX);
	end(wire, why);
}

/* --- input -------------------------------------------------------------- */

/* Is there a whole line? */
static bool
find_line(struct wire *wire)
{
	char *newline = NULL;

	if (wire->has_line)
		return true;
	if (wire->searched < wire->input.len)
		newline = memchr(wire->input.data + wire->searched, '\n',
		    wire->input.len - wire->searched);
	wire->searched =
	    newline ? (size_t)(newline - wire->input.data) : wire->input.len;
	wire->has_line = newline != NULL;
	return wire->has_line;
}

/* Forget the input before `start`. */
static void
compact(struct wire *wire)
{
	buf_shift(&wire->input, wire->start);
	wire->searched -= wire->start;
	wire->start = 0;
	if (wire->input.len == 0 && wire->input.cap > AHEAD_MAX)
		buf_release(&wire->input);
}

/* A line is too long: forget what there is of it. */
static void
skip_long(struct wire *wire)
{
	wire->start = wire->searched = wire->input.len;
	compact(wire);
	if (!wire->skipping)
		wire->hooks->long_line(wire->arg);
	wire->skipping = true;
}

/* Hand over the line that ends at `searched`. */
static void
hand_over(struct wire *wire)
{
	const char *line = wire->input.data + wire->start;
	size_t len = wire->searched - wire->start;
	bool too_long = len > WIRE_LINE_MAX, skip = wire->skipping;

	wire->start = wire->searched + (wire->has_line ? 1 : 0);
	wire->searched = wire->start;
	wire->has_line = false;
	wire->skipping = false;
	if (skip)
		return;
	if (too_long) {
		wire->hooks->long_line(wire->arg);
		return;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (strspn(line, " \t\r") < len)
		wire->hooks->line(wire->arg, line, len);
}

/* Are lines held back because the client does not read? */
static bool
is_busy(const struct wire *wire)
{
	return wire_queued(wire) > WIRE_BUSY;
}

/* The last line may have no end. */
static bool
has_rest(const struct wire *wire)
{
	return wire->eof && wire->start < wire->input.len;
}

static void
serve(struct wire *wire)
{
	int count = 0;

	while (!wire->over && !is_busy(wire) && count++ < LINES_MAX &&
	    (find_line(wire) || has_rest(wire)))
		hand_over(wire);
	if (wire->over)
		return;
	compact(wire);
	if (!find_line(wire) &&
	    (wire->skipping || wire->input.len > WIRE_LINE_MAX))
		skip_long(wire);
	if (wire->eof && !wire->eof_told && wire->input.len == 0) {
		wire->eof_told = true;
		wire->hooks->eof(wire->arg);
	}
	if (!wire->over)
		arrange(wire);
}

static ssize_t
read_some(struct wire *wire)
{
	buf_reserve(&wire->input, READ_MAX);
	if (wire->in_is_socket)
		return recv(wire->in, wire->input.data + wire->input.len,
		    READ_MAX, MSG_DONTWAIT);
	return read(wire->in, wire->input.data + wire->input.len, READ_MAX);
}

static bool
wants_input(struct wire *wire)
{
	if (wire->eof)
		return false;
	return !find_line(wire) ||
	    (is_busy(wire) && wire->input.len - wire->start < AHEAD_MAX);
}

static void
on_input(void *arg, int events)
{
	struct wire *wire = arg;
	ssize_t n;

	if (!wants_input(wire)) {
		/* Only a hang-up comes here; poll would tell it for ever. */
		if (events & (POLLHUP | POLLERR | POLLNVAL)) {
			wire->hung_up = true;
			loop_remove(wire->in_source);
			wire->in_source = NULL;
			arrange(wire);
		}
		return;
	}
	n = read_some(wire);
	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n > 0) {
		wire->input.len += (size_t)n;
		wire->input.data[wire->input.len] = '\0';
	} else {
		wire->eof = true;
		loop_remove(wire->in_source);
		wire->in_source = NULL;
	}
	serve(wire);
}

/* --- what to wait for --------------------------------------------------- */

static void
on_turn(void *arg)
{
	struct wire *wire = arg;

	wire->turn = NULL;
	serve(wire);
}

static void
on_stall(void *arg)
{
	struct wire *wire = arg;

	wire->stall = NULL;
	if (wire_queued(wire) > 0 && time_mono() - wire->moved >= STALL)
		end(wire, "the client does not read");
	else
		arrange(wire);
}

/* The queue of a client that sends no more must not keep us. */
static void
arrange_end(struct wire *wire)
{
	usec_t now = time_mono();

	if (wire->finishing && wire_queued(wire) == 0) {
		end(wire, "end of input");
		return;
	}
	if (wire->stall || !(wire->eof || wire->hung_up) ||
	    wire_queued(wire) == 0)
		return;
	if (now - wire->moved >= STALL)
		wire->moved = now;
	wire->stall =
	    loop_timer(wire->loop, wire->moved + STALL, on_stall, wire);
}

/* Tell the loop what this wire waits for. */
static void
arrange(struct wire *wire)
{
	bool more;

	if (wire->over)
		return;
	loop_change(wire->out_source, wire_queued(wire) > 0 ? POLLOUT : 0);
	more = find_line(wire) || (wire->eof && !wire->eof_told);
	if (more && !is_busy(wire) && !wire->turn)
		wire->turn = loop_timer(wire->loop, 0, on_turn, wire);
	if (wants_input(wire) && !wire->in_source)
		wire->in_source =
		    loop_add(wire->loop, wire->in, POLLIN, on_input, wire);
	else if (wire->in_source)
		loop_change(wire->in_source, wants_input(wire) ? POLLIN : 0);
	arrange_end(wire);
}

struct wire *
wire_new(struct loop *loop, int in, int out, const struct wire_hooks *hooks,
    void *arg)
{
	struct wire *wire = xmalloc(sizeof(*wire));

	*wire = (struct wire){ .loop = loop,
		.hooks = hooks,
		.arg = arg,
		.in = in,
		.out = out,
		.in_is_socket = is_socket(in),
		.out_is_socket = is_socket(out),
		.moved = time_mono() };
	wire->in_source = loop_add(loop, in, POLLIN, on_input, wire);
	wire->out_source = loop_add(loop, out, 0, on_output, wire);
	return wire;
}

void
wire_finish(struct wire *wire)
{
	if (wire->over)
		return;
	wire->finishing = true;
	arrange(wire);
}

void
wire_free(struct wire *wire)
{
	if (!wire)
		return;
	stop(wire);
	buf_release(&wire->input);
	buf_release(&wire->output);
	free(wire);
}
