/*
 * cli_gc.c: remove the jobs that ended long ago
 *
 * Invariant: every job that is gone was told on stdout, before the next one
 * goes or, with --json, all in one document.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "faces/cli_format.h"

#include <getopt.h>

enum { OLDER_THAN_DAYS = 30 };

struct gc {
	struct cli *cli;
	json_t *removed; /* NULL: print ids */
	size_t count;
	int code;
};

static void
on_removal(void *arg, const struct ops_removal *removal)
{
	struct gc *gc = arg;

	if (removal->err) {
		cli_say("%s", removal->err->text);
		gc->code = CLI_EXIT_FAILURE;
		return;
	}
	gc->count++;
	if (gc->removed) {
		json_array_append_new(gc->removed,
		    json_deep_copy(removal->job));
	} else {
		cli_putf(gc->cli, "%s\n", removal->id);
		cli_flush(gc->cli);
	}
}

static void
sum_up(struct gc *gc, const struct ops_gc_query *query, int64_t bytes)
{
	char size[FORMAT_MAX];
	json_t *all;

	format_size(bytes, size);
	cli_say(query->dry_run ? "%zu job%s would be removed, %s freed"
			       : "%zu job%s removed, %s freed",
	    gc->count, gc->count == 1 ? "" : "s", size);
	if (!gc->removed)
		return;
	all = json_pack("{s:O, s:I, s:b}", "removed", gc->removed, "bytes",
	    (json_int_t)bytes, "dry_run", query->dry_run);
	cli_put_json(gc->cli, all);
	json_decref(all);
}

static int
collect(struct cli *cli, const struct ops_gc_query *query, bool as_json)
{
	struct gc gc = { .cli = cli };
	struct err err = ERR_INIT;
	int64_t bytes;
	int code;

	if ((code = cli_open(cli)) != 0)
		return code;
	gc.removed = as_json ? json_array() : NULL;
	if (ops_gc(cli->ops, query, on_removal, &gc, &bytes, &err) < 0)
		gc.code = cli_fail(&err);
	sum_up(&gc, query, bytes);
	json_decref(gc.removed);
	return gc.code;
}

static int
run_gc(struct cli *cli)
{
	struct ops_gc_query query = {
		.older_than =
		    (usec_t)OLDER_THAN_DAYS * 24 * 60 * 60 * USEC_PER_SEC,
	};
	bool as_json = false;
	int c;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_DRY_RUN)
			query.dry_run = true;
		else if (c == CLI_FAILED)
			query.failed = true;
		else if (c == CLI_JSON)
			as_json = true;
		else if (duration_parse(optarg, &query.older_than) < 0)
			cli_usage(cli, "no time: %s", optarg);
	}
	return cli_bad(cli) ? cli->code : collect(cli, &query, as_json);
}

static const struct cli_option options[] = {
	{ CLI_DRY_RUN, "dry-run", NULL, 0,
	    "show what would be removed, and remove nothing" },
	{ CLI_OLDER_THAN, "older-than", "TIME", 0,
	    "only what ended more than TIME ago (default 30d)" },
	{ CLI_FAILED, "failed", NULL, 0, "failed and lost jobs, too" },
	{ CLI_JSON, "json", NULL, 0,
	    "one JSON document: {\"removed\", \"bytes\", \"dry_run\"}" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_gc = {
	.name = "gc",
	.group = "tidy",
	.operands = "",
	.most = 0,
	.summary = "Remove the directories of jobs that ended long ago",
	.text =
	    "Completed and killed jobs go, never one that lives or may live, "
	    "cannot be read, or has left processes behind. What killed "
	    "launches, requests and removals have left goes, too. Prints the "
	    "ids of what is gone and, on stderr, how many bytes became free.",
	.options = options,
	.run = run_gc,
};
