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

void
time_format(usec_t when, char text[TIME_TEXT_MAX])
{
	usec_t fraction = when % USEC_PER_SEC;
	time_t seconds;
	struct tm tm;
	size_t len;

	if (fraction < 0)
		fraction += USEC_PER_SEC;
	seconds = (time_t)((when - fraction) / USEC_PER_SEC);
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	/* Four digits, which %Y has only from the year 1000 on. */
	len = (size_t)snprintf(text, TIME_TEXT_MAX, "%04d", 1900 + tm.tm_year);
	len +=
	    strftime(text + len, TIME_TEXT_MAX - len, "-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, TIME_TEXT_MAX - len, ".%06dZ", (int)fraction);
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
	if (sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d", &tm->tm_year, &tm->tm_mon,
		&tm->tm_mday, &tm->tm_hour, &tm->tm_min, &tm->tm_sec) != 6)
		return NULL;
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

/* The day as it was written; 0 if it may well move: a leap second. */
static int
written_day(const struct tm *tm)
{
	return tm->tm_sec == 60 ? 0 : tm->tm_mday;
}

/* Store a time, unless its offset moves it out of the years that there are, or
 * its day is not the one written: one that the month does not have has become
 * one of the next. */
static int
store_time(time_t seconds, usec_t fraction, int day, const struct tm *tm,
    usec_t *when)
{
	if (seconds < TIME_LEAST || seconds > TIME_MOST ||
	    (day != 0 && tm->tm_mday != day))
		return -1;
	*when = (usec_t)seconds * USEC_PER_SEC + fraction;
	return 0;
}

int
time_parse(const char *text, usec_t *when)
{
	const char *rest;
	usec_t fraction;
	time_t seconds;
	int offset, day;
	struct tm tm;

	rest = parse_clock(text, &tm, &fraction);
	if (!rest || parse_offset(rest, &offset) < 0)
		return -1;
	day = written_day(&tm);
	seconds = timegm(&tm) - offset;
	return store_time(seconds, fraction, day, &tm, when);
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
	day = written_day(&tm);
	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	return store_time(seconds, fraction, day, &tm, when);
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
