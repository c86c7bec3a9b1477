/*
 * cli_ls.c: the list of jobs, as a table, ids or JSON
 *
 * Invariant: one line a job, whatever its name and command hold; what is cut
 * off, is cut off on a terminal only.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_format.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWEST_ENDED = 10, ID_SHORT = 8, ID_ROOM = 40 };

/* As over MCP; the table shows commands whole, as far as they fit. */
enum { LISTED_CHARACTERS = 200 };

enum column { ID, STATE, EXIT, STARTED, TIME, COLUMNS };

static const char *const headings[COLUMNS] = { "ID", "STATUS", "EXIT",
	"STARTED", "TIME" };
/* So wide at least, to stand still while jobs come and go. */
static const size_t least[COLUMNS] = { 8, 9, 4, 8, 6 };

struct row {
	char *cells[COLUMNS];
	struct buf what;
	struct buf remarks;
	bool foreign; /* its id is not of the common length */
};

struct ls {
	struct cli *cli;
	struct ops_list_query query;
	int form; /* 'q', CLI_JSON, CLI_JSONL; 0: table */
	json_t *jobs;
	size_t told;
};

/* The root's path; a JSON string must be valid UTF-8. */
static json_t *
root_text(const struct cli *cli)
{
	struct buf text = BUF_INIT;
	bool lossy = false;
	json_t *value;

	text_add_utf8(&text, cli->spool.path, strlen(cli->spool.path), &lossy);
	value = json_stringn(buf_str(&text), text.len);
	buf_release(&text);
	return value;
}

static int
collect(void *arg, const struct ops_listed *job)
{
	struct ls *ls = arg;

	ls->told++;
	return json_array_append(ls->jobs, job->job);
}

/* Up to the first job. */
static void
begin_document(struct ls *ls)
{
	json_t *root = root_text(ls->cli);
	char *text = json_dumps(root, JSON_ENCODE_ANY);

	cli_putf(ls->cli, "{\"root\":%s,\"jobs\":[", text ? text : "\"\"");
	free(text);
	json_decref(root);
}

/* What is printed as it comes. */
static int
print(void *arg, const struct ops_listed *job)
{
	struct ls *ls = arg;
	struct cli *cli = ls->cli;

	if (ls->form == CLI_JSON) {
		if (ls->told == 0)
			begin_document(ls);
		else
			cli_put(cli, ",", 1);
	}
	ls->told++;
	if (ls->form == 'q')
		cli_put(cli, job->id, strlen(job->id));
	else
		cli_put(cli, job->text, job->length);
	if (ls->form != CLI_JSON)
		cli_put(cli, "\n", 1);
	if (ls->form == CLI_JSONL)
		cli_flush(cli);
	return cli->reader_gone;
}

/* As it is looked for, or in the end: a table knows its widths last. */
static int
list(struct ls *ls, struct err *err)
{
	ls->query.ids_only = ls->form == 'q';
	if (ls->form)
		return ops_list_text(ls->cli->ops, &ls->query, print, ls, err);
	return ops_list(ls->cli->ops, &ls->query, collect, ls, err);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Shorten the ids of our own jobs to what is unique among all of the root. */
static void
shorten(struct cli *cli, struct row *rows, size_t count)
{
	struct err err = ERR_INIT;
	struct spool_index index;
	const char **ids, **found;
	size_t i;

	memset(&index, 0, sizeof(index));
	if (spool_index_read(&index, &cli->spool, &err) < 0) {
		spool_index_release(&index);
		return; /* they stay whole */
	}
	ids = xmalloc((index.count + 1) * sizeof(*ids));
	for (i = 0; i < index.count; i++)
		ids[i] = index.entries[i].job.id;
	qsort(ids, index.count, sizeof(*ids), compare);
	for (i = 0; i < count; i++) {
		char *id = rows[i].cells[ID];

		found = rows[i].foreign
		    ? NULL
		    : bsearch(&id, ids, index.count, sizeof(*ids), compare);
		if (found)
			id[format_prefix(ids, index.count,
			    (size_t)(found - ids), ID_SHORT)] = '\0';
	}
	free(ids);
	spool_index_release(&index);
}

static char *
shown(const char *text)
{
	struct buf out = BUF_INIT;

	text_show(&out, text ? text : "-", 0);
	return buf_steal(&out);
}

static void
fill_row(struct cli *cli, struct row *row, const json_t *job, usec_t now)
{
	const json_t *duration = json_object_get(job, "duration_seconds");
	const char *started = format_string(job, "started");
	const char *id = format_string(job, "job_id");
	char text[FORMAT_MAX];
	usec_t when = -1;

	memset(row, 0, sizeof(*row));
	row->cells[ID] = shown(id);
	row->foreign = !format_is_uuid(row->cells[ID]);
	row->cells[STATE] = shown(format_string(job, "status"));
	format_exit(job, text);
	row->cells[EXIT] = shown(text);
	if (cli->terminal && started && time_parse(started, &when) == 0) {
		format_moment(when, now, text);
		started = text;
	}
	row->cells[STARTED] = shown(started);
	format_duration(json_is_number(duration) ? json_number_value(duration)
						 : -1,
	    text);
	row->cells[TIME] = shown(text);
	format_what(job, &row->what);
	format_remarks(job, &row->remarks);
}

static void
measure(const struct row *rows, size_t count, size_t widths[COLUMNS])
{
	size_t i, width;
	bool own = false;
	int c;

	memcpy(widths, least, sizeof(least));
	for (i = 0; i < count; i++)
		own = own || !rows[i].foreign;
	for (i = 0; i < count; i++) {
		for (c = 0; c < COLUMNS; c++) {
			width = text_columns(rows[i].cells[c]);
			/* A long foreign id does not make all rows wide. */
			if (c == ID && rows[i].foreign &&
			    (own || width > ID_ROOM))
				continue;
			if (width > widths[c])
				widths[c] = width;
		}
	}
}

static const char *
colour_of(const char *word)
{
	switch (status_from_word(word)) {
	case STATUS_RUNNING:
		return "\033[36m";
	case STATUS_COMPLETED:
		return "\033[32m";
	case STATUS_FAILED:
		return "\033[31m";
	case STATUS_KILLED:
		return "\033[33m";
	case STATUS_LOST:
	case STATUS_UNKNOWN:
		return "\033[35m";
	default:
		return "";
	}
}

/* Cells of a row, each with two blanks after it; returns the columns used. */
static size_t
put_cells(struct cli *cli, const char *const cells[COLUMNS],
    const size_t widths[COLUMNS], bool colours)
{
	/* A row whose id is too long for its column stands on its own. */
	bool pad = text_columns(cells[ID]) <= widths[ID];
	size_t used = 0, width, blanks;
	const char *colour;
	int c;

	for (c = 0; c < COLUMNS; c++) {
		width = text_columns(cells[c]);
		blanks = pad && widths[c] > width ? widths[c] - width : 0;
		colour = colours && c == STATE ? colour_of(cells[c]) : "";
		if (c == EXIT)
			cli_putf(cli, "%*s", (int)blanks, "");
		cli_putf(cli, "%s%s%s", colour, cells[c],
		    *colour ? "\033[0m" : "");
		cli_putf(cli, "%*s  ", c == EXIT ? 0 : (int)blanks, "");
		used += width + blanks + 2;
	}
	return used;
}

static void
put_row(struct cli *cli, struct row *row, const size_t widths[COLUMNS])
{
	size_t used, room, tail = text_columns(buf_str(&row->remarks));
	const char *cells[COLUMNS];
	int c;

	for (c = 0; c < COLUMNS; c++)
		cells[c] = row->cells[c];
	used = put_cells(cli, cells, widths, cli->colours);
	if (cli->terminal) {
		room = cli->columns > used ? cli->columns - used : 0;
		/* Progress stays in sight, the end of the command goes. */
		if (tail < room / 2)
			format_cut(&row->what, 0, room - tail);
		buf_addstr(&row->what, buf_str(&row->remarks));
		format_cut(&row->what, 0, room);
	} else {
		buf_addstr(&row->what, buf_str(&row->remarks));
	}
	cli_putf(cli, "%s\n", buf_str(&row->what));
}

static void
put_table(struct cli *cli, const json_t *jobs)
{
	size_t i, count = json_array_size(jobs), widths[COLUMNS];
	struct row *rows = xmalloc(count * sizeof(*rows));
	usec_t now = time_wall();
	int c;

	for (i = 0; i < count; i++)
		fill_row(cli, &rows[i], json_array_get(jobs, i), now);
	if (cli->terminal)
		shorten(cli, rows, count);
	measure(rows, count, widths);
	put_cells(cli, headings, widths, false);
	cli_put(cli, "WHAT\n", 5);
	for (i = 0; i < count; i++) {
		put_row(cli, &rows[i], widths);
		for (c = 0; c < COLUMNS; c++)
			free(rows[i].cells[c]);
		buf_release(&rows[i].what);
		buf_release(&rows[i].remarks);
	}
	free(rows);
}

/* "failed,lost" -> bits.  The word that is no state, or NULL. */
static const char *
parse_statuses(char *text, unsigned *bits)
{
	char *word, *rest = NULL;
	int status;

	for (word = strtok_r(text, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		status = status_from_word(word);
		if (status < 0)
			return word;
		*bits |= 1U << status;
	}
	return *bits ? NULL : text;
}

static void
parse_options(struct cli *cli, struct ls *ls)
{
	bool counted = false;
	const char *bad;
	int c;

	while ((c = cli_option(cli)) != CLI_END) {
		switch (c) {
		case 'a':
			ls->query.newest_ended = -1;
			break;
		case 'N':
			ls->query.newest_ended = -1;
			counted = true;
			if (number_parse(optarg, INT64_MAX, &ls->query.limit) <
			    0)
				cli_usage(cli, "no number: %s", optarg);
			break;
		case 's':
			bad = parse_statuses(optarg, &ls->query.statuses);
			if (bad)
				cli_usage(cli,
				    "no state: '%s' (queued running "
				    "completed failed killed lost unknown)",
				    bad);
			break;
		case 'n':
			ls->query.name = optarg;
			break;
		default:
			ls->form = c;
			break;
		}
	}
	/* Machines get everything. */
	if (!counted && (ls->form == CLI_JSON || ls->form == CLI_JSONL))
		ls->query.newest_ended = -1;
	ls->query.leftover = ls->query.kind = ls->form == 0;
	ls->query.command_characters = ls->form == 0 ? 0 : LISTED_CHARACTERS;
}

static int
run_ls(struct cli *cli)
{
	struct ls ls = { .cli = cli,
		.query = { .limit = -1, .newest_ended = NEWEST_ENDED } };
	struct err err = ERR_INIT;
	int code;

	parse_options(cli, &ls);
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	ls.jobs = json_array();
	if (list(&ls, &err) < 0) {
		json_decref(ls.jobs);
		return cli_fail(&err);
	}
	if (ls.told == 0)
		cli_say("no %sjobs in %s",
		    ls.query.statuses || ls.query.name ? "such " : "",
		    cli->spool.path);
	else if (ls.form == 0)
		put_table(cli, ls.jobs);
	if (ls.form == CLI_JSON) {
		if (ls.told == 0)
			begin_document(&ls);
		cli_put(cli, "]}\n", 3);
	}
	json_decref(ls.jobs);
	return 0;
}

static const struct cli_option options[] = {
	{ 'a', "all", NULL, 0,
	    "all jobs, not only those that live and the 10 "
	    "newest others" },
	{ 'N', "number", "COUNT", CLI_OR, "at most COUNT jobs" },
	{ 's', "status", "STATUS[,STATUS]", 0,
	    "only jobs in these states: "
	    "queued, running, completed, failed, killed, lost, unknown" },
	{ 'n', "name", "NAME", 0,
	    "only jobs with this name; * and ? are wildcards" },
	{ 'q', "quiet", NULL, 0, "full ids only, one a line" },
	{ CLI_JSON, "json", NULL, CLI_OR,
	    "all jobs that match as one JSON document: {\"root\", \"jobs\"}" },
	{ CLI_JSONL, "jsonl", NULL, CLI_OR,
	    "all jobs that match, a JSON document a line" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_ls = {
	.name = "ls",
	.group = "look",
	.operands = "",
	.most = 0,
	.summary = "List jobs, newest first: those that live, and the 10 "
		   "newest others",
	.text = "On a terminal ids are cut to what is unique and lines to its "
		"width; elsewhere nothing is cut and times are RFC 3339.",
	.options = options,
	.run = run_ls,
};
