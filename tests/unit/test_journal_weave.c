/*
 * test_journal_weave.c: reading the journal of a weave run (spool/journal.h)
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

static void
parse(struct journal *j, const char *text)
{
	struct err err = ERR_INIT;

	journal_init(j);
	if (journal_parse_weave(j, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", err.text, text);
}

static void
test_journal_weave__what_is_no_record(void **state)
{
	static const char *const rows[] = { "", "{", "[]", "{\"entries\": [" };
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		journal_init(&j);
		assert_int_equal(journal_parse_weave(&j, rows[i],
				     strlen(rows[i]), &err),
		    -1);
		assert_true(err_is_set(&err));
		journal_release(&j);
	}
}

static void
test_journal_weave__nothing_told(void **state)
{
	static const char *const rows[] = { "{}",
		"{\"last_run_started_at\":null,\"last_run_completed\":null,"
		"\"last_run_completed_at\":null,\"last_run_failed_at\":null,"
		"\"last_run_error\":null,\"phase\":null,\"entries\":null}" };
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&j, rows[i]);
		assert_string_equal(j.complaint, "");
		assert_false(j.ended || j.reports_success);
		assert_int_equal(j.weave_completed, -1);
		assert_int_equal(j.started, -1);
		assert_int_equal(j.finished, -1);
		assert_int_equal(j.entries, -1);
		assert_null(j.progress);
		assert_null(j.error);
		journal_release(&j);
	}
}

/* Completed, and with what error: which end is it? */
static void
test_journal_weave__ends(void **state)
{
	static const struct {
		const char *text;
		int completed;
		bool ended, success;
		const char *error; /* NULL: none */
	} rows[] = {
		{ "{\"last_run_completed\":false}", 0, false, false, NULL },
		{ "{\"last_run_completed\":true}", 1, true, true, NULL },
		{ "{\"last_run_completed\":true,\"last_run_error\":\"e\"}", 1,
		    true, false, "e" },
		{ "{\"last_run_completed\":false,\"last_run_error\":\"e\"}", 0,
		    true, false, "e" },
		{ "{\"last_run_error\":\"\"}", -1, true, false, "" },
		{ "{\"phase\":\"running\"}", -1, false, false, NULL },
		{ "{\"phase\":\"error: no input\"}", -1, true, false,
		    "error: no input" },
		{ "{\"phase\":\"error: p\",\"last_run_completed\":true}", 1,
		    true, false, "error: p" },
		/* The error's own words go before those of the phase. */
		{ "{\"phase\":\"error: p\",\"last_run_error\":\"e\"}", -1, true,
		    false, "e" },
	};
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&j, rows[i].text);
		if (j.weave_completed != rows[i].completed ||
		    j.ended != rows[i].ended ||
		    j.reports_success != rows[i].success)
			fail_msg("%s", rows[i].text);
		assert_int_equal(j.error != NULL, rows[i].error != NULL);
		if (rows[i].error)
			assert_string_equal(j.error, rows[i].error);
		assert_string_equal(j.complaint, "");
		journal_release(&j);
	}
}

/* The times of the clock on the wall count only for a run that ended. */
static void
test_journal_weave__times(void **state)
{
	struct journal j;
	usec_t started, finished;

	(void)state;
	assert_int_equal(time_parse_local("2026-03-01T10:00:00", &started), 0);
	assert_int_equal(time_parse_local("2026-03-01T10:05:00", &finished), 0);
	parse(&j,
	    "{\"last_run_started_at\":\"2026-03-01T10:00:00\","
	    "\"last_run_completed\":true,"
	    "\"last_run_completed_at\":\"2026-03-01T10:05:00\"}");
	assert_string_equal(j.weave_started, "2026-03-01T10:00:00");
	assert_int_equal(j.started, started);
	assert_int_equal(j.finished, finished);
	assert_null(j.weave_failed);
	journal_release(&j);

	parse(&j,
	    "{\"last_run_completed\":false,\"last_run_error\":\"e\","
	    "\"last_run_failed_at\":\"2026-03-01T10:05:00\"}");
	assert_string_equal(j.weave_failed, "2026-03-01T10:05:00");
	assert_int_equal(j.finished, finished);
	journal_release(&j);

	parse(&j,
	    "{\"last_run_completed\":false,"
	    "\"last_run_completed_at\":\"2026-03-01T10:05:00\"}");
	assert_false(j.ended);
	assert_int_equal(j.finished, -1);
	journal_release(&j);
}

static void
test_journal_weave__entries_are_progress(void **state)
{
	static const struct {
		const char *text;
		int64_t entries;
	} rows[] = {
		{ "{\"entries\":[]}", 0 },
		{ "{\"entries\":[{},1,null]}", 3 },
	};
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		parse(&j, rows[i].text);
		assert_int_equal(j.entries, rows[i].entries);
		assert_int_equal(json_integer_value(
				     json_object_get(j.progress, "current")),
		    rows[i].entries);
		assert_string_equal(json_string_value(
					json_object_get(j.progress, "unit")),
		    "entries");
		journal_release(&j);
	}
}

/* It is left out and told; the others count. */
static void
test_journal_weave__wrong_types(void **state)
{
	static const struct {
		const char *member;
		const char *complaint;
	} rows[] = {
		{ "\"last_run_started_at\":17",
		    "last_run_started_at is no string" },
		{ "\"last_run_started_at\":\"soon\"",
		    "last_run_started_at is no time" },
		{ "\"last_run_completed_at\":\"2026-13-01T00:00:00\"",
		    "last_run_completed_at is no time" },
		{ "\"last_run_failed_at\":{}",
		    "last_run_failed_at is no string" },
		{ "\"last_run_completed\":\"true\"",
		    "last_run_completed is neither true nor false" },
		{ "\"last_run_completed\":1",
		    "last_run_completed is neither true nor false" },
		{ "\"last_run_error\":[]", "last_run_error is no string" },
		{ "\"entries\":{}", "entries is no list" },
		{ "\"entries\":3", "entries is no list" },
	};
	struct journal j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *text =
		    xasprintf("{%s, \"phase\": \"p\"}", rows[i].member);

		parse(&j, text);
		assert_string_equal(j.complaint, rows[i].complaint);
		assert_string_equal(j.phase, "p");
		assert_false(j.ended);
		assert_int_equal(j.weave_completed, -1);
		assert_int_equal(j.started, -1);
		assert_int_equal(j.entries, -1);
		assert_null(j.progress);
		journal_release(&j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_weave__what_is_no_record),
		cmocka_unit_test(test_journal_weave__nothing_told),
		cmocka_unit_test(test_journal_weave__ends),
		cmocka_unit_test(test_journal_weave__times),
		cmocka_unit_test(test_journal_weave__entries_are_progress),
		cmocka_unit_test(test_journal_weave__wrong_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
