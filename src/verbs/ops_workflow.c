/*
 * ops_workflow.c: mcp_job_status and mcp_cancel_job, for clients of an older
 * workflow server
 *
 * Invariant: every answer has `success`; an error has `error` and `code`, too.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "truth/evidence.h"

enum { PAGE_JOBS = 50, PAGE_BYTES = 32 * 1024, WORD_SHOWN = 100 };

static json_t *
error_object(const char *text, const char *code)
{
	json_t *object = json_pack("{s:b}", "success", 0);

	json_set_string(object, "error", text);
	json_set_string(object, "code", code);
	return object;
}

json_t *
ops_error_in_band(const struct err *err)
{
	switch (err->kind) {
	case ERR_NOT_FOUND:
		return error_object(err->text, "not_found");
	case ERR_AMBIGUOUS:
		return error_object(err->text, "ambiguous");
	case ERR_REFUSED:
		return error_object(err->text, "unproven");
	case ERR_INVALID:
		return error_object(err->text, "invalid");
	case ERR_NONE:
	case ERR_SYSTEM:
	case ERR_NO_EXEC:
	default:
		return error_object(err->text, "io");
	}
}

/* The job that the argument names, and its record. */
static int
find(struct ops *ops, struct op_call *call, struct record *record,
    struct err *err)
{
	const char *word = arg_string(call, "job_id");
	struct buf shown = BUF_INIT;
	struct spool_job job;
	int result;

	memset(record, 0, sizeof(*record));
	result = op_resolve_argument(ops, call, &job, err);
	if (result == 0)
		result = op_scan(ops, &job, record, err);
	if (result < 0 && err->kind == ERR_NOT_FOUND) {
		text_show(&shown, word, WORD_SHOWN);
		err_clear(err);
		err_set(err, ERR_NOT_FOUND, ERROR_UNKNOWN_ID, buf_str(&shown));
		buf_release(&shown);
	}
	spool_job_release(&job);
	return result;
}

static void
answer_one(struct ops *ops, struct op_call *call)
{
	struct err err = ERR_INIT;
	struct record record;
	json_t *result = NULL, *item;

	if (find(ops, call, &record, &err) == 0) {
		result = json_pack("{s:b}", "success", 1);
		item = record_json_workflow(ops, &record);
		json_object_update(result, item);
		json_decref(item);
	}
	record_release(&record);
	if (result)
		op_done(call, result);
	else
		op_failed_at(call, &err);
}

void
op_mcp_status(struct ops *ops, struct op_call *call)
{
	struct ops_list_query query = { .limit = -1,
		.newest_ended = -1,
		.make = record_json_workflow };
	struct err err = ERR_INIT;
	struct op_page page = { 0 };
	json_t *result;

	if (json_is_string(json_object_get(call->args, "job_id"))) {
		answer_one(ops, call);
		return;
	}
	if (op_list_page(ops, call, &query, PAGE_JOBS, PAGE_BYTES, &page,
		&err) < 0) {
		if (err.kind == ERR_INVALID)
			op_done(call, error_object(err.text, "bad_cursor"));
		else
			op_failed_at(call, &err);
		return;
	}
	result = json_pack("{s:b,s:[],s:I}", "success", 1, "in_memory_jobs",
	    "total", (json_int_t)page.total);
	json_set_string(result, "next_cursor", page.next_cursor);
	json_object_set_new(result, "detached_jobs", page.jobs);
	free(page.next_cursor);
	op_done(call, result);
}

/* Ask, and answer at once. */
static json_t *
cancel(struct ops *ops, struct op_call *call, const struct record *record,
    struct err *err)
{
	char evidence[EVIDENCE_MAX];
	const char *note = NULL;
	struct request request;
	json_t *result;

	if (status_is_final(record->verdict.status))
		return error_object(ERROR_COMPLETED, "already_ended");
	if (record->verdict.status == STATUS_UNKNOWN) {
		evidence_write(record, evidence);
		err_set(err, ERR_REFUSED, ERROR_KILL_UNKNOWN, evidence);
		return NULL;
	}
	op_stop_request(call, &request);
	if (op_stop_begin(ops, record, &request, &note, err) < 0)
		return NULL;
	result = json_pack("{s:b}", "success", 1);
	json_set_string(result, "job_id", record->job.id);
	json_set_string(result, "status", "cancelling");
	json_set_string(result, "kind", record->dialect->kind);
	json_set_string(result, "note", note);
	return result;
}

void
op_mcp_cancel(struct ops *ops, struct op_call *call)
{
	struct err err = ERR_INIT;
	struct record record;
	json_t *result = NULL;

	if (find(ops, call, &record, &err) == 0)
		result = cancel(ops, call, &record, &err);
	record_release(&record);
	if (result)
		op_done(call, result);
	else
		op_failed_at(call, &err);
}
