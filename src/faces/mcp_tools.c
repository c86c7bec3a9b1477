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

enum { TOKEN_MAX = RPC_ID_MAX }; /* bytes of a progress token */

struct mcp_entry {
	const struct mcp_tool *tool;
	json_t *json; /* of tools/list, in the newest revision */
};

struct mcp_call {
	struct op_call op;
	struct mcp *mcp;
	struct rpc_request *request;
	enum mcp_revision revision;
	char *asker;
	json_t *token;   /* for progress; NULL: none wanted */
	double progress; /* told last */
	bool task;       /* the answer is that the job is a task */
	struct mcp_call *next, **link;
};

/* --- the list ----------------------------------------------------------- */

static int
compare_tools(const void *a, const void *b)
{
	const struct mcp_entry *left = a, *right = b;

	return strcmp(left->tool->name, right->tool->name);
}

static void
load_tool(struct mcp *mcp, const struct mcp_tool *tool)
{
	json_error_t error;
	json_t *json = json_loads(tool->json, 0, &error);

	if (!json)
		die("schema of %s: %s", tool->name, error.text);
	mcp->tools =
	    xrealloc(mcp->tools, mcp->tool_count + 1, sizeof(*mcp->tools));
	mcp->tools[mcp->tool_count++] = (struct mcp_entry){ tool, json };
}

void
mcp_tools_load(struct mcp *mcp)
{
	const struct mcp_tool *tool;
	size_t i;

	for (i = 0; i < MCP_OFFERS && mcp->offers[i]; i++)
		for (tool = mcp->offers[i]->tools; tool && tool->name; tool++)
			load_tool(mcp, tool);
	qsort(mcp->tools, mcp->tool_count, sizeof(*mcp->tools), compare_tools);
}

static const struct mcp_entry *
find_tool(const struct mcp *mcp, json_t *name)
{
	const char *text = json_string_value(name);
	size_t i;

	for (i = 0; i < mcp->tool_count; i++)
		if (strcmp(mcp->tools[i].tool->name, text) == 0 &&
		    strlen(text) == json_string_length(name))
			return &mcp->tools[i];
	return NULL;
}

json_t *
mcp_entry_for(json_t *entry, enum mcp_revision revision)
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
	json_t *copy = json_copy(entry);
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++)
		if (revision < members[i].since)
			json_object_del(copy, members[i].member);
	return copy;
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
	for (i = 0; i < r->mcp->tool_count; i++)
		json_array_append_new(tools,
		    mcp_entry_for(r->mcp->tools[i].json, r->revision));
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
json_t *
mcp_tool_result(enum mcp_revision revision, json_t *result, bool failed)
{
	char *text = json_dumps(result, RPC_JSON_FLAGS);
	json_t *answer =
	    json_pack("{s:o}", "content", make_content(json_string(text)));

	free(text);
	if (revision >= MCP_2025_06_18)
		json_object_set(answer, "structuredContent", result);
	if (failed)
		json_object_set_new(answer, "isError", json_true());
	json_decref(result);
	return answer;
}

static void
answer_result(struct rpc_request *request, enum mcp_revision revision,
    json_t *result, bool failed)
{
	mcp_answer(request, revision, mcp_tool_result(revision, result, failed),
	    MCP_UNCACHED);
}

/* A call failed: the model is told, so that it can do better.  `row`: NULL if
 * the tool is no operation. */
static void
answer_error(struct rpc_request *request, enum mcp_revision revision,
    const struct op_row *row, const struct err *err)
{
	struct buf clean = BUF_INIT;
	bool lossy = false;
	json_t *text;

	if (row && row->in_band) {
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
	call->next = mcp->ended;
	mcp->ended = call;
}

static void
on_done(struct op_call *op, json_t *result)
{
	struct mcp_call *call = op->arg;

	retire(call);
	if (call->task) {
		mcp_answer_task(call->mcp, call->request,
		    json_string_value(json_object_get(result, "job_id")));
		json_decref(result);
	} else {
		answer_result(call->request, call->revision, result,
		    op->row->in_band &&
			!json_is_true(json_object_get(result, "success")));
	}
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
	struct mcp_call *call = mcp->calls;

	if (!request || mcp_listen_cancel(mcp, request))
		return;
	while (call && call->request != request)
		call = call->next;
	if (!call) { /* an offer's own */
		rpc_cancel(request);
		return;
	}
	cancel_call(call);
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
	for (i = 0; i < mcp->tool_count; i++)
		json_decref(mcp->tools[i].json);
	free(mcp->tools);
	mcp->tools = NULL;
	mcp->tool_count = 0;
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

char *
mcp_asker(const struct mcp_request *r)
{
	char *name = NULL;

	if (r->revision >= MCP_2026_07_28)
		name = mcp_client_name(
		    json_object_get(r->meta, MCP_META "clientInfo"));
	else if (r->mcp->client)
		name = xstrdup(r->mcp->client);
	return name ? name : xstrdup("mcp client");
}

/* Does the client want to hear of the end by itself, and can it? */
static bool
is_task(const struct mcp_request *r, const struct op_row *row, json_t *args)
{
	return row == &op_rows[OP_EXECUTE] &&
	    json_is_true(json_object_get(args, "notify")) &&
	    mcp_can(r, MCP_TASKS);
}

/* A task is answered at once, and so must be on disk by then. */
static void
make_task(struct mcp_call *call)
{
	call->task = true;
	call->op.durable = true;
	json_decref(call->op.args);
	call->op.args = json_copy(call->op.args);
	json_object_del(call->op.args, "wait_seconds");
}

void
mcp_call_operation(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	struct mcp_call *call = xmalloc(sizeof(*call));
	const struct op_row *row = tool->arg;
	struct mcp *mcp = r->mcp;

	*call = (struct mcp_call){ .mcp = mcp,
		.request = r->rpc,
		.revision = r->revision,
		.asker = mcp_asker(r),
		.token = find_token(r),
		.next = mcp->calls,
		.link = &mcp->calls };
	call->op = (struct op_call){ .args = json_incref(args),
		.asker = call->asker,
		.done = on_done,
		.failed = on_failed,
		.progress = call->token ? on_progress : NULL,
		.arg = call };
	if (is_task(r, row, args))
		make_task(call);
	if (mcp->calls)
		mcp->calls->link = &call->next;
	mcp->calls = call;
	ops_start(mcp->ops, row, &call->op);
}

void
mcp_refuse_operation(const struct mcp_request *r, const struct mcp_tool *tool,
    const struct err *err)
{
	answer_error(r->rpc, r->revision, tool->arg, err);
}

void
mcp_tools_call(const struct mcp_request *r)
{
	json_t *name = json_object_get(r->params, "name");
	json_t *args = json_object_get(r->params, "arguments");
	const struct mcp_entry *entry;
	struct err err = ERR_INIT;

	bury(r->mcp);
	if (!json_is_string(name)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: name must be a string");
		return;
	}
	entry = find_tool(r->mcp, name);
	if (!entry) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Unknown tool: %.*s",
		    MCP_SHOWN_MAX, json_string_value(name));
		return;
	}
	if (args && !json_is_object(args) && !json_is_null(args)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: arguments must be an object");
		return;
	}
	args = json_is_object(args) ? json_incref(args) : json_object();
	if (args_check(args, json_object_get(entry->json, "inputSchema"),
		&err) == 0)
		entry->tool->call(r, entry->tool, args);
	else if (entry->tool->refuse)
		entry->tool->refuse(r, entry->tool, &err);
	else
		answer_error(r->rpc, r->revision, NULL, &err);
	json_decref(args);
}
