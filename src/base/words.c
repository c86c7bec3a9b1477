/*
 * words.c: times, durations, sizes and signals as text (util.h)
 *
 * Invariant: parsing takes the whole text or fails; nothing is guessed.
 */
#include "base/compat.h"
#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The times that RFC 3339 can write. */
#define TIME_LEAST INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define TIME_MOST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static usec_t
clock_usec(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return time_from_spec(&ts);
}

usec_t
time_wall(void)
{
	return clock_usec(CLOCK_REALTIME);
}

usec_t
time_boot(void)
{
	return clock_usec(CLOCK_BOOTTIME);
}

usec_t
time_mono(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

usec_t
time_from_spec(const struct timespec *ts)
{
	/* A file may carry any time stamp. */
	if (ts->tv_sec > TIME_MOST)
		return (usec_t)TIME_MOST * USEC_PER_SEC;
	if (ts->tv_sec < TIME_LEAST)
		return (usec_t)TIME_LEAST * USEC_PER_SEC;
	return (usec_t)ts->tv_sec * USEC_PER_SEC + ts->tv_nsec / 1000;
}

/*
 * Days of the Gregorian calendar and back, by Howard Hinnant, "chrono-
 * Compatible Low-Level Date Algorithms".  The C library has the same, but takes
 * a lock for it, which threads that read times would queue for.  Years begin in
 * March here, so that the leap day is the last one; an era has 400 of them.
 */
enum { ERA_DAYS = 146097, EPOCH_DAY = 719468 /* since 0000-03-01 */ };

static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year =
	    (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - EPOCH_DAY;
}

static void
date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + EPOCH_DAY;
	int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t in_era = z - era * ERA_DAYS;
	int64_t of_era = (in_era - in_era / 1460 + in_era / 36524 -
			     in_era / (ERA_DAYS - 1)) /
	    365;
	int64_t in_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
	int64_t from_march = (5 * in_year + 2) / 153;

	*day = (int)(in_year - (153 * from_march + 2) / 5 + 1);
	*month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
	*year = (int)(era * 400 + of_era) + (*month <= 2);
}

/* `digits` of `number` and what follows them; the place after it. */
static char *
put_digits(char *text, int64_t number, int digits, char after)
{
	int i;

	for (i = digits - 1; i >= 0; i--) {
		text[i] = (char)('0' + number % 10);
		number /= 10;
	}
	text[digits] = after;
	return text + digits + 1;
}

void
time_format(usec_t when, char text[TIME_TEXT_MAX])
{
	const int64_t day_usec = INT64_C(86400) * USEC_PER_SEC;
	int64_t days = when / day_usec, rest = when % day_usec, seconds;
	int year, month, day;

	if (rest < 0) {
		rest += day_usec;
		days--;
	}
	date_of(days, &year, &month, &day);
	seconds = rest / USEC_PER_SEC;
	text = put_digits(text, year, 4, '-');
	text = put_digits(text, month, 2, '-');
	text = put_digits(text, day, 2, 'T');
	text = put_digits(text, seconds / 3600, 2, ':');
	text = put_digits(text, seconds / 60 % 60, 2, ':');
	text = put_digits(text, seconds % 60, 2, '.');
	text = put_digits(text, rest % USEC_PER_SEC, 6, 'Z');
	*text = '\0';
}

/* Offset from UTC in seconds of "Z", "+hh:mm" or "-hh:mm"; -1 if neither. */
static int
parse_offset(const char *text, int *offset)
{
	int hours, minutes, end = 0;

	*offset = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if ((*text != '+' && *text != '-') || !isdigit((unsigned char)text[1]))
		return -1;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 ||
	    end != 5 || text[6] != '\0' || hours > 23 || minutes > 59)
		return -1;
	*offset = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
	return 0;
}

/* The number that so many digits write. */
static int
digits_at(const char *text, int count)
{
	int number = 0;

	for (; count > 0; count--)
		number = number * 10 + (*text++ - '0');
	return number;
}

/* "2026-11-22T18:40:00.123456" into its parts; what follows, or NULL. */
static const char *
parse_clock(const char *text, struct tm *tm, usec_t *fraction)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	int digits = 0;
	size_t i;

	for (i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i])
				    : shape[i] != text[i] &&
			    !(shape[i] == 'T' && text[i] == 't'))
			return NULL;
	memset(tm, 0, sizeof(*tm));
	tm->tm_year = digits_at(text, 4);
	tm->tm_mon = digits_at(text + 5, 2);
	tm->tm_mday = digits_at(text + 8, 2);
	tm->tm_hour = digits_at(text + 11, 2);
	tm->tm_min = digits_at(text + 14, 2);
	tm->tm_sec = digits_at(text + 17, 2);
	if (tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
	    tm->tm_mday > 31 || tm->tm_hour > 23 || tm->tm_min > 59 ||
	    tm->tm_sec > 60)
		return NULL;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	*fraction = 0;
	if (text[i] == '.') {
		for (i++; isdigit((unsigned char)text[i]); i++)
			if (digits++ < 6)
				*fraction = *fraction * 10 + (text[i] - '0');
		if (digits == 0 || digits > 9)
			return NULL;
	}
	for (; digits < 6; digits++)
		*fraction *= 10;
	return text + i;
}

int64_t
time_of_date(int year, int month, int day, int hour, int minute, int second)
{
	int64_t days = days_of(year, month, day);
	int real_year, real_month, real_day;

	date_of(days, &real_year, &real_month, &real_day);
	if (real_day != day) /* the month has no such day */
		return TIME_NONE;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/* Store a time, unless its offset moves it out of the years that there are. */
static int
store_time(int64_t seconds, usec_t fraction, usec_t *when)
{
	if (seconds < TIME_LEAST || seconds > TIME_MOST)
		return -1;
	*when = seconds * USEC_PER_SEC + fraction;
	return 0;
}

int
time_parse(const char *text, usec_t *when)
{
	const char *rest;
	usec_t fraction;
	int64_t seconds;
	int offset;
	struct tm tm;

	rest = parse_clock(text, &tm, &fraction);
	if (!rest || parse_offset(rest, &offset) < 0)
		return -1;
	seconds = time_of_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (seconds == TIME_NONE)
		return -1;
	return store_time(seconds - offset, fraction, when);
}

int
time_parse_local(const char *text, usec_t *when)
{
	const char *rest;
	usec_t fraction;
	struct tm tm;
	time_t seconds;
	int day;

	rest = parse_clock(text, &tm, &fraction);
	if (!rest || *rest)
		return time_parse(text, when);
	day = tm.tm_sec == 60 ? 0 : tm.tm_mday; /* a leap second moves it */
	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	if (day != 0 && tm.tm_mday != day)
		return -1;
	return store_time(seconds, fraction, when);
}

int
duration_parse(const char *text, usec_t *length)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 } };
	double number;
	char *end;
	size_t i;

	if (!isdigit((unsigned char)*text) && *text != '.')
		return -1;
	if (text[strspn(text, "0123456789.smhd")] != '\0')
		return -1; /* strtod knows more spellings than people do */
	number = strtod(text, &end);
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (end == text || strcmp(end, units[i].unit) != 0)
			continue;
		number *= units[i].seconds;
		if (!(number >= 0 && number <= 1e10))
			return -1;
		*length = (usec_t)(number * USEC_PER_SEC + 0.5);
		return 0;
	}
	return -1;
}

int
number_parse(const char *text, int64_t max, int64_t *value)
{
	int64_t n = 0, digit;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -1;
		digit = *text - '0';
		if (digit > max || n > (max - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*value = n;
	return 0;
}

int
size_parse(const char *text, int64_t *bytes)
{
	static const char units[] = "KMG";
	size_t len = strlen(text);
	const char *unit;
	char digits[24];
	int shift = 0;

	if (len == 0 || len >= sizeof(digits))
		return -1;
	unit = strchr(units, toupper((unsigned char)text[len - 1]));
	if (unit && *unit) {
		shift = 10 * (int)(unit - units + 1);
		len--;
	}
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (number_parse(digits, INT64_MAX >> shift, bytes) < 0)
		return -1;
	*bytes <<= shift;
	return 0;
}

#define SIGNAL_ROW(name)                                                       \
	{                                                                      \
#name, name                                                    \
	}
static const struct {
	const char *name;
	int number;
} signals[] = {
	SIGNAL_ROW(SIGHUP),
	SIGNAL_ROW(SIGINT),
	SIGNAL_ROW(SIGQUIT),
	SIGNAL_ROW(SIGILL),
	SIGNAL_ROW(SIGTRAP),
	SIGNAL_ROW(SIGABRT),
	SIGNAL_ROW(SIGBUS),
	SIGNAL_ROW(SIGFPE),
	SIGNAL_ROW(SIGKILL),
	SIGNAL_ROW(SIGUSR1),
	SIGNAL_ROW(SIGSEGV),
	SIGNAL_ROW(SIGUSR2),
	SIGNAL_ROW(SIGPIPE),
	SIGNAL_ROW(SIGALRM),
	SIGNAL_ROW(SIGTERM),
	SIGNAL_ROW(SIGCHLD),
	SIGNAL_ROW(SIGCONT),
	SIGNAL_ROW(SIGSTOP),
	SIGNAL_ROW(SIGTSTP),
	SIGNAL_ROW(SIGTTIN),
	SIGNAL_ROW(SIGTTOU),
	SIGNAL_ROW(SIGURG),
	SIGNAL_ROW(SIGXCPU),
	SIGNAL_ROW(SIGXFSZ),
	SIGNAL_ROW(SIGVTALRM),
	SIGNAL_ROW(SIGPROF),
	SIGNAL_ROW(SIGWINCH),
	SIGNAL_ROW(SIGIO),
	SIGNAL_ROW(SIGSYS),
};

const char *
signal_name(int signo, char buf[16])
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		if (signals[i].number == signo)
			return strcpy(buf, signals[i].name);
	snprintf(buf, 16, "SIG%d", signo);
	return buf;
}

int
signal_number(const char *text)
{
	int64_t number;
	size_t i;

	if (number_parse(text, 64, &number) == 0)
		return number > 0 ? (int)number : -1;
	for (i = 0; i < ARRAY_LEN(signals); i++)
		if (strcasecmp(text, signals[i].name) == 0 ||
		    strcasecmp(text, signals[i].name + 3) == 0)
			return signals[i].number;
	if (strncasecmp(text, "SIG", 3) == 0 &&
	    number_parse(text + 3, 64, &number) == 0 && number > 0)
		return (int)number;
	return -1;
}
