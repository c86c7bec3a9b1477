/*
 * mcp_server.h: what the parts of the MCP server share
 *
 * A method is a row in the table of mcp_route.c: name, eras, handler.  The
 * router has checked what every request of that era has to have; the handler
 * gets the revision it is to speak and answers with mcp_answer() or
 * rpc_fail(), now or later:
 *
 *	static void
 *	handle_ping(const struct mcp_request *r)
 *	{
 *		mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
 *	}
 *
 * No answer depends on an earlier request, except that requests without the
 * members of 2026-07-28 speak the revision that `initialize` agreed on.
 */
#ifndef FACES_MCP_SERVER_H
#define FACES_MCP_SERVER_H

#include <jansson.h>

#include "base/loop.h"
#include "faces/config.h"
#include "faces/rpc.h"
#include "spool/spool.h"
#include "verbs/ops.h"

/* In the order of time: a feature has the revision from which on it exists. */
enum mcp_revision {
	MCP_2024_11_05,
	MCP_2025_03_26,
	MCP_2025_06_18,
	MCP_2025_11_25,
	MCP_2026_07_28, /* the modern era: no handshake */
};

extern const char *const mcp_revision_names[];

/* How long a client may keep a result; only what the protocol calls cacheable
 * has a time.  Milliseconds. */
enum {
	MCP_UNCACHED = -1,
	MCP_LIVE = 0,
	MCP_STATIC = 3600000,
};

struct mcp_call; /* a tool that is at work */
struct mcp_tool; /* an operation as tools/list shows it */

struct mcp {
	struct loop *loop;
	struct rpc *rpc;
	struct spool spool;
	struct config config;
	struct ops *ops;
	bool verbose;

	/* Of the era with handshake. */
	bool initialized;
	enum mcp_revision negotiated;
	char *client; /* "name version"; NULL: not known */

	struct mcp_tool *tools; /* sorted by name, OP_COUNT of them */
	struct mcp_call *calls; /* that wait for their ends */
	struct mcp_call *ended; /* to be freed */

	bool eof;                     /* no more requests come */
	struct loop_timer *last_wait; /* after that, for calls at work */
};

struct mcp_request {
	struct mcp *mcp;
	struct rpc_request *rpc;
	enum mcp_revision revision;
	json_t *params; /* an object, never NULL; borrowed */
	json_t *meta;   /* params._meta, NULL: none */
};

typedef void mcp_handler(const struct mcp_request *r);

/* mcp_route.c: hooks of rpc.h; `arg` is the struct mcp. */
void mcp_on_request(void *arg, struct rpc_request *request);
void mcp_on_notification(void *arg, const char *method, json_t *params);
bool mcp_takes_batches(void *arg);

/* mcp_hello.c */
mcp_handler mcp_initialize, mcp_discover, mcp_ping;

/* Answer with `result` (taken over, an object), completed with what the
 * revision wants in every result. */
void mcp_answer(struct rpc_request *request, enum mcp_revision revision,
    json_t *result, int ttl_ms);

/* "name version" of a clientInfo, fit to be shown; malloc'd; NULL if it has no
 * name. */
char *mcp_client_name(json_t *info);

/* mcp_tools.c */
mcp_handler mcp_tools_list, mcp_tools_call;
void mcp_tools_load(struct mcp *mcp);
void mcp_tools_release(struct mcp *mcp);

/* notifications/cancelled for that request, which may be any or none. */
void mcp_cancel(struct mcp *mcp, json_t *id);

/* Stop all calls without answers. */
void mcp_cancel_all(struct mcp *mcp);

/* mcp.c: the last call at work has ended. */
void mcp_idle(struct mcp *mcp);

/* Say something on stderr, if that is wanted. */
void mcp_say(const struct mcp *mcp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
