/*
 * test_logsview.c: bounded views of logs (engines/logs.h)
 */
#include "base/compat.h"

#include "logs_fixture.h"

static void
assert_range(const struct log_range *range, int64_t offset, int64_t bytes)
{
	assert_int_equal(range->bytes, bytes);
	if (bytes > 0)
		assert_int_equal(range->offset, offset);
}

/* --- all --------------------------------------------------------------- */

static void
assert_all(struct fixture *f, size_t max, const char *expected)
{
	if (log_view_all(&f->log, "stdout", max, &clean, &f->view, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(buf_str(&f->view.text), expected);
	assert_int_equal(f->view.next, f->log.size);
}

static void
test_logsview__all_fits(void **state)
{
	struct fixture *f = *state;

	put_text(f, "one\ntwo\nthree");
	open_live(f);
	assert_all(f, 100, "one\ntwo\nthree");
	assert_all(f, 13, "one\ntwo\nthree");
	assert_range(&f->view.omitted, 0, 0);
	put_at(f, 13, "\n\x1b[1mfour\x1b[m\n1%\r2%\r\n\xff\n");
	open_live(f);
	assert_all(f, 100, "one\ntwo\nthree\nfour\n2%\n\xef\xbf\xbd\n");
	assert_true(f->view.lossy);
}

static void
test_logsview__all_head_and_tail(void **state)
{
	struct fixture *f = *state;
	char text[1001] = "";

	fill_lines(text, 1000);
	put_text(f, text);
	open_ended(f);
	assert_all(f, 99,
	    "000000000\n000000010\n"
	    "[... 910 bytes left out, stdout_offset 20 ...]\n"
	    "000000930\n000000940\n000000950\n000000960\n000000970\n"
	    "000000980\n000000990\n");
	assert_range(&f->view.omitted, 20, 910);
	assert_false(f->view.lossy);
	assert_all(f, 1000, text);
}

static void
test_logsview__all_without_line_ends(void **state)
{
	struct fixture *f = *state;

	put_text(f, "äöüäöüäöüäöüäöü");
	open_ended(f);
	assert_all(f, 12,
	    "ä\n[... 20 bytes left out, stdout_offset 2 ...]\n"
	    "üäöü");
	assert_range(&f->view.omitted, 2, 20);
}

static void
test_logsview__all_tiny_budgets(void **state)
{
	struct fixture *f = *state;

	put_text(f, "abcdef\n");
	open_ended(f);
	assert_all(f, 0, "[... 7 bytes left out, stdout_offset 0 ...]\n");
	assert_all(f, 1, "[... 6 bytes left out, stdout_offset 0 ...]\n\n");
	assert_all(f, 3, "[... 4 bytes left out, stdout_offset 0 ...]\nef\n");
}

static void
test_logsview__all_with_dropped_part(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 1000022,
		.dropped = { 12, 1000000 },
		.bound = 8 };

	/* The gap splits a line and a character. */
	put_text(f, "head\nmiddle \xa4rest\nend\n");
	open_shape(f, &shape);
	assert_all(f, 100,
	    "head\nmiddle \n"
	    "[... 1000001 bytes left out, stdout_offset 12 ...]\n"
	    "rest\nend\n");
	assert_range(&f->view.omitted, 12, 1000001);
	assert_false(f->view.lossy);
	/* No room for all: what is dropped is part of what is left out. */
	assert_all(f, 20,
	    "head\n"
	    "[... 1000008 bytes left out, stdout_offset 5 ...]\n"
	    "rest\nend\n");
}

static void
test_logsview__all_dropped_at_start_and_end(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 105,
		.dropped = { 0, 100 } };

	put_text(f, "tail\n");
	open_shape(f, &shape);
	assert_all(f, 100,
	    "[... 100 bytes left out, stdout_offset 0 ...]\n"
	    "tail\n");
	shape.dropped.offset = 5;
	open_shape(f, &shape);
	assert_all(f, 100,
	    "tail\n"
	    "[... 100 bytes left out, stdout_offset 5 ...]\n");
}

/* --- range ------------------------------------------------------------- */

static void
assert_view(struct fixture *f, int64_t offset, size_t max,
    const struct text_style *style, const char *expected, int64_t next)
{
	if (log_view_range(&f->log, offset, max, style, &f->view, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(buf_str(&f->view.text), expected);
	assert_int_equal(f->view.next, next);
}

static void
test_logsview__range(void **state)
{
	struct fixture *f = *state;

	put_text(f, "one\ntwo\nthree\nfour");
	open_live(f);
	assert_view(f, 0, 100, &clean, "one\ntwo\nthree\nfour", 18);
	assert_view(f, 4, 9, &clean, "two\n", 8);
	assert_view(f, 8, 9, &clean, "three\n", 14);
	assert_view(f, 9, 8, &clean, "hree\n", 14);
	assert_view(f, 8, 3, &clean, "thr", 11);
	assert_view(f, 11, 3, &clean, "ee\n", 14);
	assert_view(f, 14, 3, &clean, "fou", 17);
	assert_view(f, 18, 3, &clean, "", 18);
	assert_view(f, 400, 3, &clean, "", 18);
	assert_view(f, 4, 0, &clean, "", 4);
	assert_view(f, -3, 3, &clean, "one", 3);
	assert_range(&f->view.omitted, 0, 0);
}

static void
test_logsview__range_splits_no_character(void **state)
{
	struct fixture *f = *state;

	put_text(f, "a€🙂b");
	open_ended(f);
	assert_view(f, 0, 3, &clean, "a", 1);
	assert_view(f, 0, 4, &raw, "a€", 4);
	/* An offset inside a character. */
	assert_view(f, 2, 9, &clean, "🙂b", 9);
	assert_range(&f->view.omitted, 2, 2);
	assert_false(f->view.lossy);
	assert_view(f, 7, 9, &raw, "b", 9);
	/* One that never fits is passed over and told. */
	assert_view(f, 4, 3, &clean, "", 8);
	assert_range(&f->view.omitted, 4, 4);
}

static void
test_logsview__range_cuts_no_sequence(void **state)
{
	struct fixture *f = *state;

	put_text(f, "10%\r\x1b[1mab\x1b[0mcd\r\n");
	open_ended(f);
	assert_view(f, 0, 2, &clean, "ab", 14);
	assert_view(f, 14, 2, &clean, "cd", 17);
	assert_view(f, 17, 2, &clean, "\n", 18);
	assert_view(f, 0, 99, &raw, "10%\r\x1b[1mab\x1b[0mcd\r\n", 18);
}

static void
test_logsview__unfinished_end(void **state)
{
	struct fixture *f = *state;

	put_text(f, "ab\xe2\x82");
	open_live(f);
	assert_view(f, 0, 99, &raw, "ab", 2);
	assert_false(f->view.lossy);
	assert_view(f, 2, 99, &raw, "", 2);
	assert_int_equal(log_view_tail(&f->log, 1, 99, &raw, &f->view, &f->err),
	    0);
	assert_string_equal(buf_str(&f->view.text), "ab");
	assert_int_equal(f->view.next, 2);
	open_ended(f);
	assert_view(f, 0, 99, &raw, "ab\xef\xbf\xbd", 4);
	assert_true(f->view.lossy);
	put_at(f, 2, "\x1b[");
	open_live(f);
	assert_view(f, 0, 99, &clean, "ab", 2);
	assert_view(f, 0, 99, &raw, "ab\x1b[", 4);
	put_at(f, 4, "1mc");
	open_live(f);
	assert_view(f, 2, 99, &clean, "c", 7);
}

static void
test_logsview__range_at_the_dropped_part(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 110,
		.dropped = { 5, 100 } };

	put_text(f, "head\ntail\n");
	open_shape(f, &shape);
	assert_view(f, 0, 99, &clean, "head\n", 5);
	assert_range(&f->view.omitted, 0, 0);
	assert_view(f, 5, 99, &clean, "tail\n", 110);
	assert_range(&f->view.omitted, 5, 100);
	assert_view(f, 50, 99, &clean, "tail\n", 110);
	assert_range(&f->view.omitted, 50, 55);
	assert_view(f, 107, 99, &clean, "il\n", 110);
	shape.dropped.offset = 10;
	open_shape(f, &shape);
	assert_view(f, 50, 99, &clean, "", 110);
}

static void
test_logsview__line_without_end(void **state)
{
	struct fixture *f = *state;
	size_t len = 3 * LOG_SLICE / 2;
	char *text = xmalloc(len);

	memset(text, 'x', len);
	put(f, 0, text, len);
	open_ended(f);
	assert_int_equal(log_view_range(&f->log, 0, 5000, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.next, LOG_SLICE);
	assert_true(f->view.text.len < 2100);
	assert_int_equal(log_view_range(&f->log, 0, 5000, &raw, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.next, 5000);
	assert_int_equal(f->view.text.len, 5000);
	assert_int_equal(log_view_tail(&f->log, 3, 5000, &raw, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.text.len, 5000);
	assert_int_equal(f->view.next, (int64_t)len);
	assert_int_equal(f->view.omitted.offset + f->view.omitted.bytes,
	    (int64_t)len - 5000);
	assert_int_equal(log_view_tail(&f->log, 3, 5000, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.text.len, 2000);
	free(text);
}

/* --- tail -------------------------------------------------------------- */

static void
assert_tail(struct fixture *f, int64_t lines, size_t max, const char *expected,
    int64_t omitted, int64_t bytes)
{
	if (log_view_tail(&f->log, lines, max, &clean, &f->view, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(buf_str(&f->view.text), expected);
	assert_int_equal(f->view.next, f->log.size);
	assert_range(&f->view.omitted, omitted, bytes);
}

static void
test_logsview__tail(void **state)
{
	struct fixture *f = *state;

	put_text(f, "one\ntwo\nthree\nfour");
	open_live(f);
	assert_tail(f, 1, 99, "four", 0, 0);
	assert_tail(f, 2, 99, "three\nfour", 0, 0);
	assert_tail(f, 9, 99, "one\ntwo\nthree\nfour", 0, 0);
	assert_tail(f, 0, 99, "", 0, 0);
	assert_tail(f, 3, 10, "three\nfour", 4, 4);
	assert_tail(f, 3, 9, "four", 4, 10);
	assert_tail(f, 3, 2, "ur", 4, 12);
	assert_tail(f, 3, 0, "", 4, 14);
	put_at(f, 18, "\n");
	open_live(f);
	assert_tail(f, 1, 99, "four\n", 0, 0);
	assert_tail(f, 2, 99, "three\nfour\n", 0, 0);
	assert_tail(f, 2, 3, "ur\n", 8, 8);
	put_at(f, 19, "\n\n");
	open_live(f);
	assert_tail(f, 3, 99, "four\n\n\n", 0, 0);
	assert_tail(f, 3, 1, "\n", 14, 6);
}

static void
test_logsview__tail_of_much(void **state)
{
	struct fixture *f = *state;
	size_t len = 2000000;
	char *text = xmalloc(len + 1);

	fill_lines(text, len);
	text[len] = '\0';
	put(f, 0, text, len);
	open_live(f);
	assert_tail(f, 1000, 65536, text + len - 10000, 0, 0);
	assert_tail(f, 10000, 65536, text + len - 65530, 1900000, 34470);
	assert_tail(f, 90000, 2000000, text + len - 900000, 0, 0);
	free(text);
}

/* A log larger than anything that could be read. */
static void
test_logsview__tail_of_huge(void **state)
{
	struct fixture *f = *state;
	int64_t end = (int64_t)1 << 40;

	put_at(f, end, "\nlast\n");
	open_live(f);
	assert_tail(f, 1, 99, "last\n", 0, 0);
}

static void
test_logsview__tail_at_the_dropped_part(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 115,
		.dropped = { 5, 100 } };

	put_text(f, "head\nrest\ntail\n");
	open_shape(f, &shape);
	assert_tail(f, 1, 99, "tail\n", 0, 0);
	assert_tail(f, 2, 99, "rest\ntail\n", 0, 0);
	assert_tail(f, 3, 99, "rest\ntail\n", 5, 100);
	shape.dropped.offset = 15;
	open_shape(f, &shape);
	assert_tail(f, 3, 99, "", 15, 100);
}

/* --- any bytes, any budget --------------------------------------------- */

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

static void
fill_random(char *data, size_t len, unsigned *seed)
{
	static const char *const parts[] = { "a", "bc", "\n", "\r", "\r\n",
		"\x1b[31m", "\x1b", "\x1b]0;t\x07", "ä", "€", "🙂", "\xff",
		"\xe2\x82", "\xc2", "\x80", "long words", "\n" };
	size_t at = 0;

	while (at < len) {
		const char *part = parts[next_random(seed) % ARRAY_LEN(parts)];
		size_t n = strlen(part);

		if (n > len - at)
			n = len - at;
		memcpy(data + at, part, n);
		at += n;
	}
}

static void
assert_valid(const struct log_view *view, size_t max)
{
	const char *text = buf_str(&view->text);
	size_t i, n;

	assert_true(view->text.len <= max);
	for (i = 0; i < view->text.len; i += n) {
		n = text_utf8_length(text + i, view->text.len - i);
		assert_true(n > 0);
	}
}

/* Pages of raw text put together are the text. */
static void
page_through(struct fixture *f, size_t max, const struct buf *whole)
{
	struct buf pages = BUF_INIT;
	int64_t at = 0, before;
	bool skipped = false;

	do {
		before = at;
		assert_int_equal(log_view_range(&f->log, at, max, &raw,
				     &f->view, &f->err),
		    0);
		assert_valid(&f->view, max);
		buf_add(&pages, buf_str(&f->view.text), f->view.text.len);
		skipped |= f->view.omitted.bytes > 0;
		at = f->view.next;
	} while (at > before);
	assert_int_equal(at, f->log.size);
	if (!skipped)
		assert_string_equal(buf_str(&pages), buf_str(whole));
	assert_true(skipped || pages.len == whole->len);
	assert_false(skipped && max >= 4);
	buf_release(&pages);
}

static void
test_logsview__any_bytes_any_budget(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 1, round;
	char data[200];

	for (round = 0; round < 200; round++) {
		struct buf whole = BUF_INIT;
		size_t len = next_random(&seed) % sizeof(data), max;
		bool lossy;

		fill_random(data, len, &seed);
		truncate_log(f, 0);
		put(f, 0, data, len);
		open_ended(f);
		text_add_utf8(&whole, data, len, &lossy);
		for (max = 1; max < 20; max++)
			page_through(f, max, &whole);
		page_through(f, 1000, &whole);
		for (max = 0; max < 60; max += 7) {
			assert_int_equal(log_view_tail(&f->log, 3, max, &clean,
					     &f->view, &f->err),
			    0);
			assert_valid(&f->view, max);
			assert_int_equal(f->view.next, f->log.size);
			assert_int_equal(log_view_all(&f->log, "stdout", max,
					     &clean, &f->view, &f->err),
			    0);
			assert_valid(&f->view, max + 80);
			assert_int_equal(f->view.next, f->log.size);
		}
		buf_release(&whole);
	}
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(test_logsview__all_fits),
		log_test(test_logsview__all_head_and_tail),
		log_test(test_logsview__all_without_line_ends),
		log_test(test_logsview__all_tiny_budgets),
		log_test(test_logsview__all_with_dropped_part),
		log_test(test_logsview__all_dropped_at_start_and_end),
		log_test(test_logsview__range),
		log_test(test_logsview__range_splits_no_character),
		log_test(test_logsview__range_cuts_no_sequence),
		log_test(test_logsview__unfinished_end),
		log_test(test_logsview__range_at_the_dropped_part),
		log_test(test_logsview__line_without_end),
		log_test(test_logsview__tail),
		log_test(test_logsview__tail_of_much),
		log_test(test_logsview__tail_of_huge),
		log_test(test_logsview__tail_at_the_dropped_part),
		log_test(test_logsview__any_bytes_any_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
