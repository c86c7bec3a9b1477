/*
 * test_spool.c: the runs root and the names in it (spool/spool.h)
 */
#include "base/compat.h"
#include "spool/spool.h"

#include "tmpdir.h"

#define UUID "0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34"
#define UUID2 "1e8b3d4f-9c2e-4d7f-8a1b-6c3f5e7d2b40"

static void
assert_claimed(const char *name, const char *expected)
{
	struct spool_job job;

	spool_job_native(&job, name);
	assert_string_equal(job.id, expected);
	spool_job_release(&job);
}

static void
test_spool__claimed_ids(void **state)
{
	(void)state;
	assert_claimed("20261122T173012Z__" UUID, UUID);
	assert_claimed("20261122T173012Z__nightly", "nightly");
	assert_claimed("nightly", "nightly");
	assert_claimed("20261122T173012Z__", "20261122T173012Z__");
	assert_claimed("20261122T173012Z_x", "20261122T173012Z_x");
	assert_claimed("2026-11-22_18-40-00__alpha",
	    "2026-11-22_18-40-00__alpha");
	assert_claimed("20261122T173012Z__20261122T173012Z__x",
	    "20261122T173012Z__x");
}

static void
test_spool__ids_are_printable(void **state)
{
	(void)state;
	assert_claimed("grün 漢字.v2", "grün 漢字.v2");
	assert_claimed("50%", "50%25");
	assert_claimed("a~b", "a%7Eb");
	assert_claimed("a\nb\x7f", "a%0Ab%7F");
	assert_claimed("\x1b[31m", "%1B[31m");
	assert_claimed("\xff\xc3", "%FF%C3");
	assert_claimed("\xc2\x9b"
		       "x",
	    "%C2%9Bx"); /* CSI in one character */
	assert_claimed("\xc2\xa0", "\xc2\xa0");
}

static void
test_spool__stamps(void **state)
{
	static const char *const none[] = { "x", "20261122T173012Z",
		"20261122T173012Z__", "20261122t173012Z__x",
		"2026112T1730123Z__x", "20261322T173012Z__x",
		"20261122T243012Z__x", " 20261122T173012Z__x" };
	size_t i;

	(void)state;
	assert_int_equal(spool_name_stamp("20261122T173012Z__x"),
	    INT64_C(1795368612000000));
	assert_int_equal(spool_name_stamp("19700101T000000Z__x"), 0);
	for (i = 0; i < ARRAY_LEN(none); i++)
		if (spool_name_stamp(none[i]) != -1)
			fail_msg("%s", none[i]);
}

static void
test_spool__names_are_made_of_time_and_id(void **state)
{
	char name[JOB_NAME_MAX];

	(void)state;
	spool_make_name(INT64_C(1795368612999999), UUID, name);
	assert_string_equal(name, "20261122T173012Z__" UUID);
	assert_int_equal(spool_name_stamp(name), INT64_C(1795368612000000));
}

static void
open_spool(struct spool *spool, const char *path)
{
	struct err err = ERR_INIT;

	if (spool_open(spool, path, &err) < 0)
		fail_msg("%s", err.text);
}

static void
test_spool__where_the_root_is(void **state)
{
	const char *before = getenv("HOME");
	cleanup_free char *home = xstrdup(before ? before : "/");
	struct err err = ERR_INIT;
	struct spool spool;

	(void)state;
	setenv("HOME", "/nowhere/home", 1);
	setenv("JOBDIR_ROOT", "/nowhere/variable//", 1);
	open_spool(&spool, "/nowhere/option");
	assert_string_equal(spool.path, "/nowhere/option");
	assert_int_equal(spool.fd, -1);
	spool_close(&spool);
	open_spool(&spool, NULL);
	assert_string_equal(spool.path, "/nowhere/variable");
	spool_close(&spool);
	setenv("JOBDIR_ROOT", "", 1);
	open_spool(&spool, NULL);
	assert_string_equal(spool.path,
	    "/nowhere/home/.local/state/jobdir/runs");
	spool_close(&spool);
	unsetenv("JOBDIR_ROOT");
	setenv("HOME", "not/absolute", 1);
	open_spool(&spool, NULL); /* the password database */
	assert_int_equal(spool.path[0], '/');
	assert_non_null(strstr(spool.path, "/.local/state/jobdir/runs"));
	spool_close(&spool);
	assert_int_equal(spool_open(&spool, "", &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	setenv("HOME", home, 1);
}

static void
test_spool__a_relative_root_is_made_absolute(void **state)
{
	cleanup_free char *expected = NULL;
	struct spool spool;
	char cwd[4096];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	expected = xasprintf("%s/no/such/root", cwd);
	open_spool(&spool, "no/such/root/");
	assert_string_equal(spool.path, expected);
	spool_close(&spool);
}

static void
test_spool__a_missing_root_is_empty(void **state)
{
	struct tmpdir *t = *state;
	cleanup_free char *path = xasprintf("%s/a/b/runs", t->path);
	struct err err = ERR_INIT;
	struct spool_index index;
	struct spool spool;
	struct stat st;

	open_spool(&spool, path);
	assert_int_equal(spool.fd, -1);
	assert_int_equal(spool_index_read(&index, &spool, &err), 0);
	assert_int_equal(index.count, 0);
	spool_index_release(&index);
	assert_false(tmpdir_has(t->fd, "a")); /* reading makes nothing */
	assert_int_equal(spool_recheck(&spool, &err), 0);

	assert_int_equal(spool_create(&spool, &err), 0);
	assert_true(spool.fd >= 0);
	assert_int_equal(fstat(spool.fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(spool.fd, ".new", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(tmpdir_has(spool.fd, ".keys"));
	assert_int_equal(spool_create(&spool, &err), 0); /* again */
	assert_int_equal(spool_recheck(&spool, &err), 0);
	spool_close(&spool);
}

static void
test_spool__another_root_under_the_same_path(void **state)
{
	struct tmpdir *t = *state;
	cleanup_free char *path = xasprintf("%s/runs", t->path);
	struct err err = ERR_INIT;
	struct spool spool;

	tmpdir_mkdir(t->fd, "runs");
	open_spool(&spool, path);
	assert_int_equal(renameat(t->fd, "runs", t->fd, "old"), 0);
	assert_int_equal(spool_recheck(&spool, &err), 1); /* gone */
	assert_int_equal(spool.fd, -1);
	assert_int_equal(spool_recheck(&spool, &err), 0);
	tmpdir_mkdir(t->fd, "runs");
	tmpdir_mkdir(t->fd, "runs/mark");
	assert_int_equal(spool_recheck(&spool, &err), 1); /* another one */
	assert_true(tmpdir_has(spool.fd, "mark"));
	assert_int_equal(spool_recheck(&spool, &err), 0);
	spool_close(&spool);
}

static void
test_spool__a_file_is_no_root(void **state)
{
	struct tmpdir *t = *state;
	cleanup_free char *path = xasprintf("%s/file", t->path);
	struct err err = ERR_INIT;
	struct spool spool;

	tmpdir_write(t->fd, "file", "");
	assert_int_equal(spool_open(&spool, path, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_int_equal(err.sys, ENOTDIR);
}

static void
test_spool__the_root_may_be_a_link(void **state)
{
	struct tmpdir *t = *state;
	cleanup_free char *path = xasprintf("%s/link", t->path);
	struct spool spool;

	tmpdir_mkdir(t->fd, "runs");
	assert_int_equal(symlinkat("runs", t->fd, "link"), 0);
	open_spool(&spool, path);
	assert_true(spool.fd >= 0);
	spool_close(&spool);
}

static void
assert_index(const struct tmpdir *t, const char *const (*expected)[2],
    size_t count)
{
	struct err err = ERR_INIT;
	struct spool_index index;
	struct spool spool;
	size_t i;

	open_spool(&spool, t->path);
	assert_int_equal(spool_index_read(&index, &spool, &err), 0);
	assert_int_equal(index.count, count);
	for (i = 0; i < count; i++) {
		assert_string_equal(index.entries[i].job.name, expected[i][0]);
		assert_string_equal(index.entries[i].job.id, expected[i][1]);
	}
	spool_index_release(&index);
	assert_null(index.entries);
	spool_close(&spool);
}

static void
test_spool__newest_first(void **state)
{
	static const char *const expected[][2] = {
		{ "zeta", "zeta" },
		{ "alpha", "alpha" },
		{ "20261122T173013Z__" UUID2, UUID2 },
		{ "20261122T173012Z__b", "b" },
		{ "20261122T173012Z__a", "a" },
		{ "20251122T173012Z__" UUID, UUID },
	};
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(expected); i++)
		tmpdir_mkdir(t->fd, expected[(i * 5 + 2) % 6][0]);
	assert_index(t, expected, ARRAY_LEN(expected));
}

static void
test_spool__only_visible_directories(void **state)
{
	static const char *const expected[][2] = { { "job", "job" } };
	struct tmpdir *t = *state;

	tmpdir_mkdir(t->fd, "job");
	tmpdir_mkdir(t->fd, ".new");
	tmpdir_mkdir(t->fd, ".20261122T173012Z__" UUID);
	tmpdir_write(t->fd, "README.md", "");
	assert_int_equal(symlinkat("job", t->fd, "link"), 0);
	assert_int_equal(mkfifoat(t->fd, "pipe", 0600), 0);
	assert_index(t, expected, ARRAY_LEN(expected));
}

static void
test_spool__claimants_of_one_id(void **state)
{
	static const char *const expected[][2] = {
		{ "backup", "backup~backup" },
		{ "20261122T000000Z__backup", "backup" },
		{ "20261121T000000Z__other", "other" },
		{ "20261120T000000Z__backup",
		    "backup~20261120T000000Z__backup" },
	};
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(expected); i++)
		tmpdir_mkdir(t->fd, expected[i][0]);
	assert_index(t, expected, ARRAY_LEN(expected));
}

/* Only what jobdir names itself is taken for a directory without a look. */
static void
test_spool__names_of_its_own(void **state)
{
	static const struct {
		const char *name;
		bool own;
	} rows[] = {
		{ "20261122T173012Z__" UUID, true },
		{ "20261122T173012Z__" UUID "x", false },
		{ "20261122T173012Z__0f9c2c5e", false },
		{ "20261122T173012Z__0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c3g",
		    false },
		{ UUID, false },
	};
	struct tmpdir *t = *state;
	struct err err = ERR_INIT;
	struct spool_index index;
	struct spool spool;
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		tmpdir_mkdir(t->fd, rows[i].name);
	open_spool(&spool, t->path);
	assert_int_equal(spool_index_read(&index, &spool, &err), 0);
	assert_int_equal(index.count, ARRAY_LEN(rows));
	for (i = 0; i < index.count; i++)
		for (k = 0; k < ARRAY_LEN(rows); k++)
			if (strcmp(index.entries[i].job.name, rows[k].name) ==
			    0)
				assert_int_equal(index.entries[i].own,
				    rows[k].own);
	spool_index_release(&index);
	spool_close(&spool);
}

static void
test_spool__many(void **state)
{
	enum { MANY = 1000 };
	struct tmpdir *t = *state;
	struct err err = ERR_INIT;
	struct spool_index index;
	struct spool spool;
	char name[64];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "20260101T00%02d%02dZ__%d",
		    i / 60 % 60, i % 60, i % 10);
		tmpdir_mkdir(t->fd, name);
	}
	open_spool(&spool, t->path);
	assert_int_equal(spool_index_read(&index, &spool, &err), 0);
	assert_int_equal(index.count, MANY);
	for (i = 0; i < MANY; i++) {
		assert_true(i == 0 ||
		    index.entries[i].stamp < index.entries[i - 1].stamp);
		assert_int_equal(!strchr(index.entries[i].job.id, '~'), i < 10);
	}
	spool_index_release(&index);
	spool_close(&spool);
}

#define WITH_TMPDIR(test)                                                      \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

static struct stat
changed_at(time_t second, long nsec)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_ctim.tv_sec = second;
	st.st_ctim.tv_nsec = nsec;
	return st;
}

/* Of a file system that keeps whole seconds the next change may leave the same
 * stamp for as long. */
static void
test_spool__what_has_settled(void **state)
{
	const struct stat fine = changed_at(100, 4000000);
	const struct stat coarse = changed_at(100, 0);
	const usec_t begun = (usec_t)100 * USEC_PER_SEC;

	(void)state;
	assert_false(spool_is_stamp_settled(&fine, begun + 4000));
	assert_false(spool_is_stamp_settled(&fine, begun + 53999));
	assert_true(spool_is_stamp_settled(&fine, begun + 54000));
	assert_false(spool_is_stamp_settled(&coarse, begun + 1999999));
	assert_true(spool_is_stamp_settled(&coarse, begun + 2000000));
	/* The clock was set back. */
	assert_false(spool_is_stamp_settled(&fine, begun - USEC_PER_SEC));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spool__claimed_ids),
		cmocka_unit_test(test_spool__ids_are_printable),
		cmocka_unit_test(test_spool__stamps),
		cmocka_unit_test(test_spool__names_are_made_of_time_and_id),
		cmocka_unit_test(test_spool__where_the_root_is),
		cmocka_unit_test(test_spool__a_relative_root_is_made_absolute),
		WITH_TMPDIR(test_spool__a_missing_root_is_empty),
		WITH_TMPDIR(test_spool__another_root_under_the_same_path),
		WITH_TMPDIR(test_spool__a_file_is_no_root),
		WITH_TMPDIR(test_spool__the_root_may_be_a_link),
		WITH_TMPDIR(test_spool__newest_first),
		WITH_TMPDIR(test_spool__only_visible_directories),
		WITH_TMPDIR(test_spool__claimants_of_one_id),
		WITH_TMPDIR(test_spool__names_of_its_own),
		WITH_TMPDIR(test_spool__many),
		cmocka_unit_test(test_spool__what_has_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
