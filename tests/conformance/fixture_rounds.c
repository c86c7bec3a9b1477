/*
 * fixture_rounds.c: fixtures that ask their client before they answer
 *
 * Invariant: nothing is kept between two rounds: what was asked is in the
 * requestState that the client brings back, if it is that of a fixture.
 */
#include "base/compat.h"
#include "fixture.h"

#include "base/util.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

json_t *
fixture_requests(const struct mcp_request *r, const char *json)
{
	static const char *const needs[][2] = {
		{ "elicitation/create", "elicitation" },
		{ "sampling/createMessage", "sampling" },
		{ "roots/list", "roots" },
	};
	json_t *able = json_object_get(r->meta, MCP_META "clientCapabilities");
	json_t *requests = json_loads(json, 0, NULL);
	json_t *missing = json_object(), *request;
	const char *key, *method;
	void *next;
	size_t i;

	json_object_foreach_safe(requests, next, key, request) {
		method = json_string_value(json_object_get(request, "method"));
		for (i = 0; strcmp(needs[i][0], method) != 0;)
			i++;
		if (json_object_get(able, needs[i][1]))
			continue;
		json_object_set_new(missing, needs[i][1], json_object());
		json_object_del(requests, key);
	}
	if (json_object_size(requests)) {
		json_decref(missing);
		return requests;
	}
	json_decref(requests);
	mcp_refuse_unable(r, missing);
	return NULL;
}

/* Which round was asked, and that it was us who asked.  In earnest the sum
 * would be one that takes a secret. */
static char *
seal(const struct mcp_request *r, int round)
{
	uint64_t sum = 0xcbf29ce484222325;
	cleanup_free char *text = xasprintf("a fixture's secret %s %d",
	    json_string_value(json_object_get(r->params, "name")), round);
	const char *c;

	for (c = text; *c; c++)
		sum = (sum ^ (unsigned char)*c) * 0x100000001b3;
	return xasprintf("%d.%016" PRIx64, round, sum);
}

/* The round that the request answers, 0 if none; -1: it was refused. */
static int
find_round(const struct mcp_request *r, const struct fixture_ask *ask)
{
	json_t *state = json_object_get(r->params, "requestState");
	int round;

	if (!ask->sealed || !state)
		return 0;
	for (round = 0; ask->rounds[round]; round++) {
		cleanup_free char *ours = seal(r, round);

		if (json_is_string(state) &&
		    strcmp(json_string_value(state), ours) == 0)
			return round;
	}
	rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
	    "Invalid params: requestState was not made here");
	return -1;
}

/* Are there answers to all of them, in the round that they belong to? */
static bool
are_answered(const struct mcp_request *r, const struct fixture_ask *ask,
    json_t *requests)
{
	json_t *responses = json_object_get(r->params, "inputResponses");
	json_t *request;
	const char *key;

	if (ask->sealed && !json_object_get(r->params, "requestState"))
		return false;
	json_object_foreach(requests, key, request)
		if (!json_is_object(json_object_get(responses, key)))
			return false;
	return true;
}

static void
finish(const struct mcp_request *r, const struct fixture_ask *ask)
{
	cleanup_free char *answers =
	    json_dumps(json_object_get(r->params, "inputResponses"),
		JSON_COMPACT);
	cleanup_free char *text =
	    xasprintf("%s: %s", ask->sealed ? "state-ok" : "answered", answers);

	ask->done(r, text);
}

void
fixture_run_ask(const struct mcp_request *r, const struct fixture_ask *ask)
{
	int round = find_round(r, ask);
	json_t *requests =
	    round < 0 ? NULL : fixture_requests(r, ask->rounds[round]);
	json_t *result;

	if (requests && are_answered(r, ask, requests)) {
		json_decref(requests);
		if (!ask->rounds[++round]) {
			finish(r, ask);
			return;
		}
		requests = fixture_requests(r, ask->rounds[round]);
	}
	if (!requests)
		return;
	result = json_pack("{s:s,s:o}", "resultType", "input_required",
	    "inputRequests", requests);
	if (ask->sealed) {
		cleanup_free char *state = seal(r, round);

		json_object_set_new(result, "requestState", json_string(state));
	}
	fixture_answer(r, result);
}

void
fixture_call_ask(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	(void)args;
	fixture_run_ask(r, tool->arg);
}
