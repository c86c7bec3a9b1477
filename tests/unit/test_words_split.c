/*
 * test_words_split.c: a command line without a shell (verbs/words.h)
 */
#include "base/compat.h"
#include "verbs/words.h"

#include "base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The words of `line` with '|' between them; "?" if it can't be split. */
static char *
split(const char *line)
{
	struct buf out = BUF_INIT;
	char **words;
	size_t count, i;

	if (words_split(line, &words, &count) < 0) {
		assert_null(words);
		return xstrdup("?");
	}
	for (i = 0; i < count; i++) {
		if (i > 0)
			buf_addch(&out, '|');
		buf_addstr(&out, words[i]);
		free(words[i]);
	}
	if (count > 0)
		assert_null(words[count]);
	else
		assert_null(words);
	free(words);
	return buf_steal(&out);
}

static void
assert_split(const char *const (*rows)[2], size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		cleanup_free char *got = split(rows[i][0]);

		if (strcmp(got, rows[i][1]) != 0)
			fail_msg("[%s] gives [%s]", rows[i][0], got);
	}
}

static void
test_words_split__blanks(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ " \t\r\n", "" },
		{ "make", "make" },
		{ "make -j8  all", "make|-j8|all" },
		{ "  make\tall\n", "make|all" },
	};

	(void)state;
	assert_split(rows, ARRAY_LEN(rows));
}

static void
test_words_split__quotes(void **state)
{
	static const char *const rows[][2] = {
		{ "echo 'a b'", "echo|a b" },
		{ "echo \"a b\"", "echo|a b" },
		{ "echo a' 'b", "echo|a b" },
		{ "''", "" },
		{ "a '' b", "a||b" },
		{ "'\"' \"'\"", "\"|'" },
		{ "'a\\b'", "a\\b" },
		{ "\"a\\\"b\"", "a\"b" },
		{ "\"a\\\\b\"", "a\\b" },
		{ "\"a\\nb\"", "a\\nb" },
		{ "'a\nb'", "a\nb" },
	};

	(void)state;
	assert_split(rows, ARRAY_LEN(rows));
}

static void
test_words_split__backslashes(void **state)
{
	static const char *const rows[][2] = {
		{ "a\\ b", "a b" },
		{ "\\'", "'" },
		{ "a\\\\b", "a\\b" },
		{ "\\a", "a" },
	};

	(void)state;
	assert_split(rows, ARRAY_LEN(rows));
}

/* Nothing of a shell but quoting. */
static void
test_words_split__nothing_is_expanded(void **state)
{
	static const char *const rows[][2] = {
		{ "git status; rm -rf .", "git|status;|rm|-rf|." },
		{ "echo $HOME `id` $(id)", "echo|$HOME|`id`|$(id)" },
		{ "a && b | c > d", "a|&&|b|||c|>|d" },
		{ "ls *.c ~", "ls|*.c|~" },
		{ "\xc3\xbc \xff", "\xc3\xbc|\xff" },
	};

	(void)state;
	assert_split(rows, ARRAY_LEN(rows));
}

static void
test_words_split__what_is_not_closed(void **state)
{
	static const char *const rows[][2] = {
		{ "'", "?" },
		{ "\"", "?" },
		{ "a 'b", "?" },
		{ "a \"b\\\"", "?" },
		{ "a b\\", "?" },
		{ "\\", "?" },
		{ "ok 'fine' \"open", "?" },
	};

	(void)state;
	assert_split(rows, ARRAY_LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_split__blanks),
		cmocka_unit_test(test_words_split__quotes),
		cmocka_unit_test(test_words_split__backslashes),
		cmocka_unit_test(test_words_split__nothing_is_expanded),
		cmocka_unit_test(test_words_split__what_is_not_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
