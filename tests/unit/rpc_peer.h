/*
 * rpc_peer.h: a client and a server for tests of messages and lines
 *
 * A client that sends what it is given and reads all that comes runs in the
 * same loop as the server.  The server knows a few methods: echo answers with
 * its params, hold waits for the notification go (or drop, or cancel, after
 * which it may go), long answers with as many bytes as wanted, chat does that and
 * sends a notification; tell sends one, too.
 *
 *	expect(lines, answers);
 *
 * or, for what is not so simple: start(), set members, run(), look at `got`.
 */
#ifndef TESTS_RPC_PEER_H
#define TESTS_RPC_PEER_H

#include "faces/rpc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct peer {
	struct loop *loop;
	struct rpc *rpc;
	int in, out;  /* of the server */
	int to, from; /* the client's ends */
	struct loop_source *writer, *reader;
	struct buf send, got;
	size_t sent, chunk;
	bool batches;
	bool deaf;    /* the client reads only after the last request */
	bool silent;  /* nothing is left to send, but the end stays open */
	int expected; /* requests until a deaf client reads */
	struct rpc_request *held;
	char why[80]; /* the end came */
};

/* --- the server --------------------------------------------------------- */

static inline void
answer_long(struct rpc_request *request)
{
	size_t len = (size_t)json_integer_value(
	    json_object_get(request->params, "bytes"));
	char *text = xmalloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	rpc_answer(request, json_string(text));
	free(text);
}

static inline void on_client_input(void *arg, int events);

static inline void
on_request(void *arg, struct rpc_request *request)
{
	struct peer *p = arg;

	if (--p->expected == 0 && p->deaf)
		p->reader =
		    loop_add(p->loop, p->from, POLLIN, on_client_input, p);
	if (strcmp(request->method, "echo") == 0)
		rpc_answer(request,
		    request->params ? json_incref(request->params)
				    : json_null());
	else if (strcmp(request->method, "hold") == 0)
		p->held = request;
	else if (strcmp(request->method, "long") == 0)
		answer_long(request);
	else if (strcmp(request->method, "chat") == 0) {
		answer_long(request);
		rpc_notify(p->rpc, "told", NULL, true);
	} else
		rpc_fail(request, RPC_NO_METHOD, json_pack("{s:i}", "a", 1),
		    "No %s\xff", request->method);
}

static inline void
on_notified(void *arg, const char *method, json_t *params)
{
	struct peer *p = arg;

	if (strcmp(method, "go") == 0) {
		rpc_answer(p->held, json_true());
	} else if (strcmp(method, "drop") == 0) {
		struct rpc_request *r =
		    rpc_find(p->rpc, json_object_get(params, "id"));

		if (r)
			rpc_drop(r);
	} else if (strcmp(method, "cancel") == 0) {
		struct rpc_request *r =
		    rpc_find(p->rpc, json_object_get(params, "id"));

		if (r)
			rpc_cancel(r);
	} else if (strcmp(method, "tell") == 0) {
		rpc_notify(p->rpc, "told", json_incref(params), true);
	}
}

static inline bool
takes_batches(void *arg)
{
	const struct peer *p = arg;

	return p->batches;
}

static inline void
on_eof(void *arg)
{
	struct peer *p = arg;

	rpc_finish(p->rpc);
}

static inline void
on_gone(void *arg, const char *why)
{
	struct peer *p = arg;

	snprintf(p->why, sizeof(p->why), "%s", why);
	loop_stop(p->loop, 0);
}

/* --- the client --------------------------------------------------------- */

static inline void
on_client_input(void *arg, int events)
{
	struct peer *p = arg;
	char text[4096];
	ssize_t n = read(p->from, text, sizeof(text));

	(void)events;
	if (n > 0) {
		buf_add(&p->got, text, (size_t)n);
	} else if (n == 0) {
		loop_remove(p->reader);
		p->reader = NULL;
	}
}

static inline void
on_client_output(void *arg, int events)
{
	struct peer *p = arg;
	size_t todo = p->send.len - p->sent;
	ssize_t n;

	(void)events;
	if (todo > p->chunk)
		todo = p->chunk;
	n = write(p->to, p->send.data + p->sent, todo);
	if (n > 0)
		p->sent += (size_t)n;
	if (p->sent < p->send.len)
		return;
	loop_remove(p->writer);
	p->writer = NULL;
	if (!p->silent)
		close_fd(&p->to);
}

static inline void
connect_pair(bool sockets, int *read_end, int *write_end)
{
	int fds[2];

	if (sockets)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	else
		assert_int_equal(pipe(fds), 0);
	*read_end = fds[0];
	*write_end = fds[1];
}

static inline void
start(struct peer *p, bool sockets)
{
	static const struct rpc_hooks hooks = { on_request, on_notified,
		takes_batches, on_eof, on_gone };
	struct err err = ERR_INIT;

	memset(p, 0, sizeof(*p));
	p->chunk = 65536;
	p->expected = -1;
	p->loop = loop_new(&err);
	assert_non_null(p->loop);
	connect_pair(sockets, &p->in, &p->to);
	connect_pair(sockets, &p->from, &p->out);
	assert_int_equal(fcntl(p->to, F_SETFL, O_NONBLOCK), 0);
	p->rpc = rpc_new(p->loop, p->in, p->out, &hooks, p);
}

/* Send `text` and run to the end. */
static inline void
run(struct peer *p, const void *text, size_t len)
{
	ssize_t n = 1;
	char rest[4096];

	buf_add(&p->send, text, len);
	p->writer = loop_add(p->loop, p->to, POLLOUT, on_client_output, p);
	if (!p->deaf)
		p->reader =
		    loop_add(p->loop, p->from, POLLIN, on_client_input, p);
	loop_run(p->loop);
	rpc_free(p->rpc);
	loop_free(p->loop);
	close_fd(&p->in);
	close_fd(&p->out);
	while (p->from >= 0 && (n = read(p->from, rest, sizeof(rest))) > 0)
		buf_add(&p->got, rest, (size_t)n);
	close_fd(&p->to);
	close_fd(&p->from);
	buf_release(&p->send);
}

/* What the server says to `text`, over pipes and over sockets. */
static inline void
expect_bytes(const void *text, size_t len, bool batches, const char *answer)
{
	struct peer p;
	int sockets;

	for (sockets = 0; sockets < 2; sockets++) {
		start(&p, sockets == 1);
		p.batches = batches;
		run(&p, text, len);
		assert_string_equal(buf_str(&p.got), answer);
		assert_string_equal(p.why, "end of input");
		buf_release(&p.got);
	}
}

static inline void
expect(const char *text, const char *answer)
{
	expect_bytes(text, strlen(text), false, answer);
}

static inline void
expect_batch(const char *text, const char *answer)
{
	expect_bytes(text, strlen(text), true, answer);
}

/* An error whose request is not known. */
#define ERROR(code, message)                                                   \
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code                       \
	",\"message\":\"" message "\"}}\n"
#define ECHO(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"echo\"}\n"
#define NULL_FOR(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":null}\n"

#endif
