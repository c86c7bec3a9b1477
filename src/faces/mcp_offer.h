/*
 * mcp_offer.h: what a server offers, as tables
 *
 * The server knows the protocol: eras, pages, tasks, subscriptions.  What there
 * is to call and to read comes from offers: that of jobs (mcp_jobs.c), and one
 * more if a program that links the server brings it (mcp.h).
 *
 *	static const struct mcp_tool tools[] = {
 *		{ .name = "greet", .json = "{\"name\": \"greet\", …}",
 *		    .call = greet },
 *		{ .name = NULL },
 *	};
 *	static const struct mcp_offer offer = { .tools = tools };
 *
 * Handlers answer with mcp_answer() or rpc_fail(), now or later
 * (mcp_server.h).  Once the client has cancelled a request, its answer is not
 * sent; whoever looks at `cancelled` (rpc.h) may stop working on it, and is to
 * send no progress any more.
 *
 * Entries are JSON text in the newest revision; what older ones do not know is
 * taken out before they see it.
 */
#ifndef FACES_MCP_OFFER_H
#define FACES_MCP_OFFER_H

#include <jansson.h>

#include "base/err.h"

struct mcp;
struct mcp_request;

typedef void mcp_handler(const struct mcp_request *r);

struct mcp_tool {
	const char *name; /* NULL: end of the table */
	const char *json; /* its entry of tools/list */
	/* `args` are right as far as inputSchema tells; borrowed. */
	void (*call)(const struct mcp_request *r, const struct mcp_tool *tool,
	    json_t *args);
	/* A call that breaks inputSchema; NULL: isError with the text. */
	void (*refuse)(const struct mcp_request *r, const struct mcp_tool *tool,
	    const struct err *err);
	const void *arg; /* the tool's own */
};

struct mcp_prompt {
	const char *name;
	const char *json; /* its entry of prompts/list */
	/* `args` are strings, and those that are required are there. */
	void (*get)(const struct mcp_request *r, json_t *args);
	/* Values of that argument that begin with `value`, best first; a new
	 * array of strings.  NULL: there are none for any argument. */
	json_t *(*complete)(struct mcp *mcp, const char *argument,
	    const char *value);
};

/* A page of resources/list: the caller's array, and where to go on. */
struct mcp_page {
	json_t *entries;
	char *next_cursor; /* malloc'd; NULL: that was all */
};

/* Everything that can be read below one beginning of URIs. */
struct mcp_resources {
	const char *prefix;    /* of its URIs, such as "job:///"; NULL: end */
	const char *templates; /* JSON array: entries of templates/list */
	/* Append to the page that `cursor` (NULL: the first) stands for.  0, or
	 * -1 with err; ERR_INVALID: no cursor of ours. */
	int (*list)(struct mcp *mcp, const char *cursor, struct mcp_page *page,
	    struct err *err);
	/* The entries of `contents`, a new array.  NULL with err;
	 * ERR_NOT_FOUND: no such resource. */
	json_t *(*read)(struct mcp *mcp, const char *uri, struct err *err);
	/* As of a prompt, for the variable of a template; may be NULL. */
	json_t *(*complete)(struct mcp *mcp, const char *template_uri,
	    const char *variable, const char *value);
};

/* Tasks that are no jobs.  The server asks this first and takes a job's id for
 * its task where it knows none. */
struct mcp_tasks {
	/* As tasks/get tells it, without resultType; a new object; NULL: not
	 * one of these. */
	json_t *(*get)(struct mcp *mcp, const char *id);
	void (*cancel)(struct mcp *mcp, const char *id);
	void (*update)(struct mcp *mcp, const char *id, json_t *responses);
};

struct mcp_method {
	const char *name;
	unsigned eras; /* MCP_LEGACY, MCP_MODERN */
	mcp_handler *handle;
};

struct mcp_offer {
	const struct mcp_tool *tools;          /* NULL: none, as below */
	const struct mcp_prompt *prompts;      /* ends with name NULL */
	const struct mcp_resources *resources; /* ends with prefix NULL */
	const struct mcp_method *methods;      /* ends with name NULL */
	const struct mcp_tasks *tasks;
	/* JSON object with capabilities besides those that follow from the
	 * above; NULL: none. */
	const char *capabilities;
};

/* Jobs: tools, prompts and resources (mcp_jobs.c). */
extern const struct mcp_offer mcp_offer_jobs;

#endif
