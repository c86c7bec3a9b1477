/*
 * request.h: "please stop this job": the file `cancel`
 *
 * Whoever wants a job stopped leaves this file in its directory; the job's
 * supervisor, its only reader that acts, does the rest.  Its text is a line a
 * member, all optional, so that `touch cancel` asks for the default:
 *
 *	signal SIGTERM
 *	grace_seconds 5
 *	at 2026-11-22T17:31:39.500000Z
 *	by claude-code 2.1.317
 *
 * It is written complete under a hidden name and linked into place.  A stronger
 * request (SIGKILL, or an earlier SIGKILL after the grace) replaces one that is
 * there; a weaker one changes nothing.
 */
#ifndef SPOOL_REQUEST_H
#define SPOOL_REQUEST_H

#include "base/err.h"
#include "base/util.h"

enum { REQUEST_BY_MAX = 128, REQUEST_GRACE_DEFAULT = 5 };

struct request {
	int signal;              /* first signal */
	usec_t grace;            /* from the first signal to SIGKILL */
	usec_t at;               /* when; of a bare file its change time */
	char by[REQUEST_BY_MAX]; /* printable ASCII, no '"' or '\\'; of a bare
				 * file "uid N", its owner */
};

/* The default request, made now by `by`: SIGTERM, 5 s.  No allocation. */
void request_init(struct request *request, const char *by);

/* Read the request in job directory `jobdir`.  1: there is one; 0: none; -1:
 * errno.  What can't be read or understood in it is the default.  No
 * allocation. */
int request_read(int jobdir, struct request *request);

/* Leave a request.  1: it stands now; 0: one at least as strong stood already;
 * -1: err. */
int request_write(int jobdir, const struct request *request, struct err *err);

/* Make `by` fit for a request: cut it, and replace what is not allowed. */
void request_set_by(struct request *request, const char *by);

#endif
