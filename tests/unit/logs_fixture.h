/*
 * logs_fixture.h: logs on disk for the tests of engines/logs.h
 *
 * A directory of its own for each test (setup, teardown), and logs in the forms
 * that a supervisor leaves behind, made of sparse files.
 */
#ifndef TESTS_LOGS_FIXTURE_H
#define TESTS_LOGS_FIXTURE_H

#include "engines/logs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "stdout.log"

enum { BLOCK = 64 << 10 }; /* a multiple of every file system's block */

struct fixture {
	char path[200];
	int dir;
	struct log log;
	struct log_view view;
	struct err err;
};

static const struct text_style clean = { .raw = false };
static const struct text_style raw = { .raw = true };

static int
setup(void **state)
{
	struct fixture *f = xmalloc(sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	*f = (struct fixture){ .err = ERR_INIT, .log = { .fd = -1 } };
	snprintf(f->path, sizeof(f->path), "%s/test_logs.XXXXXX",
	    tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(f->path))
		return -1;
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	log_view_init(&f->view);
	*state = f;
	return f->dir < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_close(&f->log);
	log_view_release(&f->view);
	unlinkat(f->dir, NAME, 0);
	unlinkat(f->dir, NAME, AT_REMOVEDIR);
	close(f->dir);
	rmdir(f->path);
	free(f);
	return 0;
}

/* Put bytes into the log at a file offset; what is between is a hole. */
static void
put(struct fixture *f, off_t offset, const void *data, size_t len)
{
	int fd = openat(f->dir, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, offset), (ssize_t)len);
	close(fd);
}

static void
put_at(struct fixture *f, off_t offset, const char *text)
{
	put(f, offset, text, strlen(text));
}

static void
put_text(struct fixture *f, const char *text)
{
	put_at(f, 0, text);
}

static void
truncate_log(struct fixture *f, off_t size)
{
	int fd = openat(f->dir, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void
open_shape(struct fixture *f, const struct log_shape *shape)
{
	log_close(&f->log);
	if (log_open(&f->log, f->dir, NAME, shape, &f->err) < 0)
		fail_msg("%s", f->err.text);
}

/* Open the log of a job that runs, without a bound. */
static void
open_live(struct fixture *f)
{
	struct log_shape shape = { .ended = false };

	open_shape(f, &shape);
}

/* Open the log of a job that ended and lost nothing. */
static void
open_ended(struct fixture *f)
{
	struct log_shape shape = { .ended = true };
	struct stat st;

	if (fstatat(f->dir, NAME, &st, 0) == 0)
		shape.bytes = st.st_size;
	open_shape(f, &shape);
}

/* A text of numbered lines of 10 bytes. */
static void
fill_lines(char *text, size_t len)
{
	char line[32];
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 10 == 0)
			snprintf(line, sizeof(line), "%09zu\n", i);
		text[i] = line[i % 10];
	}
}

#endif
