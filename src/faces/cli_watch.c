/*
 * cli_watch.c: what happens to jobs, a line an event
 *
 * Invariant: a line is written before the next event is looked for, so whoever
 * has read a line has the cursor behind it.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_format.h"
#include "verbs/op_watch.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_SHORT = 8, LISTED_CHARACTERS = 200, BAR_COLUMNS = 20 };

struct watching {
	struct cli *cli;
	bool jsonl;
	struct ops_watch_query query;
};

static void
put_piece(void *arg, const char *data, size_t length)
{
	cli_put(arg, data, length);
}

/* A cursor needs no escapes, and may be long. */
static void
put_json(struct watching *w, const struct ops_event *event)
{
	char time[TIME_TEXT_MAX];
	char *job =
	    json_dumps(event->job, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (!job)
		die("cannot write JSON");
	time_format(event->when, time);
	cli_putf(w->cli, "{\"event\":\"%s\",\"time\":\"%s\",\"cursor\":\"",
	    tracker_event_word(event->event), time);
	ops_watch_cursor(event->watch, put_piece, w->cli);
	cli_putf(w->cli, "\",\"job\":%s}\n", job);
	free(job);
}

/* "  [#####---------------] 3/10 epochs", where it can be drawn. */
static bool
add_bar(struct buf *out, const json_t *job)
{
	const json_t *progress = json_object_get(job, "progress");
	double current =
	    json_number_value(json_object_get(progress, "current"));
	double total = json_number_value(json_object_get(progress, "total"));
	int i, filled;

	if (!json_is_number(json_object_get(progress, "current")) ||
	    !(total > 0) || !(current >= 0))
		return false;
	filled = current < total ? (int)(current / total * BAR_COLUMNS)
				 : BAR_COLUMNS;
	buf_addstr(out, "  [");
	for (i = 0; i < BAR_COLUMNS; i++)
		buf_addch(out, i < filled ? '#' : '-');
	buf_addstr(out, "] ");
	format_progress(job, out);
	return true;
}

/* "failed 7", "killed TERM", "running". */
static void
add_state(struct buf *out, const json_t *job)
{
	const char *status = format_string(job, "status");
	char text[FORMAT_MAX];

	format_exit(job, text);
	buf_addstr(out, status ? status : "?");
	if (strcmp(text, "-") != 0)
		buf_addf(out, " %s", text);
}

/* "17:44:13  0f9c2c5e  finished  failed 7  train: python3 train.py" */
static void
put_line(struct watching *w, const struct ops_event *event)
{
	const char *id = format_string(event->job, "job_id");
	struct buf line = BUF_INIT, remarks = BUF_INIT;
	bool terminal = w->cli->terminal;
	char time[FORMAT_MAX];
	size_t start, tail, room;

	if (terminal)
		format_moment(event->when, time_wall(), time);
	else
		time_format(event->when, time);
	buf_addf(&line, "%s  ", time);
	start = line.len;
	text_show(&line, id ? id : "?", 0);
	if (terminal && format_is_uuid(line.data + start))
		buf_cut(&line, start + ID_SHORT);
	buf_addf(&line, "  %-8s  ", tracker_event_word(event->event));
	add_state(&line, event->job);
	buf_addstr(&line, "  ");
	start = line.len;
	format_what(event->job, &line);
	if (!terminal || !add_bar(&remarks, event->job))
		format_remarks(event->job, &remarks);
	tail = text_columns(buf_str(&remarks));
	room = text_columns(line.data) - text_columns(line.data + start);
	room = w->cli->columns > room ? w->cli->columns - room : 0;
	/* Progress stays in sight, the end of the command goes. */
	if (terminal && tail < room)
		format_cut(&line, start, room - tail);
	buf_addstr(&line, buf_str(&remarks));
	if (terminal)
		format_cut(&line, 0, w->cli->columns);
	cli_putf(w->cli, "%s\n", buf_str(&line));
	buf_release(&line);
	buf_release(&remarks);
}

static void
on_event(void *arg, const struct ops_event *event)
{
	struct watching *w = arg;

	if (w->cli->reader_gone || w->cli->output_error || w->cli->interrupted)
		return;
	if (w->jsonl)
		put_json(w, event);
	else
		put_line(w, event);
	if (cli_flush(w->cli) < 0 || w->cli->interrupted)
		loop_stop(w->cli->loop, 0);
}

/* Told without being asked for: POLLERR, POLLHUP. */
static void
on_reader_gone(void *arg, int events)
{
	struct watching *w = arg;

	(void)events;
	w->cli->reader_gone = true;
	loop_stop(w->cli->loop, 0);
}

static bool
goes_on(const struct cli *cli)
{
	return !cli->interrupted && !cli->reader_gone && !cli->output_error;
}

static void
parse_options(struct cli *cli, struct watching *w)
{
	int c, kind;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_JSONL) {
			w->jsonl = true;
		} else if (c == CLI_AFTER) {
			w->query.after = optarg;
		} else if ((kind = watch_kind_from_word(optarg)) >= 0) {
			cli->config.watcher = (enum watch_kind)kind;
		} else {
			cli_usage(cli, "no watcher: %s (auto, inotify, poll)",
			    optarg);
		}
	}
	w->query.jobs = cli->words;
	w->query.job_count = cli->word_count;
	w->query.command_characters = w->jsonl ? LISTED_CHARACTERS : 0;
}

static int
run_watch(struct cli *cli)
{
	struct watching w = { .cli = cli };
	struct ops_watch *watch;
	struct loop_source *gone;
	struct err err = ERR_INIT;
	int code;

	parse_options(cli, &w);
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	if (cli_catch_interrupt(cli, &err) < 0)
		return cli_fail(&err);
	gone = loop_add(cli->loop, STDOUT_FILENO, 0, on_reader_gone, &w);
	watch = ops_watch_new(cli->ops, &w.query, on_event, &w, &err);
	if (!watch && err.kind == ERR_INVALID && w.query.after)
		code = cli_usage(cli, "%s", err.text);
	else if (!watch)
		code = cli_fail(&err);
	while (watch && goes_on(cli))
		loop_run(cli->loop);
	ops_watch_free(watch);
	loop_remove(gone);
	return cli->interrupted ? CLI_EXIT_INTERRUPTED : code;
}

static const struct cli_option options[] = {
	{ CLI_AFTER, "after", "CURSOR", 0,
	    "first tell what was missed since the event that had CURSOR" },
	{ CLI_JSONL, "jsonl", NULL, 0,
	    "a JSON document an event: {\"event\", \"time\", \"cursor\", "
	    "\"job\"}" },
	{ CLI_WATCHER, "watcher", "auto|inotify|poll", CLI_HIDDEN,
	    "how changes are noticed" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_watch = {
	.name = "watch",
	.group = "wait",
	.operands = "[JOB...]",
	.most = -1,
	.summary = "Print what happens to all jobs, or those named",
	.text = "Until interrupted: created, started, progress, output, "
		"finished, removed. A job that runs when it is first seen is "
		"told as created only.",
	.options = options,
	.run = run_watch,
};
