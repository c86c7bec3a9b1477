/*
 * mcp_tasks.c: jobs as tasks
 *
 * The extension io.modelcontextprotocol/tasks (SEP-2663): the id of a task is
 * the id of its job, and any job of the root can be asked for, whoever started
 * it.  spool-layout/README.md says what the states of jobs mean.
 *
 * Invariant: nothing about a task is kept here; each answer is made of the
 * job's directory, so every server gives the same.  "Not found" is said only of
 * what is not there: whoever hears it forgets the task.
 */
#include "base/compat.h"
#include "faces/mcp_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "verbs/json_set.h"
#include "verbs/ops_job.h"

/* How often a client should ask, by how long the job has run so far. */
static int
poll_interval(const struct record *record)
{
	enum { MINUTE = 60 };

	if (record->duration < MINUTE)
		return 1000;
	return record->duration < 10 * MINUTE ? 2000 : 5000;
}

static const char *
task_status(const struct record *record)
{
	switch (record->verdict.status) {
	case STATUS_COMPLETED:
	case STATUS_FAILED:
	case STATUS_LOST:
		return "completed";
	case STATUS_KILLED:
		return "cancelled";
	case STATUS_QUEUED:
	case STATUS_RUNNING:
	case STATUS_UNKNOWN:
	case STATUS_COUNT:
	default:
		return "working";
	}
}

/* What every message about a task has. */
static json_t *
make_task(struct mcp *mcp, const struct record *record)
{
	usec_t created = record->journal.created >= 0 ? record->journal.created
						      : record->started;
	usec_t changed = ops_job_changed(record);
	struct buf words = BUF_INIT;
	json_t *task = json_object();

	ops_job_message(mcp->ops, record, &words);
	json_set_string(task, "taskId", record->job.id);
	json_set_string(task, "status", task_status(record));
	json_set_string(task, "statusMessage", buf_str(&words));
	json_set_time(task, "createdAt", created);
	/* Clocks may go back, and others write what they like. */
	json_set_time(task, "lastUpdatedAt",
	    changed > created ? changed : created);
	json_object_set_new(task, "ttlMs", json_null());
	json_object_set_new(task, "pollIntervalMs",
	    json_integer(poll_interval(record)));
	buf_release(&words);
	return task;
}

/* The job whose id that is; else NULL with err.  Release the record in every
 * case. */
static json_t *
find_job(struct mcp *mcp, const char *id, struct record *record,
    struct err *err)
{
	return ops_job(mcp->ops, id, record, err) < 0 ? NULL
						      : make_task(mcp, record);
}

static const struct mcp_tasks *
others(const struct mcp *mcp)
{
	size_t i;

	for (i = 0; i < MCP_OFFERS && mcp->offers[i]; i++)
		if (mcp->offers[i]->tasks)
			return mcp->offers[i]->tasks;
	return NULL;
}

json_t *
mcp_task(struct mcp *mcp, const char *id, struct err *err)
{
	const struct mcp_tasks *tasks = others(mcp);
	json_t *task = tasks ? tasks->get(mcp, id) : NULL;
	struct record record;
	json_t *result;

	if (task)
		return task;
	task = find_job(mcp, id, &record, err);
	if (task && strcmp(task_status(&record), "completed") == 0) {
		result = json_pack("{s:s}", "resultType", "complete");
		json_object_update_new(result,
		    mcp_tool_result(MCP_2026_07_28,
			ops_job_result(mcp->ops, &record), false));
		json_object_set_new(task, "result", result);
	}
	record_release(&record);
	return task;
}

void
mcp_answer_task(struct mcp *mcp, struct rpc_request *request, const char *id)
{
	struct err err = ERR_INIT;
	struct record record;
	json_t *task = find_job(mcp, id, &record, &err);

	record_release(&record);
	if (!task) {
		rpc_fail(request, RPC_INTERNAL, NULL,
		    "Internal error: job %s was started, and then: %s", id,
		    err.text);
		return;
	}
	json_object_set_new(task, "resultType", json_string("task"));
	mcp_answer(request, MCP_2026_07_28, task, MCP_UNCACHED);
}

/* --- methods ------------------------------------------------------------ */

static void
refuse(const struct mcp_request *r, const struct err *err)
{
	if (err->kind == ERR_NOT_FOUND)
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Failed to retrieve task: Task not found");
	else
		mcp_fail(r, err);
}

/* The id that the request names; NULL: it was refused. */
static const char *
take_id(const struct mcp_request *r)
{
	return mcp_demand(r, MCP_TASKS) ? mcp_string(r, "taskId") : NULL;
}

void
mcp_tasks_get(const struct mcp_request *r)
{
	const char *id = take_id(r);
	struct err err = ERR_INIT;
	json_t *task;

	if (!id)
		return;
	task = mcp_task(r->mcp, id, &err);
	if (task)
		mcp_answer(r->rpc, r->revision, task, MCP_UNCACHED);
	else
		refuse(r, &err);
}

void
mcp_tasks_update(const struct mcp_request *r)
{
	json_t *responses = json_object_get(r->params, "inputResponses");
	const struct mcp_tasks *tasks = others(r->mcp);
	const char *id = take_id(r);
	struct err err = ERR_INIT;
	json_t *task;

	if (!id)
		return;
	if (!json_is_object(responses)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: inputResponses must be an object");
		return;
	}
	task = mcp_task(r->mcp, id, &err);
	if (!task) {
		refuse(r, &err);
		return;
	}
	json_decref(task);
	/* A job never asks for input this way. */
	if (tasks && tasks->update)
		tasks->update(r->mcp, id, responses);
	mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
}

/* Stop a job as kill_job does, without waiting for its end. */
static void
cancel_job(const struct mcp_request *r, const char *id)
{
	char *asker = mcp_asker(r);
	struct err err = ERR_INIT;
	struct record record;

	if (ops_job(r->mcp->ops, id, &record, &err) < 0)
		refuse(r, &err);
	else if (ops_job_stop(r->mcp->ops, &record, asker, &err) < 0)
		mcp_fail(r, &err);
	else
		mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
	record_release(&record);
	free(asker);
}

void
mcp_tasks_cancel(const struct mcp_request *r)
{
	const struct mcp_tasks *tasks = others(r->mcp);
	const char *id = take_id(r);
	json_t *task;

	if (!id)
		return;
	task = tasks ? tasks->get(r->mcp, id) : NULL;
	if (!task) {
		cancel_job(r, id);
		return;
	}
	json_decref(task);
	tasks->cancel(r->mcp, id);
	mcp_answer(r->rpc, r->revision, json_object(), MCP_UNCACHED);
}
