/*
 * test_watch.c: "something changed in this directory" (engines/watch.h)
 *
 * Every test runs with each backend.  A change must be told before the slow
 * rescan would tell it anyway; nothing else about time is asserted.
 */
#include "base/compat.h"
#include "engines/watch.h"

#include "tmpdir.h"

struct scene {
	struct tmpdir *t;
	struct loop *loop;
	struct watch *watch;
	struct watch_handle *handle;
	struct watch_handle *other;
	char name[64]; /* told last; "" for any */
	bool told;     /* somebody, since the last wait */
	int changes;   /* told to the handle */
	int others;    /* told to the other one */
};

static const enum watch_kind kinds[] = { WATCH_INOTIFY, WATCH_POLL,
	WATCH_AUTO };

static void
open_scene(struct scene *s, struct tmpdir *t, enum watch_kind kind)
{
	struct err err = ERR_INIT;

	memset(s, 0, sizeof(*s));
	s->t = t;
	s->loop = loop_new(&err);
	s->watch = watch_new(s->loop, kind, &err);
	if (!s->watch)
		fail_msg("%s", err.text);
}

static void
close_scene(struct scene *s)
{
	watch_remove(s->handle);
	watch_remove(s->other);
	watch_free(s->watch);
	loop_free(s->loop);
}

static void
changed(void *arg)
{
	struct scene *s = arg;

	s->changes++;
	s->told = true;
	loop_stop(s->loop, 1);
}

static void
other_changed(void *arg)
{
	struct scene *s = arg;

	s->others++;
	s->told = true;
	loop_stop(s->loop, 1);
}

static void
named(void *arg, const char *name)
{
	struct scene *s = arg;

	snprintf(s->name, sizeof(s->name), "%s", name ? name : "");
	changed(s);
}

static void
too_late(void *arg)
{
	struct scene *s = arg;

	/* On a machine that stood still both may come in one round. */
	if (!s->told)
		loop_stop(s->loop, 0);
}

/* Until some handle is told of a change. */
static void
wait_for_change(struct scene *s, const char *what)
{
	struct loop_timer *limit = loop_timer(s->loop,
	    time_mono() + WATCH_RESCAN - USEC_PER_SEC, too_late, s);

	s->told = false;
	if (loop_run(s->loop) == 0)
		fail_msg("nobody was told: %s", what);
	loop_timer_cancel(limit);
}

static void
test_watch__changes_of_names(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;

		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
		tmpdir_write(t->fd, "file", "");
		wait_for_change(&s, "made");
		assert_int_equal(renameat(t->fd, "file", t->fd, "new"), 0);
		wait_for_change(&s, "renamed");
		assert_int_equal(unlinkat(t->fd, "new", 0), 0);
		wait_for_change(&s, "removed");
		tmpdir_mkdir(t->fd, "dir");
		wait_for_change(&s, "directory made");
		assert_int_equal(unlinkat(t->fd, "dir", AT_REMOVEDIR), 0);
		wait_for_change(&s, "directory removed");
		assert_true(s.changes >= 5);
		close_scene(&s);
	}
}

static void
append(const struct tmpdir *t, const char *name)
{
	int fd = openat(t->fd, name, O_WRONLY | O_APPEND);

	assert_int_equal(write_full(fd, "x", 1), 0);
	close(fd);
}

static void
test_watch__changes_of_content(void **state)
{
	struct tmpdir *t = *state;
	size_t i;
	int k;

	tmpdir_write(t->fd, "log", "");
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;

		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, t->fd,
		    WATCH_NAMES | WATCH_CONTENT, changed, &s);
		for (k = 0; k < 3; k++) {
			append(t, "log");
			wait_for_change(&s, "written");
		}
		close_scene(&s);
	}
}

/* The end record takes the place of the record. */
static void
test_watch__a_file_is_replaced(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	tmpdir_write(t->fd, "journal.json", "old");
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;

		tmpdir_write(t->fd, ".end", "new");
		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
		assert_int_equal(renameat(t->fd, ".end", t->fd, "journal.json"),
		    0);
		wait_for_change(&s, "replaced");
		close_scene(&s);
	}
}

/* `rm -r`: told at the latest when its files go. */
static void
test_watch__the_directory_is_removed(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;
		int dir;

		tmpdir_mkdir(t->fd, "job");
		dir = openat(t->fd, "job", O_RDONLY | O_DIRECTORY);
		tmpdir_write(dir, "pid", "");
		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, dir, WATCH_NAMES, changed, &s);
		close(dir); /* it has its own copy */
		assert_int_equal(tmpdir_unlink(&t->fd, "job"), 0);
		wait_for_change(&s, "removed");
		close_scene(&s);
	}
}

static void
test_watch__the_directory_is_renamed(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;
		int dir;

		tmpdir_mkdir(t->fd, "job");
		dir = openat(t->fd, "job", O_RDONLY | O_DIRECTORY);
		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, dir, WATCH_NAMES, changed, &s);
		close(dir);
		assert_int_equal(renameat(t->fd, "job", t->fd, ".gone"), 0);
		wait_for_change(&s, "renamed");
		assert_int_equal(tmpdir_unlink(&t->fd, ".gone"), 0);
		close_scene(&s);
	}
}

/* One directory, two handles; the one that is left is still told. */
static void
test_watch__two_handles_of_one_directory(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;
		int before;

		open_scene(&s, t, kinds[i]);
		s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
		s.other =
		    watch_add(s.watch, t->fd, WATCH_NAMES, other_changed, &s);
		tmpdir_write(t->fd, "a", "");
		while (!s.changes || !s.others)
			wait_for_change(&s, "made, both");
		watch_remove(s.handle);
		s.handle = NULL;
		before = s.changes;
		s.others = 0;
		assert_int_equal(unlinkat(t->fd, "a", 0), 0);
		wait_for_change(&s, "removed, the other");
		assert_int_equal(s.changes, before);
		close_scene(&s);
	}
}

static void
removes_both(void *arg)
{
	struct scene *s = arg;

	s->changes++;
	s->told = true;
	watch_remove(s->handle);
	watch_remove(s->other);
	s->handle = s->other = NULL;
	loop_stop(s->loop, 1);
}

static void
test_watch__removed_in_its_own_callback(void **state)
{
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct scene s;

		open_scene(&s, t, kinds[i]);
		s.handle =
		    watch_add(s.watch, t->fd, WATCH_NAMES, removes_both, &s);
		s.other =
		    watch_add(s.watch, t->fd, WATCH_NAMES, removes_both, &s);
		tmpdir_write(t->fd, "a", "");
		wait_for_change(&s, "made");
		assert_int_equal(s.changes, 1);
		assert_int_equal(unlinkat(t->fd, "a", 0), 0);
		/* Nobody is left to be told; another handle works as ever. */
		s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
		tmpdir_write(t->fd, "b", "");
		wait_for_change(&s, "made, a new handle");
		assert_int_equal(unlinkat(t->fd, "b", 0), 0);
		close_scene(&s);
	}
}

/* More events than one reading takes, and more than the queue may hold. */
static void
test_watch__a_burst(void **state)
{
	enum { BURST = 20000 };
	struct tmpdir *t = *state;
	struct scene s;
	int i;

	tmpdir_write(t->fd, "a", "");
	open_scene(&s, t, WATCH_INOTIFY);
	s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
	for (i = 0; i < BURST; i++)
		assert_int_equal(renameat(t->fd, i % 2 ? "b" : "a", t->fd,
				     i % 2 ? "a" : "b"),
		    0);
	wait_for_change(&s, "a burst");
	close_scene(&s);
}

static void
test_watch__many_directories(void **state)
{
	enum { MANY = 300 };
	struct tmpdir *t = *state;
	struct watch_handle *handles[MANY];
	struct scene s;
	char name[16];
	int i, dir;

	open_scene(&s, t, WATCH_INOTIFY);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		tmpdir_mkdir(t->fd, name);
		dir = openat(t->fd, name, O_RDONLY | O_DIRECTORY);
		handles[i] = watch_add(s.watch, dir, WATCH_NAMES,
		    i == 7 ? changed : other_changed, &s);
		close(dir);
	}
	tmpdir_mkdir(t->fd, "7/new");
	wait_for_change(&s, "one of many");
	assert_int_equal(s.others, 0);
	for (i = 0; i < MANY; i++)
		watch_remove(handles[i]);
	close_scene(&s);
}

static void
test_watch__names_of_entries(void **state)
{
	struct tmpdir *t = *state;
	struct scene s;

	open_scene(&s, t, WATCH_INOTIFY);
	s.handle = watch_add_named(s.watch, t->fd,
	    WATCH_NAMES | WATCH_CONTENT | WATCH_NO_RESCAN, named, &s);
	tmpdir_mkdir(t->fd, "one");
	wait_for_change(&s, "made");
	assert_string_equal(s.name, "one");
	assert_int_equal(renameat(t->fd, "one", t->fd, "two"), 0);
	do
		wait_for_change(&s, "renamed");
	while (strcmp(s.name, "two") != 0);
	close_scene(&s);
	/* Where it is polled, any may have changed. */
	open_scene(&s, t, WATCH_POLL);
	s.handle = watch_add_named(s.watch, t->fd, WATCH_NAMES, named, &s);
	strcpy(s.name, "x");
	tmpdir_mkdir(t->fd, "three");
	wait_for_change(&s, "made");
	assert_string_equal(s.name, "");
	assert_null(watch_add_named(s.watch, t->fd, WATCH_NAMES | WATCH_NO_POLL,
	    named, &s));
	close_scene(&s);
}

/* The kernel drops the watch, says so, and no descriptor keeps the directory
 * from going. */
static void
test_watch__a_lost_watch(void **state)
{
	struct tmpdir *t = *state;
	struct scene s;
	int dir;

	tmpdir_mkdir(t->fd, "job");
	dir = openat(t->fd, "job", O_RDONLY | O_DIRECTORY);
	open_scene(&s, t, WATCH_INOTIFY);
	s.handle = watch_add_named(s.watch, dir,
	    WATCH_NAMES | WATCH_NO_RESCAN | WATCH_NO_POLL, named, &s);
	assert_non_null(s.handle);
	close(dir);
	assert_int_equal(unlinkat(t->fd, "job", AT_REMOVEDIR), 0);
	while (!watch_is_lost(s.handle))
		wait_for_change(&s, "removed");
	tmpdir_mkdir(t->fd, "job");
	watch_remove(s.handle);
	dir = openat(t->fd, "job", O_RDONLY | O_DIRECTORY);
	s.handle = watch_add_named(s.watch, dir, WATCH_NAMES | WATCH_NO_POLL,
	    named, &s);
	tmpdir_write(dir, "file", "");
	while (strcmp(s.name, "file") != 0)
		wait_for_change(&s, "made in the new one");
	close(dir);
	close_scene(&s);
}

static int
count_descriptors(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
test_watch__no_descriptor_of_a_directory(void **state)
{
	struct tmpdir *t = *state;
	struct scene s;
	int before;

	open_scene(&s, t, WATCH_INOTIFY);
	before = count_descriptors();
	s.handle = watch_add(s.watch, t->fd, WATCH_NAMES, changed, &s);
	assert_int_equal(count_descriptors(), before);
	close_scene(&s);
}

static void
test_watch__words(void **state)
{
	(void)state;
	assert_int_equal(watch_kind_from_word("auto"), WATCH_AUTO);
	assert_int_equal(watch_kind_from_word("inotify"), WATCH_INOTIFY);
	assert_int_equal(watch_kind_from_word("poll"), WATCH_POLL);
	assert_int_equal(watch_kind_from_word(""), -1);
	assert_int_equal(watch_kind_from_word("kqueue"), -1);
	watch_remove(NULL);
	watch_free(NULL);
}

#define WITH_TMPDIR(test)                                                      \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TMPDIR(test_watch__changes_of_names),
		WITH_TMPDIR(test_watch__changes_of_content),
		WITH_TMPDIR(test_watch__a_file_is_replaced),
		WITH_TMPDIR(test_watch__the_directory_is_removed),
		WITH_TMPDIR(test_watch__the_directory_is_renamed),
		WITH_TMPDIR(test_watch__two_handles_of_one_directory),
		WITH_TMPDIR(test_watch__removed_in_its_own_callback),
		WITH_TMPDIR(test_watch__a_burst),
		WITH_TMPDIR(test_watch__many_directories),
		WITH_TMPDIR(test_watch__names_of_entries),
		WITH_TMPDIR(test_watch__a_lost_watch),
		WITH_TMPDIR(test_watch__no_descriptor_of_a_directory),
		cmocka_unit_test(test_watch__words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
