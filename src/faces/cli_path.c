/*
 * cli_path.c: where a job's directory is
 *
 * Invariant: the bytes of the path as they are, so that "$(jobdir path)" works
 * with any name.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "truth/resolve.h"

#include <stdlib.h>
#include <string.h>

static int
run_path(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct record record;
	int code;

	while (cli_option(cli) != CLI_END)
		continue;
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	if (cli_scan(cli, cli_job_word(cli), true, SCAN_STATE, &record, &err) <
	    0) {
		code = cli_fail(&err);
	} else {
		cleanup_free char *path =
		    spool_path_of(&cli->spool, record.job.name);

		cli_put(cli, path, strlen(path));
		cli_put(cli, "\n", 1);
	}
	record_release(&record);
	return code;
}

const struct cli_verb cli_verb_path = {
	.name = "path",
	.group = "look",
	.operands = "[JOB]",
	.most = 1,
	.summary = "Print the job's directory",
	.text = "Example: tail -f \"$(jobdir path train)/stdout.log\"",
	.run = run_path,
};
