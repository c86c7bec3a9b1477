/*
 * cli_rm.c: remove ended jobs
 *
 * Invariant: a line for each job named, on stdout if it is gone, on stderr if
 * it stays, whatever becomes of the others.
 */
#include "base/compat.h"
#include "faces/cli.h"

/* The worst wins: jobdir failed, no such job, may not be removed. */
static int
badness(int code)
{
	return code == CLI_EXIT_FAILURE ? 3
	    : code == CLI_EXIT_NO_JOB   ? 2
					: code != 0;
}

struct rm {
	struct cli *cli;
	int code;
};

static void
worsen(struct rm *rm, const struct err *err)
{
	int code = err->kind == ERR_REFUSED ? CLI_EXIT_SOME : cli_code_of(err);

	if (badness(code) > badness(rm->code))
		rm->code = code;
}

/* Without a word it is what a removal that was killed has left. */
static void
on_removal(void *arg, const struct ops_removal *removal)
{
	struct rm *rm = arg;

	if (removal->err) {
		cli_say("%s", removal->err->text);
		if (removal->word)
			worsen(rm, removal->err);
	} else if (removal->word) {
		cli_putf(rm->cli, "%s removed\n", removal->id);
		cli_flush(rm->cli);
	}
}

static int
run_rm(struct cli *cli)
{
	struct rm rm = { .cli = cli };
	struct err err = ERR_INIT;
	int code;

	while (cli_option(cli) != CLI_END)
		continue;
	if (!cli_bad(cli) && cli->word_count == 0)
		cli_usage(cli, "which JOB?");
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	if (ops_remove(cli->ops, cli->words, (size_t)cli->word_count,
		on_removal, &rm, &err) < 0)
		return cli_fail(&err);
	return rm.code;
}

const struct cli_verb cli_verb_rm = {
	.name = "rm",
	.group = "tidy",
	.operands = "JOB...",
	.most = -1,
	.summary = "Remove the directories of jobs that have ended",
	.text =
	    "A job that lives or may live, that has left processes behind, or "
	    "that shares its directory with jobs that are not named stays. "
	    "Prints for each that goes: id removed.",
	.run = run_rm,
};
