/*
 * test_text.c: log bytes as text, text on terminals (base/text.h, base/ansi.h)
 */
#include "base/compat.h"
#include "base/text.h"

#include "base/ansi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FFFD "\xef\xbf\xbd"

static const struct text_style clean = { .raw = false };
static const struct text_style raw = { .raw = true };

/* A line of `len` bytes, copied so that a read behind its end is seen. */
static void
assert_line(const char *line, size_t len, const struct text_style *style,
    const char *expected, bool expected_lossy)
{
	char *copy = xmalloc(len);
	struct buf out = BUF_INIT;
	bool lossy = false;

	memcpy(copy, line, len);
	text_clean_line(&out, copy, len, style, &lossy);
	assert_string_equal(buf_str(&out), expected);
	assert_int_equal(out.len, strlen(expected));
	assert_int_equal(lossy, expected_lossy);
	buf_release(&out);
	free(copy);
}

static void
assert_clean(const char *line, const char *expected)
{
	assert_line(line, strlen(line), &clean, expected, false);
}

static void
test_text__plain_line_stays(void **state)
{
	(void)state;
	assert_clean("", "");
	assert_clean("make: *** [all] Error 2", "make: *** [all] Error 2");
	assert_clean("tab\there \a\b", "tab\there \a\b");
	assert_clean("grün 漢字 🙂 e\xcc\x81",
	    "grün 漢字 🙂 e\xcc\x81");
}

static void
test_text__nul_is_kept(void **state)
{
	struct buf out = BUF_INIT;
	bool lossy = false;

	(void)state;
	text_clean_line(&out, "a\0b", 3, &clean, &lossy);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "a\0b", 4);
	buf_release(&out);
}

static void
test_text__escape_sequences_go(void **state)
{
	(void)state;
	assert_clean("\x1b[31merror\x1b[0m: x", "error: x");
	assert_clean("\x1b[38;2;1;2;3mx\x1b[?25l\x1b[2Ky\x1b[1 q", "xy");
	assert_clean("\x1b]0;title\x07text", "text");
	assert_clean("\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\", "link");
	assert_clean("\x1bP1$r0m\x1b\\a\x1b_x\x1b\\b\x1b^y\x1b\\c\x1bXz\x1b\\d",
	    "abcd");
	assert_clean("\x1b(Ba\x1b=b\x1b"
		     "7c\x1b#8d",
	    "abcd");
	assert_clean("\xc2\x9b"
		     "31mred\xc2\x9dtitle\xc2\x9cx",
	    "redx");
	assert_clean("\xc2\x85\xc2\xa0", "\xc2\x85\xc2\xa0");
}

static void
test_text__broken_sequences_hide_no_text(void **state)
{
	(void)state;
	assert_clean("a\x1b", "a");
	assert_clean("a\x1b[31", "a");
	assert_clean("a\x1b[31;\x01z", "a\x01z");
	assert_clean("a\x1b]0;no end", "a0;no end");
	assert_clean("\x1b\x1b[1mx", "x");
	assert_clean("\x1b]0;title\x1b[1mx", "x");
	assert_clean("\x1b]0;title\x1b", "");
	assert_clean("\x1bä", "ä");
}

/* What stands around a sequence is not joined to a character, or even to an
 * introducer of a sequence. */
static void
test_text__sequences_part_characters(void **state)
{
	static const char line[] = "\xc2\x1b[m\x9b"
				   "31mx\xe4\xb8\x1b[1m\x1b[m\xad.";
	struct buf out = BUF_INIT;

	(void)state;
	assert_line(line, strlen(line), &clean,
	    "\xef\xbf\xbd\xef\xbf\xbd"
	    "31mx\xef\xbf\xbd\xef\xbf\xbd.",
	    true);
	assert_clean("\xc3\xa4\x1b[m\xc3\xa4", "\xc3\xa4\xc3\xa4");
	buf_addstr(&out, "\xc2"); /* not of this line */
	ansi_strip(&out, "\x1b[m\x9b", 4);
	assert_string_equal(out.data, "\xc2\x9b");
	buf_release(&out);
}

static void
test_text__carriage_returns_fold(void **state)
{
	(void)state;
	assert_clean("10%\r20%\r", "20%");
	assert_clean("10%\r20%", "20%");
	assert_clean("dos\r", "dos");
	assert_clean("\r\r", "");
	assert_clean("10%\r\r\r", "10%");
	assert_clean("\r\x1b[K50%\r\x1b[0m", "50%");
	assert_clean("a\x1b[1m\rb\x1b[0m", "b");
}

static void
test_text__raw_keeps_all(void **state)
{
	char line[3001];

	(void)state;
	assert_line("\x1b[1m1\r2\r", 8, &raw, "\x1b[1m1\r2\r", false);
	memset(line, 'x', 3000);
	line[3000] = '\0';
	assert_line(line, 3000, &raw, line, false);
}

static void
test_text__long_lines_are_cut(void **state)
{
	char line[2600], expected[2100];
	size_t i;

	(void)state;
	memset(line, 'x', sizeof(line));
	memset(expected, 'x', 2000);
	expected[2000] = '\0';
	assert_line(line, 2000, &clean, expected, false);
	strcpy(expected + 2000, "[... 500 bytes of this line left out]");
	assert_line(line, 2500, &clean, expected, false);
	/* 667 times three bytes: the cut goes to the last character. */
	for (i = 0; i + 3 <= 2001; i += 3)
		memcpy(line + i, "€", 3);
	memcpy(expected, line, 1998);
	strcpy(expected + 1998, "[... 3 bytes of this line left out]");
	assert_line(line, 2001, &clean, expected, false);
}

/* The examples of Unicode 15, tables 3-8 to 3-11. */
static void
test_text__invalid_parts_are_replaced(void **state)
{
	(void)state;
	assert_line("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", 9, &clean,
	    FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A", true);
	assert_line("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", 9, &clean,
	    FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A", true);
	assert_line("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", 9, &clean,
	    FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B", true);
	assert_line("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", 9, &raw,
	    FFFD FFFD FFFD FFFD "A", true);
	assert_line("caf\xe9", 4, &clean, "caf" FFFD, true);
}

static void
test_text__lossy_is_never_cleared(void **state)
{
	struct buf out = BUF_INIT;
	bool lossy = true;

	(void)state;
	text_add_utf8(&out, "ok", 2, &lossy);
	assert_true(lossy);
	buf_release(&out);
}

static void
test_text__utf8_lengths(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_length("a", 1), 1);
	assert_int_equal(text_utf8_length("ä", 2), 2);
	assert_int_equal(text_utf8_length("€uro", 6), 3);
	assert_int_equal(text_utf8_length("🙂", 4), 4);
	assert_int_equal(text_utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
	assert_int_equal(text_utf8_length("🙂", 3), 0);
	assert_int_equal(text_utf8_length("", 0), 0);
	assert_int_equal(text_utf8_length("\xc1\x81", 2), 0);
	assert_int_equal(text_utf8_length("\xed\xa0\x80", 3), 0);
	assert_int_equal(text_utf8_length("\xf4\x90\x80\x80", 4), 0);
	assert_int_equal(text_utf8_length("\xf5\x80\x80\x80", 4), 0);
	assert_int_equal(text_utf8_invalid("\xf0\x9f\x99", 3), 3);
	assert_int_equal(text_utf8_invalid("\x80\x80", 2), 1);
}

static void
test_text__incomplete_ends(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_incomplete("abc", 3), 0);
	assert_int_equal(text_utf8_incomplete("", 0), 0);
	assert_int_equal(text_utf8_incomplete("a\xc3", 2), 1);
	assert_int_equal(text_utf8_incomplete("a\xe2\x82", 3), 2);
	assert_int_equal(text_utf8_incomplete("a\xf0\x9f\x99", 4), 3);
	assert_int_equal(text_utf8_incomplete("a🙂", 5), 0);
	assert_int_equal(text_utf8_incomplete("\x80\x80\x80", 3), 0);
	assert_int_equal(text_utf8_incomplete("a\xe0\x80", 3), 0);
	assert_int_equal(text_utf8_incomplete("a\xc1", 2), 0);
}

static void
test_text__utf8_fit(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_fit("aäb", 4, 9), 4);
	assert_int_equal(text_utf8_fit("aäb", 4, 4), 4);
	assert_int_equal(text_utf8_fit("aäb", 4, 3), 3);
	assert_int_equal(text_utf8_fit("aäb", 4, 2), 1);
	assert_int_equal(text_utf8_fit("🙂", 4, 3), 0);
}

static void
assert_shown(const char *text, size_t max, const char *expected)
{
	struct buf out = BUF_INIT;

	buf_addstr(&out, "> ");
	text_show(&out, text, max);
	assert_string_equal(buf_str(&out) + 2, expected);
	buf_release(&out);
}

static void
test_text__show(void **state)
{
	(void)state;
	assert_shown("", 0, "");
	assert_shown("grün 🙂", 0, "grün 🙂");
	assert_shown("a\n\t\r\x1b[1m\x7f", 0, "a\\n\\t\\r\\x1b[1m\\x7f");
	assert_shown("\xc2\x85\xe2\x80\xae", 0, "\\u0085\\u202e");
	assert_shown("a\xff", 0, "a" FFFD);
	assert_shown("abc", 3, "abc");
	assert_shown("abcd", 3, "ab…");
	assert_shown("äöüß", 3, "äö…");
	assert_shown("abcd", 1, "…");
	/* An escape is not split. */
	assert_shown("a\x1b"
		     "bcdef",
	    5, "a…");
}

static void
test_text__show_coloured(void **state)
{
	static const char in[] = "\x1b[1;31mred\x1b[0m\r\n\t\x1b[2J\x1b]0;t\x07"
				 "\x1b[m\x1b[38:5:1mä\xff\x1b[3";
	struct buf out = BUF_INIT;

	(void)state;
	text_show_coloured(&out, in, sizeof(in) - 1);
	assert_string_equal(buf_str(&out),
	    "\x1b[1;31mred\x1b[0m\r\n\t\\x1b[2J\\x1b]0;t\\x07"
	    "\x1b[m\x1b[38:5:1mä" FFFD "\\x1b[3");
	buf_release(&out);
}

static void
test_text__columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns(""), 0);
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("äöü"), 3);
	assert_int_equal(text_columns("漢字"), 4);
	assert_int_equal(text_columns("🙂…"), 3);
	assert_int_equal(text_columns("e\xcc\x81"), 1);
	assert_int_equal(text_columns("한글 かな ﾊﾝ"), 12);
	assert_int_equal(text_fit_columns("漢字x", 3), 3);
	assert_int_equal(text_fit_columns("漢字x", 4), 6);
	assert_int_equal(text_fit_columns("e\xcc\x81x", 1), 3);
	assert_int_equal(text_fit_columns("abc", 9), 3);
	assert_int_equal(text_fit_columns("abc", 0), 0);
}

static void
assert_quoted(const char *word, const char *expected)
{
	struct buf out = BUF_INIT;

	text_shell_quote(&out, word);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void
test_text__shell_quote(void **state)
{
	(void)state;
	assert_quoted("make", "make");
	assert_quoted("--opt=a/b.c,d:1@x%+", "--opt=a/b.c,d:1@x%+");
	assert_quoted("", "''");
	assert_quoted("a b", "'a b'");
	assert_quoted("it's", "'it'\\''s'");
	assert_quoted("'", "''\\'''");
	assert_quoted("$HOME;*", "'$HOME;*'");
	assert_quoted("grün", "'grün'");
	assert_quoted("~", "'~'");
}

static void
test_text__ansi_fit_splits_no_unit(void **state)
{
	static const char line[] = "\x1b[1mäb\x1b[0m€\xff";
	size_t len = sizeof(line) - 1;

	(void)state;
	assert_int_equal(ansi_fit_head(line, len, &clean, 0), 4);
	assert_int_equal(ansi_fit_head(line, len, &clean, 1), 4);
	assert_int_equal(ansi_fit_head(line, len, &clean, 2), 6);
	assert_int_equal(ansi_fit_head(line, len, &clean, 5), 11);
	assert_int_equal(ansi_fit_head(line, len, &clean, 99), len);
	assert_int_equal(ansi_fit_head(line, len, &raw, 5), 4);
	assert_int_equal(ansi_fit_tail(line, len, &clean, 99), 0);
	assert_int_equal(ansi_fit_tail(line, len, &clean, 3), len - 1);
	assert_int_equal(ansi_fit_tail(line, len, &clean, 6), 7);
	assert_int_equal(ansi_fit_tail(line, len, &clean, 0), len);
	assert_int_equal(ansi_unit(line, len, &clean), 4);
	assert_int_equal(ansi_unit(line, len, &raw), 1);
	/* A string that was aborted stays one where the line is cut. */
	assert_int_equal(ansi_fit_head("a\x1bXyz\x1b\nb", 8, &clean, 1), 6);
	assert_clean("a\x1bXyz\x1b", "a");
}

static void
test_text__ansi_unfinished(void **state)
{
	(void)state;
	assert_int_equal(ansi_unfinished("abc", 3, &clean), 0);
	assert_int_equal(ansi_unfinished("a\x1b", 2, &clean), 1);
	assert_int_equal(ansi_unfinished("a\x1b[3", 4, &clean), 3);
	assert_int_equal(ansi_unfinished("a\x1b[3", 4, &raw), 0);
	assert_int_equal(ansi_unfinished("a\x1b[3m", 5, &clean), 0);
	assert_int_equal(ansi_unfinished("\x1b]0;t\x1b", 6, &clean), 6);
	assert_int_equal(ansi_unfinished("a\xe2\x82", 3, &clean), 2);
	assert_int_equal(ansi_unfinished("a\xe2\x82", 3, &raw), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text__plain_line_stays),
		cmocka_unit_test(test_text__nul_is_kept),
		cmocka_unit_test(test_text__escape_sequences_go),
		cmocka_unit_test(test_text__broken_sequences_hide_no_text),
		cmocka_unit_test(test_text__sequences_part_characters),
		cmocka_unit_test(test_text__carriage_returns_fold),
		cmocka_unit_test(test_text__raw_keeps_all),
		cmocka_unit_test(test_text__long_lines_are_cut),
		cmocka_unit_test(test_text__invalid_parts_are_replaced),
		cmocka_unit_test(test_text__lossy_is_never_cleared),
		cmocka_unit_test(test_text__utf8_lengths),
		cmocka_unit_test(test_text__incomplete_ends),
		cmocka_unit_test(test_text__utf8_fit),
		cmocka_unit_test(test_text__show),
		cmocka_unit_test(test_text__show_coloured),
		cmocka_unit_test(test_text__columns),
		cmocka_unit_test(test_text__shell_quote),
		cmocka_unit_test(test_text__ansi_fit_splits_no_unit),
		cmocka_unit_test(test_text__ansi_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
