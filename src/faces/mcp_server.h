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
#include "faces/mcp_offer.h"
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

enum { MCP_LEGACY = 1, MCP_MODERN = 2 }; /* eras */

/* Codes of the protocol beyond those of rpc.h.  (2025-11-25, schema.ts;
 * 2026-07-28, basic/index.mdx, "Error codes") */
enum {
	MCP_NO_RESOURCE_LEGACY = -32002,
	MCP_MISSING_CAPABILITY = -32021,
	MCP_UNSUPPORTED_VERSION = -32022,
};

#define MCP_META "io.modelcontextprotocol/"
#define MCP_TASKS MCP_META "tasks" /* the extension */

enum {
	MCP_OFFERS = 2,
	MCP_SHOWN_MAX = 100, /* bytes of a client's text in an error */
	MCP_URI_MAX = 2048,  /* bytes of a URI or task id that is taken */
};

struct mcp_call;   /* a tool that is at work */
struct mcp_entry;  /* a tool with its entry of tools/list */
struct mcp_listen; /* subscriptions */

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

	const struct mcp_offer *offers[MCP_OFFERS]; /* NULL: no more */
	struct mcp_entry *tools;                    /* sorted by name */
	size_t tool_count;
	struct mcp_call *calls; /* that wait for their ends */
	struct mcp_call *ended; /* to be freed */
	struct mcp_listen *listen;

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

/* Does the client declare that extension, in this request? */
bool mcp_can(const struct mcp_request *r, const char *extension);

/* Refuse a request since its client did not declare what it takes; `required`
 * (taken over) is in the form of clientCapabilities. */
void mcp_refuse_unable(const struct mcp_request *r, json_t *required);

/* Fail since something here went wrong, whatever was asked. */
void mcp_fail(const struct mcp_request *r, const struct err *err);

/* False, and refused, if this is not an extension that the client declared. */
bool mcp_demand(const struct mcp_request *r, const char *extension);

/* A string argument of at most MCP_URI_MAX bytes and without NUL; NULL if it is
 * none, and the request was refused.  Borrowed. */
const char *mcp_string(const struct mcp_request *r, const char *name);

/* Who asks, as jobs will remember it; malloc'd. */
char *mcp_asker(const struct mcp_request *r);

/* mcp_tools.c */
mcp_handler mcp_tools_list, mcp_tools_call;
void mcp_tools_load(struct mcp *mcp);
void mcp_tools_release(struct mcp *mcp);

/* A tool of the job offer: the operation tool->arg. */
void mcp_call_operation(const struct mcp_request *r,
    const struct mcp_tool *tool, json_t *args);
void mcp_refuse_operation(const struct mcp_request *r,
    const struct mcp_tool *tool, const struct err *err);

/* An entry of a list as that revision knows it; a new object. */
json_t *mcp_entry_for(json_t *entry, enum mcp_revision revision);

/* The members of tools/call's answer for a result of that kind: content, and
 * structuredContent where the revision has it.  `result` is taken over. */
json_t *mcp_tool_result(enum mcp_revision revision, json_t *result,
    bool failed);

/* notifications/cancelled for that request, which may be any or none. */
void mcp_cancel(struct mcp *mcp, json_t *id);

/* Stop all calls without answers. */
void mcp_cancel_all(struct mcp *mcp);

/* mcp_tasks.c */
mcp_handler mcp_tasks_get, mcp_tasks_update, mcp_tasks_cancel;

/* Answer that job `id` is a task now. */
void mcp_answer_task(struct mcp *mcp, struct rpc_request *request,
    const char *id);

/* What tasks/get says of it, without resultType; a new object.  NULL with err;
 * ERR_NOT_FOUND: there is no such task. */
json_t *mcp_task(struct mcp *mcp, const char *id, struct err *err);

/* mcp_resources.c */
mcp_handler mcp_resources_list, mcp_resources_read, mcp_templates_list;
const struct mcp_resources *mcp_resources_of(const struct mcp *mcp,
    const char *uri); /* NULL: nobody's */

/* mcp_prompts.c */
mcp_handler mcp_prompts_list, mcp_prompts_get, mcp_complete;

/*
 * mcp_listen.c: subscriptions.  What changes is told by the tracker, which
 * starts with the first subscription.
 */
mcp_handler mcp_listen_open, mcp_subscribe, mcp_unsubscribe;
void mcp_listen_release(struct mcp *mcp);

/* A legacy client has seen the list of resources: from now on it is told when
 * that changes. */
void mcp_listen_to_list(struct mcp *mcp);

/* End a subscription without an answer if that is one: 1; else 0. */
bool mcp_listen_cancel(struct mcp *mcp, struct rpc_request *request);

/* Answer all subscriptions: the server ends. */
void mcp_listen_finish(struct mcp *mcp);

/* The task or resource of an offer besides jobs changed. */
void mcp_listen_note(struct mcp *mcp, const char *task_or_uri);

/* mcp.c: the last call at work has ended. */
void mcp_idle(struct mcp *mcp);

/* Say something on stderr, if that is wanted. */
void mcp_say(const struct mcp *mcp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
