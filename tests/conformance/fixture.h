/*
 * fixture.h: what the files of the conformance fixture share
 *
 * fixture.c has the tables and what answers at once, fixture_rounds.c what asks
 * its client before it answers, fixture_tasks.c tasks that are no jobs.  Texts
 * of results and requests are JSON.
 */
#ifndef CONFORMANCE_FIXTURE_H
#define CONFORMANCE_FIXTURE_H

#include <jansson.h>

#include "faces/mcp_server.h"

#define TEXT_BLOCK(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

/* Members of inputRequests. */
#define ELICIT(key, message, member, kind)                                     \
	"\"" key "\":{\"method\":\"elicitation/create\",\"params\":{"          \
	"\"message\":\"" message "\",\"requestedSchema\":{"                    \
	"\"type\":\"object\",\"properties\":{\"" member "\":{\"type\":\"" kind \
	"\"}},\"required\":[\"" member "\"]}}}"
#define SAMPLE(key, text)                                                      \
	"\"" key "\":{\"method\":\"sampling/createMessage\",\"params\":{"      \
	"\"messages\":[{\"role\":\"user\",\"content\":" TEXT_BLOCK(            \
	    text) "}],\"maxTokens\":100}}"
#define ROOTS(key) "\"" key "\":{\"method\":\"roots/list\",\"params\":{}}"

/* The type of mcp_tool.call. */
typedef void fixture_call(const struct mcp_request *r,
    const struct mcp_tool *tool, json_t *args);

void fixture_answer(const struct mcp_request *r, json_t *result);

/* A result of tools/call with that text. */
json_t *fixture_text(const char *text);

/* --- fixture_rounds.c: input_required ------------------------------------ */

enum { FIXTURE_ROUNDS = 3 };

/* What a tool or a prompt asks its client before it answers. */
struct fixture_ask {
	const char *rounds[FIXTURE_ROUNDS]; /* inputRequests; NULL: no more */
	bool sealed;                        /* with a requestState */
	/* The answers are there; `text` has them. */
	void (*done)(const struct mcp_request *r, const char *text);
};

/* tool->arg: a struct fixture_ask. */
fixture_call fixture_call_ask;
void fixture_run_ask(const struct mcp_request *r,
    const struct fixture_ask *ask);

/* Those of the requests that this client declares to understand, a new object;
 * NULL: it understands none, and was told. */
json_t *fixture_requests(const struct mcp_request *r, const char *json);

/* --- fixture_tasks.c ------------------------------------------------------ */

extern const struct mcp_tasks fixture_tasks;

/* tool->arg: members that its task gets at its end. */
fixture_call fixture_call_task;

/* tool->arg: a struct fixture_ask.  The task asks, or, of who takes no tasks,
 * the tool. */
fixture_call fixture_call_asking_task;

/* Answer with a task that ends with that text. */
void fixture_done_task(const struct mcp_request *r, const char *text);

#endif
