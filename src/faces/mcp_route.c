/*
 * mcp_route.c: which method, in which era
 *
 * Invariant: the era is a property of the message, not of the connection: a
 * request with the members of 2026-07-28 is modern before and after any
 * `initialize`.  What a client declares is checked before its method is looked
 * up, so that an error about the version never hides behind another.
 */
#include "base/compat.h"
#include "faces/mcp_server.h"

#include <string.h>

#define META_PREFIX "io.modelcontextprotocol/"

enum {
	LEGACY = 1,
	MODERN = 2,
	UNSUPPORTED_VERSION = -32022,
	SHOWN_MAX = 100, /* bytes of a client's text in an error */
};

static const struct {
	const char *method;
	unsigned eras;
	mcp_handler *handle;
} methods[] = {
	{ "initialize", LEGACY, mcp_initialize },
	{ "ping", LEGACY, mcp_ping },
	{ "server/discover", MODERN, mcp_discover },
	{ "tools/call", LEGACY | MODERN, mcp_tools_call },
	{ "tools/list", LEGACY | MODERN, mcp_tools_list },
};

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool
is_modern(const struct mcp *mcp, const char *method, json_t *meta)
{
	static const char *const marks[] = { META_PREFIX "protocolVersion",
		META_PREFIX "clientCapabilities", META_PREFIX "clientInfo" };
	static const char *const modern_only[] = { "server/discover",
		"subscriptions/listen" };
	static const char *const before_all[] = { "initialize", "ping" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++)
		if (json_object_get(meta, marks[i]))
			return true;
	if (is_one_of(method, modern_only, ARRAY_LEN(modern_only)))
		return true;
	return !mcp->initialized &&
	    !is_one_of(method, before_all, ARRAY_LEN(before_all));
}

/* Refuse a version.  The text of the client is given back, within limits. */
static void
refuse_version(struct rpc_request *request, json_t *version)
{
	const char *name = mcp_revision_names[MCP_2026_07_28];

	rpc_fail(request, UNSUPPORTED_VERSION,
	    json_pack("{s:[s],s:o}", "supported", name, "requested",
		json_string_length(version) <= SHOWN_MAX
		    ? json_incref(version)
		    : json_string("(too long to repeat)")),
	    "Unsupported protocol version");
}

static bool
is_log_level(json_t *level)
{
	static const char *const levels[] = { "debug", "info", "notice",
		"warning", "error", "critical", "alert", "emergency" };

	return json_is_string(level) &&
	    is_one_of(json_string_value(level), levels, ARRAY_LEN(levels));
}

/* Check what every modern request has to declare.  False: it was refused. */
static bool
check_modern(struct rpc_request *request, json_t *meta)
{
	json_t *version = json_object_get(meta, META_PREFIX "protocolVersion");
	json_t *able = json_object_get(meta, META_PREFIX "clientCapabilities");
	json_t *level = json_object_get(meta, META_PREFIX "logLevel");
	const char *name = mcp_revision_names[MCP_2026_07_28];

	if (!json_is_string(version))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" META_PREFIX "protocolVersion\"] "
		    "is required (this server speaks %s; clients of %s and "
		    "earlier must send initialize first)",
		    name, mcp_revision_names[MCP_2025_11_25]);
	else if (strcmp(json_string_value(version), name) != 0 ||
	    json_string_length(version) != strlen(name))
		refuse_version(request, version);
	else if (!json_is_object(able))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" META_PREFIX
		    "clientCapabilities\"] must be an object");
	else if (level && !is_log_level(level))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" META_PREFIX
		    "logLevel\"] is no log level");
	else if (request->batched)
		rpc_fail(request, RPC_INVALID_REQUEST, NULL,
		    "Invalid Request: batches are not supported");
	else
		return true;
	return false;
}

static mcp_handler *
find_method(const char *method, unsigned era)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(methods); i++)
		if ((methods[i].eras & era) &&
		    strcmp(method, methods[i].method) == 0)
			return methods[i].handle;
	return NULL;
}

void
mcp_on_request(void *arg, struct rpc_request *request)
{
	struct mcp *mcp = arg;
	json_t *meta = json_object_get(request->params, "_meta");
	bool modern = is_modern(mcp, request->method, meta);
	struct mcp_request r = {
		.mcp = mcp,
		.rpc = request,
		.revision = modern ? MCP_2026_07_28 : mcp->negotiated,
		.meta = json_is_object(meta) ? meta : NULL,
	};
	mcp_handler *handle;

	mcp_say(mcp, "request %.*s: %.*s", SHOWN_MAX, request->id, SHOWN_MAX,
	    request->method);
	if (modern && !check_modern(request, r.meta))
		return;
	handle = find_method(request->method, modern ? MODERN : LEGACY);
	if (!handle) {
		rpc_fail(request, RPC_NO_METHOD, NULL, "Method not found: %.*s",
		    SHOWN_MAX, request->method);
		return;
	}
	/* The request and its parameters may be gone after the handler. */
	r.params =
	    request->params ? json_incref(request->params) : json_object();
	handle(&r);
	json_decref(r.params);
}

void
mcp_on_notification(void *arg, const char *method, json_t *params)
{
	struct mcp *mcp = arg;

	/* Nothing else that a client tells has to be known. */
	if (strcmp(method, "notifications/cancelled") == 0)
		mcp_cancel(mcp, json_object_get(params, "requestId"));
}

bool
mcp_takes_batches(void *arg)
{
	const struct mcp *mcp = arg;

	return mcp->initialized && mcp->negotiated == MCP_2025_03_26;
}
