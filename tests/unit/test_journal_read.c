/*
 * test_journal_read.c: reading records that others wrote (spool/journal.h)
 */
#include "base/compat.h"
#include "spool/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

/* A copy without a NUL at its end, so that a read behind it is seen. */
static int
parse_bytes(struct journal *j, const char *text, size_t len, struct err *err)
{
	char *copy = xmalloc(len);
	int result;

	memcpy(copy, text, len);
	journal_init(j);
	err_clear(err);
	result = journal_parse(j, copy, len, err);
	free(copy);
	return result;
}

static void
parse(struct journal *j, const char *text)
{
	struct err err = ERR_INIT;

	if (parse_bytes(j, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", err.text, text);
}

static void
assert_refused(const char *text, size_t len, const char *why)
{
	struct err err = ERR_INIT;
	struct journal j;

	assert_int_equal(parse_bytes(&j, text, len, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
	journal_release(&j);
	assert_null(j.doc);
}

#define REFUSED(text, why) assert_refused(text, sizeof(text) - 1, why)

static void
test_journal_read__what_is_no_record(void **state)
{
	(void)state;
	REFUSED("", "is empty");
	REFUSED("{", "line 1");
	REFUSED("{\n \"id\": \"x\",\n \"started\": \"20", "line 3");
	REFUSED("[]", "is no JSON object");
	REFUSED("[{}]", "is no JSON object");
	REFUSED("\"text\"", "");
	REFUSED("null", "");
	REFUSED("17", "");
	REFUSED("{} {}", "line 1");
	REFUSED("{\"id\": \"\xff\"}", "0xff");
	REFUSED("{\"id\": \"a\0b\"}", "line 1");
	REFUSED("{}\0", "line 1");
	REFUSED("{\"a\\u0000b\": 1}", "NUL");
	/* A number that no double holds. */
	REFUSED("{\"pid\": 1e999}", "real number");
	REFUSED("\0\0\0\0", "line 1");
	/* The text of the error quotes half a character, and a control. */
	REFUSED("{\"\\\xf0\xa4\xa2\xa2\"", "near '\"\\\xef\xbf\xbd'");
	REFUSED("{\"a\":\x1b", "near '\\x1b'");
}

static void
test_journal_read__deep_nesting(void **state)
{
	static const char *const opening[] = { "[", "{\"a\":" };
	struct err err = ERR_INIT;
	struct journal j;
	size_t i;
	int depth;

	(void)state;
	for (i = 0; i < ARRAY_LEN(opening); i++) {
		struct buf text = BUF_INIT;

		buf_addstr(&text, "{\"result\":");
		for (depth = 0; depth < 100000; depth++)
			buf_addstr(&text, opening[i]);
		assert_int_equal(parse_bytes(&j, text.data, text.len, &err),
		    -1);
		journal_release(&j);
		buf_release(&text);
	}
}

static void
test_journal_read__any_subset(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{}");
	assert_false(j.ended);
	assert_string_equal(j.complaint, "");
	journal_release(&j);
	parse(&j,
	    "{\"name\":\"n\",\"unknown\":{\"pid\":[1]},\"phase\":\"p\","
	    "\"progress\":{\"current\":1},\"result\":[1,null],"
	    "\"error\":\"e\"}");
	assert_string_equal(j.name, "n");
	assert_string_equal(j.phase, "p");
	assert_string_equal(j.error, "e");
	assert_true(json_is_object(j.progress));
	assert_true(json_is_array(j.result));
	assert_string_equal(j.complaint, "");
	journal_release(&j);
}

static void
test_journal_read__null_is_absent(void **state)
{
	struct journal j;

	(void)state;
	parse(&j,
	    "{\"id\":null,\"argv\":null,\"pid\":null,\"started\":null,"
	    "\"timeout_seconds\":null,\"interactive\":null,"
	    "\"supervisor\":null,\"progress\":null,\"result\":null,"
	    "\"cancel\":null,\"exit_code\":null,\"signal\":null,"
	    "\"finished\":null,\"stdout\":null}");
	assert_string_equal(j.complaint, "");
	assert_false(j.ended);
	assert_false(j.cancelled);
	assert_null(j.argv);
	assert_null(j.result);
	assert_int_equal(j.started, -1);
	journal_release(&j);
}

/* Any of the three is an end. */
static void
test_journal_read__what_is_an_end(void **state)
{
	static const struct {
		const char *text;
		bool ended;
	} rows[] = {
		{ "{\"finished\":\"2026-01-01T00:00:00Z\"}", true },
		{ "{\"exit_code\":0}", true },
		{ "{\"signal\":\"KILL\"}", true },
		{ "{\"exit_code\":256}", false },
		{ "{\"exit_code\":-1}", false },
		{ "{\"signal\":\"SIGNOTHING\"}", false },
		{ "{\"finished\":\"yesterday\"}", false },
		{ "{\"reason\":\"exit\"}", false },
		{ "{\"error\":\"e\"}", false },
		{ "{\"cancel\":{}}", false },
		{ "{\"duration_seconds\":1}", false },
	};
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&j, rows[i].text);
		if (j.ended != rows[i].ended)
			fail_msg("%s", rows[i].text);
		journal_release(&j);
	}
}

/* A member that is not as it should be, and what is said of it. */
static const struct {
	const char *member;
	const char *complaint;
} wrong[] = {
	{ "\"id\":1", "id is no string" },
	{ "\"name\":[\"x\"]", "name is no string" },
	{ "\"command\":{}", "command is no string" },
	{ "\"argv\":\"make\"", "argv is no list" },
	{ "\"argv\":[\"make\",1]", "argv is no list of strings" },
	{ "\"env_names\":{}", "env_names is no list" },
	{ "\"interactive\":\"yes\"", "interactive is neither true nor false" },
	{ "\"from_run\":1", "from_run is neither true nor false" },
	{ "\"timeout_seconds\":\"90\"",
	    "timeout_seconds is no number that makes sense" },
	{ "\"timeout_seconds\":-1",
	    "timeout_seconds is no number that makes sense" },
	{ "\"max_log_bytes\":-5", "max_log_bytes is out of range" },
	{ "\"max_log_bytes\":true", "max_log_bytes is no number" },
	{ "\"max_log_bytes\":1e300", "max_log_bytes is out of range" },
	{ "\"timeout_seconds\":1e19",
	    "timeout_seconds is no number that makes sense" },
	{ "\"created\":1763800000", "created is no string" },
	{ "\"started\":\"2026-13-01T00:00:00Z\"",
	    "started is no RFC 3339 time" },
	{ "\"boot_id\":7", "boot_id is no string" },
	{ "\"pid_namespace\":-1", "pid_namespace is out of range" },
	{ "\"supervisor\":4241", "supervisor is no object" },
	{ "\"supervisor\":{\"pid\":\"1\"}", "pid is no number" },
	{ "\"pid\":2147483648", "pid is out of range" },
	{ "\"pid\":-2", "pid is out of range" },
	{ "\"start_time\":\"now\"", "start_time is no number" },
	/* 2^63, which a double holds and the member does not. */
	{ "\"start_time\":9223372036854775808", "start_time is out of range" },
	{ "\"progress\":0.5", "progress is no object" },
	{ "\"exit_code\":\"0\"", "exit_code is no number" },
	{ "\"exit_code\":256", "exit_code is out of range" },
	{ "\"signal\":9", "signal is no string" },
	{ "\"signal\":\"SIGX\"", "signal is no signal" },
	{ "\"duration_seconds\":\"1s\"",
	    "duration_seconds is no number that makes sense" },
	{ "\"cancel\":true", "cancel is no object" },
	{ "\"cancel\":{\"at\":\"now\"}", "at is no RFC 3339 time" },
	{ "\"rusage\":[]", "rusage is no object" },
	{ "\"stdout\":5", "stdout is no object" },
	{ "\"stdout\":{\"bytes\":-1}", "bytes is out of range" },
	{ "\"stderr\":{\"dropped\":1}", "dropped is no object" },
};

/* It is left out and told; the others count. */
static void
test_journal_read__wrong_types_and_ranges(void **state)
{
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		cleanup_free char *text =
		    xasprintf("{%s, \"phase\": \"p\", \"host\": \"h\"}",
			wrong[i].member);

		parse(&j, text);
		assert_string_equal(j.complaint, wrong[i].complaint);
		assert_string_equal(j.phase, "p");
		assert_string_equal(j.host, "h");
		assert_false(j.ended);
		assert_false(j.cancelled && !strstr(text, "\"at\""));
		assert_true(j.max_log_bytes == -1 && j.timeout_usec == -1);
		assert_true(j.command_id.pid == 0 && j.supervisor.pid == 0);
		assert_true(j.out.bytes == 0 && j.err.dropped_bytes == 0);
		assert_null(j.argv);
		journal_release(&j);
	}
}

static void
test_journal_read__the_first_complaint_is_told(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"signal\":1,\"name\":2,\"pid\":\"3\"}");
	assert_string_equal(j.complaint, "name is no string");
	journal_release(&j);
}

static void
test_journal_read__duplicate_keys(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"exit_code\":0,\"name\":\"a\",\"exit_code\":1}");
	assert_int_equal(j.exit_code, 1); /* the last one counts */
	assert_string_equal(j.name, "a");
	journal_release(&j);
}

static void
test_journal_read__whole_numbers_as_reals(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"exit_code\":7.0,\"pid\":42.0,\"timeout_seconds\":1.5}");
	assert_int_equal(j.exit_code, 7);
	assert_int_equal(j.command_id.pid, 42);
	assert_int_equal(j.timeout_usec, 1500000);
	journal_release(&j);
}

/* A limit longer than anybody waits is none. */
static void
test_journal_read__time_limits(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"timeout_seconds\":0}");
	assert_int_equal(j.timeout_usec, 0);
	journal_release(&j);
	parse(&j, "{\"timeout_seconds\":1e10}");
	assert_int_equal(j.timeout_usec, -1);
	journal_release(&j);
	parse(&j, "{\"timeout_seconds\":9999999999}");
	assert_int_equal(j.timeout_usec, INT64_C(9999999999000000));
	journal_release(&j);
}

static void
test_journal_read__forms_of_signals_and_times(void **state)
{
	struct journal j;

	(void)state;
	parse(&j,
	    "{\"signal\":\"TERM\",\"cancel\":{\"signal\":\"9\"},"
	    "\"finished\":\"2026-11-22T18:30:12.5+01:00\"}");
	assert_int_equal(j.signal, SIGTERM);
	assert_int_equal(j.cancel_signal, SIGKILL);
	assert_true(j.cancelled);
	assert_int_equal(j.cancel_at, -1);
	assert_null(j.cancel_by);
	assert_int_equal(j.finished, INT64_C(1795368612500000));
	journal_release(&j);
}

/* An escaped NUL ends what is seen of a string, and nothing else. */
static void
test_journal_read__escaped_nul(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"name\":\"a\\u0000b\",\"phase\":\"\\u0000\"}");
	assert_string_equal(j.name, "a");
	assert_string_equal(j.phase, "");
	assert_string_equal(j.complaint, "");
	journal_release(&j);
}

static void
test_journal_read__long_values(void **state)
{
	char boot_id[200], *text;
	struct journal j;

	(void)state;
	memset(boot_id, 'b', sizeof(boot_id) - 1);
	boot_id[sizeof(boot_id) - 1] = '\0';
	text = xasprintf("{\"boot_id\":\"%s\",\"argv\":[]}", boot_id);
	parse(&j, text);
	assert_int_equal(strlen(j.place.boot_id), PROC_BOOT_ID_MAX - 1);
	assert_null(j.argv);
	journal_release(&j);
	free(text);
}

static void
test_journal_read__released_twice(void **state)
{
	struct journal j;

	(void)state;
	parse(&j, "{\"argv\":[\"a\"],\"env_names\":[\"B\"]}");
	assert_string_equal(j.argv[0], "a");
	assert_null(j.argv[1]);
	assert_string_equal(j.env_names[0], "B");
	journal_release(&j);
	assert_null(j.argv);
	journal_release(&j);
}

/* Both owners hold the texts, and each its own lists. */
static void
test_journal_read__copied(void **state)
{
	static const struct {
		const char *text;
		const char *word, *name; /* the first of each; NULL: none */
	} rows[] = {
		{ "{\"id\":\"x\"}", NULL, NULL },
		{ "{\"id\":\"x\",\"argv\":[\"a\",\"b\"]}", "a", NULL },
		{ "{\"id\":\"x\",\"env_names\":[\"E\"]}", NULL, "E" },
		{ "{\"id\":\"x\",\"argv\":[\"a\",\"b\"],"
		  "\"env_names\":[\"E\"]}",
		    "a", "E" },
	};
	struct journal j, copy;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&j, rows[i].text);
		journal_copy(&copy, &j);
		journal_release(&j);
		assert_string_equal(copy.id, "x");
		assert_int_equal(copy.argv != NULL, rows[i].word != NULL);
		assert_int_equal(copy.env_names != NULL, rows[i].name != NULL);
		if (rows[i].word) {
			assert_string_equal(copy.argv[0], rows[i].word);
			assert_string_equal(copy.argv[1], "b");
			assert_null(copy.argv[2]);
		}
		if (rows[i].name) {
			assert_string_equal(copy.env_names[0], rows[i].name);
			assert_null(copy.env_names[1]);
		}
		journal_release(&copy);
	}
}

static void
assert_progress(const struct journal *j, const char *phase, const char *text)
{
	json_t *expected = json_loads(text, 0, NULL);

	assert_string_equal(j->phase ? j->phase : "", phase);
	assert_non_null(expected);
	assert_true(json_equal(j->progress, expected));
	json_decref(expected);
}

/* progress.json goes before what the record says. */
static void
test_journal_read__progress_of_its_own(void **state)
{
	static const char full[] = "{\"phase\":\"b\",\"current\":3,"
				   "\"total\":10,\"unit\":\"files\"}";
	static const char next[] = "{\"current\":4}";
	static const char *const bad[] = { "", "[]", "{\"current\":", "3",
		"{}}" };
	struct err err = ERR_INIT;
	struct journal j;
	size_t i;

	(void)state;
	parse(&j, "{\"phase\":\"a\",\"progress\":{\"current\":1}}");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err_clear(&err);
		assert_int_equal(journal_take_progress(&j, bad[i],
				     strlen(bad[i]), &err),
		    -1);
		assert_true(err_is_set(&err));
		assert_progress(&j, "a", "{\"current\":1}");
	}
	err_clear(&err);
	assert_int_equal(journal_take_progress(&j, full, strlen(full), &err),
	    0);
	assert_progress(&j, "b", full);
	/* The next one without a phase takes the last one's back. */
	assert_int_equal(journal_take_progress(&j, next, strlen(next), &err),
	    0);
	assert_progress(&j, "", next);
	journal_release(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_read__what_is_no_record),
		cmocka_unit_test(test_journal_read__deep_nesting),
		cmocka_unit_test(test_journal_read__any_subset),
		cmocka_unit_test(test_journal_read__null_is_absent),
		cmocka_unit_test(test_journal_read__what_is_an_end),
		cmocka_unit_test(test_journal_read__wrong_types_and_ranges),
		cmocka_unit_test(
		    test_journal_read__the_first_complaint_is_told),
		cmocka_unit_test(test_journal_read__duplicate_keys),
		cmocka_unit_test(test_journal_read__whole_numbers_as_reals),
		cmocka_unit_test(test_journal_read__time_limits),
		cmocka_unit_test(test_journal_read__forms_of_signals_and_times),
		cmocka_unit_test(test_journal_read__escaped_nul),
		cmocka_unit_test(test_journal_read__long_values),
		cmocka_unit_test(test_journal_read__released_twice),
		cmocka_unit_test(test_journal_read__copied),
		cmocka_unit_test(test_journal_read__progress_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
