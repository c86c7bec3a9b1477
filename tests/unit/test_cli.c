/*
 * test_cli.c: what the command line makes of numbers, jobs and logs
 *
 * Only pure functions and the grammar; whole verbs are tested end to end.
 */
#include "base/compat.h"

#include "faces/cli.h"
#include "faces/cli_format.h"
#include "faces/cli_stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_cli__duration(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{ -1, "-" },
		{ 0, "0.0s" },
		{ 0.04, "0.0s" },
		{ 1.2, "1.2s" },
		{ 59.94, "59.9s" },
		{ 59.96, "1m" },
		{ 60, "1m" },
		{ 123, "2m03s" },
		{ 841, "14m01s" },
		{ 1860, "31m" },
		{ 3599.4, "59m59s" },
		{ 3599.6, "1h" },
		{ 3600, "1h" },
		{ 3900, "1h05m" },
		{ 177000, "49h10m" },
		{ 1e300, "-" },
	};
	char text[FORMAT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		format_duration(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void
test_cli__size(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 312, "312 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 14 * 1024, "14 KiB" },
		{ 14 * 1024 + 400, "14 KiB" },
		{ 41LL << 20, "41 MiB" },
		{ (1LL << 20) - 1, "1 MiB" },
		{ INT64_MAX, "8 EiB" },
	};
	char text[FORMAT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		format_size(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static usec_t
at(const char *text)
{
	usec_t when;

	assert_int_equal(time_parse(text, &when), 0);
	return when;
}

static void
test_cli__moment(void **state)
{
	usec_t now = at("2026-11-22T18:00:00Z");
	char text[FORMAT_MAX];

	(void)state;
	format_moment(at("2026-11-22T17:42:10.9Z"), now, text);
	assert_string_equal(text, "17:42:10");
	format_moment(at("2026-11-21T23:59:59Z"), now, text);
	assert_string_equal(text, "Nov 21");
	format_moment(at("2025-11-22T17:42:10Z"), now, text);
	assert_string_equal(text, "2025-11-22");
	format_moment(-1, now, text);
	assert_string_equal(text, "-");
	format_time(at("2026-11-22T17:12:55Z"), text);
	assert_string_equal(text, "2026-11-22 17:12:55");
	format_time_on(at("2026-11-22T17:12:56Z"), now, text);
	assert_string_equal(text, "17:12:56");
	format_time_on(at("2026-11-21T17:12:56Z"), now, text);
	assert_string_equal(text, "2026-11-21 17:12:56");
}

static json_t *
job(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

/* What EXIT shows of a job. */
static void
check_exit(const char *json, const char *expected)
{
	char text[FORMAT_MAX];
	json_t *value = job(json);

	format_exit(value, text);
	assert_string_equal(text, expected);
	json_decref(value);
}

static void
test_cli__exit_column(void **state)
{
	(void)state;
	check_exit("{}", "-");
	check_exit("{\"exit_code\": 0}", "0");
	check_exit("{\"exit_code\": 7}", "7");
	check_exit("{\"signal\": \"SIGTERM\"}", "TERM");
	check_exit("{\"signal\": \"\"}", "-");
}

/* What WHAT shows of a job. */
static void
check_what(const char *json, const char *expected)
{
	struct buf out = BUF_INIT;
	json_t *value = job(json);

	format_what(value, &out);
	format_remarks(value, &out);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
	json_decref(value);
}

static void
test_cli__what_column(void **state)
{
	(void)state;
	check_what("{\"command\": \"make test\"}", "make test");
	check_what("{\"command\": \"npm run dev\", \"name\": \"dev\"}",
	    "dev: npm run dev");
	check_what("{\"command\": \"\", \"name\": \"alpha\"}", "alpha");
	check_what("{}", "");
	check_what("{\"command\": \"a\\nb\\u001b[2J\"}", "a\\nb\\x1b[2J");
	check_what("{\"command\": \"t\", \"progress\": {\"current\": 3, "
		   "\"total\": 10, \"unit\": \"epochs\"}}",
	    "t  [3/10 epochs]");
	check_what("{\"command\": \"t\", \"progress\": {\"current\": 2.5}}",
	    "t  [2.5]");
	check_what("{\"command\": \"t\", \"progress\": {\"total\": 10}, "
		   "\"phase\": \"linking\"}",
	    "t  [linking]");
	check_what("{\"command\": \"t\", \"leftover\": 1}",
	    "t  (1 process left behind)");
	check_what("{\"command\": \"t\", \"leftover\": 2}",
	    "t  (2 processes left behind)");
}

/* `text` after cutting what follows its first byte to `columns`. */
static void
check_cut(const char *text, size_t columns, const char *expected)
{
	struct buf out = BUF_INIT;

	buf_addstr(&out, text);
	format_cut(&out, 1, columns);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void
test_cli__cut(void **state)
{
	(void)state;
	check_cut(">make", 4, ">make");
	check_cut(">make test", 6, ">make …");
	check_cut(">make test", 1, ">…");
	check_cut(">make test", 0, ">");
	check_cut(">", 0, ">");
	/* A wide character that would not fit goes as a whole. */
	check_cut(">\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, ">\xe6\x97\xa5…");
}

static void
test_cli__id_prefix(void **state)
{
	static const char *const ids[] = {
		"0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34",
		"0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c35",
		"3f1c9a52-77d0-4be1-a3c4-0d9e8f7a6b5c",
		"3f1c9a52-87d0-4be1-a3c4-0d9e8f7a6b5c",
		"abc",
		"abcdefghi",
	};

	(void)state;
	assert_int_equal(format_prefix(ids, 6, 0, 8), 36);
	assert_int_equal(format_prefix(ids, 6, 2, 8), 10);
	assert_int_equal(format_prefix(ids, 6, 3, 8), 10);
	assert_int_equal(format_prefix(ids, 6, 4, 8), 3);
	assert_int_equal(format_prefix(ids, 6, 5, 8), 8);
	assert_int_equal(format_prefix(ids, 1, 0, 8), 8);
	assert_true(format_is_uuid(ids[0]));
	assert_false(format_is_uuid(ids[5]));
	assert_false(format_is_uuid("0F9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34"));
	assert_false(format_is_uuid(""));
}

static void
test_cli__exit_code(void **state)
{
	static const struct {
		enum status status;
		enum reason reason;
		int exit_code, signal, asked, expected;
	} cases[] = {
		{ STATUS_COMPLETED, REASON_EXIT, 0, 0, 0, 0 },
		{ STATUS_FAILED, REASON_EXIT, 7, 0, 0, 7 },
		{ STATUS_FAILED, REASON_SIGNAL, -1, 11, 0, 139 },
		{ STATUS_FAILED, REASON_TIMEOUT, -1, 15, 0, 124 },
		{ STATUS_FAILED, REASON_TIMEOUT, 0, 0, 0, 124 },
		{ STATUS_FAILED, REASON_ERROR, -1, 0, 0, 1 },
		{ STATUS_FAILED, REASON_ERROR, 0, 0, 0, 1 },
		{ STATUS_FAILED, REASON_EXIT, 256, 0, 0, 1 },
		{ STATUS_KILLED, REASON_CANCELLED, -1, 15, 15, 143 },
		{ STATUS_KILLED, REASON_CANCELLED, 0, 0, 2, 130 },
		{ STATUS_KILLED, REASON_CANCELLED, 0, 0, 0, 143 },
		{ STATUS_KILLED, REASON_CANCELLED, 3, 0, 15, 3 },
		{ STATUS_LOST, REASON_REBOOT, -1, 0, 0, 4 },
		{ STATUS_UNKNOWN, REASON_UNREADABLE, -1, 0, 0, 4 },
		{ STATUS_RUNNING, REASON_NONE, -1, 0, 0, 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(format_exit_code(cases[i].status,
				     cases[i].reason, cases[i].exit_code,
				     cases[i].signal, cases[i].asked),
		    cases[i].expected);
}

/* The synopsis of a verb. */
static void
check_synopsis(const char *verb, const char *expected)
{
	const struct cli_verb *row = cli_find_verb(verb);
	struct buf out = BUF_INIT;

	assert_non_null(row);
	cli_synopsis_of(&out, row);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void
test_cli__synopsis(void **state)
{
	(void)state;
	check_synopsis("run",
	    "jobdir run [-n NAME] [-C DIR] "
	    "[-e NAME[=VALUE]]... [-t TIME] [-k KEY] [-i] [-m] "
	    "[--max-log SIZE] [-w | -f] [--json] [--] COMMAND [ARG]...");
	check_synopsis("ls",
	    "jobdir ls [-a | -N COUNT] "
	    "[-s STATUS[,STATUS]] [-n NAME] [-q | --json | --jsonl]");
	check_synopsis("wait",
	    "jobdir wait [--any] [-t TIME] [-q | --json] "
	    "[-a | JOB...]");
	check_synopsis("path", "jobdir path [JOB]");
	assert_null(cli_find_verb("supervise"));
	assert_null(cli_find_verb("l"));
}

/* A log file with that content, opened as the log of a running job. */
static void
open_log(struct log *log, const char *content)
{
	struct log_shape shape = { .ended = false };
	char dir[] = "/tmp/test_cli.XXXXXX";
	struct err err = ERR_INIT;
	int fd, file;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = openat(fd, "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && file >= 0);
	assert_int_equal(write_full(file, content, strlen(content)), 0);
	assert_int_equal(log_open(log, fd, "log", &shape, &err), 0);
	close(file);
	assert_int_equal(unlinkat(fd, "log", 0), 0);
	close(fd);
	assert_int_equal(rmdir(dir), 0);
}

static void
check_tail(const char *content, int64_t lines, int64_t expected)
{
	struct err err = ERR_INIT;
	struct log log;

	open_log(&log, content);
	assert_int_equal(cli_log_tail_offset(&log, lines, &err), expected);
	log_close(&log);
}

static void
test_cli__tail_offset(void **state)
{
	(void)state;
	check_tail("", 3, 0);
	check_tail("a\nb\nc\n", 0, 6);
	check_tail("a\nb\nc\n", 1, 4);
	check_tail("a\nb\nc\n", 2, 2);
	check_tail("a\nb\nc\n", 3, 0);
	check_tail("a\nb\nc\n", 9, 0);
	check_tail("a\nb\nunfinished", 1, 4);
	check_tail("a\n\n\n", 2, 2);
}

static void
test_cli__tail_offset_across_blocks(void **state)
{
	char *text = xmalloc(200001);

	(void)state;
	memset(text, 'x', 200000);
	text[200000] = '\0';
	text[65535] = '\n';
	text[199999 - 65536] = '\n';
	check_tail(text, 1, 200000 - 65536);
	check_tail(text, 2, 65536);
	check_tail(text, 3, 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cli__duration),
		cmocka_unit_test(test_cli__size),
		cmocka_unit_test(test_cli__moment),
		cmocka_unit_test(test_cli__exit_column),
		cmocka_unit_test(test_cli__what_column),
		cmocka_unit_test(test_cli__cut),
		cmocka_unit_test(test_cli__id_prefix),
		cmocka_unit_test(test_cli__exit_code),
		cmocka_unit_test(test_cli__synopsis),
		cmocka_unit_test(test_cli__tail_offset),
		cmocka_unit_test(test_cli__tail_offset_across_blocks),
	};

	/* Times are shown as local ones. */
	if (setenv("TZ", "UTC", 1) < 0)
		return 1;
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
