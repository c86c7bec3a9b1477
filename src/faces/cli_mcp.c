/*
 * cli_mcp.c: the verb that starts the server
 *
 * Invariant: nothing is written to stdout before the server has it.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "engines/watch.h"
#include "faces/mcp.h"

#include <getopt.h>

static int
run_mcp(struct cli *cli)
{
	struct mcp_options options = { .watcher = NULL };
	int c;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == 'v')
			options.verbose = true;
		else if (watch_kind_from_word(optarg) < 0)
			cli_usage(cli, "no watcher: %s (auto, inotify, poll)",
			    optarg);
		else
			options.watcher = optarg;
	}
	if (cli_bad(cli))
		return cli->code;
	options.root = cli->root;
	return mcp_main(&options);
}

static const struct cli_option options[] = {
	{ CLI_WATCHER, "watcher", "auto|inotify|poll", 0,
	    "how changes are noticed; auto: by the kernel where it can, else "
	    "by polling" },
	{ 'v', "verbose", NULL, 0, "say on stderr what happens" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_mcp = {
	.name = "mcp",
	.group = "system",
	.operands = "",
	.most = 0,
	.summary = "Serve the Model Context Protocol on stdin and stdout",
	.text = "Ends at end of file. Jobs are not touched by that.",
	.options = options,
	.run = run_mcp,
};
