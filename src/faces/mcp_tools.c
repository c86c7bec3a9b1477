/*
 * mcp_tools.c: tools/list and tools/call
 *
 * Invariant: every call at work is in mcp->calls, and has a request that waits;
 * whoever ends a call takes it out of the list and ends the request, so a call
 * that was cancelled is never answered and sends no progress.
 */
#include "base/compat.h"
#include "faces/mcp_server.h"

#include "base/text.h"
#include "verbs/args.h"

#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_MAX = 100,        /* bytes of a client's text in an error */
	TOKEN_MAX = RPC_ID_MAX, /* bytes of a progress token */
};

struct mcp_tool {
	const struct op_row *row;
	json_t *entry; /* of tools/list, in the newest revision */
};

struct mcp_call {
	struct op_call op;
	struct mcp *mcp;
	struct rpc_request *request;
	enum mcp_revision revision;
	char *asker;
	json_t *token;   /* for progress; NULL: none wanted */
	double progress; /* told last */
	struct mcp_call *next, **link;
};

/* --- the list ----------------------------------------------------------- */

static int
compare_tools(const void *a, const void *b)
{
	const struct mcp_tool *left = a, *right = b;

	return strcmp(left->row->tool, right->row->tool);
}

void
mcp_tools_load(struct mcp *mcp)
{
	json_error_t error;
	size_t i;

	mcp->tools = xmalloc((OP_COUNT + 1) * sizeof(*mcp->tools));
	for (i = 0; i < OP_COUNT; i++) {
		mcp->tools[i].row = &op_rows[i];
		mcp->tools[i].entry = json_loads(op_rows[i].json, 0, &error);
		if (!mcp->tools[i].entry)
			die("schema of %s: %s", op_rows[i].tool, error.text);
	}
	qsort(mcp->tools, OP_COUNT, sizeof(*mcp->tools), compare_tools);
}

static const struct mcp_tool *
find_tool(const struct mcp *mcp, json_t *name)
{
	const char *text = json_string_value(name);
	size_t i;

	for (i = 0; i < OP_COUNT; i++)
		if (strcmp(mcp->tools[i].row->tool, text) == 0 &&
		    strlen(text) == json_string_length(name))
			return &mcp->tools[i];
	return NULL;
}

/* The entry as that revision knows it. */
static json_t *
entry_for(const struct mcp_tool *tool, enum mcp_revision revision)
{
	static const struct {
		const char *member;
		enum mcp_revision since;
	} members[] = {
		{ "annotations", MCP_2025_03_26 },
		{ "title", MCP_2025_06_18 },
		{ "outputSchema", MCP_2025_06_18 },
		{ "_meta", MCP_2025_06_18 },
	};
	json_t *entry = json_copy(tool->entry);
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++)
		if (revision < members[i].since)
			json_object_del(entry, members[i].member);
	return entry;
}

void
mcp_tools_list(const struct mcp_request *r)
{
	json_t *cursor = json_object_get(r->params, "cursor");
	json_t *tools;
	size_t i;

	/* There is one page, so there is no cursor that could be right. */
	if (cursor && !json_is_null(cursor)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Invalid cursor");
		return;
	}
	tools = json_array();
	for (i = 0; i < OP_COUNT; i++)
		json_array_append_new(tools,
		    entry_for(&r->mcp->tools[i], r->revision));
	mcp_answer(r->rpc, r->revision, json_pack("{s:o}", "tools", tools),
	    MCP_STATIC);
}

/* --- results ------------------------------------------------------------ */

/* One block of text; `text` is taken over. */
static json_t *
make_content(json_t *text)
{
	return json_pack("[{s:s,s:o}]", "type", "text", "text", text);
}

/* The same data twice: clients show the model only the one or only the
 * other. */
static void
answer_result(struct rpc_request *request, enum mcp_revision revision,
    json_t *result, bool failed)
{
	char *text = json_dumps(result, RPC_JSON_FLAGS);
	json_t *answer =
	    json_pack("{s:o}", "content", make_content(json_string(text)));

	free(text);
	if (revision >= MCP_2025_06_18)
		json_object_set(answer, "structuredContent", result);
	if (failed)
		json_object_set_new(answer, "isError", json_true());
	mcp_answer(request, revision, answer, MCP_UNCACHED);
	json_decref(result);
}

/* A call failed: the model is told, so that it can do better. */
static void
answer_error(struct rpc_request *request, enum mcp_revision revision,
    const struct op_row *row, const struct err *err)
{
	struct buf clean = BUF_INIT;
	bool lossy = false;
	json_t *text;

	if (row->in_band) {
		answer_result(request, revision, ops_error_in_band(err), true);
		return;
	}
	text_add_utf8(&clean, err->text, strlen(err->text), &lossy);
	text = json_stringn(buf_str(&clean), clean.len);
	buf_release(&clean);
	mcp_answer(request, revision,
	    json_pack("{s:o,s:b}", "content", make_content(text), "isError", 1),
	    MCP_UNCACHED);
}

/* --- calls at work ------------------------------------------------------ */

static void
free_call(struct mcp_call *call)
{
	json_decref(call->op.args);
	json_decref(call->token);
	free(call->asker);
	free(call);
}

/* Free the calls that have ended.  Not at once: it is an operation that tells
 * of the end, and it may still look at its call. */
static void
bury(struct mcp *mcp)
{
	while (mcp->ended) {
		struct mcp_call *call = mcp->ended;

		mcp->ended = call->next;
		free_call(call);
	}
}

/* Take a call off the list of those at work. */
static void
retire(struct mcp_call *call)
{
	struct mcp *mcp = call->mcp;

	if (call->next)
		call->next->link = call->link;
	*call->link = call->next;
	call->request->user = NULL;
	call->next = mcp->ended;
	mcp->ended = call;
}

static void
on_done(struct op_call *op, json_t *result)
{
	struct mcp_call *call = op->arg;

	retire(call);
	answer_result(call->request, call->revision, result,
	    op->row->in_band &&
		!json_is_true(json_object_get(result, "success")));
	mcp_idle(call->mcp);
}

static void
on_failed(struct op_call *op, const struct err *err)
{
	struct mcp_call *call = op->arg;

	retire(call);
	answer_error(call->request, call->revision, op->row, err);
	mcp_idle(call->mcp);
}

/* A number of seconds; whole ones as integers, because that is how people
 * write them. */
static json_t *
make_seconds(double seconds)
{
	double milliseconds = seconds * 1000;

	if ((double)(int64_t)seconds * 1000 >= (double)(int64_t)milliseconds)
		return json_integer((int64_t)seconds);
	return json_real((double)(int64_t)milliseconds / 1000);
}

static void
on_progress(struct op_call *op, double waited, double total,
    const char *message)
{
	struct mcp_call *call = op->arg;
	json_t *params;

	if (!(waited > call->progress))
		return;
	call->progress = waited;
	params = json_pack("{s:O,s:o}", "progressToken", call->token,
	    "progress", make_seconds(waited));
	if (total > 0)
		json_object_set_new(params, "total", make_seconds(total));
	/* Before, the member did not exist. */
	if (message && call->revision >= MCP_2025_03_26)
		json_object_set_new(params, "message", json_string(message));
	rpc_notify(call->mcp->rpc, "notifications/progress", params, true);
}

static void
cancel_call(struct mcp_call *call)
{
	struct rpc_request *request = call->request;

	ops_cancel(&call->op);
	retire(call);
	rpc_drop(request);
}

void
mcp_cancel(struct mcp *mcp, json_t *id)
{
	struct rpc_request *request = rpc_find(mcp->rpc, id);

	if (!request || !request->user)
		return;
	cancel_call(request->user);
	mcp_idle(mcp);
}

void
mcp_cancel_all(struct mcp *mcp)
{
	while (mcp->calls)
		cancel_call(mcp->calls);
}

void
mcp_tools_release(struct mcp *mcp)
{
	size_t i;

	mcp_cancel_all(mcp);
	bury(mcp);
	for (i = 0; mcp->tools && i < OP_COUNT; i++)
		json_decref(mcp->tools[i].entry);
	free(mcp->tools);
	mcp->tools = NULL;
}

/* --- tools/call --------------------------------------------------------- */

/* A progress token, if there is a good one: a string or an integer. */
static json_t *
find_token(const struct mcp_request *r)
{
	json_t *token = json_object_get(r->meta, "progressToken");

	if (json_is_integer(token) ||
	    (json_is_string(token) && json_string_length(token) <= TOKEN_MAX))
		return json_incref(token);
	return NULL;
}

/* Who asks, as jobs will remember it; malloc'd. */
static char *
find_asker(const struct mcp_request *r)
{
	char *name = NULL;

	if (r->revision >= MCP_2026_07_28)
		name = mcp_client_name(json_object_get(r->meta,
		    "io.modelcontextprotocol/clientInfo"));
	else if (r->mcp->client)
		name = xstrdup(r->mcp->client);
	return name ? name : xstrdup("mcp client");
}

/* Takes `args` over. */
static void
start_call(const struct mcp_request *r, const struct op_row *row, json_t *args)
{
	struct mcp_call *call = xmalloc(sizeof(*call));
	struct mcp *mcp = r->mcp;

	*call = (struct mcp_call){ .mcp = mcp,
		.request = r->rpc,
		.revision = r->revision,
		.asker = find_asker(r),
		.token = find_token(r),
		.next = mcp->calls,
		.link = &mcp->calls };
	call->op = (struct op_call){ .args = args,
		.asker = call->asker,
		.done = on_done,
		.failed = on_failed,
		.progress = call->token ? on_progress : NULL,
		.arg = call };
	if (mcp->calls)
		mcp->calls->link = &call->next;
	mcp->calls = call;
	r->rpc->user = call;
	ops_start(mcp->ops, row, &call->op);
}

void
mcp_tools_call(const struct mcp_request *r)
{
	json_t *name = json_object_get(r->params, "name");
	json_t *args = json_object_get(r->params, "arguments");
	struct err err = ERR_INIT;
	const struct mcp_tool *tool;

	bury(r->mcp);
	if (!json_is_string(name)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: name must be a string");
		return;
	}
	tool = find_tool(r->mcp, name);
	if (!tool) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Unknown tool: %.*s",
		    SHOWN_MAX, json_string_value(name));
		return;
	}
	if (args && !json_is_object(args) && !json_is_null(args)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: arguments must be an object");
		return;
	}
	args = json_is_object(args) ? json_incref(args) : json_object();
	if (args_check(args, json_object_get(tool->entry, "inputSchema"),
		&err) < 0) {
		json_decref(args);
		answer_error(r->rpc, r->revision, tool->row, &err);
		return;
	}
	start_call(r, tool->row, args);
}
