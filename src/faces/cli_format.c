/*
 * cli_format.c: numbers and jobs as words of the command line
 *
 * Invariant: what comes out is one line of valid UTF-8 without control
 * characters, whatever a record holds.
 */
#include "base/compat.h"
#include "faces/cli_format.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void
format_duration(double seconds, char text[FORMAT_MAX])
{
	long long whole, hours;

	if (!(seconds >= 0 && seconds < 1e12)) {
		strcpy(text, "-");
		return;
	}
	if (seconds < 59.95) {
		snprintf(text, FORMAT_MAX, "%.1fs", seconds);
		return;
	}
	whole = (long long)(seconds + 0.5);
	hours = whole / 3600;
	if (hours == 0 && whole % 60 == 0)
		snprintf(text, FORMAT_MAX, "%lldm", whole / 60);
	else if (hours == 0)
		snprintf(text, FORMAT_MAX, "%lldm%02llds", whole / 60,
		    whole % 60);
	else if (whole % 3600 / 60 == 0)
		snprintf(text, FORMAT_MAX, "%lldh", hours);
	else
		snprintf(text, FORMAT_MAX, "%lldh%02lldm", hours,
		    whole % 3600 / 60);
}

void
format_size(int64_t bytes, char text[FORMAT_MAX])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text, FORMAT_MAX, "%lld B", (long long)bytes);
		return;
	}
	while (value >= 1023.5 && unit < ARRAY_LEN(units) - 1) {
		value /= 1024;
		unit++;
	}
	/* 9.96 would read "10.0", and 2.01 "2.0". */
	if (value < 9.95 && (int)(value * 10 + 0.5) % 10 != 0)
		snprintf(text, FORMAT_MAX, "%.1f %s", value, units[unit]);
	else
		snprintf(text, FORMAT_MAX, "%.0f %s", value, units[unit]);
}

static void
local_time(usec_t when, struct tm *tm)
{
	time_t seconds = (time_t)(when / USEC_PER_SEC);

	if (!localtime_r(&seconds, tm))
		memset(tm, 0, sizeof(*tm));
}

static bool
same_day(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

void
format_moment(usec_t when, usec_t now, char text[FORMAT_MAX])
{
	struct tm then, today;

	if (when < 0) {
		strcpy(text, "-");
		return;
	}
	local_time(when, &then);
	local_time(now, &today);
	if (same_day(&then, &today))
		strftime(text, FORMAT_MAX, "%H:%M:%S", &then);
	else if (then.tm_year == today.tm_year)
		strftime(text, FORMAT_MAX, "%b %e", &then);
	else
		strftime(text, FORMAT_MAX, "%Y-%m-%d", &then);
}

void
format_time(usec_t when, char text[FORMAT_MAX])
{
	struct tm tm;

	if (when < 0) {
		strcpy(text, "-");
		return;
	}
	local_time(when, &tm);
	strftime(text, FORMAT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
}

void
format_time_on(usec_t when, usec_t day, char text[FORMAT_MAX])
{
	struct tm tm, other;

	format_time(when, text);
	if (when < 0 || day < 0)
		return;
	local_time(when, &tm);
	local_time(day, &other);
	if (same_day(&tm, &other))
		strftime(text, FORMAT_MAX, "%H:%M:%S", &tm);
}

const char *
format_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void
format_exit(const json_t *job, char text[FORMAT_MAX])
{
	const json_t *code = json_object_get(job, "exit_code");
	const char *name = format_string(job, "signal");

	if (json_is_integer(code))
		snprintf(text, FORMAT_MAX, "%lld",
		    (long long)json_integer_value(code));
	else if (name && *name)
		snprintf(text, FORMAT_MAX, "%.16s",
		    strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
	else
		strcpy(text, "-");
}

void
format_progress(const json_t *job, struct buf *out)
{
	const json_t *progress = json_object_get(job, "progress");
	const json_t *current = json_object_get(progress, "current");
	const json_t *total = json_object_get(progress, "total");
	const char *unit = format_string(progress, "unit");
	const char *words = format_string(progress, "message");
	size_t start = out->len;

	if (json_is_number(current))
		buf_addf(out, "%.12g", json_number_value(current));
	if (json_is_number(current) && json_is_number(total))
		buf_addf(out, "/%.12g", json_number_value(total));
	if (json_is_number(current) && unit && *unit) {
		buf_addch(out, ' ');
		text_show(out, unit, 20);
	}
	if (!words || !*words)
		words = format_string(job, "phase");
	if (out->len == start && words)
		text_show(out, words, 40);
}

void
format_what(const json_t *job, struct buf *out)
{
	const char *command = format_string(job, "command");
	const char *name = format_string(job, "name");
	const char *kind = format_string(job, "kind");

	if (name && *name)
		text_show(out, name, 0);
	if (name && *name && command && *command)
		buf_addstr(out, ": ");
	if (command && *command)
		text_show(out, command, 0);
	if (kind)
		buf_addf(out, "%s(%s)", out->len ? " " : "", kind);
}

void
format_remarks(const json_t *job, struct buf *out)
{
	const json_t *leftover = json_object_get(job, "leftover");
	long long count = (long long)json_integer_value(leftover);
	const char *phase = format_string(job, "phase");
	struct buf progress = BUF_INIT;

	if (phase && *phase &&
	    json_object_get(json_object_get(job, "progress"), "current")) {
		text_show(&progress, phase, 24);
		buf_addch(&progress, ' ');
	}
	format_progress(job, &progress);
	if (progress.len)
		buf_addf(out, "  [%s]", buf_str(&progress));
	if (count > 0)
		buf_addf(out, "  (%lld process%s left behind)", count,
		    count == 1 ? "" : "es");
	buf_release(&progress);
}

void
format_cut(struct buf *out, size_t start, size_t columns)
{
	size_t fit = 0;

	if (start >= out->len || text_columns(out->data + start) <= columns)
		return;
	if (columns > 0)
		fit = text_fit_columns(out->data + start, columns - 1);
	buf_cut(out, start + fit);
	if (columns > 0)
		buf_addstr(out, "…");
}

bool
format_is_uuid(const char *id)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (strlen(id) != sizeof(shape) - 1)
		return false;
	for (i = 0; shape[i]; i++)
		if (shape[i] == 'x' ? !strchr("0123456789abcdef", id[i])
				    : id[i] != '-')
			return false;
	return true;
}

/* Bytes that two strings have in common at their beginning. */
static size_t
common(const char *a, const char *b)
{
	size_t len = 0;

	while (a[len] && a[len] == b[len])
		len++;
	return len;
}

size_t
format_prefix(const char *const *ids, size_t count, size_t i, size_t least)
{
	size_t whole = strlen(ids[i]), len = least, next;

	if (i > 0 && (next = common(ids[i], ids[i - 1]) + 1) > len)
		len = next;
	if (i + 1 < count && (next = common(ids[i], ids[i + 1]) + 1) > len)
		len = next;
	return len < whole ? len : whole;
}

int
format_exit_code(enum status status, enum reason reason, int exit_code,
    int signal, int asked)
{
	switch (status) {
	case STATUS_COMPLETED:
		return 0;
	case STATUS_FAILED:
		if (reason == REASON_TIMEOUT)
			return 124;
		break;
	case STATUS_KILLED:
		/* It obeyed, and still was not allowed to finish. */
		if (signal == 0 && exit_code <= 0)
			return 128 + (asked > 0 ? asked : SIGTERM);
		break;
	case STATUS_QUEUED:
	case STATUS_RUNNING:
	case STATUS_LOST:
	case STATUS_UNKNOWN:
	case STATUS_COUNT:
		return 4;
	}
	if (signal > 0 && signal < 128)
		return 128 + signal;
	/* A foreign record may hold any number; 256 would end as 0. */
	return exit_code > 0 && exit_code < 256 ? exit_code : 1;
}
