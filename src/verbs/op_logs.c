/*
 * op_logs.c: both logs of a job, and views of them as JSON
 *
 * Invariant: `max_bytes` counts the text of both streams together; each may use
 * half, and what one leaves the other gets.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct log_shape
op_log_shape(const struct journal *journal, const struct journal_log *log)
{
	struct log_shape shape;

	memset(&shape, 0, sizeof(shape));
	shape.ended = journal->ended && log->known;
	shape.bytes = log->bytes;
	shape.dropped.offset = log->dropped_offset;
	shape.dropped.bytes = log->dropped_bytes;
	shape.bound = journal->max_log_bytes > 0 ? journal->max_log_bytes : 0;
	return shape;
}

int
op_logs_open(struct op_logs *logs, const struct ops *ops,
    const struct record *record, struct err *err)
{
	const struct journal *j = &record->journal;
	struct log_shape out = op_log_shape(j, &j->out);
	struct log_shape error = op_log_shape(j, &j->err);
	cleanup_close int dir = scan_open_dir(ops->spool, record->job.name);

	logs->out.fd = logs->err.fd = -1;
	if (dir < 0)
		return err_sys(err, errno, "directory of job %s",
		    record->job.id);
	if (log_open(&logs->out, dir, record_out_log(record), &out, err) < 0)
		return -1;
	if (log_open(&logs->err, dir, record->dialect->err_log, &error, err) ==
	    0)
		return 0;
	log_close(&logs->out);
	return -1;
}

void
op_logs_close(struct op_logs *logs)
{
	log_close(&logs->out);
	log_close(&logs->err);
}

void
op_views_init(struct op_views *views)
{
	memset(views, 0, sizeof(*views));
	log_view_init(&views->out);
	log_view_init(&views->err);
	views->has_out = views->has_err = true;
}

void
op_views_release(struct op_views *views)
{
	log_view_release(&views->out);
	log_view_release(&views->err);
}

static void
set_range(json_t *object, const char *stream, const char *what,
    const struct log_range *range)
{
	char key[32];

	if (range->bytes <= 0)
		return;
	snprintf(key, sizeof(key), "%s_%s", stream, what);
	json_object_set_new(object, key,
	    json_pack("{s:I,s:I}", "offset", (json_int_t)range->offset, "bytes",
		(json_int_t)range->bytes));
}

static void
set_stream(json_t *object, const char *stream, const struct log *log,
    const struct log_view *view)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_size", stream);
	json_object_set_new(object, key, json_integer(log->size));
	snprintf(key, sizeof(key), "%s_next", stream);
	json_object_set_new(object, key, json_integer(view->next));
	set_range(object, stream, "omitted", &view->omitted);
	set_range(object, stream, "dropped", &log->dropped);
}

/* Is something of the stream not in the view and not said before its offset? */
static bool
is_cut(const struct log *log, const struct log_view *view)
{
	return view->omitted.bytes > 0 || view->next < log->size;
}

void
op_views_numbers(json_t *object, const struct op_logs *logs,
    const struct op_views *views, bool ended)
{
	bool out_cut = views->has_out && is_cut(&logs->out, &views->out);
	bool err_cut = views->has_err && is_cut(&logs->err, &views->err);
	bool out_rest = views->has_out && views->out.next < logs->out.size;
	bool err_rest = views->has_err && views->err.next < logs->err.size;

	if (views->has_out)
		set_stream(object, "stdout", &logs->out, &views->out);
	if (views->has_err)
		set_stream(object, "stderr", &logs->err, &views->err);
	json_object_set_new(object, "truncated",
	    json_boolean(out_cut || err_cut));
	json_object_set_new(object, "complete",
	    json_boolean(ended && !out_rest && !err_rest));
	if (views->out.lossy || views->err.lossy)
		json_object_set_new(object, "lossy", json_true());
}

void
op_views_texts(json_t *object, const struct op_views *views)
{
	json_object_set_new(object, "stdout",
	    json_stringn(buf_str(&views->out.text), views->out.text.len));
	json_object_set_new(object, "stderr",
	    json_stringn(buf_str(&views->err.text), views->err.text.len));
}

static void
start_again(struct log_view *view)
{
	log_view_release(view);
	log_view_init(view);
}

/* One stream's view with `max` bytes. */
struct maker {
	int (*make)(const struct maker *maker, bool is_err, size_t max,
	    struct log_view *view, struct err *err);
	struct op_logs *logs;
	int64_t lines;
	int64_t offset[2];
	struct text_style style;
};

/* Share `max` bytes: half each, and the rest of one for the other. */
static int
share(const struct maker *maker, size_t max, struct op_views *views,
    struct err *err)
{
	size_t half = max / 2, used;

	if (!views->has_err)
		return maker->make(maker, false, max, &views->out, err);
	if (!views->has_out)
		return maker->make(maker, true, max, &views->err, err);
	if (maker->make(maker, true, half, &views->err, err) < 0)
		return -1;
	used = views->err.text.len < half ? views->err.text.len : half;
	if (maker->make(maker, false, max - used, &views->out, err) < 0)
		return -1;
	used = views->out.text.len < max ? views->out.text.len : max;
	if (!is_cut(&maker->logs->err, &views->err) || max - used <= half)
		return 0;
	start_again(&views->err);
	return maker->make(maker, true, max - used, &views->err, err);
}

static int
make_tail(const struct maker *maker, bool is_err, size_t max,
    struct log_view *view, struct err *err)
{
	return log_view_tail(is_err ? &maker->logs->err : &maker->logs->out,
	    maker->lines, max, &maker->style, view, err);
}

int
op_views_last(struct op_logs *logs, size_t max_each, struct op_views *views,
    struct err *err)
{
	struct text_style style = { .raw = false };

	if (log_view_tail(&logs->out, INT32_MAX, max_each, &style, &views->out,
		err) < 0)
		return -1;
	return log_view_tail(&logs->err, INT32_MAX, max_each, &style,
	    &views->err, err);
}

static int
make_range(const struct maker *maker, bool is_err, size_t max,
    struct log_view *view, struct err *err)
{
	struct log *log = is_err ? &maker->logs->err : &maker->logs->out;

	if (maker->offset[is_err] < 0)
		return log_view_all(log, is_err ? "stderr" : "stdout", max,
		    &maker->style, view, err);
	return log_view_range(log, maker->offset[is_err], max, &maker->style,
	    view, err);
}

int
op_views_tail(struct op_logs *logs, int64_t lines, size_t max_bytes, bool raw,
    struct op_views *views, struct err *err)
{
	struct maker maker = { .make = make_tail,
		.logs = logs,
		.lines = lines,
		.style = { .raw = raw } };

	return share(&maker, max_bytes, views, err);
}

int
op_views_range(struct op_logs *logs, int64_t out_offset, int64_t err_offset,
    size_t max_bytes, bool raw, struct op_views *views, struct err *err)
{
	struct maker maker = { .make = make_range,
		.logs = logs,
		.offset = { out_offset, err_offset },
		.style = { .raw = raw } };

	return share(&maker, max_bytes, views, err);
}

void
op_add_last_output(const struct ops *ops, const struct record *record,
    json_t *result)
{
	struct err err = ERR_INIT;
	struct op_views views;
	struct op_logs logs;

	if (op_logs_open(&logs, ops, record, &err) < 0)
		return;
	op_views_init(&views);
	if (op_views_last(&logs, OPS_TAIL_BYTES, &views, &err) == 0) {
		json_object_set_new(result, "truncated",
		    json_boolean(views.out.omitted.bytes > 0 ||
			views.err.omitted.bytes > 0));
		op_views_texts(result, &views);
	}
	op_views_release(&views);
	op_logs_close(&logs);
}
