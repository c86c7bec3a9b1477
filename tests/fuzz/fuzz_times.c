/*
 * fuzz_times.c: times, durations, sizes, numbers and signals as text
 *
 * Holds: what is accepted has a bounded value, and is the same after it was
 * printed and read again.
 *
 * covers: src/base/words.c
 */
#include "base/compat.h"
#include "fuzz.h"

#include <time.h>

/* A time is printed as one that is read as itself. */
static void
check_time(usec_t when)
{
	char text[TIME_TEXT_MAX];
	usec_t again;

	time_format(when, text);
	FUZZ_CHECK(strlen(text) == strlen("2026-11-22T17:30:12.418123Z"));
	FUZZ_CHECK(time_parse(text, &again) == 0);
	FUZZ_CHECK(again == when);
	FUZZ_CHECK(time_parse_local(text, &again) == 0 && again == when);
}

/* The time is that of the same text with Z, less the offset. */
static void
check_offset(const char *text, usec_t when)
{
	size_t len = strlen(text), at = len - strlen("+hh:mm");
	struct buf zulu = BUF_INIT;
	int hours, minutes;
	usec_t base, offset;

	if (len < 26 || sscanf(text + at + 1, "%d:%d", &hours, &minutes) != 2)
		return;
	buf_add(&zulu, text, at);
	buf_addch(&zulu, 'Z');
	offset = (hours * 60 + minutes) * (usec_t)60 * USEC_PER_SEC;
	if (text[at] == '+')
		offset = -offset;
	/* The last leap second there is would be in the year 10000. */
	if (time_parse(buf_str(&zulu), &base) == 0)
		FUZZ_CHECK(when == base + offset);
	else
		FUZZ_CHECK(strncmp(text, "9999-12-31", 10) == 0 &&
		    strncmp(text + 11, "23:59:60", 8) == 0);
	buf_release(&zulu);
}

static void
check_times(const char *text)
{
	usec_t when, local;

	if (time_parse(text, &when) == 0) {
		check_time(when);
		check_offset(text, when);
		FUZZ_CHECK(time_parse_local(text, &local) == 0);
		FUZZ_CHECK(local == when);
	} else if (time_parse_local(text, &local) == 0) {
		check_time(local);
	}
}

static void
check_number(const char *text)
{
	int64_t number, size;
	char again[32];

	if (number_parse(text, INT64_MAX, &number) < 0)
		return;
	FUZZ_CHECK(number >= 0);
	FUZZ_CHECK(number_parse(text, number, &size) == 0);
	FUZZ_CHECK(number == 0 || number_parse(text, number - 1, &size) < 0);
	snprintf(again, sizeof(again), "%lld", (long long)number);
	FUZZ_CHECK(number_parse(again, INT64_MAX, &size) == 0);
	FUZZ_CHECK(size == number);
	if (strlen(text) < 24)
		FUZZ_CHECK(size_parse(text, &size) == 0 && size == number);
}

static void
check_signal(const char *text)
{
	int signo = signal_number(text);
	char name[16];

	FUZZ_CHECK(signo == -1 || (signo > 0 && signo <= 64));
	if (signo > 0)
		FUZZ_CHECK(signal_number(signal_name(signo, name)) == signo);
}

/* Stamps of files may be anything; those of clocks go on. */
static void
check_stamp(const uint8_t *data, size_t size)
{
	struct timespec ts = { 0, 0 };
	int64_t seconds;

	if (size < sizeof(seconds))
		return;
	memcpy(&seconds, data, sizeof(seconds));
	ts.tv_sec = (time_t)seconds;
	ts.tv_nsec = size * 1000 % 1000000000;
	if (ts.tv_sec > -62135596800)
		check_time(time_from_spec(&ts));
	FUZZ_CHECK(time_wall() > 0 && time_boot() > 0);
	FUZZ_CHECK(time_mono() <= time_mono());
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	usec_t length;
	int64_t bytes;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	check_times(text);
	if (duration_parse(text, &length) == 0)
		FUZZ_CHECK(length >= 0 &&
		    length <= (usec_t)10000000000 * USEC_PER_SEC);
	if (size_parse(text, &bytes) == 0)
		FUZZ_CHECK(bytes >= 0);
	check_number(text);
	check_signal(text);
	check_stamp(data, size);
	free(text);
	return 0;
}
