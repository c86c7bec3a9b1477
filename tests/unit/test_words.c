/*
 * test_words.c: times, durations, sizes and signals as text (base/util.h)
 */
#include "base/compat.h"
#include "base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOON INT64_C(1795348800000000) /* 2026-11-22T12:00:00Z */

static void
test_words__times_are_written(void **state)
{
	static const struct {
		usec_t when;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ NOON, "2026-11-22T12:00:00.000000Z" },
		{ NOON + 1, "2026-11-22T12:00:00.000001Z" },
		{ NOON + 999999, "2026-11-22T12:00:00.999999Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ -1000000, "1969-12-31T23:59:59.000000Z" },
		{ INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z" },
		{ INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z" },
		{ INT64_C(-30641760000000001), "0998-12-31T23:59:59.999999Z" },
	};
	char text[TIME_TEXT_MAX];
	usec_t back;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		time_format(rows[i].when, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(time_parse(text, &back), 0);
		assert_int_equal(back, rows[i].when);
	}
	time_format(INT64_MAX, text); /* whatever it says, it fits */
	assert_true(strlen(text) < TIME_TEXT_MAX);
}

static void
test_words__times_are_read(void **state)
{
	static const struct {
		const char *text;
		usec_t when;
	} rows[] = {
		{ "2026-11-22T12:00:00Z", NOON },
		{ "2026-11-22t12:00:00z", NOON },
		{ "2026-11-22T12:00:00.5Z", NOON + 500000 },
		{ "2026-11-22T12:00:00.000001Z", NOON + 1 },
		{ "2026-11-22T12:00:00.000001999Z", NOON + 1 },
		{ "2026-11-22T13:00:00+01:00", NOON },
		{ "2026-11-22T06:30:00.25-05:30", NOON + 250000 },
		{ "2026-11-22T12:00:00+00:00", NOON },
		{ "2026-11-22T12:00:00-00:00", NOON },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
	};
	usec_t when;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		when = -1;
		if (time_parse(rows[i].text, &when) < 0 || when != rows[i].when)
			fail_msg("%s", rows[i].text);
	}
}

static void
test_words__what_is_no_time(void **state)
{
	static const char *const texts[] = { "", "2026", "2026-11-22",
		"2026-11-22T12:00", "2026-11-22T12:00:00",
		"2026-11-22 12:00:00Z", " 2026-11-22T12:00:00Z",
		"2026-11-22T12:00:00Z ", "2026-13-22T12:00:00Z",
		"2026-00-22T12:00:00Z", "2026-11-00T12:00:00Z",
		"2026-11-32T12:00:00Z", "2026-11-22T24:00:00Z",
		"2026-11-22T12:60:00Z", "2026-11-22T12:00:61Z",
		"2026-11-22T12:00:00.Z", "2026-11-22T12:00:00.1234567890Z",
		"2026-11-22T12:00:00+1", "2026-11-22T12:00:00+01",
		"2026-11-22T12:00:00+0100", "2026-11-22T12:00:00+24:00",
		"2026-11-22T12:00:00+01:60", "2026-11-22T12:00:00+01:00Z",
		"2026-11-22T12:00:00,5Z", "20261122T120000Z",
		"+026-11-22T12:00:00Z", "2026-1-22T12:00:00Z", "now",
		"2026-02-30T12:00:00Z", "0000-01-01T00:59:59+01:00",
		"9999-12-31T23:00:00-01:00" };
	usec_t when = 7;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (time_parse(texts[i], &when) == 0)
			fail_msg("'%s'", texts[i]);
	assert_int_equal(when, 7); /* left alone */
}

static void
test_words__durations(void **state)
{
	static const struct {
		const char *text;
		usec_t length; /* -1: none */
	} rows[] = {
		{ "90", 90 * USEC_PER_SEC },
		{ "90s", 90 * USEC_PER_SEC },
		{ "0", 0 },
		{ "1.5h", INT64_C(5400) * USEC_PER_SEC },
		{ "10m", 600 * USEC_PER_SEC },
		{ "2d", INT64_C(172800) * USEC_PER_SEC },
		{ "0.000001", 1 },
		{ ".5", 500000 },
		{ "10000000000", INT64_C(10000000000) * USEC_PER_SEC },
		{ "", -1 },
		{ ".", -1 },
		{ "s", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ " 1", -1 },
		{ "1 s", -1 },
		{ "1ms", -1 },
		{ "1w", -1 },
		{ "1h30m", -1 },
		{ "0x10", -1 },
		{ "nan", -1 },
		{ "inf", -1 },
		{ "1e400", -1 },
		{ "10000000001", -1 },
		{ "1000000d", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		usec_t length = -1;
		int result = duration_parse(rows[i].text, &length);

		if (result != (rows[i].length < 0 ? -1 : 0) ||
		    length != rows[i].length)
			fail_msg("'%s'", rows[i].text);
	}
}

static void
test_words__sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: none */
	} rows[] = {
		{ "0", 0 },
		{ "65536", 65536 },
		{ "1K", 1024 },
		{ "64M", INT64_C(64) << 20 },
		{ "64m", INT64_C(64) << 20 },
		{ "2G", INT64_C(2) << 30 },
		{ "9223372036854775807", INT64_MAX },
		{ "8589934591G", INT64_C(8589934591) << 30 },
		{ "8589934592G", -1 },
		{ "9223372036854775808", -1 },
		{ "99999999999999999999999999", -1 },
		{ "", -1 },
		{ "K", -1 },
		{ "-1", -1 },
		{ "1.5M", -1 },
		{ "1KB", -1 },
		{ "1T", -1 },
		{ "1 K", -1 },
		{ "0x10", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t bytes = -1;
		int result = size_parse(rows[i].text, &bytes);

		if (result != (rows[i].bytes < 0 ? -1 : 0) ||
		    (result == 0 && bytes != rows[i].bytes))
			fail_msg("'%s'", rows[i].text);
	}
}

static void
test_words__numbers(void **state)
{
	int64_t n = 0;

	(void)state;
	assert_int_equal(number_parse("0", 64, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_parse("64", 64, &n), 0);
	assert_int_equal(n, 64);
	assert_int_equal(number_parse("0064", 64, &n), 0);
	assert_int_equal(n, 64);
	assert_int_equal(number_parse("65", 64, &n), -1);
	assert_int_equal(number_parse("640", 64, &n), -1);
	assert_int_equal(number_parse("9223372036854775807", INT64_MAX, &n), 0);
	assert_int_equal(n, INT64_MAX);
	assert_int_equal(number_parse("9223372036854775808", INT64_MAX, &n),
	    -1);
	assert_int_equal(number_parse("", 64, &n), -1);
	assert_int_equal(number_parse("+1", 64, &n), -1);
	assert_int_equal(number_parse("-1", 64, &n), -1);
	assert_int_equal(number_parse("1 ", 64, &n), -1);
	assert_int_equal(number_parse(" 1", 64, &n), -1);
	assert_int_equal(number_parse("1e3", INT64_MAX, &n), -1);
}

static void
test_words__signals(void **state)
{
	char name[16], text[16];
	int signo;

	(void)state;
	assert_string_equal(signal_name(SIGTERM, name), "SIGTERM");
	assert_string_equal(signal_name(SIGKILL, name), "SIGKILL");
	assert_string_equal(signal_name(99, name), "SIG99");
	assert_string_equal(signal_name(-2147483647, name), "SIG-2147483647");
	for (signo = 1; signo <= 64; signo++) {
		assert_int_equal(signal_number(signal_name(signo, name)),
		    signo);
		snprintf(text, sizeof(text), "%d", signo);
		assert_int_equal(signal_number(text), signo);
	}
	assert_int_equal(signal_number("TERM"), SIGTERM);
	assert_int_equal(signal_number("term"), SIGTERM);
	assert_int_equal(signal_number("SigKill"), SIGKILL);
	assert_int_equal(signal_number("09"), SIGKILL);
}

static void
test_words__what_is_no_signal(void **state)
{
	static const char *const texts[] = { "", "0", "65", "-9", "SIG", "SIG0",
		"SIG65", "SIGSIGTERM", "TERM ", " TERM", "SIGNOTHING", "9.0",
		"KILLS" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (signal_number(texts[i]) != -1)
			fail_msg("'%s'", texts[i]);
}

static void
test_words__clocks(void **state)
{
	static const struct timespec ts = { 12, 345678901 };
	static const struct timespec ages = { INT64_MIN, 0 };
	char text[TIME_TEXT_MAX];

	(void)state;
	assert_int_equal(time_from_spec(&ts), 12345678);
	time_format(time_from_spec(&ages), text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
	assert_true(time_wall() > INT64_C(1700000000000000));
	assert_true(time_boot() >= time_mono() - USEC_PER_SEC);
	assert_true(time_mono() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words__times_are_written),
		cmocka_unit_test(test_words__times_are_read),
		cmocka_unit_test(test_words__what_is_no_time),
		cmocka_unit_test(test_words__durations),
		cmocka_unit_test(test_words__sizes),
		cmocka_unit_test(test_words__numbers),
		cmocka_unit_test(test_words__signals),
		cmocka_unit_test(test_words__what_is_no_signal),
		cmocka_unit_test(test_words__clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
