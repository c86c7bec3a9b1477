/*
 * supervise_main.c: the hidden verb `jobdir supervise`
 *
 * The ways in: forking supervisors for a server, taking over a job whose
 * supervisor was killed, adopting a process, and stopping a worker.
 *
 * Invariant: only descriptors that were handed over on purpose are kept.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <string.h>

#include "base/fsio.h"
#include "engines/forkserver.h"
#include "engines/worker_stop.h"

int
supervise_main(int argc, char **argv)
{
	/* It was executed by another name, of a link to it. */
	compat_name_process("jobdir");
	/* The words of a command line lie one behind the other. */
	if (argc == 4 && strcmp(argv[2], SUPERVISE_FORK) == 0)
		return forkserver_main(argv[2],
		    (size_t)(argv[3] - argv[2]) + strlen(argv[3]));
	if (argc == 4 && strcmp(argv[2], SUPERVISE_TAKE_OVER) == 0 &&
	    fsio_name_ok(argv[3]))
		return supervisor_take(argv[3], false);
	if (argc == 4 && strcmp(argv[2], SUPERVISE_ADOPT) == 0 &&
	    fsio_name_ok(argv[3]))
		return supervisor_take(argv[3], true);
	if (argc == 6 && strcmp(argv[2], WORKER_STOP_OPTION) == 0 &&
	    fsio_name_ok(argv[3]) && fsio_name_ok(argv[4]) &&
	    fsio_name_ok(argv[5]))
		return worker_stop_main(argv + 3);
	warn_user("%s is for jobdir itself", SUPERVISE_VERB);
	return 2;
}
