/*
 * fixture_tasks.c: tasks that are no jobs
 *
 * Invariant: a task that has ended never changes; every change is told to the
 * server, which tells those who listen.
 */
#include "base/compat.h"
#include "fixture.h"

#include "base/util.h"
#include "spool/ident.h"
#include "verbs/json_set.h"

#include <stdlib.h>
#include <string.h>

enum {
	TASK_TIME = 300000, /* microseconds that one takes */
	TASK_POLL = 100,    /* milliseconds a client should wait */
	TASK_TTL = 3600000, /* milliseconds */
};

struct task {
	char id[IDENT_MAX];
	json_t *state; /* as tasks/get tells it */
	json_t *end;   /* what that becomes when the task ends */
	struct mcp *mcp;
	struct task *next;
};

static struct task *tasks;

static struct task *
find_task(const char *id)
{
	struct task *task = tasks;

	while (task && strcmp(task->id, id) != 0)
		task = task->next;
	return task;
}

static bool
has_ended(const struct task *task)
{
	const char *status =
	    json_string_value(json_object_get(task->state, "status"));

	return strcmp(status, "working") != 0 &&
	    strcmp(status, "input_required") != 0;
}

/* Change what is known of a task; `members` is taken over. */
static void
change_task(struct task *task, json_t *members)
{
	json_object_update(task->state, members);
	json_decref(members);
	if (has_ended(task))
		json_object_del(task->state, "inputRequests");
	json_set_time(task->state, "lastUpdatedAt", time_wall());
	mcp_listen_note(task->mcp, task->id);
}

static void
on_task_end(void *arg)
{
	struct task *task = arg;

	if (!has_ended(task))
		change_task(task, json_incref(task->end));
}

/* Answer with a new task, which becomes `end` (taken over) by and by, or, if
 * there are `requests` (taken over), when those were answered. */
static void
start_task(const struct mcp_request *r, json_t *requests, json_t *end)
{
	struct task *task = xmalloc(sizeof(*task));
	usec_t now = time_wall();
	json_t *created;

	*task = (struct task){ .mcp = r->mcp, .end = end, .next = tasks };
	tasks = task;
	ident_new(task->id);
	task->state = json_pack("{s:s,s:s,s:i,s:i}", "taskId", task->id,
	    "status", requests ? "input_required" : "working", "ttlMs",
	    TASK_TTL, "pollIntervalMs", TASK_POLL);
	json_set_time(task->state, "createdAt", now);
	json_set_time(task->state, "lastUpdatedAt", now);
	created = json_copy(task->state);
	json_object_set_new(created, "resultType", json_string("task"));
	if (requests)
		json_object_set_new(task->state, "inputRequests", requests);
	else
		loop_timer(r->mcp->loop, time_mono() + TASK_TIME, on_task_end,
		    task);
	fixture_answer(r, created);
}

static json_t *
make_end(const char *text)
{
	json_t *result = json_pack("{s:s}", "resultType", "complete");

	json_object_update_new(result, fixture_text(text));
	return json_pack("{s:s,s:o}", "status", "completed", "result", result);
}

static json_t *
task_get(struct mcp *mcp, const char *id)
{
	const struct task *task = find_task(id);

	(void)mcp;
	return task ? json_deep_copy(task->state) : NULL;
}

static void
task_cancel(struct mcp *mcp, const char *id)
{
	struct task *task = find_task(id);

	(void)mcp;
	if (!has_ended(task))
		change_task(task, json_pack("{s:s}", "status", "cancelled"));
}

static void
task_update(struct mcp *mcp, const char *id, json_t *responses)
{
	struct task *task = find_task(id);
	json_t *requests =
	    task ? json_object_get(task->state, "inputRequests") : NULL;
	json_t *response;
	const char *key;

	(void)mcp;
	if (!requests)
		return;
	json_object_foreach(responses, key, response)
		if (json_is_object(response))
			json_object_del(requests, key);
	change_task(task,
	    json_object_size(requests) ? json_object()
				       : json_incref(task->end));
}

const struct mcp_tasks fixture_tasks = { .get = task_get,
	.cancel = task_cancel,
	.update = task_update };

/* --- tools -------------------------------------------------------------- */

void
fixture_call_task(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	(void)args;
	if (mcp_demand(r, MCP_TASKS))
		start_task(r, NULL, json_loads(tool->arg, 0, NULL));
}

void
fixture_call_asking_task(const struct mcp_request *r,
    const struct mcp_tool *tool, json_t *args)
{
	const struct fixture_ask *ask = tool->arg;
	json_t *requests;

	(void)args;
	if (!mcp_can(r, MCP_TASKS)) {
		fixture_run_ask(r, ask);
		return;
	}
	requests = fixture_requests(r, ask->rounds[0]);
	if (requests)
		start_task(r, requests, make_end("Was told."));
}

void
fixture_done_task(const struct mcp_request *r, const char *text)
{
	if (mcp_demand(r, MCP_TASKS))
		start_task(r, NULL, make_end(text));
}
