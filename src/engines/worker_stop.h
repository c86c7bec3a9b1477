/*
 * worker_stop.h: stopping a worker that has no supervisor
 *
 * The asker places a request, holds it (request_hold() in spool/request.h), and
 * starts a helper that outlives him: it proves that the process which the
 * record names is the job's, sends the first signal, waits the grace, sends
 * SIGKILL, and when all is dead adds `ended` to the request, which makes the
 * job `killed`.  While the helper holds the request the job reads `running`.
 */
#ifndef ENGINES_WORKER_STOP_H
#define ENGINES_WORKER_STOP_H

#include "base/err.h"
#include "spool/spool.h"

enum worker_stop {
	WORKER_STOP_FAILED = -1,
	WORKER_STOP_BEGUN,    /* proven, and the first signal is sent */
	WORKER_STOP_UNPROVEN, /* nothing was signalled */
	WORKER_STOP_ENDED,    /* it had ended already */
};

/*
 * Start the helper.
 * job		the worker's
 * file		the request's name in its directory
 * held		descriptor of the held request; stays the caller's
 * Waits a few milliseconds for the first signal.
 */
enum worker_stop worker_stop_begin(const struct spool *spool,
    const struct spool_job *job, const char *file, int held, struct err *err);

/* The helper: `jobdir supervise --stop-worker NAME JOURNAL FILE`, with the root
 * and the held request as descriptors 3 and 4.  Returns the exit status, which
 * is an enum worker_stop. */
int worker_stop_main(char **words);

#define WORKER_STOP_OPTION "--stop-worker"

#endif
