/*
 * cli_adopt.c: make a job of a process that runs already
 *
 * Invariant: when it says that it did not, there is no such job.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "faces/cli_format.h"

#include <getopt.h>

static int
run_adopt(struct cli *cli)
{
	struct ops_adoption what = { .asker = "shell" };
	struct err err = ERR_INIT;
	json_t *job;
	int64_t pid = 0;
	int c, code;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_LOG)
			what.log_file = optarg;
		else if (cli_check_name(cli, optarg))
			what.name = optarg;
	}
	if (!cli_bad(cli) && cli->word_count == 0)
		cli_usage(cli, "which PID?");
	else if (!cli_bad(cli) &&
	    (number_parse(cli->words[0], INT32_MAX, &pid) < 0 || pid < 2))
		cli_usage(cli, "no process: %s", cli->words[0]);
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	what.pid = (pid_t)pid;
	job = ops_adopt(cli->ops, &what, &err);
	if (!job) {
		code = cli_fail(&err);
		return err.kind == ERR_REFUSED ? CLI_EXIT_SOME : code;
	}
	cli_putf(cli, "%s\n", format_string(job, "job_id"));
	if (cli_flush(cli) < 0 && cli->output_error)
		cli_say("job %s was made", format_string(job, "job_id"));
	json_decref(job);
	return 0;
}

static const struct cli_option options[] = {
	{ 'n', "name", "NAME", 0, "a short name to find the job by" },
	{ CLI_LOG, "log", "FILE", 0,
	    "the file that it writes, shown as the job's stdout" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_adopt = {
	.name = "adopt",
	.group = "others",
	.operands = "PID",
	.most = 1,
	.summary = "Make a job of a running process and print its id",
	.text = "PID is a process of the same user. Its exit code is recorded "
		"where the kernel tells it of a process that is not one's "
		"child (Linux 6.15 and later); elsewhere the job ends as lost, "
		"with the time of its end. kill stops it and what descends "
		"from it then.",
	.options = options,
	.run = run_adopt,
};
