/*
 * fuzz_rpc.c: lines that are JSON-RPC messages, or not
 *
 * The first byte of the input says whether batches are taken and whether there
 * is a socket, the second which pieces the lines come in.
 *
 * Holds: each line sent is a response, shorter than RPC_LINE_MAX; each request
 * handed over is answered once, with its id; the answers do not depend on the
 * pieces that the bytes came in.
 *
 * covers: src/faces/rpc.c src/faces/rpc_lex.c
 */
#include "base/compat.h"
#include "faces/rpc.h"
#include "feed.h"

enum { BATCHES = 1, SOCKET = 2 };

struct server {
	struct feed feed;
	struct rpc *rpc;
	bool batches;
	struct rpc_request *held; /* by `user`, the newest first */
	size_t answered, failed, told;
};

static void
answer_held(struct server *s)
{
	struct rpc_request *request;

	while ((request = s->held)) {
		s->held = request->user;
		s->answered += !request->cancelled;
		rpc_answer(request, json_string("held"));
	}
}

static void
answer_long(struct rpc_request *request)
{
	char *text = xmalloc(RPC_LINE_MAX + 1);

	memset(text, 'x', RPC_LINE_MAX);
	text[RPC_LINE_MAX] = '\0';
	rpc_answer(request, json_string(text));
	free(text);
}

static void
on_request(void *arg, struct rpc_request *request)
{
	struct server *s = arg;

	FUZZ_CHECK(fuzz_is_utf8(request->method, strlen(request->method)));
	FUZZ_CHECK(!request->params || json_is_object(request->params));
	FUZZ_CHECK(!request->user && (!request->batched || s->batches));
	if (strcmp(request->method, "hold") == 0) {
		request->user = s->held;
		s->held = request;
	} else if (strcmp(request->method, "drop") == 0) {
		rpc_drop(request);
	} else if (strcmp(request->method, "long") == 0) {
		s->failed++;
		answer_long(request);
	} else if (strcmp(request->method, "echo") == 0) {
		s->answered++;
		rpc_answer(request,
		    request->params ? json_incref(request->params)
				    : json_null());
	} else {
		s->failed++;
		rpc_fail(request, RPC_NO_METHOD, json_integer(1), "No %s\xff",
		    request->method);
	}
}

/* Drop a held request that is named by its id. */
static void
cancel(struct server *s, json_t *params)
{
	struct rpc_request *request, *held = s->held, *before = NULL;

	request = rpc_find(s->rpc, json_object_get(params, "id"));
	if (!request)
		return;
	for (; held != request; held = held->user) {
		FUZZ_CHECK(held);
		before = held;
	}
	if (before)
		before->user = request->user;
	else
		s->held = request->user;
	rpc_drop(request);
}

static void
on_notified(void *arg, const char *method, json_t *params)
{
	struct rpc_request *request;
	struct server *s = arg;

	FUZZ_CHECK(fuzz_is_utf8(method, strlen(method)));
	FUZZ_CHECK(!params || json_is_object(params));
	if (strcmp(method, "go") == 0) {
		answer_held(s);
	} else if (strcmp(method, "cancel") == 0) {
		cancel(s, params);
	} else if (strcmp(method, "mute") == 0) {
		request = rpc_find(s->rpc, json_object_get(params, "id"));
		if (request)
			rpc_cancel(request);
	} else if (strcmp(method, "tell") == 0) {
		s->told++;
		rpc_notify(s->rpc, "told\xff", json_incref(params), false);
	}
}

static bool
takes_batches(void *arg)
{
	const struct server *s = arg;

	return s->batches;
}

static void
on_eof(void *arg)
{
	struct server *s = arg;

	answer_held(s);
	rpc_finish(s->rpc);
}

static void
on_gone(void *arg, const char *why)
{
	struct server *s = arg;

	FUZZ_CHECK(why[0]);
	loop_stop(s->feed.loop, 0);
}

/* What the answers hold, by kind. */
struct count {
	size_t results, failures, complaints, told;
};

static void
check_message(json_t *message, struct count *count)
{
	json_t *id = json_object_get(message, "id");
	json_t *error = json_object_get(message, "error");
	json_t *result = json_object_get(message, "result");
	json_t *code = json_object_get(error, "code");

	FUZZ_CHECK(fuzz_same("2.0",
	    json_string_value(json_object_get(message, "jsonrpc"))));
	if (json_object_get(message, "method")) {
		FUZZ_CHECK(!id && !error && !result);
		count->told++;
		return;
	}
	FUZZ_CHECK(!result != !error);
	FUZZ_CHECK(!id || json_is_string(id) || json_is_number(id));
	FUZZ_CHECK(id || error);
	if (result) {
		count->results++;
		return;
	}
	FUZZ_CHECK(json_is_string(json_object_get(error, "message")));
	FUZZ_CHECK(json_is_number(code));
	if (json_number_value(code) == RPC_NO_METHOD) {
		FUZZ_CHECK(id && json_object_get(error, "data"));
		count->failures++;
	} else {
		count->complaints++;
	}
}

static void
check_line(const char *line, size_t len, struct count *count)
{
	json_error_t error;
	json_t *value, *message;
	size_t i;

	FUZZ_CHECK(len < RPC_LINE_MAX);
	value = json_loadb(line, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
	    &error);
	FUZZ_CHECK(value);
	FUZZ_CHECK(!json_is_array(value) || json_array_size(value) > 0);
	if (json_is_array(value))
		json_array_foreach(value, i, message)
			check_message(message, count);
	else
		check_message(value, count);
	json_decref(value);
}

static void
check_lines(const struct server *s)
{
	struct count count = { 0 };
	const char *at = buf_str(&s->feed.got), *newline;
	size_t left = s->feed.got.len;

	while (left > 0) {
		newline = memchr(at, '\n', left);
		FUZZ_CHECK(newline);
		check_line(at, (size_t)(newline - at), &count);
		left -= (size_t)(newline + 1 - at);
		at = newline + 1;
	}
	FUZZ_CHECK(count.results == s->answered);
	FUZZ_CHECK(count.told == s->told);
	/* Too long an answer is a complaint. */
	FUZZ_CHECK(count.failures <= s->failed);
	FUZZ_CHECK(count.failures + count.complaints >= s->failed);
}

/* All that is answered; malloc'd. */
static char *
serve(const uint8_t *data, size_t size, unsigned flags, unsigned seed)
{
	static const struct rpc_hooks hooks = { on_request, on_notified,
		takes_batches, on_eof, on_gone };
	struct server s = { .batches = flags & BATCHES };
	char *answers;

	feed_init(&s.feed, flags & SOCKET, data, size, seed);
	s.rpc = rpc_new(s.feed.loop, s.feed.in, s.feed.out, &hooks, &s);
	loop_run(s.feed.loop);
	FUZZ_CHECK(s.feed.left == 0 && !s.held);
	rpc_close(s.rpc, "again");
	feed_drain(&s.feed);
	check_lines(&s);
	answers = xstrdup(buf_str(&s.feed.got));
	rpc_free(s.rpc);
	feed_release(&s.feed);
	return answers;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *at_once, *in_pieces;

	if (size < 2)
		return 0;
	at_once = serve(data + 2, size - 2, data[0], 0);
	in_pieces = serve(data + 2, size - 2, data[0], data[1] + 1u);
	FUZZ_CHECK(strcmp(at_once, in_pieces) == 0);
	free(at_once);
	free(in_pieces);
	return 0;
}
