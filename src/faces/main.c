/*
 * main.c: where every process of jobdir begins
 *
 * Invariant: a supervisor starts from what its launcher left it and nothing
 * else: no set-up of the command line comes before it.
 */
#include "base/compat.h"

#include "engines/supervise.h"
#include "faces/cli.h"

#include <string.h>

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], SUPERVISE_VERB) == 0)
		return supervise_main(argc, argv);
	return cli_main(argc, argv);
}
