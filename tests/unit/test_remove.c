/*
 * test_remove.c: taking directories of the root away
 */
#include "base/compat.h"

#include "spool/remove.h"
#include "tmpdir.h"

#include <sys/file.h>

struct fixture {
	struct tmpdir *tmp;
	struct spool spool;
	struct removal removal;
};

static int
setup(void **state)
{
	struct fixture *f = xmalloc(sizeof(*f));
	struct err err = ERR_INIT;
	void *tmp = NULL;

	if (tmpdir_setup(&tmp) < 0)
		return -1;
	f->tmp = tmp;
	*state = f;
	if (spool_open(&f->spool, f->tmp->path, &err) < 0)
		return -1;
	return removal_begin(&f->removal, &f->spool, true, &err);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	void *tmp = f->tmp;

	removal_end(&f->removal);
	spool_close(&f->spool);
	tmpdir_teardown(&tmp);
	free(f);
	return 0;
}

static int
open_at(int dir, const char *name)
{
	int fd = fsio_open_dir(dir, name, false);

	assert_true(fd >= 0);
	return fd;
}

/* A directory with a file of 8 KiB; returns its descriptor. */
static int
make(const struct fixture *f, const char *name)
{
	char text[8193];
	int dir;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tmpdir_mkdir(f->tmp->fd, name);
	dir = open_at(f->tmp->fd, name);
	tmpdir_write(dir, "file", text);
	return dir;
}

static int64_t
blocks_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return (int64_t)st.st_blocks * 512;
}

static void
take(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;

	assert_int_equal(removal_take(&f->removal, name, &err), 0);
	assert_false(tmpdir_has(f->tmp->fd, name));
	assert_true(tmpdir_has(f->removal.old.fd, name));
}

static int
count_entry(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

static void
assert_old_is_empty(const struct fixture *f)
{
	int count = 0;

	assert_int_equal(fsio_each(f->removal.old.fd, count_entry, &count), 0);
	assert_int_equal(count, 0);
}

static void
test_remove__whole_way(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 5, expected;
	int dir = make(f, "job");

	expected = 5 + blocks_of(dir, "file");
	take(f, "job");
	assert_int_equal(removal_check(&f->removal, "job", &err), 0);
	assert_int_equal(removal_destroy(&f->removal, "job", &bytes, &err), 0);
	assert_int_equal(bytes, expected);
	assert_old_is_empty(f);
	close(dir);
}

static void
test_remove__not_there(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char back[JOB_NAME_MAX];
	int64_t bytes = 0;

	assert_int_equal(removal_take(&f->removal, "none", &err), 1);
	assert_int_equal(removal_destroy(&f->removal, "none", &bytes, &err), 1);
	assert_int_equal(removal_restore(&f->removal, "none", back, &err), 0);
	assert_string_equal(back, "");
	assert_false(err_is_set(&err));
}

static void
test_remove__restore(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char back[JOB_NAME_MAX];
	int dir = make(f, "job");

	take(f, "job");
	assert_int_equal(removal_restore(&f->removal, "job", back, &err), 0);
	assert_string_equal(back, "job");
	assert_true(tmpdir_has(f->tmp->fd, "job"));

	/* Given away meanwhile, even to something that a rename replaces. */
	take(f, "job");
	tmpdir_mkdir(f->tmp->fd, "job");
	tmpdir_write(f->tmp->fd, "job.1", "");
	assert_int_equal(removal_restore(&f->removal, "job", back, &err), 0);
	assert_string_equal(back, "job.2");
	assert_true(tmpdir_has(dir, "file"));
	assert_int_equal(blocks_of(f->tmp->fd, "job.1"), 0);
	close(dir);
}

static void
test_remove__name_of_full_length(void **state)
{
	struct fixture *f = *state;
	char name[JOB_NAME_MAX], back[JOB_NAME_MAX];
	struct err err = ERR_INIT;
	int64_t bytes = 0;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	close(make(f, name));
	take(f, name);
	tmpdir_mkdir(f->tmp->fd, name);
	/* No room for a number: it stays where it is. */
	assert_int_equal(removal_restore(&f->removal, name, back, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	err_clear(&err);
	assert_int_equal(removal_destroy(&f->removal, name, &bytes, &err), 0);
	assert_old_is_empty(f);
}

static void
test_remove__taken_already(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	close(make(f, "job"));
	take(f, "job");
	close(make(f, "job"));
	assert_int_equal(removal_take(&f->removal, "job", &err), -1);
	assert_true(err.sys == EEXIST || err.sys == ENOTEMPTY);
	assert_true(tmpdir_has(f->tmp->fd, "job"));
}

/* Whatever a directory can hold goes; what it points to stays. */
static void
test_remove__kinds(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 0, expected;
	int dir = make(f, "job"), outside = make(f, "outside"), sub;

	assert_int_equal(symlinkat("../outside", dir, "directory"), 0);
	assert_int_equal(symlinkat("../outside/file", dir, "link"), 0);
	assert_int_equal(symlinkat("..", dir, "up"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(linkat(outside, "file", dir, "hard", 0), 0);
	tmpdir_mkdir(dir, "empty");
	tmpdir_mkdir(dir, "sub");
	sub = open_at(dir, "sub");
	assert_int_equal(symlinkat("../../outside", sub, "out"), 0);
	tmpdir_write(sub, "-rf *\n", "x");
	expected = blocks_of(dir, "file") + blocks_of(sub, "-rf *\n") +
	    blocks_of(dir, "link") + blocks_of(dir, "directory");

	take(f, "job");
	assert_int_equal(removal_check(&f->removal, "job", &err), 0);
	assert_int_equal(removal_destroy(&f->removal, "job", &bytes, &err), 0);
	/* The hard link's blocks are not free. */
	assert_true(bytes >= expected && bytes < expected + 8192);
	assert_true(tmpdir_has(outside, "file"));
	assert_old_is_empty(f);
	close(sub);
	close(outside);
	close(dir);
}

/* `depth` directories below one another in `dir`, a file in the last. */
static void
dig(int dir, int depth)
{
	int at = dup(dir), next;

	while (depth-- > 0) {
		tmpdir_mkdir(at, "d");
		next = open_at(at, "d");
		close(at);
		at = next;
	}
	tmpdir_write(at, "f", "x");
	close(at);
}

static void
test_remove__depth(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 0;
	int good = make(f, "good"), bad = make(f, "bad");

	dig(good, REMOVE_DEPTH);
	dig(bad, REMOVE_DEPTH + 1);
	assert_int_equal(removal_measure(&f->spool, "good", &bytes, &err), 0);
	assert_true(bytes > 0);
	assert_int_equal(removal_measure(&f->spool, "bad", &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	err_clear(&err);

	take(f, "good");
	assert_int_equal(removal_check(&f->removal, "good", &err), 0);
	assert_int_equal(removal_destroy(&f->removal, "good", &bytes, &err), 0);
	take(f, "bad");
	assert_int_equal(removal_check(&f->removal, "bad", &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_true(tmpdir_has(bad, "file") && tmpdir_has(bad, "d"));
	close(good);
	close(bad);
}

/* An empty directory in it goes by the check, which is about to be asked what
 * can be removed; a file does not. */
static void
test_remove__check_keeps_files(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 0;
	int dir = make(f, "job");

	tmpdir_mkdir(dir, "empty");
	assert_int_equal(removal_measure(&f->spool, "job", &bytes, &err), 0);
	assert_int_equal(bytes, blocks_of(dir, "file"));
	assert_true(tmpdir_has(dir, "empty"));
	take(f, "job");
	assert_int_equal(removal_check(&f->removal, "job", &err), 0);
	assert_true(tmpdir_has(dir, "file"));
	close(dir);
}

static void
test_remove__many_entries(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 0;
	char name[32];
	int dir = make(f, "job"), i;

	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		tmpdir_write(dir, name, "");
	}
	take(f, "job");
	assert_int_equal(removal_destroy(&f->removal, "job", &bytes, &err), 0);
	assert_old_is_empty(f);
	close(dir);
}

/* What is left after a kill: judged ones go, others are not touched. */
static void
test_remove__clear(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int64_t bytes = 0, expected;
	int dir = make(f, "whole");

	take(f, "whole");
	close(make(f, OLD_GONE "0"));
	close(make(f, OLD_GONE "17"));
	take(f, OLD_GONE "0");
	take(f, OLD_GONE "17");
	expected = 2 * blocks_of(dir, "file");

	/* A number that is in use is passed over. */
	close(make(f, "job"));
	take(f, "job");
	assert_int_equal(removal_destroy(&f->removal, "job", &bytes, &err), 0);
	assert_true(tmpdir_has(f->removal.old.fd, OLD_GONE "0"));

	bytes = 0;
	assert_int_equal(removal_clear(&f->removal, &bytes, &err), 0);
	assert_int_equal(bytes, expected);
	assert_false(tmpdir_has(f->removal.old.fd, OLD_GONE "0"));
	assert_false(tmpdir_has(f->removal.old.fd, OLD_GONE "17"));
	assert_true(tmpdir_has(f->removal.old.fd, "whole"));
	close(dir);
}

static void
test_remove__begin(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct removal other;
	struct stat st;
	int fd;

	assert_int_equal(fstatat(f->tmp->fd, ROOT_OLD, &st,
			     AT_SYMLINK_NOFOLLOW),
	    0);
	assert_int_equal(st.st_mode & 0777, 0700);

	/* One at a time. */
	fd = open_at(f->tmp->fd, ROOT_OLD);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	removal_end(&f->removal);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);

	assert_int_equal(unlinkat(f->tmp->fd, ROOT_OLD, AT_REMOVEDIR), 0);
	assert_int_equal(removal_begin(&other, &f->spool, false, &err), 1);
	assert_false(tmpdir_has(f->tmp->fd, ROOT_OLD));

	/* A link in its place is not followed. */
	assert_int_equal(symlinkat(".", f->tmp->fd, ROOT_OLD), 0);
	assert_int_equal(removal_begin(&other, &f->spool, true, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	err_clear(&err);
	assert_int_equal(unlinkat(f->tmp->fd, ROOT_OLD, 0), 0);
	assert_int_equal(removal_begin(&f->removal, &f->spool, true, &err), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_remove__whole_way),
		TEST(test_remove__not_there),
		TEST(test_remove__restore),
		TEST(test_remove__name_of_full_length),
		TEST(test_remove__taken_already),
		TEST(test_remove__kinds),
		TEST(test_remove__depth),
		TEST(test_remove__check_keeps_files),
		TEST(test_remove__many_entries),
		TEST(test_remove__clear),
		TEST(test_remove__begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
