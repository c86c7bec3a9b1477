/*
 * test_pattern.c: regular expressions that a user may type (base/pattern.h)
 */
#include "base/compat.h"
#include "base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
matches(const char *text, const char *line, size_t len)
{
	struct err err = ERR_INIT;
	struct pattern *p = pattern_new(text, false, &err);
	char *copy = xmalloc(len);
	bool found;

	if (!p)
		fail_msg("%s: %s", text, err.text);
	memcpy(copy, line, len);
	found = pattern_matches(p, copy, len);
	pattern_free(p);
	free(copy);
	return found;
}

static void
assert_match(const char *text, const char *line)
{
	if (!matches(text, line, strlen(line)))
		fail_msg("/%s/ does not match \"%s\"", text, line);
}

static void
assert_no_match(const char *text, const char *line)
{
	if (matches(text, line, strlen(line)))
		fail_msg("/%s/ matches \"%s\"", text, line);
}

static void
assert_refused(const char *text, const char *why)
{
	struct err err = ERR_INIT;

	if (pattern_new(text, false, &err))
		fail_msg("/%s/ was accepted", text);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.text, why);
}

static void
test_pattern__extended_expressions(void **state)
{
	(void)state;
	assert_match("error|warning", "a warning: x");
	assert_no_match("error|warning", "all well");
	assert_match("^E", "Error");
	assert_no_match("^E", "an Error");
	assert_match("x$", "ax");
	assert_no_match("x$", "xa");
	assert_match("^$", "");
	assert_match("^(ab){2,3}c?$", "abab");
	assert_no_match("^(ab){2,3}c?$", "ab");
	assert_match("^a{,2}$", "aa");
	assert_match("^a{2}$", "aa");
	assert_match("^a{2,}$", "aaaa");
	assert_match("a.c", "abc");
	assert_match("(|x)y", "y");
	assert_match("a]b}c", "a]b}c");
}

static void
test_pattern__classes(void **state)
{
	(void)state;
	assert_match("^\\d+\\s\\w+$", "42 a_Z9");
	assert_no_match("\\d", "abc");
	assert_match("^\\D\\S\\W$", "ab-");
	assert_no_match("\\D", "0123");
	assert_no_match("\\S", " \t");
	assert_no_match("\\W", "a_1");
	assert_match("\\bfoo\\b", "a foo b");
	assert_no_match("\\bfoo\\b", "afoo foob");
	assert_match("\\Boo", "foo");
	assert_no_match("\\Bfoo", "foo");
	assert_match("^[[:upper:]_]+$", "A_B");
}

static void
test_pattern__escaped_characters(void **state)
{
	(void)state;
	assert_match("^\\.\\[\\]\\{\\}\\(\\)\\*\\+\\?\\|\\^\\$\\\\$",
	    ".[]{}()*+?|^$\\");
	assert_match("^a\\/b\\-c\\\"\\:$", "a/b-c\":");
	assert_no_match("a\\.c", "abc");
}

static void
test_pattern__brackets(void **state)
{
	(void)state;
	assert_match("^[]a]+$", "a]");
	assert_match("^[^]a]$", "b");
	assert_no_match("[^]a]", "a]");
	assert_match("^[a-c-]+$", "a-c");
	assert_match("^[\\d\\s]+$", "1 2");
	assert_no_match("[\\d\\s]", "x");
	assert_match("^[\\w.-]+$", "a_1.b-c");
	assert_no_match("^[\\w.-]+$", "a/b");
	assert_match("^[\\w-.]+$", "a-.");
	assert_match("^[^\\d]$", "x");
	assert_match("^[\\]\\[\\\\\\^\\-]+$", "][\\^-");
	assert_no_match("[\\]\\[\\\\\\^\\-]", "a.Z");
	assert_match("^[a^]+$", "^a");
	assert_match("^[+--]+$", "+,-");
	assert_match("^[[.-.]x]+$", "-x");
	assert_match("[[]x", "[x");
}

/* Matching is bytewise, but what looks like a character is one. */
static void
test_pattern__beyond_ascii(void **state)
{
	(void)state;
	assert_match("grün", "das grüne Haus");
	assert_match("^gü+n$", "güün");
	assert_match("^gü?n$", "gn");
	assert_match("^gr[uü]n$", "grün");
	assert_match("^gr[uü]n$", "grun");
	assert_match("^[äöü]$", "ö");
	assert_no_match("^[äöü]$", "\xc3");
	assert_match("^.*x$", "\xff\xfe\x80x");
	assert_match("^[^a]x$", "\xffx");
	assert_refused("[^ä]",
	    "[^ ] with a character beyond ASCII is not supported");
	assert_refused("[ä-ü]",
	    "a range inside [ ] beyond ASCII is not supported");
	assert_refused("[a-ü]",
	    "a range inside [ ] beyond ASCII is not supported");
}

static void
test_pattern__ignore_case(void **state)
{
	struct err err = ERR_INIT;
	struct pattern *p = pattern_new("^git [a-z]+$", true, &err);

	(void)state;
	assert_non_null(p);
	assert_true(pattern_matches(p, "GIT Status", 10));
	assert_false(pattern_matches(p, "GIT", 3));
	pattern_free(p);
	assert_no_match("git", "GIT");
	pattern_free(NULL);
}

static void
test_pattern__line_without_nul(void **state)
{
	(void)state;
	assert_true(matches("b$", "abc", 2));
	assert_false(matches("c", "abc", 2));
	assert_true(matches("^$", "abc", 0));
	/* A NUL ends the search. */
	assert_false(matches("c", "ab\0c", 4));
	assert_true(matches("b$", "ab\0c", 4));
}

static void
test_pattern__what_is_not_supported(void **state)
{
	(void)state;
	assert_refused("", "it is empty");
	assert_refused("(a)\\1", "back-references are not supported");
	assert_refused("\\q", "\\q is not supported");
	assert_refused("a\\n", "\\n is not supported");
	assert_refused("\\<a", "\\< is not supported");
	assert_refused("\\0", "\\0 is not supported");
	assert_refused("a\\", "a backslash at the end escapes nothing");
	assert_refused("\\ä", "a backslash before a character that needs none");
	assert_refused("[\\D]", "\\D inside [ ] is not supported");
	assert_refused("[\\1]", "back-references are not supported");
	assert_refused("[\\b]", "\\b is not supported");
	assert_refused("(?:a)", "(? is not supported");
	assert_refused("a*?", "a repetition cannot follow another one");
	assert_refused("a{2}{3}", "a repetition cannot follow another one");
}

static void
test_pattern__what_is_malformed(void **state)
{
	(void)state;
	assert_refused("*a", "nothing to repeat before *");
	assert_refused("a|+", "nothing to repeat before +");
	assert_refused("(?)", "(? is not supported");
	assert_refused("^*", "nothing to repeat before *");
	assert_refused("\\b+", "nothing to repeat before +");
	assert_refused("(a", "( without )");
	assert_refused("a)", ") without (; write \\) for the character");
	assert_refused("[a", "[ without ]");
	assert_refused("[]", "[ without ]");
	assert_refused("[[:alpha:", "[ without ]");
	assert_refused("[z-a]", "a range inside [ ] runs backwards");
	assert_refused("[a-\\d]", "a class cannot end a range inside [ ]");
	assert_refused("a{x}",
	    "{ begins a repetition such as {2,5}; "
	    "write \\{ for the character");
	assert_refused("a{1",
	    "{ begins a repetition such as {2,5}; "
	    "write \\{ for the character");
	assert_refused("a{,}",
	    "{ begins a repetition such as {2,5}; "
	    "write \\{ for the character");
	assert_refused("a{3,2}", "a repetition {m,n} with m larger than n");
	assert_refused("[[:foo:]]", "Invalid character class name");
}

static void
test_pattern__memory_is_bounded(void **state)
{
	struct err err = ERR_INIT;
	char deep[202];

	(void)state;
	assert_refused("((a{1,255}){1,255}){1,255}",
	    "its repetitions are too large");
	assert_refused("(a{1,100}b{1,100}){9}",
	    "its repetitions are too large");
	assert_refused("a{99999999999999999999}",
	    "a repetition count is too large");
	assert_refused("a{500}b{501}", "its repetitions are too large");
	assert_match("^a{255}$",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaa");
	memset(deep, '(', 100);
	memset(deep + 100, ')', 100);
	deep[200] = '\0';
	assert_null(pattern_new(deep, false, &err));
	assert_string_equal(err.text, "groups are nested too deeply");
}

/* Long lines go another way than short ones: both must agree. */
static void
test_pattern__long_lines(void **state)
{
	size_t len = 64 << 10;
	char *line = xmalloc(len);

	(void)state;
	memset(line, 'a', len);
	line[0] = '\xff';
	assert_false(matches("a+b", line, len)); /* in linear time */
	assert_false(matches("a.*a.*b", line, len));
	assert_false(matches("^a", line, len));
	assert_true(matches("a$", line, len));
	line[len - 1] = 'b';
	assert_true(matches("a+b$", line, len));
	assert_true(matches("\\baaa", line, len));
	line[300] = '|';
	assert_true(matches("x|\\|a", line, len));
	assert_false(matches("x|y", line, len));
	free(line);
}

/* More text than one compiled expression is used for. */
static void
test_pattern__many_lines(void **state)
{
	struct err err = ERR_INIT;
	struct pattern *p = pattern_new("x.{9}y", false, &err);
	char line[600];
	int i;

	(void)state;
	assert_non_null(p);
	memset(line, 'x', sizeof(line));
	for (i = 0; i < 1000; i++) {
		assert_false(pattern_matches(p, line, 100));
		assert_false(pattern_matches(p, line, sizeof(line)));
	}
	line[99] = 'y';
	assert_true(pattern_matches(p, line, 100));
	assert_true(pattern_matches(p, line, sizeof(line)));
	pattern_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern__extended_expressions),
		cmocka_unit_test(test_pattern__classes),
		cmocka_unit_test(test_pattern__escaped_characters),
		cmocka_unit_test(test_pattern__brackets),
		cmocka_unit_test(test_pattern__beyond_ascii),
		cmocka_unit_test(test_pattern__ignore_case),
		cmocka_unit_test(test_pattern__line_without_nul),
		cmocka_unit_test(test_pattern__what_is_not_supported),
		cmocka_unit_test(test_pattern__what_is_malformed),
		cmocka_unit_test(test_pattern__memory_is_bounded),
		cmocka_unit_test(test_pattern__long_lines),
		cmocka_unit_test(test_pattern__many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
