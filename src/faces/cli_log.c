/*
 * cli_log.c: the output of a job
 *
 * Invariant: the exit code tells how the writing went, not how the job ended.
 */
#include "base/compat.h"
#include "faces/cli_follow.h"

#include <getopt.h>

static int
show(struct cli *cli, const struct cli_log_query *query, bool follow)
{
	struct err err = ERR_INIT;
	struct record record;
	int code = 0;

	if (cli_scan(cli, cli_job_word(cli), true, SCAN_STATE, &record, &err) <
		0 ||
	    (follow && cli_catch_interrupt(cli, &err) < 0)) {
		record_release(&record);
		return cli_fail(&err);
	}
	switch (cli_log_show(cli, &record, query, follow, &err)) {
	case 0:
	case STREAM_GONE:
		break;
	case STREAM_INTERRUPTED:
		code = cli_say_interrupted(cli, record.job.id);
		break;
	default:
		code = cli_fail(&err);
		break;
	}
	record_release(&record);
	return code;
}

static int
run_log(struct cli *cli)
{
	struct cli_log_query query = { .out = true, .err = true, .lines = -1 };
	bool follow = false;
	int c, code;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == 'f')
			follow = true;
		else if (c == CLI_STDOUT)
			query.err = false;
		else if (c == CLI_STDERR)
			query.out = false;
		else if (c == CLI_RAW)
			query.raw = true;
		else if (number_parse(optarg, INT64_MAX, &query.lines) < 0)
			cli_usage(cli, "no number of lines: %s", optarg);
	}
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	return show(cli, &query, follow);
}

static const struct cli_option options[] = {
	{ 'f', "follow", NULL, 0,
	    "go on with what comes, until the job has ended" },
	{ 'N', "lines", "LINES", 0,
	    "the last LINES lines of each stream only" },
	{ CLI_STDOUT, "stdout", NULL, 0, "the job's stdout only" },
	{ CLI_STDERR, "stderr", NULL, CLI_OR, "the job's stderr only" },
	{ CLI_RAW, "raw", NULL, 0,
	    "write all bytes as they are to a terminal, too" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_log = {
	.name = "log",
	.group = "look",
	.operands = "[JOB]",
	.most = 1,
	.summary = "Write the job's output: its stdout to stdout, its stderr "
		   "to stderr",
	.text = "On a terminal colours are kept and every other escape "
		"sequence is made visible. A part that is no longer on disk is "
		"replaced by a line that says how much. To search: "
		"jobdir log JOB | grep ...",
	.options = options,
	.run = run_log,
};
