/*
 * rpc.h: JSON-RPC 2.0, one message a line
 *
 * The serving side of https://www.jsonrpc.org/specification with the bounds a
 * server needs that reads from strangers.  What the methods mean is not known
 * here.
 *
 *	static const struct rpc_hooks hooks = { on_request, … };
 *	struct rpc *rpc = rpc_new(loop, in, out, &hooks, arg);
 *
 *	on_request(arg, request):	-- now or later, exactly one of
 *		rpc_answer(request, result);
 *		rpc_fail(request, RPC_INVALID_PARAMS, NULL, "No %s", name);
 *		rpc_drop(request);	-- no answer: it was cancelled
 *
 * Ids come back as they were sent: strings, and integers of any size.  An error
 * in a message whose id is not known goes out without the member.  Notifications
 * are never answered, responses are ignored.
 *
 * Batches (arrays) are taken while hooks.batches() says so; their answers go
 * out together when the last one is there (in several arrays if one line would
 * be too long).
 *
 * Every line sent is valid UTF-8 and shorter than RPC_LINE_MAX; an answer that
 * would be longer becomes an error.
 */
#ifndef FACES_RPC_H
#define FACES_RPC_H

#include <jansson.h>

#include "base/loop.h"

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_NO_METHOD = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL = -32603,
};

enum {
	RPC_LINE_MAX = 1 << 20,  /* bytes of a line sent, its end included */
	RPC_ID_MAX = 64 << 10,   /* bytes of an id, as JSON */
	RPC_BATCH_MAX = 128,     /* messages in a batch */
	RPC_REQUESTS_MAX = 1024, /* requests that wait for their answers */
};

/* How numbers and strings are written, everywhere. */
enum { RPC_JSON_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(15) };

struct rpc;

/* A request that waits for its answer. */
struct rpc_request {
	const char *method;
	json_t *params; /* an object, or NULL; the request's, may be changed */
	bool batched;   /* part of a batch */
	bool cancelled; /* by rpc_cancel() */
	void *user;     /* for whoever answers; NULL at first */

	/* Private. */
	struct rpc *rpc;
	json_t *message;
	char *id; /* as JSON */
	struct rpc_batch *batch;
	struct rpc_request *next, **link;
};

struct rpc_hooks {
	void (*request)(void *arg, struct rpc_request *request);
	/* `params` is an object or NULL, borrowed. */
	void (*notified)(void *arg, const char *method, json_t *params);
	/* Are batches part of the protocol now? */
	bool (*batches)(void *arg);
	/* No more messages come; somebody is to call rpc_finish(). */
	void (*eof)(void *arg);
	/* It is over (see wire.h).  Requests left are to be dropped. */
	void (*gone)(void *arg, const char *why);
};

/* `in` and `out` stay the caller's. */
struct rpc *rpc_new(struct loop *loop, int in, int out,
    const struct rpc_hooks *hooks, void *arg);

/* Requests without an answer get none. NULL is allowed. */
void rpc_free(struct rpc *rpc);

/* Each of these ends the request and frees it.  `result` and `data` (NULL:
 * none) are taken over. */
void rpc_answer(struct rpc_request *request, json_t *result);
void rpc_fail(struct rpc_request *request, int code, json_t *data,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void rpc_drop(struct rpc_request *request);

/* The (newest) request with that id that waits for its answer, or NULL.  Of an
 * integer beyond 64 bits only about 53 are told apart: where that leaves more
 * than one, it is NULL. */
struct rpc_request *rpc_find(struct rpc *rpc, json_t *id);

/* The client wants no answer any more: none is sent, however whoever is at work
 * on it ends the request. */
void rpc_cancel(struct rpc_request *request);

/* The id of a request as it was sent; a new value.  NULL: an integer beyond 64
 * bits, which only an answer can repeat. */
json_t *rpc_request_id(const struct rpc_request *request);

/* Is the client so slow to read that what can wait should?  Requests are held
 * back before that, so that they do not starve what is told unasked. */
bool rpc_is_busy(const struct rpc *rpc);

/*
 * Send a notification; `params` (NULL: none) is taken over.
 * droppable	leave it out if the client is slow to read
 * Returns 0, or -1 if it is too long for a line and was left out.
 */
int rpc_notify(struct rpc *rpc, const char *method, json_t *params,
    bool droppable);

/* As in wire.h. */
void rpc_finish(struct rpc *rpc);
void rpc_close(struct rpc *rpc, const char *why);

#endif
