/*
 * tmpdir.h: a directory of its own for each test
 *
 *	cmocka_unit_test_setup_teardown(test_x__y, tmpdir_setup,
 *	    tmpdir_teardown)
 *
 * makes *state a struct tmpdir; everything in it is removed afterwards.
 */
#ifndef TESTS_TMPDIR_H
#define TESTS_TMPDIR_H

#include "base/fsio.h"

#include <errno.h>
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

struct tmpdir {
	char path[200];
	int fd;
};

static int
tmpdir_setup(void **state)
{
	struct tmpdir *t = xmalloc(sizeof(*t));
	const char *tmp = getenv("TMPDIR");

	snprintf(t->path, sizeof(t->path), "%s/test_jobdir.XXXXXX",
	    tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(t->path))
		return -1;
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->fd < 0 ? -1 : 0;
}

static int
tmpdir_unlink(void *arg, const char *name)
{
	const int *parent = arg;
	int dir;

	if (unlinkat(*parent, name, 0) == 0)
		return 0;
	dir = openat(*parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (dir < 0)
		return -1;
	fsio_each(dir, tmpdir_unlink, &dir);
	close(dir);
	return unlinkat(*parent, name, AT_REMOVEDIR);
}

static int
tmpdir_teardown(void **state)
{
	struct tmpdir *t = *state;

	if (fsio_each(t->fd, tmpdir_unlink, &t->fd) < 0 || rmdir(t->path) < 0)
		print_message("%s is left behind\n", t->path);
	close(t->fd);
	free(t);
	return 0;
}

/* The file `name` below directory descriptor `dir`, with that text. */
static inline void
tmpdir_write(int dir, const char *name, const char *text)
{
	unlinkat(dir, name, 0);
	assert_int_equal(fsio_create(dir, name, 0600, text, strlen(text)), 0);
}

static inline void
tmpdir_mkdir(int dir, const char *name)
{
	assert_int_equal(mkdirat(dir, name, 0700), 0);
}

static inline bool
tmpdir_has(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif
