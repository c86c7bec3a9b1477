/*
 * request.c: the file `cancel`
 *
 * Invariant: a reader sees no request or a complete one; a weaker request never
 * replaces a stronger one.
 */
#include "base/compat.h"
#include "spool/request.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/names.h"

enum { REPLACE_TRIES = 16 };

static void
set_default(struct request *request)
{
	request->signal = SIGTERM;
	request->grace = (usec_t)REQUEST_GRACE_DEFAULT * USEC_PER_SEC;
	request->by[0] = '\0';
}

void
request_set_by(struct request *request, const char *by)
{
	size_t i;

	snprintf(request->by, sizeof(request->by), "%s", by ? by : "");
	for (i = 0; request->by[i]; i++)
		if (request->by[i] < ' ' || request->by[i] > '~' ||
		    strchr("\"\\", request->by[i]))
			request->by[i] = '?';
}

void
request_init(struct request *request, const char *by)
{
	set_default(request);
	request->at = time_wall();
	request_set_by(request, by);
}

/* One line "member value".  What is not understood changes nothing. */
static void
take_line(struct request *request, char *line)
{
	char *value = strchr(line, ' ');
	usec_t number;
	int signo;

	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(line, "signal") == 0) {
		signo = signal_number(value);
		if (signo > 0)
			request->signal = signo;
	} else if (strcmp(line, "grace_seconds") == 0) {
		if (duration_parse(value, &number) == 0)
			request->grace = number;
	} else if (strcmp(line, "at") == 0) {
		if (time_parse(value, &number) == 0)
			request->at = number;
	} else if (strcmp(line, "by") == 0) {
		request_set_by(request, value);
	}
}

int
request_read(int jobdir, struct request *request)
{
	char text[CANCEL_MAX + 1], *line, *end;
	cleanup_close int fd = -1;
	struct stat st;
	ssize_t n;

	set_default(request);
	fd = fsio_open_file(jobdir, JOB_CANCEL, &st);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		/* A link, FIFO or unreadable file of that name asks, too. */
		if (fstatat(jobdir, JOB_CANCEL, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -1;
		request->at = fsio_mtime(&st);
		return 1;
	}
	request->at = fsio_mtime(&st);
	n = read_full(fd, text, CANCEL_MAX);
	if (n < 0)
		n = 0;
	text[n] = '\0';
	for (line = text; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		take_line(request, line);
	}
	if (!request->by[0]) /* `touch cancel`: its owner asked */
		snprintf(request->by, sizeof(request->by), "uid %ld",
		    (long)st.st_uid);
	return 1;
}

/* When SIGKILL follows: the strength of a request. */
static usec_t
kill_time(const struct request *request)
{
	return request->signal == SIGKILL ? request->at
					  : request->at + request->grace;
}

int
request_write(int jobdir, const struct request *request, struct err *err)
{
	char temporary[64], text[CANCEL_MAX], name[16], at[TIME_TEXT_MAX];
	struct request old;
	int len, tries, result = -1;

	time_format(request->at, at);
	len = snprintf(text, sizeof(text),
	    "signal %s\ngrace_seconds %.6g\nat %s\nby %s\n",
	    signal_name(request->signal, name),
	    (double)request->grace / USEC_PER_SEC, at, request->by);
	snprintf(temporary, sizeof(temporary), JOB_REQUEST "-%ld",
	    (long)getpid());
	unlinkat(jobdir, temporary, 0); /* of a dead process of that number */
	/* On a full disk an empty one, the default, is better than none. */
	if (fsio_create(jobdir, temporary, 0600, text, (size_t)len) < 0 &&
	    ((errno != ENOSPC && errno != EDQUOT) ||
		fsio_create(jobdir, temporary, 0600, "", 0) < 0))
		return err_sys(err, errno, "write request");
	for (tries = 0; tries < REPLACE_TRIES; tries++) {
		if (linkat(jobdir, temporary, jobdir, JOB_CANCEL, 0) == 0) {
			result = 1;
			break;
		}
		if (errno != EEXIST)
			break;
		if (request_read(jobdir, &old) == 1) {
			if (kill_time(&old) <= kill_time(request)) {
				result = 0;
				break;
			}
			if (renameat(jobdir, temporary, jobdir, JOB_CANCEL) ==
			    0)
				return 1;
			break;
		}
	}
	if (result < 0)
		err_sys(err, errno, "write request '%s'", JOB_CANCEL);
	unlinkat(jobdir, temporary, 0);
	return result;
}
