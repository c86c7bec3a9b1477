/*
 * ops_wait.c: waiting for jobs to end, or for a line of their output
 *
 * Invariant: `done` holds all that are done at the moment of the answer, in the
 * order of their ends, and `pending` the rest: pending is the cursor.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MOST = 16 * 1024, /* of all done jobs together */
	UNREADABLE_PATIENCE = 2 * USEC_PER_SEC,
};

struct waited {
	struct waiting *waiting;
	struct spool_job job;
	struct record record;
	struct job_watch *watch;
	bool done;
	bool removed;
	usec_t unreadable_since; /* time_mono(); 0: it can be read */
	struct loop_timer *again;
	struct log_match match[2]; /* of stdout, stderr */
	int matched;               /* 1, 2: the stream; 0: none */
};

struct waiting {
	struct ops *ops;
	struct op_call *call;
	struct waited *jobs;
	size_t count;
	bool any;
	struct pattern *pattern;
	struct op_timer timer;
};

static void
waiting_free(struct waiting *w)
{
	size_t i;

	op_timer_stop(&w->timer);
	for (i = 0; i < w->count; i++) {
		job_watch_free(w->jobs[i].watch);
		loop_timer_cancel(w->jobs[i].again);
		record_release(&w->jobs[i].record);
		spool_job_release(&w->jobs[i].job);
		buf_release(&w->jobs[i].match[0].line);
		buf_release(&w->jobs[i].match[1].line);
	}
	pattern_free(w->pattern);
	free(w->jobs);
	free(w);
}

static void
cancel_waiting(struct op_call *call)
{
	waiting_free(call->state);
}

static void
waiting_fail(struct waiting *w, struct err *err)
{
	struct op_call *call = w->call;

	waiting_free(w);
	op_failed_at(call, err);
}

static int
by_end(const void *left, const void *right)
{
	const struct waited *const *a = left, *const *b = right;
	usec_t x = (*a)->record.finished, y = (*b)->record.finished;

	/* Without an end (matched, lost) after those with one. */
	if ((x < 0) != (y < 0))
		return x < 0 ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* The last lines of a done job, and the line that matched. */
static void
add_output(struct waiting *w, const struct waited *job, size_t share,
    json_t *item)
{
	int64_t lines = (int64_t)arg_number(w->call, "tail_lines", 0);
	struct err err = ERR_INIT;
	struct op_views views;
	struct op_logs logs;

	if (job->matched)
		json_object_set_new(item, "matched",
		    json_pack("{s:s,s:I,s:s#}", "stream",
			job->matched == 1 ? "stdout" : "stderr", "offset",
			(json_int_t)job->match[job->matched - 1].offset, "line",
			buf_str(&job->match[job->matched - 1].line),
			(int)job->match[job->matched - 1].line.len));
	if (lines == 0 || job->removed ||
	    op_logs_open(&logs, w->ops, &job->record, &err) < 0)
		return;
	op_views_init(&views);
	if (op_views_tail(&logs, lines, share, false, &views, &err) == 0) {
		json_object_set_new(item, "truncated",
		    json_boolean(views.out.omitted.bytes > 0 ||
			views.err.omitted.bytes > 0));
		op_views_texts(item, &views);
	}
	op_views_release(&views);
	op_logs_close(&logs);
}

static json_t *
done_items(struct waiting *w, size_t done)
{
	struct waited **sorted =
	    xrealloc(NULL, done + 1, sizeof(struct waited *));
	json_t *items = json_array(), *item;
	size_t i, n = 0;

	for (i = 0; i < w->count; i++)
		if (w->jobs[i].done)
			sorted[n++] = &w->jobs[i];
	qsort(sorted, n, sizeof(struct waited *), by_end);
	for (i = 0; i < n; i++) {
		item = record_json_done(&sorted[i]->record);
		add_output(w, sorted[i], TEXT_MOST / n, item);
		json_array_append_new(items, item);
	}
	free(sorted);
	return items;
}

static size_t
count_done(const struct waiting *w)
{
	size_t i, done = 0;

	for (i = 0; i < w->count; i++)
		done += w->jobs[i].done;
	return done;
}

static void
answer(struct waiting *w, bool timed_out)
{
	struct op_call *call = w->call;
	json_t *result = json_object(), *pending = json_array();
	size_t i, done = count_done(w);
	char hint[96];

	for (i = 0; i < w->count; i++)
		if (!w->jobs[i].done)
			json_array_append_new(pending,
			    json_string(w->jobs[i].job.id));
	json_object_set_new(result, "timed_out", json_boolean(timed_out));
	json_set_seconds(result, "waited_seconds", op_timer_waited(&w->timer));
	json_object_set_new(result, "pending", pending);
	if (done < w->count) {
		snprintf(hint, sizeof(hint),
		    "%zu still pending: call "
		    "wait_for_jobs again with job_ids = pending",
		    w->count - done);
		json_set_string(result, "hint", hint);
	}
	json_object_set_new(result, "done", done_items(w, done));
	waiting_free(w);
	op_done(call, result);
}

static void
expired(struct op_call *call)
{
	answer(call->state, true);
}

static void on_change(void *arg);

/* Does a line match?  A long log is searched between turns of the loop. */
static bool
look_for_line(struct waited *job)
{
	struct waiting *w = job->waiting;
	struct err err = ERR_INIT;
	struct op_logs logs;
	int i, more;

	if (!w->pattern || job->matched ||
	    op_logs_open(&logs, w->ops, &job->record, &err) < 0)
		return job->matched != 0;
	for (i = 0; i < 2 && !job->matched; i++) {
		more = log_match_step(i ? &logs.err : &logs.out, w->pattern,
		    &job->match[i], &err);
		if (more == 1 && !job->again)
			job->again =
			    loop_timer(w->ops->loop, 0, on_change, job);
		if (job->match[i].found)
			job->matched = i + 1;
	}
	op_logs_close(&logs);
	return job->matched != 0;
}

/* A record that cannot be read may be half written: give it time. */
static bool
is_unreadable_for_good(struct waited *job)
{
	usec_t now = time_mono();

	if (job->record.verdict.rule != RULE_UNREADABLE) {
		job->unreadable_since = 0;
		return false;
	}
	if (!job->unreadable_since)
		job->unreadable_since = now;
	if (now - job->unreadable_since >= UNREADABLE_PATIENCE)
		return true;
	if (!job->again)
		job->again = loop_timer(job->waiting->ops->loop,
		    job->unreadable_since + UNREADABLE_PATIENCE, on_change,
		    job);
	return false;
}

static void
look(struct waited *job)
{
	struct waiting *w = job->waiting;

	record_release(&job->record);
	if (scan_job(w->ops->spool, &job->job, SCAN_STATE, &job->record) < 0) {
		job->record.verdict = (struct verdict){ STATUS_UNKNOWN,
			REASON_REMOVED, RULE_UNREADABLE, false };
		job->removed = job->done = true;
	} else {
		job->done = look_for_line(job) ||
		    (status_is_final(job->record.verdict.status) &&
			!job->again) ||
		    is_unreadable_for_good(job);
	}
	if (job->done) {
		job_watch_free(job->watch);
		job->watch = NULL;
	}
}

static bool
answer_if_over(struct waiting *w)
{
	size_t done = count_done(w);

	if (done < w->count && !(w->any && done > 0))
		return false;
	answer(w, false);
	return true;
}

static void
on_change(void *arg)
{
	struct waited *job = arg;

	loop_timer_cancel(job->again);
	job->again = NULL;
	if (job->done)
		return;
	look(job);
	answer_if_over(job->waiting);
}

static void
describe(struct op_call *call, char *text, size_t size)
{
	const struct waiting *w = call->state;
	size_t i, done = count_done(w);

	for (i = 0; i < w->count && w->jobs[i].done; i++)
		continue;
	snprintf(text, size, "%zu of %zu done; %s %s", done, w->count,
	    i < w->count ? (w->jobs[i].record.journal.name
				   ? w->jobs[i].record.journal.name
				   : w->jobs[i].job.id)
			 : "",
	    i < w->count ? status_word(w->jobs[i].record.verdict.status) : "");
}

/* Add the job that `word` names, once. */
static int
add_job(struct waiting *w, const char *word, struct err *err)
{
	struct waited *job = &w->jobs[w->count];
	size_t i;

	if (op_resolve(w->ops, w->call, word, &job->job, err) < 0)
		return -1;
	for (i = 0; i < w->count; i++)
		if (strcmp(w->jobs[i].job.id, job->job.id) == 0) {
			spool_job_release(&job->job);
			return 0;
		}
	job->waiting = w;
	journal_init(&job->record.journal);
	w->count++;
	return 0;
}

static int
take_arguments(struct waiting *w, struct err *err)
{
	const json_t *ids = json_object_get(w->call->args, "job_ids");
	const char *text =
	    json_string_value(json_object_get(w->call->args, "pattern"));
	struct err why = ERR_INIT;
	size_t i;

	w->any = strcmp(arg_string(w->call, "mode"), "any") == 0;
	w->jobs = xrealloc(NULL, json_array_size(ids) + 1, sizeof(*w->jobs));
	memset(w->jobs, 0, (json_array_size(ids) + 1) * sizeof(*w->jobs));
	for (i = 0; i < json_array_size(ids); i++)
		if (add_job(w, json_string_value(json_array_get(ids, i)), err) <
		    0)
			return -1;
	if (!text)
		return 0;
	w->pattern = pattern_new(text, false, &why);
	return w->pattern ? 0
			  : err_set(err, ERR_INVALID, ERROR_PARAMETER ": %s",
				"pattern", why.text);
}

void
op_wait(struct ops *ops, struct op_call *call)
{
	struct waiting *w = xmalloc(sizeof(*w));
	struct err err = ERR_INIT;
	double limit;
	size_t i;

	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->call = call;
	if (take_arguments(w, &err) < 0) {
		waiting_fail(w, &err);
		return;
	}
	call->state = w;
	call->cancel = cancel_waiting;
	limit = arg_number(call, "timeout_seconds", -1);
	op_timer_start(&w->timer, ops, call, limit, expired, describe);
	for (i = 0; i < w->count; i++) {
		struct waited *job = &w->jobs[i];

		/* For its processes; the look that counts comes after. */
		scan_job(ops->spool, &job->job, SCAN_STATE, &job->record);
		job->watch = job_watch_new(ops, job->job.name, &job->record,
		    w->pattern ? WATCH_NAMES | WATCH_CONTENT : WATCH_NAMES,
		    on_change, job);
		look(job);
	}
	if (!answer_if_over(w) && limit == 0)
		answer(w, true);
}
