/*
 * ops_output.c: tail_job_output and get_job_output
 *
 * A search in a huge log goes on between turns of the event loop, at most
 * LOG_SLICE bytes a turn, so that it delays nobody and can be cancelled.
 *
 * Invariant: every answer says where it ends, what it left out, and what is no
 * longer on disk.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdlib.h>
#include <string.h>

/* A reading call from its start to its answer. */
struct reading {
	struct ops *ops;
	struct op_call *call;
	struct spool_job job;
	struct record record;
	struct op_logs logs;
	struct op_views views;

	/* A search. */
	struct pattern *pattern;
	struct log_search *search;
	bool in_err; /* the stream that is being searched */
	struct loop_timer *next;
};

static void
reading_free(struct reading *r)
{
	loop_timer_cancel(r->next);
	log_search_free(r->search);
	pattern_free(r->pattern);
	op_views_release(&r->views);
	op_logs_close(&r->logs);
	record_release(&r->record);
	spool_job_release(&r->job);
	free(r);
}

static void
reading_fail(struct reading *r, struct err *err)
{
	struct op_call *call = r->call;

	reading_free(r);
	op_failed_at(call, err);
}

/* Resolve, gather, open; NULL if the call has failed already. */
static struct reading *
reading_new(struct ops *ops, struct op_call *call)
{
	struct reading *r = xmalloc(sizeof(*r));
	struct err err = ERR_INIT;

	memset(r, 0, sizeof(*r));
	r->ops = ops;
	r->call = call;
	r->logs.out.fd = r->logs.err.fd = -1;
	op_views_init(&r->views);
	if (op_resolve_argument(ops, call, &r->job, &err) == 0 &&
	    op_scan(ops, &r->job, &r->record, &err) == 0 &&
	    op_logs_open(&r->logs, ops, &r->record, &err) == 0)
		return r;
	reading_fail(r, &err);
	return NULL;
}

static void
reading_answer(struct reading *r)
{
	struct op_call *call = r->call;
	json_t *result = json_object();
	bool ended = status_is_final(r->record.verdict.status) &&
	    r->record.leftover == 0;

	json_set_string(result, "job_id", r->record.job.id);
	json_set_string(result, "status",
	    status_word(r->record.verdict.status));
	op_views_numbers(result, &r->logs, &r->views, ended);
	if (r->pattern)
		json_object_set_new(result, "match_count",
		    json_integer(r->views.out.matches + r->views.err.matches));
	op_views_texts(result, &r->views);
	reading_free(r);
	op_done(call, result);
}

void
op_tail(struct ops *ops, struct op_call *call)
{
	struct reading *r = reading_new(ops, call);
	struct err err = ERR_INIT;

	if (!r)
		return;
	if (op_views_tail(&r->logs, (int64_t)arg_number(call, "lines", 50),
		(size_t)arg_number(call, "max_bytes", 8192),
		arg_bool(call, "raw"), &r->views, &err) < 0)
		reading_fail(r, &err);
	else
		reading_answer(r);
}

/* Begin to search one stream with what room is left. */
static void
search_stream(struct reading *r, bool in_err)
{
	size_t max = (size_t)arg_number(r->call, "max_bytes", 16384);
	struct text_style style = { .raw = arg_bool(r->call, "raw") };
	double offset =
	    arg_number(r->call, in_err ? "stderr_offset" : "stdout_offset", 0);

	if (in_err && r->views.has_out)
		max -=
		    r->views.out.text.len < max ? r->views.out.text.len : max;
	else if (!in_err && r->views.has_err && r->logs.err.size > 0)
		max /= 2;
	r->in_err = in_err;
	log_search_free(r->search);
	r->search = log_search_new(in_err ? &r->logs.err : &r->logs.out,
	    r->pattern, (int64_t)offset,
	    (int)arg_number(r->call, "context_lines", 2), max, &style);
}

static void
search_step(void *arg)
{
	struct reading *r = arg;
	struct err err = ERR_INIT;
	int more;

	r->next = NULL;
	more = log_search_step(r->search,
	    r->in_err ? &r->views.err : &r->views.out, &err);
	if (more < 0) {
		reading_fail(r, &err);
		return;
	}
	if (more == 0 && (r->in_err || !r->views.has_err)) {
		reading_answer(r);
		return;
	}
	if (more == 0)
		search_stream(r, true);
	r->next = loop_timer(r->ops->loop, 0, search_step, r);
}

static void
cancel_search(struct op_call *call)
{
	reading_free(call->state);
}

static void
begin_search(struct reading *r)
{
	struct err err = ERR_INIT, why = ERR_INIT;

	r->pattern = pattern_new(arg_string(r->call, "grep"), false, &why);
	if (!r->pattern) {
		err_set(&err, ERR_INVALID, ERROR_PARAMETER ": %s", "grep",
		    why.text);
		reading_fail(r, &err);
		return;
	}
	search_stream(r, !r->views.has_out);
	r->call->state = r;
	r->call->cancel = cancel_search;
	search_step(r);
}

/* Which streams: an offset given alone asks for its stream only. */
static void
choose_streams(struct reading *r)
{
	const char *stream = arg_string(r->call, "stream");
	bool out = json_object_get(r->call->args, "stdout_offset") != NULL;
	bool err = json_object_get(r->call->args, "stderr_offset") != NULL;

	r->views.has_out = strcmp(stream, "stderr") != 0 && (out || !err);
	r->views.has_err = strcmp(stream, "stdout") != 0 && (err || !out);
}

void
op_output(struct ops *ops, struct op_call *call)
{
	struct reading *r = reading_new(ops, call);
	struct err err = ERR_INIT;

	if (!r)
		return;
	choose_streams(r);
	if (json_object_get(call->args, "grep")) {
		begin_search(r);
		return;
	}
	if (op_views_range(&r->logs,
		(int64_t)arg_number(call, "stdout_offset", -1),
		(int64_t)arg_number(call, "stderr_offset", -1),
		(size_t)arg_number(call, "max_bytes", 16384),
		arg_bool(call, "raw"), &r->views, &err) < 0)
		reading_fail(r, &err);
	else
		reading_answer(r);
}
