/*
 * test_fsio.c: file verbs relative to a directory (base/fsio.h)
 */
#include "base/compat.h"
#include "base/fsio.h"

#include "tmpdir.h"

#include <sys/file.h>

static void
test_fsio__open_file_takes_plain_files_only(void **state)
{
	struct tmpdir *t = *state;
	struct stat st;
	int fd;

	tmpdir_write(t->fd, "file", "text");
	fd = fsio_open_file(t->fd, "file", &st);
	assert_true(fd >= 0);
	assert_int_equal(st.st_size, 4);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);

	assert_int_equal(fsio_open_file(t->fd, "missing", &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(symlinkat("file", t->fd, "link"), 0);
	assert_int_equal(fsio_open_file(t->fd, "link", &st), -1);
	assert_int_equal(errno, ELOOP);
	tmpdir_mkdir(t->fd, "dir");
	assert_int_equal(fsio_open_file(t->fd, "dir", &st), -1);
	assert_int_equal(errno, EISDIR);
	/* Nobody writes: a blocking open would wait for ever. */
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(fsio_open_file(t->fd, "fifo", &st), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fsio_open_file(AT_FDCWD, "/dev/zero", &st), -1);
	assert_int_equal(errno, EINVAL);
}

static void
test_fsio__open_dir_and_links(void **state)
{
	struct tmpdir *t = *state;
	int fd;

	tmpdir_mkdir(t->fd, "dir");
	tmpdir_write(t->fd, "file", "");
	assert_int_equal(symlinkat("dir", t->fd, "link"), 0);
	fd = fsio_open_dir(t->fd, "dir", false);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fsio_open_dir(t->fd, "link", false), -1);
	fd = fsio_open_dir(t->fd, "link", true);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fsio_open_dir(t->fd, "file", true), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void
test_fsio__read_capped(void **state)
{
	struct tmpdir *t = *state;
	struct buf text = BUF_INIT;
	struct stat st;

	tmpdir_write(t->fd, "file", "0123456789");
	buf_addstr(&text, "old");
	assert_int_equal(fsio_read_capped(t->fd, "file", 100, &text, &st), 0);
	assert_string_equal(buf_str(&text), "0123456789");
	assert_int_equal(text.len, 10);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(fsio_read_capped(t->fd, "file", 10, &text, NULL), 0);
	assert_int_equal(text.len, 10);
	assert_int_equal(fsio_read_capped(t->fd, "file", 9, &text, NULL), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(fsio_read_capped(t->fd, "none", 9, &text, NULL), -1);
	assert_int_equal(errno, ENOENT);
	tmpdir_write(t->fd, "empty", "");
	assert_int_equal(fsio_read_capped(t->fd, "empty", 9, &text, NULL), 0);
	assert_int_equal(text.len, 0);
	assert_string_equal(buf_str(&text), "");
	buf_release(&text);
}

/* A file that says it is empty and is not. */
static void
test_fsio__read_capped_beyond_the_size(void **state)
{
	struct buf text = BUF_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(fsio_read_capped(AT_FDCWD, "/proc/self/status",
			     1 << 20, &text, &st),
	    0);
	assert_int_equal(st.st_size, 0);
	assert_true(text.len > 100);
	assert_int_equal(fsio_read_capped(AT_FDCWD, "/proc/self/status", 10,
			     &text, NULL),
	    -1);
	assert_int_equal(errno, EFBIG);
	buf_release(&text);
}

static void
test_fsio__create_never_replaces(void **state)
{
	struct tmpdir *t = *state;
	struct buf text = BUF_INIT;
	struct stat st;

	assert_int_equal(fsio_create(t->fd, "file", 0640, "a", 1), 0);
	assert_int_equal(fstatat(t->fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0737, 0600);
	assert_int_equal(fsio_create(t->fd, "file", 0600, "b", 1), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(symlinkat("target", t->fd, "link"), 0);
	assert_int_equal(fsio_create(t->fd, "link", 0600, "b", 1), -1);
	assert_false(tmpdir_has(t->fd, "target"));
	assert_int_equal(fsio_read_capped(t->fd, "file", 9, &text, NULL), 0);
	assert_string_equal(buf_str(&text), "a");
	buf_release(&text);
}

static void
test_fsio__publish_replaces_as_a_whole(void **state)
{
	struct tmpdir *t = *state;
	struct buf text = BUF_INIT;
	struct stat st;
	int old;

	tmpdir_write(t->fd, "file", "old text");
	old = openat(t->fd, "file", O_RDONLY);
	assert_int_equal(fsio_publish(t->fd, ".tmp", "file", 0400, "new", 3),
	    0);
	assert_false(tmpdir_has(t->fd, ".tmp"));
	assert_int_equal(fsio_read_capped(t->fd, "file", 99, &text, &st), 0);
	assert_string_equal(buf_str(&text), "new");
	assert_int_equal(st.st_mode & 0777, 0400);
	/* Who had it open goes on reading the old one. */
	assert_int_equal(fstat(old, &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(st.st_nlink, 0);
	close(old);
	buf_release(&text);
}

static void
test_fsio__publish_cleans_up_after_a_failure(void **state)
{
	struct tmpdir *t = *state;

	tmpdir_mkdir(t->fd, "dir");
	assert_int_equal(fsio_publish(t->fd, ".tmp", "dir", 0600, "x", 1), -1);
	assert_int_equal(errno, EISDIR);
	assert_false(tmpdir_has(t->fd, ".tmp"));
	/* A link planted under the hidden name is not written through. */
	assert_int_equal(symlinkat("target", t->fd, ".tmp"), 0);
	assert_int_equal(fsio_publish(t->fd, ".tmp", "file", 0600, "x", 1), -1);
	assert_false(tmpdir_has(t->fd, "target"));
	assert_false(tmpdir_has(t->fd, "file"));
}

static void
test_fsio__locks(void **state)
{
	struct tmpdir *t = *state;
	int lock;

	assert_int_equal(fsio_lock_test(t->fd, "pid"), FSIO_LOCK_UNKNOWN);
	tmpdir_write(t->fd, "pid", "1\n");
	assert_int_equal(fsio_lock_test(t->fd, "pid"), FSIO_LOCK_FREE);
	lock = openat(t->fd, "pid", O_RDONLY);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(fsio_lock_test(t->fd, "pid"), FSIO_LOCK_HELD);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	assert_int_equal(fsio_lock_test(t->fd, "pid"), FSIO_LOCK_FREE);
	close(lock);
	assert_int_equal(fsio_lock_test(t->fd, "pid"), FSIO_LOCK_FREE);
}

static void
test_fsio__names(void **state)
{
	char name[300];

	(void)state;
	assert_true(fsio_name_ok("x"));
	assert_true(fsio_name_ok(".hidden"));
	assert_true(fsio_name_ok("..."));
	assert_true(fsio_name_ok("a b\n\xff"));
	assert_false(fsio_name_ok(""));
	assert_false(fsio_name_ok("."));
	assert_false(fsio_name_ok(".."));
	assert_false(fsio_name_ok("a/b"));
	assert_false(fsio_name_ok("/"));
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	assert_false(fsio_name_ok(name));
	name[255] = '\0';
	assert_true(fsio_name_ok(name));
}

struct seen {
	int count;
	int stop_at;
};

static int
see(void *arg, const char *name)
{
	struct seen *seen = arg;

	assert_string_not_equal(name, ".");
	assert_string_not_equal(name, "..");
	return ++seen->count == seen->stop_at ? 42 : 0;
}

static void
test_fsio__each_entry(void **state)
{
	struct tmpdir *t = *state;
	struct seen seen = { 0, 0 };
	int again;

	tmpdir_write(t->fd, "a", "");
	tmpdir_write(t->fd, ".b", "");
	tmpdir_mkdir(t->fd, "c");
	for (again = 0; again < 2; again++) { /* from the start each time */
		seen.count = 0;
		assert_int_equal(fsio_each(t->fd, see, &seen), 0);
		assert_int_equal(seen.count, 3);
	}
	seen = (struct seen){ 0, 2 };
	assert_int_equal(fsio_each(t->fd, see, &seen), 42);
	assert_int_equal(seen.count, 2);
	assert_int_equal(fsio_each(-1, see, &seen), -1);
	assert_int_equal(errno, EBADF);
}

static void
test_fsio__stamps(void **state)
{
	const struct timespec times[2] = { { 1, 0 }, { 12, 345678901 } };
	struct tmpdir *t = *state;
	struct stat st;

	tmpdir_write(t->fd, "file", "");
	assert_int_equal(utimensat(t->fd, "file", times, 0), 0);
	assert_int_equal(fstatat(t->fd, "file", &st, 0), 0);
	assert_int_equal(fsio_mtime(&st), 12345678);
	assert_true(fsio_ctime(&st) > fsio_mtime(&st));
}

#define WITH_TMPDIR(test)                                                      \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TMPDIR(test_fsio__open_file_takes_plain_files_only),
		WITH_TMPDIR(test_fsio__open_dir_and_links),
		WITH_TMPDIR(test_fsio__read_capped),
		WITH_TMPDIR(test_fsio__read_capped_beyond_the_size),
		WITH_TMPDIR(test_fsio__create_never_replaces),
		WITH_TMPDIR(test_fsio__publish_replaces_as_a_whole),
		WITH_TMPDIR(test_fsio__publish_cleans_up_after_a_failure),
		WITH_TMPDIR(test_fsio__locks),
		WITH_TMPDIR(test_fsio__names),
		WITH_TMPDIR(test_fsio__each_entry),
		WITH_TMPDIR(test_fsio__stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
