/*
 * ops.c: the table of operations and what they share
 *
 * Invariant: a call ends exactly once, by done, failed or cancel; after that
 * nothing of it is left with the operations.
 */
#include "base/compat.h"
#include "verbs/ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs/internal.h"

#define OPS_ROW(index, name, phrase, start)                                    \
	[index] = { #name, phrase,                                             \
		(index) == OP_MCP_CANCEL || (index) == OP_MCP_STATUS, start },
const struct op_row op_rows[OP_COUNT] = { OPS_TABLE(OPS_ROW) };

struct ops *
ops_new(struct loop *loop, struct spool *spool, const struct ops_config *config,
    struct err *err)
{
	struct ops *ops = xmalloc(sizeof(*ops));

	memset(ops, 0, sizeof(*ops));
	ops->loop = loop;
	ops->spool = spool;
	ops->config = *config;
	ops->own_cwd = getcwd(NULL, 0);
	catalog_init(&ops->catalog, spool);
	ops->cache = record_cache_new();
	forkserver_init(&ops->forkserver);
	ops->watch = watch_new(loop, config->watcher, err);
	if (ops->watch)
		return ops;
	ops_free(ops);
	return NULL;
}

void
ops_free(struct ops *ops)
{
	if (!ops)
		return;
	watch_free(ops->watch);
	record_cache_free(ops->cache);
	forkserver_release(&ops->forkserver);
	catalog_release(&ops->catalog);
	free(ops->own_cwd);
	free(ops);
}

void
ops_start(struct ops *ops, const struct op_row *row, struct op_call *call)
{
	call->row = row;
	call->cancel = NULL;
	call->state = NULL;
	row->start(ops, call);
}

void
ops_cancel(struct op_call *call)
{
	void (*cancel)(struct op_call *) = call->cancel;

	call->cancel = NULL;
	if (cancel)
		cancel(call);
}

void
op_done(struct op_call *call, json_t *result)
{
	call->cancel = NULL;
	call->done(call, result);
}

void
op_failed(struct op_call *call, const struct err *err)
{
	call->cancel = NULL;
	call->failed(call, err);
}

void
op_failed_at(struct op_call *call, struct err *err)
{
	if (err->kind == ERR_SYSTEM)
		err_wrap(err, "Failed to %s", call->row->phrase);
	op_failed(call, err);
}

const char *
arg_string(const struct op_call *call, const char *name)
{
	const char *value =
	    json_string_value(json_object_get(call->args, name));

	return value ? value : "";
}

double
arg_number(const struct op_call *call, const char *name, double missing)
{
	const json_t *value = json_object_get(call->args, name);

	return json_is_number(value) ? json_number_value(value) : missing;
}

bool
arg_bool(const struct op_call *call, const char *name)
{
	return json_is_true(json_object_get(call->args, name));
}

int
op_recheck(struct ops *ops, struct err *err)
{
	int changed = spool_recheck(ops->spool, err);

	if (changed) {
		catalog_drop(&ops->catalog);
		record_cache_drop(ops->cache);
	}
	return changed < 0 ? -1 : 0;
}

int
op_resolve(struct ops *ops, const struct op_call *call, const char *word,
    struct spool_job *job, struct err *err)
{
	memset(job, 0, sizeof(*job));
	if (op_recheck(ops, err) < 0)
		return -1;
	return resolve_in(&ops->catalog, word, call && call->allow_last, job,
	    err);
}

int
op_scan(const struct ops *ops, const struct spool_job *job,
    struct record *record, struct err *err)
{
	if (record_cache_scan(ops->cache, ops->spool, job, SCAN_FULL, record) ==
	    0)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "Job %s not found", job->id);
}

int
op_resolve_argument(struct ops *ops, const struct op_call *call,
    struct spool_job *job, struct err *err)
{
	const json_t *value = json_object_get(call->args, "job_id");
	const char *word = arg_string(call, "job_id");
	size_t length = json_string_length(value), at;
	struct buf shown = BUF_INIT;
	int result;

	if (strlen(word) == length)
		return op_resolve(ops, call, word, job, err);
	/* With a NUL byte in it, it names nothing, and is shown as it is. */
	for (at = 0; at < length; at += strlen(word + at) + 1)
		buf_addf(&shown, "%s\\x00", word + at);
	result = op_resolve(ops, call, buf_str(&shown), job, err);
	buf_release(&shown);
	return result;
}

static json_t *
show(const struct ops *ops, const struct spool_job *job, struct err *err)
{
	struct record record;
	json_t *result = NULL;

	if (op_scan(ops, job, &record, err) == 0)
		result = record_json_status(ops, &record);
	record_release(&record);
	return result;
}

void
op_status(struct ops *ops, struct op_call *call)
{
	struct err err = ERR_INIT;
	struct spool_job job;
	json_t *result = NULL;

	if (op_resolve_argument(ops, call, &job, &err) == 0)
		result = show(ops, &job, &err);
	spool_job_release(&job);
	if (result)
		op_done(call, result);
	else
		op_failed_at(call, &err);
}

json_t *
ops_show(const struct ops *ops, const struct record *record)
{
	return record_json_status(ops, record);
}
