/*
 * cli_show.c: one job, a line for each thing that is known of it
 *
 * Invariant: a line a value, whatever the record holds; what is not known has
 * no line.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_format.h"
#include "faces/cli_stream.h"
#include "truth/evidence.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_COLUMNS = 12, LAST_LINE_MAX = 200 };

static void __attribute__((format(printf, 3, 4)))
line(struct cli *cli, const char *label, const char *fmt, ...)
{
	struct buf value = BUF_INIT, out = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&value, fmt, ap);
	va_end(ap);
	buf_addf(&out, "%-*s", LABEL_COLUMNS, label);
	text_show(&out, value.data, 0);
	buf_addch(&out, '\n');
	cli_put(cli, out.data, out.len);
	buf_release(&value);
	buf_release(&out);
}

/* A line with a string member, if it is there. */
static void
member(struct cli *cli, const char *label, const json_t *job, const char *key)
{
	const char *value = format_string(job, key);

	if (value && *value)
		line(cli, label, "%s", value);
}

static void
show_state(struct cli *cli, const json_t *job, const struct record *record)
{
	const char *status = format_string(job, "status");
	char words[OUTCOME_MAX];

	evidence_outcome(record, words);
	line(cli, "status", "%s%s%s%s", status ? status : "",
	    *words ? ": " : "", words,
	    record->verdict.orphaned ? " (its supervisor is gone)" : "");
}

static void
show_times(struct cli *cli, const json_t *job, const struct record *record)
{
	const char *by = format_string(job, "started_by");
	char when[FORMAT_MAX], length[FORMAT_MAX];

	format_time(record->started, when);
	line(cli, "started", "%s%s%s", when, by ? " by " : "", by ? by : "");
	format_duration(record->duration, length);
	format_time(record->finished, when);
	if (record->finished >= 0 && record->duration >= 0)
		line(cli, "ended", "%s, after %s", when, length);
	else if (record->finished >= 0)
		line(cli, "ended", "%s", when);
	else if (record->duration >= 0)
		line(cli, "time", "%s so far", length);
}

static void
show_requests(struct cli *cli, const json_t *job, const struct record *record)
{
	const json_t *request = json_object_get(job, "cancel_requested");
	const json_t *limit = json_object_get(job, "timeout_seconds");
	const char *by = format_string(request, "by");
	const char *signal = format_string(request, "signal");
	char text[FORMAT_MAX];
	usec_t at;

	if (format_string(request, "at") &&
	    time_parse(format_string(request, "at"), &at) == 0) {
		format_time_on(at, record->started, text);
		line(cli, "stop asked", "%s%s%s%s%s", text, by ? " by " : "",
		    by ? by : "", signal ? ", " : "", signal ? signal : "");
	}
	if (json_is_number(limit)) {
		format_duration(json_number_value(limit), text);
		line(cli, "time limit", "%s", text);
	}
}

static void
show_progress(struct cli *cli, const json_t *job)
{
	const json_t *leftover = json_object_get(job, "leftover");
	const json_t *progress = json_object_get(job, "progress");
	const char *words = format_string(progress, "message");
	long long left = (long long)json_integer_value(leftover);
	struct buf text = BUF_INIT;

	member(cli, "phase", job, "phase");
	if (progress)
		format_progress(job, &text);
	if (words && text.len > 0 && json_object_get(progress, "current"))
		line(cli, "progress", "%s, %s", text.data, words);
	else if (text.len > 0)
		line(cli, "progress", "%s", text.data);
	if (left > 0)
		line(cli, "left behind", "%lld process%s", left,
		    left == 1 ? "" : "es");
	buf_release(&text);
}

static void
show_usage(struct cli *cli, const json_t *job)
{
	const json_t *usage = json_object_get(job, "rusage");
	char size[FORMAT_MAX];

	if (!usage)
		return;
	format_size((int64_t)json_integer_value(
			json_object_get(usage, "max_rss_bytes")),
	    size);
	line(cli, "cpu", "%.1fs user, %.1fs system, %s at most",
	    json_number_value(json_object_get(usage, "user_seconds")),
	    json_number_value(json_object_get(usage, "system_seconds")), size);
}

static void
add_log(struct buf *text, const char *name, const struct record_log *log)
{
	char size[FORMAT_MAX];

	if (!log->exists)
		return;
	format_size(log->size, size);
	buf_addf(text, "%s%s %s", text->len ? ", " : "", name, size);
	if (log->dropped > 0) {
		format_size(log->dropped, size);
		buf_addf(text, " (%s of it dropped)", size);
	}
	if (log->truncated > 0)
		buf_addf(text, " (truncated by the job)");
}

static void
show_output(struct cli *cli, const struct record *record)
{
	usec_t last = record->out.grown;
	struct buf text = BUF_INIT;
	char when[FORMAT_MAX];

	add_log(&text, "stdout", &record->out);
	add_log(&text, "stderr", &record->err);
	if (record->err.exists && record->err.grown > last)
		last = record->err.grown;
	if (record->out.size + record->err.size > 0 && last > 0) {
		format_time_on(last, record->started, when);
		buf_addf(&text, ", last at %s", when);
	}
	if (text.len > 0)
		line(cli, "output", "%s", text.data);
	buf_release(&text);
}

/* The last line of the stream that grew last. */
static void
show_last_line(struct cli *cli, const struct record *record)
{
	bool second = record->err.size > 0 &&
	    (record->out.size == 0 || record->err.grown > record->out.grown);
	struct text_style style = { .raw = false };
	struct err ignored = ERR_INIT;
	struct log_view view;
	struct log logs[2];

	log_view_init(&view);
	if (cli_logs_open(cli, record, logs, &ignored) == 0 &&
	    log_view_tail(&logs[second], 1, LAST_LINE_MAX, &style, &view,
		&ignored) == 0) {
		while (view.text.len > 0 &&
		    view.text.data[view.text.len - 1] == '\n')
			buf_cut(&view.text, view.text.len - 1);
		if (view.text.len > 0)
			line(cli, "last line", "%s", view.text.data);
	}
	log_view_release(&view);
	log_close(&logs[0]);
	log_close(&logs[1]);
}

static void
show_job(struct cli *cli, const json_t *job, const struct record *record)
{
	member(cli, "id", job, "job_id");
	member(cli, "name", job, "name");
	show_state(cli, job, record);
	member(cli, "command", job, "command");
	member(cli, "directory", job, "cwd");
	show_times(cli, job, record);
	show_requests(cli, job, record);
	show_progress(cli, job);
	show_usage(cli, job);
	show_output(cli, record);
	show_last_line(cli, record);
	member(cli, "error", job, "error");
	member(cli, "job", job, "dir");
	member(cli, "evidence", job, "evidence");
	member(cli, "record", job, "journal_error");
}

static int
run_show(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct record record;
	json_t *job = NULL;
	bool json = false;
	int code;

	while (cli_option(cli) != CLI_END)
		json = true;
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	if (cli_scan(cli, cli_job_word(cli), true, SCAN_FULL, &record, &err) ==
	    0)
		job = ops_show(cli->ops, &record);
	if (!job)
		code = cli_fail(&err);
	else if (json)
		cli_put_json(cli, job);
	else
		show_job(cli, job, &record);
	json_decref(job);
	record_release(&record);
	return code;
}

static const struct cli_option options[] = {
	{ CLI_JSON, "json", NULL, 0,
	    "the object of get_job_status as one JSON document" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_show = {
	.name = "show",
	.group = "look",
	.operands = "[JOB]",
	.most = 1,
	.summary = "Print what is known of one job, and from what evidence",
	.text = "",
	.options = options,
	.run = run_show,
};
