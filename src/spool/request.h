/*
 * request.h: "please stop this job": the file `cancel`
 *
 * Whoever wants a job stopped leaves this file in its directory; the job's
 * supervisor, its only reader that acts, does the rest.  For a worker that has
 * no supervisor the asker's own helper does, and adds `ended`.  Its text is a line a
 * member, all optional, so that `touch cancel` asks for the default:
 *
 *	signal SIGTERM
 *	grace_seconds 5
 *	at 2026-11-22T17:31:39.500000Z
 *	by claude-code 2.1.317
 *	ended 2026-11-22T17:31:40.100000Z	(only: it died of it)
 *
 * It is written complete under a hidden name and linked into place.  A stronger
 * request (SIGKILL, or an earlier SIGKILL after the grace) replaces one that is
 * there; a weaker one changes nothing.
 */
#ifndef SPOOL_REQUEST_H
#define SPOOL_REQUEST_H

#include "base/err.h"
#include "base/util.h"
#include "spool/names.h"

enum { REQUEST_BY_MAX = 128, REQUEST_GRACE_DEFAULT = 5 };

struct request {
	int signal;              /* first signal */
	usec_t grace;            /* from the first signal to SIGKILL */
	usec_t at;               /* when; of a bare file its change time */
	char by[REQUEST_BY_MAX]; /* printable ASCII, no '"' or '\\'; of a bare
				 * file "uid N", its owner */
	usec_t ended;  /* "ended": a worker died of it then; -1: not told */
	usec_t placed; /* change time of the file */
};

/* The default request, made now by `by`: SIGTERM, 5 s.  No allocation. */
void request_init(struct request *request, const char *by);

/* Read the request `file` in job directory `jobdir`.  1: there is one; 0: none;
 * -1: errno.  What can't be read or understood in it is the default.  No
 * allocation. */
int request_read(int jobdir, const char *file, struct request *request);

/* Leave a request.  1: it stands now; 0: one at least as strong stood already;
 * -1: err. */
int request_write(int jobdir, const char *file, const struct request *request,
    struct err *err);

/*
 * Leave a request in place of whatever stands, and hold it: *held is a
 * descriptor with an exclusive flock(2) on it, the caller's.  As long as
 * somebody holds the request for a job without supervisor, he is seeing to it
 * and that job reads `running`.  0, or -1 with err.
 */
int request_hold(int jobdir, const char *file, const struct request *request,
    int *held, struct err *err);

/* Publish a held request anew, now without a holder, with its member `ended`
 * and as `at` the time at which it was placed.  0 or -1 with errno. */
int request_conclude(int jobdir, const char *file,
    const struct request *request);

/* Would `other` stop the job no later than `request`? */
bool request_is_as_strong(const struct request *other,
    const struct request *request);

/* Make `by` fit for a request: cut it, and replace what is not allowed. */
void request_set_by(struct request *request, const char *by);

#endif
