/*
 * fuzz_pattern.c: a regular expression that a user types, and a line
 *
 * The input is the expression, a newline, and the line.
 *
 * Holds: an expression is refused with a reason, or works, in bounded time;
 * both ways in which a line is searched, by its length, agree; of a text with
 * all that is special escaped only that text is found.
 *
 * covers: src/base/ere.c src/base/pattern.c
 */
#include "base/compat.h"
#include "base/pattern.h"
#include "fuzz.h"

#include <ctype.h>
#include <time.h>

enum { LONG = 300 }; /* bytes that make a line a long one */

static double
processor_seconds(void)
{
	struct timespec ts;

	FUZZ_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What stands behind a NUL is not looked at, but makes the line a long one. */
static bool
matches_long(const struct pattern *pattern, const char *line)
{
	size_t len = strlen(line);
	char *longer = xmalloc(len + 1 + LONG);
	bool result;

	memcpy(longer, line, len);
	memset(longer + len, 'x', 1 + LONG);
	longer[len] = '\0';
	result = pattern_matches(pattern, longer, len + 1 + LONG);
	free(longer);
	return result;
}

static void
check_pattern(const char *text, const char *line, bool ignore_case)
{
	double begun = processor_seconds();
	struct err err = ERR_INIT;
	struct pattern *pattern = pattern_new(text, ignore_case, &err);
	bool found;

	if (pattern) {
		found = pattern_matches(pattern, line, strlen(line));
		FUZZ_CHECK(matches_long(pattern, line) == found);
		FUZZ_CHECK(
		    pattern_matches(pattern, line, strlen(line)) == found);
		pattern_free(pattern);
	} else {
		FUZZ_CHECK(err.kind == ERR_INVALID && err.text[0]);
		FUZZ_CHECK(fuzz_is_printable(err.text));
	}
	FUZZ_CHECK(processor_seconds() - begun < 5);
}

/* The line's beginning as an expression: it is in there. */
static void
check_escaped(const char *line)
{
	size_t i, len = strnlen(line, 100);
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct pattern *pattern;

	for (i = 0; i < len; i++) {
		if ((unsigned char)line[i] < 0x80 &&
		    ispunct((unsigned char)line[i]) && !strchr("<>`'", line[i]))
			buf_addch(&text, '\\');
		buf_addch(&text, line[i]);
	}
	pattern = pattern_new(buf_str(&text), false, &err);
	FUZZ_CHECK(!pattern == !len);
	if (pattern) {
		FUZZ_CHECK(pattern_matches(pattern, line, strlen(line)));
		FUZZ_CHECK(pattern_matches(pattern, line, len));
		FUZZ_CHECK(!pattern_matches(pattern, line, len - 1));
		FUZZ_CHECK(matches_long(pattern, line));
		pattern_free(pattern);
	}
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *newline = strchr(text, '\n');
	const char *line = newline ? newline + 1 : "";

	if (newline)
		*newline = '\0';
	check_pattern(text, line, false);
	check_pattern(text, line, true);
	check_escaped(line);
	free(text);
	return 0;
}
