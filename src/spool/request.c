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
#include <sys/file.h>
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
	request->ended = -1;
	request->placed = -1;
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
	request->at = request->placed = time_wall();
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
	} else if (strcmp(line, "ended") == 0) {
		if (time_parse(value, &number) == 0)
			request->ended = number;
	} else if (strcmp(line, "by") == 0) {
		request_set_by(request, value);
	}
}

int
request_read(int jobdir, const char *file, struct request *request)
{
	char text[CANCEL_MAX + 1], *line, *end;
	cleanup_close int fd = -1;
	struct stat st;
	ssize_t n;

	set_default(request);
	fd = fsio_open_file(jobdir, file, &st);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		/* A link, FIFO or unreadable file of that name asks, too. */
		if (fstatat(jobdir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -1;
		request->at = fsio_mtime(&st);
		request->placed = fsio_ctime(&st);
		return 1;
	}
	request->at = fsio_mtime(&st);
	request->placed = fsio_ctime(&st);
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

bool
request_is_as_strong(const struct request *other, const struct request *request)
{
	return kill_time(other) <= kill_time(request);
}

/* The lines of a request; returns their length. */
static size_t
print(const struct request *request, char text[CANCEL_MAX])
{
	char name[16], at[TIME_TEXT_MAX], ended[TIME_TEXT_MAX];
	int len;

	time_format(request->at, at);
	if (request->ended >= 0)
		time_format(request->ended, ended);
	len = snprintf(text, CANCEL_MAX,
	    "signal %s\ngrace_seconds %.6g\nat %s\nby %s\n%s%s%s",
	    signal_name(request->signal, name),
	    (double)request->grace / USEC_PER_SEC, at, request->by,
	    request->ended >= 0 ? "ended " : "",
	    request->ended >= 0 ? ended : "", request->ended >= 0 ? "\n" : "");
	return (size_t)len;
}

enum { TEMPORARY_MAX = 64 };

static void
temporary_name(char name[TEMPORARY_MAX])
{
	snprintf(name, TEMPORARY_MAX, JOB_REQUEST "-%ld", (long)getpid());
}

/* The request under a hidden name.  On a full disk an empty one, the default,
 * is better than none. */
static int
write_hidden(int jobdir, const char *temporary, const struct request *request)
{
	char text[CANCEL_MAX];
	size_t len = print(request, text);

	unlinkat(jobdir, temporary, 0); /* of a dead process of that number */
	if (fsio_create(jobdir, temporary, 0600, text, len) == 0)
		return 0;
	if (errno != ENOSPC && errno != EDQUOT)
		return -1;
	return fsio_create(jobdir, temporary, 0600, "", 0);
}

int
request_write(int jobdir, const char *file, const struct request *request,
    struct err *err)
{
	char temporary[TEMPORARY_MAX];
	struct request old;
	int tries, result = -1;

	temporary_name(temporary);
	if (write_hidden(jobdir, temporary, request) < 0)
		return err_sys(err, errno, "write request");
	for (tries = 0; tries < REPLACE_TRIES; tries++) {
		if (linkat(jobdir, temporary, jobdir, file, 0) == 0) {
			result = 1;
			break;
		}
		if (errno != EEXIST)
			break;
		if (request_read(jobdir, file, &old) == 1) {
			if (request_is_as_strong(&old, request)) {
				result = 0;
				break;
			}
			if (renameat(jobdir, temporary, jobdir, file) == 0)
				return 1;
			break;
		}
	}
	if (result < 0)
		err_sys(err, errno, "write request '%s'", file);
	unlinkat(jobdir, temporary, 0);
	return result;
}

int
request_hold(int jobdir, const char *file, const struct request *request,
    int *held, struct err *err)
{
	char temporary[TEMPORARY_MAX];

	temporary_name(temporary);
	*held = -1;
	if (write_hidden(jobdir, temporary, request) == 0)
		*held = openat(jobdir, temporary,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*held >= 0 && flock(*held, LOCK_EX | LOCK_NB) == 0 &&
	    renameat(jobdir, temporary, jobdir, file) == 0)
		return 0;
	err_sys(err, errno, "write request '%s'", file);
	close_fd(held);
	unlinkat(jobdir, temporary, 0);
	return -1;
}

int
request_conclude(int jobdir, const char *file, const struct request *request)
{
	struct request concluded = *request;
	char temporary[TEMPORARY_MAX], text[CANCEL_MAX];

	concluded.at = request->placed;
	temporary_name(temporary);
	return fsio_publish(jobdir, temporary, file, 0600, text,
	    print(&concluded, text));
}
