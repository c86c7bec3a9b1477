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

static const struct mcp_method methods[] = {
	{ "completion/complete", MCP_LEGACY | MCP_MODERN, mcp_complete },
	{ "initialize", MCP_LEGACY, mcp_initialize },
	{ "ping", MCP_LEGACY, mcp_ping },
	{ "prompts/get", MCP_LEGACY | MCP_MODERN, mcp_prompts_get },
	{ "prompts/list", MCP_LEGACY | MCP_MODERN, mcp_prompts_list },
	{ "resources/list", MCP_LEGACY | MCP_MODERN, mcp_resources_list },
	{ "resources/read", MCP_LEGACY | MCP_MODERN, mcp_resources_read },
	{ "resources/subscribe", MCP_LEGACY, mcp_subscribe },
	{ "resources/templates/list", MCP_LEGACY | MCP_MODERN,
	    mcp_templates_list },
	{ "resources/unsubscribe", MCP_LEGACY, mcp_unsubscribe },
	{ "server/discover", MCP_MODERN, mcp_discover },
	{ "subscriptions/listen", MCP_MODERN, mcp_listen_open },
	{ "tasks/cancel", MCP_MODERN, mcp_tasks_cancel },
	{ "tasks/get", MCP_MODERN, mcp_tasks_get },
	{ "tasks/update", MCP_MODERN, mcp_tasks_update },
	{ "tools/call", MCP_LEGACY | MCP_MODERN, mcp_tools_call },
	{ "tools/list", MCP_LEGACY | MCP_MODERN, mcp_tools_list },
	{ NULL, 0, NULL },
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
	static const char *const marks[] = { MCP_META "protocolVersion",
		MCP_META "clientCapabilities", MCP_META "clientInfo" };
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

	rpc_fail(request, MCP_UNSUPPORTED_VERSION,
	    json_pack("{s:[s],s:o}", "supported", name, "requested",
		json_string_length(version) <= MCP_SHOWN_MAX
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
	json_t *version = json_object_get(meta, MCP_META "protocolVersion");
	json_t *able = json_object_get(meta, MCP_META "clientCapabilities");
	json_t *level = json_object_get(meta, MCP_META "logLevel");
	const char *name = mcp_revision_names[MCP_2026_07_28];

	if (!json_is_string(version))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" MCP_META "protocolVersion\"] "
		    "is required (this server speaks %s; clients of %s and "
		    "earlier must send initialize first)",
		    name, mcp_revision_names[MCP_2025_11_25]);
	else if (strcmp(json_string_value(version), name) != 0 ||
	    json_string_length(version) != strlen(name))
		refuse_version(request, version);
	else if (!json_is_object(able))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" MCP_META
		    "clientCapabilities\"] must be an object");
	else if (level && !is_log_level(level))
		rpc_fail(request, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: _meta[\"" MCP_META
		    "logLevel\"] is no log level");
	else if (request->batched)
		rpc_fail(request, RPC_INVALID_REQUEST, NULL,
		    "Invalid Request: batches are not supported");
	else
		return true;
	return false;
}

static mcp_handler *
find_in(const struct mcp_method *table, const char *method, unsigned era)
{
	for (; table && table->name; table++)
		if ((table->eras & era) && strcmp(method, table->name) == 0)
			return table->handle;
	return NULL;
}

static mcp_handler *
find_method(const struct mcp *mcp, const char *method, unsigned era)
{
	mcp_handler *handle = find_in(methods, method, era);
	size_t i;

	for (i = 0; i < MCP_OFFERS && mcp->offers[i] && !handle; i++)
		handle = find_in(mcp->offers[i]->methods, method, era);
	return handle;
}

bool
mcp_can(const struct mcp_request *r, const char *extension)
{
	json_t *able = json_object_get(r->meta, MCP_META "clientCapabilities");

	return r->revision >= MCP_2026_07_28 &&
	    json_is_object(json_object_get(json_object_get(able, "extensions"),
		extension));
}

void
mcp_refuse_unable(const struct mcp_request *r, json_t *required)
{
	rpc_fail(r->rpc, MCP_MISSING_CAPABILITY,
	    json_pack("{s:o}", "requiredCapabilities", required),
	    "Missing required client capability");
}

void
mcp_fail(const struct mcp_request *r, const struct err *err)
{
	rpc_fail(r->rpc, RPC_INTERNAL, NULL, "Internal error: %s", err->text);
}

bool
mcp_demand(const struct mcp_request *r, const char *extension)
{
	if (mcp_can(r, extension))
		return true;
	mcp_refuse_unable(r, json_pack("{s:{s:{}}}", "extensions", extension));
	return false;
}

const char *
mcp_string(const struct mcp_request *r, const char *name)
{
	json_t *value = json_object_get(r->params, name);
	const char *text = json_string_value(value);

	if (text && strlen(text) == json_string_length(value) &&
	    strlen(text) <= MCP_URI_MAX)
		return text;
	rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
	    text ? "Invalid params: %s is too long or has a NUL in it"
		 : "Invalid params: %s must be a string",
	    name);
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

	mcp_say(mcp, "request %.*s: %.*s", MCP_SHOWN_MAX, request->id,
	    MCP_SHOWN_MAX, request->method);
	if (modern && !check_modern(request, r.meta))
		return;
	handle =
	    find_method(mcp, request->method, modern ? MCP_MODERN : MCP_LEGACY);
	if (!handle) {
		rpc_fail(request, RPC_NO_METHOD, NULL, "Method not found: %.*s",
		    MCP_SHOWN_MAX, request->method);
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
