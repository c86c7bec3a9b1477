/*
 * test_request.c: asking a job to stop (spool/request.h)
 */
#include "base/compat.h"
#include "spool/request.h"

#include "tmpdir.h"

#define AT INT64_C(1795368612000000)

/* `cancel` holds that text; what does it ask for?  With `by` NULL nobody said
 * who, so it was the owner of the file. */
static void
assert_asks(const struct tmpdir *t, const char *text, int signo,
    double grace_seconds, const char *by)
{
	struct request request;
	char owner[32];

	snprintf(owner, sizeof(owner), "uid %ld", (long)geteuid());
	tmpdir_write(t->fd, "cancel", text);
	memset(&request, 0xa5, sizeof(request));
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.signal, signo);
	assert_int_equal(request.grace, (usec_t)(grace_seconds * USEC_PER_SEC));
	assert_string_equal(request.by, by ? by : owner);
}

static void
test_request__no_file_is_none(void **state)
{
	struct tmpdir *t = *state;
	struct request request;

	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 0);
}

static void
test_request__an_empty_file_asks_for_the_default(void **state)
{
	struct tmpdir *t = *state;
	struct request request;
	struct stat st;

	assert_asks(t, "", SIGTERM, REQUEST_GRACE_DEFAULT, NULL);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(fstatat(t->fd, "cancel", &st, 0), 0);
	assert_int_equal(request.at, fsio_mtime(&st));
}

static void
test_request__lines(void **state)
{
	struct tmpdir *t = *state;
	struct request request;

	assert_asks(t,
	    "signal SIGINT\ngrace_seconds 2.5\nat 2026-11-22T17:30:12Z\n"
	    "by claude-code 2.1.317\n",
	    SIGINT, 2.5, "claude-code 2.1.317");
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.at, AT);
	assert_asks(t, "signal KILL", SIGKILL, 5, NULL); /* no newline */
	assert_asks(t, "signal 2\nsignal 3\n", 3, 5, NULL);
	assert_asks(t, "grace_seconds 0\n", SIGTERM, 0, NULL);
	assert_asks(t, "grace_seconds 1m\n", SIGTERM, 60, NULL);
}

/* What is not understood is the default, and hides nothing else. */
static void
test_request__nonsense_is_the_default(void **state)
{
	static const char *const texts[] = { "\n\n\n", "signal\n", "signal \n",
		"signal SIGNOTHING\n", "signal 0\n", "signal 65\n",
		"signal  SIGKILL\n", "SIGNAL SIGKILL\n", " signal SIGKILL\n",
		"grace_seconds -1\n", "grace_seconds soon\n",
		"grace_seconds 1e300\n", "{\"signal\": \"SIGKILL\"}\n",
		"at yesterday\n", "\xff\xfe\x01" };
	struct tmpdir *t = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		assert_asks(t, texts[i], SIGTERM, 5, NULL);
	assert_asks(t, "nonsense\nsignal KILL\ngrace_seconds x\nby me\n",
	    SIGKILL, 5, "me");
}

static void
test_request__by_is_made_harmless(void **state)
{
	struct tmpdir *t = *state;
	char text[512], expected[REQUEST_BY_MAX];
	struct request request;

	assert_asks(t, "by a\"b\\c\x1b[31m\xc3\xbc\n", SIGTERM, 5,
	    "a?b?c?[31m??");
	memset(expected, 'x', sizeof(expected) - 1);
	expected[sizeof(expected) - 1] = '\0';
	snprintf(text, sizeof(text), "by %s%s\n", expected, expected);
	assert_asks(t, text, SIGTERM, 5, expected);
	request_set_by(&request, NULL);
	assert_string_equal(request.by, "");
}

static void
test_request__a_huge_file_is_cut(void **state)
{
	struct tmpdir *t = *state;
	struct request request;
	int fd;

	tmpdir_write(t->fd, "cancel", "signal SIGKILL\n");
	fd = openat(t->fd, "cancel", O_WRONLY);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	close(fd);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.signal, SIGKILL);
}

/* Whatever has that name asks, and nothing is followed or waited for. */
static void
test_request__what_is_no_file_asks_too(void **state)
{
	struct tmpdir *t = *state;
	struct request request;

	tmpdir_write(t->fd, "target", "signal SIGKILL\n");
	assert_int_equal(symlinkat("target", t->fd, "cancel"), 0);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.signal, SIGTERM);
	assert_int_equal(unlinkat(t->fd, "cancel", 0), 0);
	assert_int_equal(mkfifoat(t->fd, "cancel", 0600), 0);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(unlinkat(t->fd, "cancel", 0), 0);
	tmpdir_mkdir(t->fd, "cancel");
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.grace, 5 * USEC_PER_SEC);
}

static int
write_request(const struct tmpdir *t, int signo, usec_t at, double grace)
{
	struct request request = { .signal = signo,
		.at = at,
		.grace = (usec_t)(grace * USEC_PER_SEC) };
	struct err err = ERR_INIT;
	int result;

	request_set_by(&request, "me");
	result = request_write(t->fd, JOB_CANCEL, &request, &err);
	if (result < 0)
		fail_msg("%s", err.text);
	return result;
}

static int
count_hidden(void *arg, const char *name)
{
	int *count = arg;

	*count += *name == '.';
	return 0;
}

static void
test_request__written_and_read_back(void **state)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGUSR1, 35 };
	struct tmpdir *t = *state;
	struct request request;
	struct stat st;
	int hidden = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++) {
		assert_int_equal(write_request(t, signals[i], AT, 7.25), 1);
		assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
		assert_int_equal(request.signal, signals[i]);
		assert_int_equal(request.at, AT);
		assert_int_equal(request.grace, 7250000);
		assert_string_equal(request.by, "me");
		assert_int_equal(fstatat(t->fd, "cancel", &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(unlinkat(t->fd, "cancel", 0), 0);
	}
	assert_int_equal(fsio_each(t->fd, count_hidden, &hidden), 0);
	assert_int_equal(hidden, 0);
}

static void
test_request__only_a_stronger_one_replaces(void **state)
{
	static const struct {
		int signo;
		int at; /* seconds later */
		double grace;
		int stands;
	} rows[] = {
		{ SIGTERM, 0, 3600, 1 }, /* kills after an hour */
		{ SIGINT, 0, 3600, 0 },  /* no sooner */
		{ SIGTERM, 10, 3590, 0 },
		{ SIGTERM, 10, 5, 1 }, /* kills after 15 seconds */
		{ SIGTERM, 11, 5, 0 },
		{ SIGKILL, 20, 0, 0 }, /* later than that */
		{ SIGKILL, 12, 99, 1 },
		{ SIGTERM, 12, 0, 0 },
		{ SIGKILL, 13, 0, 0 },
	};
	struct tmpdir *t = *state;
	struct request request;
	int last = 0, hidden = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		int result = write_request(t, rows[i].signo,
		    AT + (usec_t)rows[i].at * USEC_PER_SEC, rows[i].grace);

		if (result != rows[i].stands)
			fail_msg("row %zu", i);
		if (result)
			last = rows[i].signo;
		assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
		assert_int_equal(request.signal, last);
	}
	assert_int_equal(fsio_each(t->fd, count_hidden, &hidden), 0);
	assert_int_equal(hidden, 0);
}

static void
test_request__sigkill_replaces_a_touched_file(void **state)
{
	struct tmpdir *t = *state;
	struct request request;

	tmpdir_write(t->fd, "cancel", "");
	assert_int_equal(write_request(t, SIGKILL, time_wall(), 0), 1);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.signal, SIGKILL);
}

/* What a killed asker of the same number left does not stand in the way. */
static void
test_request__remains_of_a_dead_asker(void **state)
{
	struct tmpdir *t = *state;
	struct request request;
	char name[32];

	snprintf(name, sizeof(name), ".cancel-%ld", (long)getpid());
	tmpdir_write(t->fd, name, "signal SIGH");
	assert_int_equal(write_request(t, SIGINT, AT, 1), 1);
	assert_int_equal(request_read(t->fd, JOB_CANCEL, &request), 1);
	assert_int_equal(request.signal, SIGINT);
	assert_false(tmpdir_has(t->fd, name));
}

static void
test_request__a_removed_directory_is_an_error(void **state)
{
	struct request request = { .signal = SIGTERM };
	struct tmpdir *t = *state;
	struct err err = ERR_INIT;
	int fd;

	tmpdir_mkdir(t->fd, "job");
	fd = openat(t->fd, "job", O_RDONLY | O_DIRECTORY);
	assert_int_equal(unlinkat(t->fd, "job", AT_REMOVEDIR), 0);
	assert_int_equal(request_read(fd, JOB_CANCEL, &request), 0);
	assert_int_equal(request_write(fd, JOB_CANCEL, &request, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	close(fd);
}

#define WITH_TMPDIR(test)                                                      \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TMPDIR(test_request__no_file_is_none),
		WITH_TMPDIR(test_request__an_empty_file_asks_for_the_default),
		WITH_TMPDIR(test_request__lines),
		WITH_TMPDIR(test_request__nonsense_is_the_default),
		WITH_TMPDIR(test_request__by_is_made_harmless),
		WITH_TMPDIR(test_request__a_huge_file_is_cut),
		WITH_TMPDIR(test_request__what_is_no_file_asks_too),
		WITH_TMPDIR(test_request__written_and_read_back),
		WITH_TMPDIR(test_request__only_a_stronger_one_replaces),
		WITH_TMPDIR(test_request__sigkill_replaces_a_touched_file),
		WITH_TMPDIR(test_request__remains_of_a_dead_asker),
		WITH_TMPDIR(test_request__a_removed_directory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
