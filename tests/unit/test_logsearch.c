/*
 * test_logsearch.c: lines of a log that match (engines/logs.h)
 */
#include "base/compat.h"

#include "logs_fixture.h"

struct search {
	const char *pattern;
	int64_t offset;
	int context;
	size_t max;
	bool raw;
};

/* Search to the end; returns how many steps that took. */
static int
run(struct fixture *f, const struct search *how)
{
	struct pattern *pattern = pattern_new(how->pattern, false, &f->err);
	struct log_search *search;
	int steps = 1, rc;

	assert_non_null(pattern);
	log_view_release(&f->view);
	search = log_search_new(&f->log, pattern, how->offset, how->context,
	    how->max, how->raw ? &raw : &clean);
	while ((rc = log_search_step(search, &f->view, &f->err)) == 1)
		steps++;
	if (rc < 0)
		fail_msg("%s", f->err.text);
	log_search_free(search);
	pattern_free(pattern);
	return steps;
}

static void
assert_found(struct fixture *f, const struct search *how, const char *expected,
    int64_t matches, int64_t next)
{
	run(f, how);
	assert_string_equal(buf_str(&f->view.text), expected);
	assert_true(f->view.text.len <= how->max);
	assert_int_equal(f->view.matches, matches);
	assert_int_equal(f->view.next, next);
}

static void
test_logsearch__lines_with_offsets(void **state)
{
	struct fixture *f = *state;
	struct search s = { "two|four", 0, 0, 100, false };

	put_text(f, "one\ntwo\nthree\nfour\n");
	open_ended(f);
	assert_found(f, &s, "4:two\n--\n14:four\n", 2, 19);
	assert_false(f->view.full);
	s.pattern = "t";
	assert_found(f, &s, "4:two\n8:three\n", 2, 19);
	s.offset = 5;
	assert_found(f, &s, "8:three\n", 1, 19);
	s.pattern = "none";
	assert_found(f, &s, "", 0, 19);
	s.offset = 1000;
	assert_found(f, &s, "", 0, 19);
	s.pattern = "^$";
	s.offset = 0;
	assert_found(f, &s, "", 0, 19);
}

static void
test_logsearch__empty_log(void **state)
{
	struct fixture *f = *state;
	struct search s = { "x", 0, 2, 100, false };

	open_live(f);
	assert_found(f, &s, "", 0, 0);
	log_search_free(NULL);
}

static void
test_logsearch__context(void **state)
{
	struct fixture *f = *state;
	struct search s = { "X", 0, 2, 1000, false };

	put_text(f, "a\nb\nc\nX\nd\ne\nf\ng\nh\nX\ni\n");
	open_ended(f);
	assert_found(f, &s,
	    "2-b\n4-c\n6:X\n8-d\n10-e\n--\n"
	    "14-g\n16-h\n18:X\n20-i\n",
	    2, 22);
	s.context = 1;
	assert_found(f, &s, "4-c\n6:X\n8-d\n--\n16-h\n18:X\n20-i\n", 2, 22);
	/* Groups that touch or overlap are one. */
	s.context = 3;
	assert_found(f, &s,
	    "0-a\n2-b\n4-c\n6:X\n8-d\n10-e\n12-f\n14-g\n16-h\n"
	    "18:X\n20-i\n",
	    2, 22);
	s.context = 20;
	assert_found(f, &s,
	    "0-a\n2-b\n4-c\n6:X\n8-d\n10-e\n12-f\n14-g\n16-h\n"
	    "18:X\n20-i\n",
	    2, 22);
	/* Nothing from before the offset. */
	s.context = 2;
	s.offset = 4;
	assert_found(f, &s,
	    "4-c\n6:X\n8-d\n10-e\n--\n"
	    "14-g\n16-h\n18:X\n20-i\n",
	    2, 22);
}

static void
test_logsearch__goes_on_where_it_was_full(void **state)
{
	struct fixture *f = *state;
	struct search s = { "X", 0, 1, 13, false };

	put_text(f, "a\nX\nb\nc\nd\nX\ne\n");
	open_ended(f);
	assert_found(f, &s, "0-a\n2:X\n4-b\n", 1, 8);
	assert_true(f->view.full);
	s.offset = 8;
	assert_found(f, &s, "8-d\n10:X\n", 1, 12);
	s.offset = 12;
	assert_found(f, &s, "", 0, 14);
	assert_false(f->view.full);
}

static void
test_logsearch__a_line_larger_than_the_view(void **state)
{
	struct fixture *f = *state;
	struct search s = { "x", 0, 0, 6, false };

	put_text(f, "xäxäxäxä\nx\n");
	open_ended(f);
	assert_found(f, &s, "0:xä\n", 1, 13);
	assert_true(f->view.full);
	assert_int_equal(f->view.omitted.offset, 3);
	assert_int_equal(f->view.omitted.bytes, 9);
	s.offset = 13;
	assert_found(f, &s, "13:x\n", 1, 15);
	/* Not even the offset fits. */
	s.offset = 0;
	s.max = 2;
	assert_found(f, &s, "", 2, 15);
}

static void
test_logsearch__matches_what_is_shown(void **state)
{
	struct fixture *f = *state;
	struct search s = { "^error: x$", 0, 0, 100, false };

	put_text(f, "10%\r20%\rerror\x1b[0m: x\r\nok \xff\n");
	open_ended(f);
	assert_found(f, &s, "0:error: x\n", 1, 27);
	assert_false(f->view.lossy);
	s.pattern = "10%";
	assert_found(f, &s, "", 0, 27);
	s.pattern = "10%.*x";
	s.raw = true;
	assert_found(f, &s, "0:10%\r20%\rerror\x1b[0m: x\r\n", 1, 27);
	s.pattern = "ok";
	assert_found(f, &s, "22:ok \xef\xbf\xbd\n", 1, 27);
	assert_true(f->view.lossy);
}

static void
test_logsearch__unfinished_last_line(void **state)
{
	struct fixture *f = *state;
	struct search s = { "name", 0, 0, 100, false };

	put_text(f, "hello\nuser");
	open_live(f);
	/* It may match yet: whoever goes on begins with it. */
	assert_found(f, &s, "", 0, 6);
	put_at(f, 10, "name: \xc3");
	open_live(f);
	assert_found(f, &s, "6:username: \n", 1, 16);
	assert_false(f->view.lossy);
	open_ended(f);
	assert_found(f, &s, "6:username: \xef\xbf\xbd\n", 1, 17);
	s.pattern = "none";
	assert_found(f, &s, "", 0, 17);
}

static void
test_logsearch__dropped_part(void **state)
{
	struct fixture *f = *state;
	struct search s = { "a", 0, 1, 100, false };
	struct log_shape shape = { .ended = true,
		.bytes = 115,
		.dropped = { 5, 100 } };

	/* The gap is between "he" and "ad". */
	put_text(f, "a\nhe\nad\nb\na\nxyz");
	open_shape(f, &shape);
	assert_found(f, &s, "0:a\n2-he\n--\n105:ad\n108-b\n110:a\n112-xyz\n", 3,
	    115);
	s.offset = 50;
	assert_found(f, &s, "105:ad\n108-b\n110:a\n112-xyz\n", 2, 115);
	/* No line goes over the gap. */
	shape.dropped.offset = 3;
	open_shape(f, &shape);
	s.pattern = "he|^e$";
	s.offset = 0;
	s.context = 0;
	assert_found(f, &s, "103:e\n", 1, 115);
}

static void
test_logsearch__reads_a_slice_a_step(void **state)
{
	struct fixture *f = *state;
	struct search s = { "99990$", 0, 0, 10000, false };
	size_t len = 3 * LOG_SLICE;
	char *text = xmalloc(len);

	fill_lines(text, len);
	put(f, 0, text, len);
	open_live(f);
	assert_true(run(f, &s) >= 3);
	assert_int_equal(f->view.matches, 31);
	assert_memory_equal(f->view.text.data, "99990:000099990\n--\n", 19);
	assert_int_equal(f->view.next, (int64_t)len / 10 * 10);
	free(text);
}

/* Pages put together are one search. */
static void
test_logsearch__pages(void **state)
{
	struct fixture *f = *state;
	struct search s = { "7[0-9]$", 0, 0, 1 << 20, false };
	struct buf whole = BUF_INIT, pages = BUF_INIT;
	size_t len = 100000;
	char *text = xmalloc(len);
	int64_t matches = 0;

	fill_lines(text, len);
	put(f, 0, text, len);
	open_ended(f);
	run(f, &s);
	assert_int_equal(f->view.matches, 1000);
	buf_add(&whole, f->view.text.data, f->view.text.len);
	s.max = 77;
	do {
		if (pages.len > 0)
			buf_addstr(&pages, "--\n");
		run(f, &s);
		assert_true(f->view.text.len <= s.max);
		buf_add(&pages, buf_str(&f->view.text), f->view.text.len);
		matches += f->view.matches;
		s.offset = f->view.next;
	} while (f->view.full);
	assert_int_equal(matches, 1000);
	assert_string_equal(buf_str(&pages), buf_str(&whole));
	buf_release(&whole);
	buf_release(&pages);
	free(text);
}

static void
test_logsearch__endless_line(void **state)
{
	struct fixture *f = *state;
	struct search s = { "a+b", 0, 2, 10000, false };
	size_t len = 2 * LOG_SLICE + 1000;
	char *text = xmalloc(len);

	memset(text, 'a', len);
	text[100] = 'b';
	text[len - 2] = 'b';
	text[len - 1] = '\n';
	put(f, 0, text, len);
	open_ended(f);
	assert_true(run(f, &s) >= 3);
	/* Pieces of LOG_SLICE count as lines. */
	assert_int_equal(f->view.matches, 2);
	assert_int_equal(f->view.next, (int64_t)len);
	free(text);
}

/* --- waits ------------------------------------------------------------- */

static bool
match(struct fixture *f, struct log_match *m, const char *text)
{
	struct pattern *pattern = pattern_new(text, false, &f->err);
	int rc;

	assert_non_null(pattern);
	while ((rc = log_match_step(&f->log, pattern, m, &f->err)) == 1)
		;
	if (rc < 0)
		fail_msg("%s", f->err.text);
	pattern_free(pattern);
	return m->found;
}

static void
test_logsearch__match_as_the_log_grows(void **state)
{
	struct log_match m = { .scanned = 0 };
	struct fixture *f = *state;

	put_text(f, "starting\nlist");
	open_live(f);
	assert_false(match(f, &m, "listening on"));
	assert_int_equal(m.scanned, 9);
	put_at(f, 13, "ening \x1b[1mon\x1b[0m 80\nmore\n");
	assert_false(match(f, &m, "listening on"));
	assert_int_equal(log_refresh(&f->log, &f->err), 0);
	assert_true(match(f, &m, "listening on"));
	assert_int_equal(m.offset, 9);
	assert_string_equal(buf_str(&m.line), "listening on 80");
	/* Found is found. */
	assert_true(match(f, &m, "listening on"));
	buf_release(&m.line);
}

static void
test_logsearch__match_in_unfinished_line(void **state)
{
	struct log_match m = { .scanned = 0 };
	struct fixture *f = *state;

	put_text(f, "x\npassword: ");
	open_live(f);
	assert_true(match(f, &m, "^password: $"));
	assert_int_equal(m.offset, 2);
	assert_string_equal(buf_str(&m.line), "password: ");
	buf_release(&m.line);
}

static void
test_logsearch__match_after_the_end(void **state)
{
	struct log_match m = { .scanned = 0 };
	struct fixture *f = *state;

	put_text(f, "one\ntwo");
	open_ended(f);
	assert_false(match(f, &m, "x"));
	assert_int_equal(m.scanned, 7);
	assert_false(match(f, &m, "two"));
	assert_null(m.line.data);
}

static void
test_logsearch__match_after_truncation(void **state)
{
	struct log_match m = { .scanned = 0 };
	struct fixture *f = *state;

	put_text(f, "a long first line\n");
	open_live(f);
	assert_false(match(f, &m, "ready"));
	truncate_log(f, 0);
	put_text(f, "ready\n");
	assert_int_equal(log_refresh(&f->log, &f->err), 0);
	assert_true(f->log.shrunk);
	assert_true(match(f, &m, "ready"));
	assert_int_equal(m.offset, 0);
	buf_release(&m.line);
}

static void
test_logsearch__match_reads_a_slice_a_step(void **state)
{
	struct log_match m = { .scanned = 0 };
	struct fixture *f = *state;
	struct pattern *pattern = pattern_new("x$", false, &f->err);
	size_t len = 2 * LOG_SLICE;
	char *text = xmalloc(len);

	fill_lines(text, len);
	text[len - 1] = 'x';
	put(f, 0, text, len);
	open_live(f);
	assert_int_equal(log_match_step(&f->log, pattern, &m, &f->err), 1);
	assert_true(m.scanned > 0 && m.scanned <= LOG_SLICE);
	pattern_free(pattern);
	assert_true(match(f, &m, "x$"));
	assert_int_equal(m.offset, (int64_t)len / 10 * 10);
	buf_release(&m.line);
	free(text);
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(test_logsearch__lines_with_offsets),
		log_test(test_logsearch__empty_log),
		log_test(test_logsearch__context),
		log_test(test_logsearch__goes_on_where_it_was_full),
		log_test(test_logsearch__a_line_larger_than_the_view),
		log_test(test_logsearch__matches_what_is_shown),
		log_test(test_logsearch__unfinished_last_line),
		log_test(test_logsearch__dropped_part),
		log_test(test_logsearch__reads_a_slice_a_step),
		log_test(test_logsearch__pages),
		log_test(test_logsearch__endless_line),
		log_test(test_logsearch__match_as_the_log_grows),
		log_test(test_logsearch__match_in_unfinished_line),
		log_test(test_logsearch__match_after_the_end),
		log_test(test_logsearch__match_after_truncation),
		log_test(test_logsearch__match_reads_a_slice_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
