/*
 * rpc.c: JSON-RPC 2.0, one message a line
 *
 * Invariant: a request is in the list from the moment it is handed over until
 * rpc_answer(), rpc_fail() or rpc_drop(), which free it; so each request is
 * answered at most once, and never after rpc_cancel().  (Two may have one id:
 * that is the client's affair, and people who type messages do it.)
 */
#include "base/compat.h"
#include "faces/rpc.h"

#include "base/text.h"
#include "faces/rpc_lex.h"
#include "faces/wire.h"

#include <stdlib.h>
#include <string.h>

struct rpc {
	const struct rpc_hooks *hooks;
	void *arg;
	struct wire *wire;
	struct rpc_request *requests;
	size_t count;
	bool closing; /* nothing is sent any more */
};

/* Answers that go out together. */
struct rpc_batch {
	struct rpc *rpc;
	int open; /* requests without an answer, and one while it is read */
	struct buf out;
};

/* --- sending ------------------------------------------------------------ */

static int
append(const char *data, size_t len, void *arg)
{
	buf_add(arg, data, len);
	return 0;
}

static void
add_json(struct buf *out, json_t *value)
{
	json_dump_callback(value, append, out,
	    RPC_JSON_FLAGS | JSON_ENCODE_ANY);
}

static void
batch_send(struct rpc_batch *batch)
{
	if (batch->out.len == 0 || batch->rpc->closing)
		return;
	buf_addch(&batch->out, ']');
	wire_send(batch->rpc->wire, batch->out.data, batch->out.len);
	buf_cut(&batch->out, 0);
}

static void
batch_close(struct rpc_batch *batch)
{
	if (!batch || --batch->open > 0)
		return;
	batch_send(batch);
	buf_release(&batch->out);
	free(batch);
}

/* Send a response, or put it to its batch. */
static void
emit(struct rpc *rpc, struct rpc_batch *batch, const struct buf *line)
{
	if (rpc->closing)
		return;
	if (!batch) {
		wire_send(rpc->wire, line->data, line->len);
		return;
	}
	if (batch->out.len + line->len + 3 > RPC_LINE_MAX)
		batch_send(batch);
	buf_addch(&batch->out, batch->out.len > 0 ? ',' : '[');
	buf_add(&batch->out, line->data, line->len);
}

/* Append a JSON string of any bytes. */
static void
add_string(struct buf *out, const char *text)
{
	struct buf clean = BUF_INIT;
	bool lossy = false;
	json_t *string;

	text_add_utf8(&clean, text, strlen(text), &lossy);
	string = json_string(buf_str(&clean));
	add_json(out, string);
	json_decref(string);
	buf_release(&clean);
}

/* Takes `data` over.  `id` is JSON, or NULL if it is not known. */
static void
emit_error(struct rpc *rpc, struct rpc_batch *batch, const char *id, int code,
    json_t *data, const char *message)
{
	struct buf line = BUF_INIT;

	buf_addstr(&line, "{\"jsonrpc\":\"2.0\"");
	if (id)
		buf_addf(&line, ",\"id\":%s", id);
	buf_addf(&line, ",\"error\":{\"code\":%d,\"message\":", code);
	add_string(&line, message);
	if (data) {
		buf_addstr(&line, ",\"data\":");
		add_json(&line, data);
	}
	buf_addstr(&line, "}}");
	emit(rpc, batch, &line);
	buf_release(&line);
	json_decref(data);
}

/* Take a request out of the list and free it. */
static void
release(struct rpc_request *request)
{
	if (request->next)
		request->next->link = request->link;
	*request->link = request->next;
	request->rpc->count--;
	batch_close(request->batch);
	json_decref(request->message);
	free(request->id);
	free(request);
}

void
rpc_answer(struct rpc_request *request, json_t *result)
{
	struct buf line = BUF_INIT;

	buf_addf(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", request->id);
	add_json(&line, result);
	buf_addch(&line, '}');
	json_decref(result);
	if (line.len + 3 <= RPC_LINE_MAX) {
		if (!request->cancelled)
			emit(request->rpc, request->batch, &line);
		release(request);
	} else {
		rpc_fail(request, RPC_INTERNAL, NULL,
		    "Internal error: an answer of %zu bytes is too long",
		    line.len);
	}
	buf_release(&line);
}

void
rpc_fail(struct rpc_request *request, int code, json_t *data, const char *fmt,
    ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (request->cancelled)
		json_decref(data);
	else
		emit_error(request->rpc, request->batch, request->id, code,
		    data, message);
	release(request);
}

void
rpc_drop(struct rpc_request *request)
{
	release(request);
}

/* Its batch does not wait for it. */
void
rpc_cancel(struct rpc_request *request)
{
	request->cancelled = true;
	batch_close(request->batch);
	request->batch = NULL;
}

int
rpc_notify(struct rpc *rpc, const char *method, json_t *params, bool droppable)
{
	struct buf line = BUF_INIT;
	bool fits;

	buf_addstr(&line, "{\"jsonrpc\":\"2.0\",\"method\":");
	add_string(&line, method);
	if (params) {
		buf_addstr(&line, ",\"params\":");
		add_json(&line, params);
	}
	buf_addch(&line, '}');
	fits = line.len < RPC_LINE_MAX;
	if (!rpc->closing && fits &&
	    !(droppable && wire_queued(rpc->wire) > WIRE_BUSY))
		wire_send(rpc->wire, line.data, line.len);
	json_decref(params);
	buf_release(&line);
	return fits ? 0 : -1;
}

json_t *
rpc_request_id(const struct rpc_request *request)
{
	return json_loads(request->id, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

bool
rpc_is_busy(const struct rpc *rpc)
{
	return wire_queued(rpc->wire) > WIRE_BUSY + WIRE_SPARE;
}

/* --- receiving ---------------------------------------------------------- */

/* The id as JSON, malloc'd; NULL if it can't be one.  `big` has the digits of
 * one that was too big for the parser. */
static char *
id_text(json_t *id, const char *big)
{
	struct buf text = BUF_INIT;

	if (json_is_real(id) && big)
		buf_addstr(&text, big);
	else if (json_is_string(id) || json_is_integer(id))
		add_json(&text, id);
	if (text.len == 0 || text.len > RPC_ID_MAX) {
		buf_release(&text);
		return NULL;
	}
	return buf_steal(&text);
}

/* The parser has made a real of the digits. */
static struct rpc_request *
find_big(struct rpc *rpc, double id)
{
	struct rpc_request *request, *found = NULL;

	for (request = rpc->requests; request; request = request->next) {
		if (request->cancelled || *request->id == '"' ||
		    strtod(request->id, NULL) != id)
			continue;
		if (found)
			return NULL;
		found = request;
	}
	return found;
}

struct rpc_request *
rpc_find(struct rpc *rpc, json_t *id)
{
	cleanup_free char *text = id_text(id, NULL);
	struct rpc_request *request = text ? rpc->requests : NULL;

	if (json_is_real(id))
		return find_big(rpc, json_real_value(id));
	while (
	    request && (request->cancelled || strcmp(request->id, text) != 0))
		request = request->next;
	return request;
}

/* The text of a JSON string, NULL if it is none or has a NUL in it. */
static const char *
plain_string(json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static bool
is_version_2(json_t *message)
{
	const char *version = plain_string(json_object_get(message, "jsonrpc"));

	return version && strcmp(version, "2.0") == 0;
}

/* Takes `id` over. */
static void
start_request(struct rpc *rpc, struct rpc_batch *batch, json_t *message,
    char *id)
{
	struct rpc_request *request = xmalloc(sizeof(*request));
	json_t *params = json_object_get(message, "params");

	*request = (struct rpc_request){
		.method = plain_string(json_object_get(message, "method")),
		.params = json_is_object(params) ? params : NULL,
		.batched = batch != NULL,
		.rpc = rpc,
		.message = json_incref(message),
		.id = id,
		.batch = batch,
		.next = rpc->requests,
		.link = &rpc->requests,
	};
	if (rpc->requests)
		rpc->requests->link = &request->next;
	rpc->requests = request;
	rpc->count++;
	if (batch)
		batch->open++;
	rpc->hooks->request(rpc->arg, request);
}

/* A message with an id: hand it over, or say what is wrong with it. */
static void
take_request(struct rpc *rpc, struct rpc_batch *batch, json_t *message,
    const char *big_id)
{
	char *id = id_text(json_object_get(message, "id"), big_id);
	json_t *params = json_object_get(message, "params");
	const char *why = NULL;
	int code = RPC_INVALID_REQUEST;

	if (!id)
		why = "Invalid Request: id must be a string or an integer";
	else if (!is_version_2(message))
		why = "Invalid Request: jsonrpc must be \"2.0\"";
	else if (!plain_string(json_object_get(message, "method")))
		why = "Invalid Request: method must be a string";
	else if (params && !json_is_object(params) && !json_is_null(params)) {
		code = RPC_INVALID_PARAMS;
		why = "Invalid params: params must be an object";
	} else if (rpc->count >= RPC_REQUESTS_MAX) {
		code = RPC_INTERNAL;
		why = "Internal error: too many requests at once";
	}
	if (!why) {
		start_request(rpc, batch, message, id);
		return;
	}
	emit_error(rpc, batch, id, code, NULL, why);
	free(id);
}

static void
take_notification(struct rpc *rpc, json_t *message)
{
	const char *method = plain_string(json_object_get(message, "method"));
	json_t *params = json_object_get(message, "params");

	if (!method || !is_version_2(message) ||
	    (params && !json_is_object(params) && !json_is_null(params)))
		return;
	rpc->hooks->notified(rpc->arg, method,
	    json_is_object(params) ? params : NULL);
}

static void
take_message(struct rpc *rpc, struct rpc_batch *batch, json_t *message,
    const char *big_id)
{
	bool called = json_object_get(message, "method") != NULL;

	if (!called &&
	    (json_object_get(message, "result") ||
		json_object_get(message, "error")))
		return; /* a response: we never asked */
	if (json_object_get(message, "id"))
		take_request(rpc, batch, message, big_id);
	else if (called)
		take_notification(rpc, message);
	else
		emit_error(rpc, batch, NULL, RPC_INVALID_REQUEST, NULL,
		    json_is_object(message)
			? "Invalid Request: neither method nor id"
			: "Invalid Request: not an object");
}

static void
take_batch(struct rpc *rpc, json_t *messages)
{
	size_t i, count = json_array_size(messages);
	struct rpc_batch *batch;
	const char *why = NULL;
	json_t *message;

	if (!rpc->hooks->batches(rpc->arg))
		why = "Invalid Request: batches are not supported";
	else if (count == 0)
		why = "Invalid Request: empty batch";
	else if (count > RPC_BATCH_MAX)
		why = "Invalid Request: too many messages in a batch";
	if (why) {
		emit_error(rpc, NULL, NULL, RPC_INVALID_REQUEST, NULL, why);
		return;
	}
	batch = xmalloc(sizeof(*batch));
	*batch = (struct rpc_batch){ .rpc = rpc, .open = 1, .out = BUF_INIT };
	json_array_foreach(messages, i, message)
		take_message(rpc, batch, message, NULL);
	batch_close(batch);
}

static void
complain_of_json(struct rpc *rpc, const json_error_t *error)
{
	char why[80];

	if (json_error_code(error) == json_error_invalid_utf8)
		snprintf(why, sizeof(why), "Parse error: invalid UTF-8");
	else
		snprintf(why, sizeof(why),
		    "Parse error: invalid JSON at byte %d", error->position);
	emit_error(rpc, NULL, NULL, RPC_PARSE_ERROR, NULL, why);
}

static void
on_line(void *arg, const char *line, size_t len)
{
	struct rpc *rpc = arg;
	json_t *message = NULL;
	json_error_t error;
	struct rpc_lex lex;
	const char *nul;
	char why[64];

	if ((nul = memchr(line, '\0', len))) { /* jansson lets some pass */
		snprintf(why, sizeof(why),
		    "Parse error: invalid JSON at byte %zu",
		    (size_t)(nul - line));
		emit_error(rpc, NULL, NULL, RPC_PARSE_ERROR, NULL, why);
		return;
	}
	if (rpc_lex_read(&lex, line, len) < 0) {
		emit_error(rpc, NULL, NULL, RPC_INVALID_REQUEST, NULL,
		    "Invalid Request: nested too deep");
		rpc_lex_release(&lex);
		return;
	}
	message = json_loadb(lex.text, lex.len,
	    JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (!message)
		complain_of_json(rpc, &error);
	else if (json_is_array(message))
		take_batch(rpc, message);
	else
		take_message(rpc, NULL, message, lex.big_id);
	json_decref(message);
	rpc_lex_release(&lex);
}

static void
on_long_line(void *arg)
{
	emit_error(arg, NULL, NULL, RPC_INVALID_REQUEST, NULL,
	    "Invalid Request: the line is longer than 16 MiB");
}

static void
on_eof(void *arg)
{
	struct rpc *rpc = arg;

	rpc->hooks->eof(rpc->arg);
}

static void
on_gone(void *arg, const char *why)
{
	struct rpc *rpc = arg;

	rpc->closing = true;
	rpc->hooks->gone(rpc->arg, why);
}

struct rpc *
rpc_new(struct loop *loop, int in, int out, const struct rpc_hooks *hooks,
    void *arg)
{
	static const struct wire_hooks wire_hooks = { on_line, on_long_line,
		on_eof, on_gone };
	struct rpc *rpc = xmalloc(sizeof(*rpc));

	*rpc = (struct rpc){ .hooks = hooks, .arg = arg };
	rpc->wire = wire_new(loop, in, out, &wire_hooks, rpc);
	return rpc;
}

void
rpc_free(struct rpc *rpc)
{
	if (!rpc)
		return;
	rpc->closing = true;
	while (rpc->requests)
		rpc_drop(rpc->requests);
	wire_free(rpc->wire);
	free(rpc);
}

void
rpc_finish(struct rpc *rpc)
{
	wire_finish(rpc->wire);
}

void
rpc_close(struct rpc *rpc, const char *why)
{
	wire_close(rpc->wire, why);
}
