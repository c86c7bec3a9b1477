/*
 * mcp.h: the Model Context Protocol on stdin and stdout
 *
 * Both eras of the protocol on one connection, told apart message by message:
 * the one with a handshake (revisions 2024-11-05 to 2025-11-25) and the one
 * without (2026-07-28).  https://modelcontextprotocol.io/specification
 *
 * Where to find what: mcp.c start and end, mcp_server.h what the parts share,
 * mcp_route.c which method in which era, mcp_hello.c greetings, mcp_tools.c
 * tools, mcp_tasks.c tasks, mcp_resources.c what can be read, mcp_prompts.c
 * prompts and completion, mcp_listen.c subscriptions; mcp_offer.h what there is
 * to call and to read, mcp_jobs.c that of jobs; below them rpc.h (messages) and
 * wire.h (lines).
 */
#ifndef FACES_MCP_H
#define FACES_MCP_H

#include <stdbool.h>

struct mcp_offer;

struct mcp_options {
	const char *root;    /* --root, or NULL */
	const char *watcher; /* --watcher: auto, inotify, poll; NULL: auto */
	bool verbose;        /* say on stderr what happens */
	/* What a program that links the server offers besides jobs; NULL:
	 * nothing. */
	const struct mcp_offer *more;
};

/*
 * Serve until the client goes away: end of file on stdin, nobody reads stdout,
 * or SIGTERM, SIGINT, SIGHUP.  No job is touched by that.
 *
 * stdin and stdout are moved away first: whatever prints by mistake goes to
 * stderr.  The limits come from the environment (config.h).
 *
 * Returns the exit code: 0; 2 after one line on stderr if an option or a
 * variable makes no sense; EXIT_OWN_FAILURE likewise if the root can't be used.
 */
int mcp_main(const struct mcp_options *options);

#endif
