/*
 * test_logs.c: logs in all their forms, also while they change (engines/logs.h)
 */
#include "base/compat.h"

#include "logs_fixture.h"

static void
assert_read(struct fixture *f, int64_t offset, size_t size, int64_t at,
    const char *expected, size_t len)
{
	char *data = xmalloc(size);
	ssize_t n = log_read(&f->log, &offset, data, size, &f->err);

	assert_int_equal(n, (ssize_t)len);
	assert_int_equal(offset, at);
	assert_memory_equal(data, expected, len);
	free(data);
}

static void
assert_range(const struct log_range *range, int64_t offset, int64_t bytes)
{
	assert_int_equal(range->bytes, bytes);
	if (bytes > 0)
		assert_int_equal(range->offset, offset);
}

/* --- forms ------------------------------------------------------------- */

static void
test_logs__missing_log_is_empty(void **state)
{
	struct fixture *f = *state;

	open_live(f);
	assert_int_equal(f->log.fd, -1);
	assert_int_equal(f->log.size, 0);
	assert_read(f, 0, 10, 0, "", 0);
	assert_int_equal(log_refresh(&f->log, &f->err), 0);
	assert_int_equal(log_view_all(&f->log, "stdout", 100, &clean, &f->view,
			     &f->err),
	    0);
	assert_string_equal(buf_str(&f->view.text), "");
	assert_int_equal(log_view_tail(&f->log, 5, 100, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(log_view_range(&f->log, 7, 100, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.next, 0);
}

static void
test_logs__only_regular_files(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = false };
	struct log log;

	assert_int_equal(symlinkat("/etc/passwd", f->dir, NAME), 0);
	assert_int_equal(log_open(&log, f->dir, NAME, &shape, &f->err), -1);
	assert_int_equal(log.fd, -1);
	assert_int_equal(f->err.kind, ERR_SYSTEM);
	unlinkat(f->dir, NAME, 0);
	err_clear(&f->err);
	assert_int_equal(mkfifoat(f->dir, NAME, 0600), 0);
	assert_int_equal(log_open(&log, f->dir, NAME, &shape, &f->err), -1);
	unlinkat(f->dir, NAME, 0);
	err_clear(&f->err);
	assert_int_equal(mkdirat(f->dir, NAME, 0700), 0);
	assert_int_equal(log_open(&log, f->dir, NAME, &shape, &f->err), -1);
}

static void
test_logs__read_and_grow(void **state)
{
	struct fixture *f = *state;

	put_text(f, "0123456789");
	open_live(f);
	assert_read(f, 0, 4, 0, "0123", 4);
	assert_read(f, 8, 4, 8, "89", 2);
	assert_read(f, 10, 4, 10, "", 0);
	assert_read(f, 99, 4, 99, "", 0);
	put_at(f, 10, "ab");
	/* The size is that of the last look. */
	assert_read(f, 8, 4, 8, "89", 2);
	assert_int_equal(log_refresh(&f->log, &f->err), 0);
	assert_read(f, 8, 9, 8, "89ab", 4);
	assert_false(f->log.shrunk);
	open_ended(f);
	assert_read(f, 8, 9, 8, "89ab", 4);
}

/* Head of a block, three blocks dropped, a block of tail. */
static const char head[] = "head\n", tail[] = "tail\n";

static void
put_holed(struct fixture *f)
{
	char *block = xmalloc(BLOCK);

	memset(block, '.', BLOCK);
	memcpy(block, head, 5);
	put(f, 0, block, BLOCK);
	memcpy(block, tail, 5);
	put(f, 4 * BLOCK, block, BLOCK);
	free(block);
}

static void
test_logs__live_hole(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .bound = 2 * BLOCK };

	put_holed(f);
	open_shape(f, &shape);
	assert_int_equal(f->log.size, 5 * BLOCK);
	assert_false(f->log.collapsed);
	assert_range(&f->log.dropped, BLOCK, 3 * BLOCK);
	assert_read(f, 0, 5, 0, head, 5);
	assert_read(f, BLOCK - 1, 100, BLOCK - 1, ".", 1);
	assert_read(f, BLOCK, 5, 4 * BLOCK, tail, 5);
	assert_read(f, 2 * BLOCK, 5, 4 * BLOCK, tail, 5);
	assert_read(f, 4 * BLOCK + 1, 4, 4 * BLOCK + 1, tail + 1, 4);
}

static void
test_logs__hole_below_the_bound_is_data(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .bound = 5 * BLOCK };

	put_holed(f);
	open_shape(f, &shape);
	assert_range(&f->log.dropped, 0, 0);
	assert_read(f, 2 * BLOCK, 3, 2 * BLOCK, "\0\0\0", 3);
	open_live(f);
	assert_range(&f->log.dropped, 0, 0);
}

static void
test_logs__ended_with_hole(void **state)
{
	struct fixture *f = *state;
	/* The record rules, also where holes are filled (a copy). */
	struct log_shape shape = { .ended = true,
		.bytes = 5 * BLOCK,
		.dropped = { BLOCK + 10, BLOCK },
		.bound = BLOCK };

	put_holed(f);
	open_shape(f, &shape);
	assert_false(f->log.collapsed);
	assert_range(&f->log.dropped, BLOCK + 10, BLOCK);
	/* Processes left behind go on writing: the hole tells. */
	put(f, 5 * BLOCK, "more", 4);
	assert_int_equal(log_refresh(&f->log, &f->err), 0);
	assert_range(&f->log.dropped, BLOCK, 3 * BLOCK);
	assert_int_equal(f->log.size, 5 * BLOCK + 4);
}

static void
test_logs__collapsed(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 1000010,
		.dropped = { 5, 1000000 },
		.bound = 8 };

	put_text(f, "head\ntail\n");
	open_shape(f, &shape);
	assert_true(f->log.collapsed);
	assert_int_equal(f->log.size, 1000010);
	assert_read(f, 0, 99, 0, head, 5);
	assert_read(f, 5, 99, 1000005, tail, 5);
	assert_read(f, 500000, 99, 1000005, tail, 5);
	assert_read(f, 1000007, 99, 1000007, "il\n", 3);
	assert_read(f, 1000010, 99, 1000010, "", 0);
}

static void
test_logs__absurd_record(void **state)
{
	static const struct log_range absurd[] = {
		{ -5, 10 },
		{ 5, -10 },
		{ INT64_MAX, INT64_MAX },
		{ 15, 10 },
		{ 0, INT64_MAX },
	};
	struct fixture *f = *state;
	size_t i;

	put_text(f, "0123456789");
	for (i = 0; i < ARRAY_LEN(absurd); i++) {
		struct log_shape shape = { .ended = true,
			.bytes = 20,
			.dropped = absurd[i] };

		open_shape(f, &shape);
		assert_false(f->log.collapsed);
		assert_int_equal(f->log.size, 10);
		assert_read(f, 8, 9, 8, "89", 2);
	}
}

/* --- change under a reader --------------------------------------------- */

static void
test_logs__truncated_by_the_job(void **state)
{
	struct fixture *f = *state;

	put_text(f, "0123456789");
	open_live(f);
	truncate_log(f, 3);
	assert_read(f, 5, 5, 5, "", 0);
	assert_int_equal(f->log.size, 3);
	assert_true(f->log.shrunk);
	assert_read(f, 0, 9, 0, "012", 3);
	assert_int_equal(log_view_range(&f->log, 5, 100, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.next, 3);
	assert_int_equal(f->view.text.len, 0);
	truncate_log(f, 0);
	assert_int_equal(log_view_all(&f->log, "stdout", 100, &clean, &f->view,
			     &f->err),
	    0);
	assert_int_equal(f->view.next, 0);
	assert_int_equal(f->view.text.len, 0);
}

static void
test_logs__collapse_under_a_reader(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .ended = true,
		.bytes = 5 * BLOCK,
		.dropped = { BLOCK, 3 * BLOCK },
		.bound = BLOCK };
	char *block = xmalloc(BLOCK);

	put_holed(f);
	open_shape(f, &shape);
	memset(block, '.', BLOCK);
	memcpy(block, tail, 5);
	put(f, BLOCK, block, BLOCK);
	truncate_log(f, 2 * BLOCK);
	assert_read(f, 4 * BLOCK, 5, 4 * BLOCK, tail, 5);
	assert_true(f->log.collapsed);
	assert_false(f->log.shrunk);
	assert_int_equal(f->log.size, 5 * BLOCK);
	free(block);
}

static void
test_logs__hole_moves_under_a_reader(void **state)
{
	struct fixture *f = *state;
	struct log_shape shape = { .bound = BLOCK };
	char *text = xmalloc(6 * BLOCK);

	fill_lines(text, 6 * BLOCK);
	put(f, 0, text, 6 * BLOCK);
	open_shape(f, &shape);
	assert_range(&f->log.dropped, 0, 0);
	if (compat_punch_hole(f->log.fd, BLOCK, 3 * BLOCK) < 0) {
		/* Opened for reading: punch through another descriptor. */
		int fd = openat(f->dir, NAME, O_RDWR | O_CLOEXEC);

		assert_true(fd >= 0);
		if (compat_punch_hole(fd, BLOCK, 3 * BLOCK) < 0) {
			truncate_log(f, BLOCK);
			put(f, 4 * BLOCK, text + 4 * BLOCK, 2 * BLOCK);
		}
		close(fd);
	}
	assert_read(f, 2 * BLOCK, 5, 4 * BLOCK, text + 4 * BLOCK, 5);
	assert_range(&f->log.dropped, BLOCK, 3 * BLOCK);
	free(text);
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(test_logs__missing_log_is_empty),
		log_test(test_logs__only_regular_files),
		log_test(test_logs__read_and_grow),
		log_test(test_logs__live_hole),
		log_test(test_logs__hole_below_the_bound_is_data),
		log_test(test_logs__ended_with_hole),
		log_test(test_logs__collapsed),
		log_test(test_logs__absurd_record),
		log_test(test_logs__truncated_by_the_job),
		log_test(test_logs__collapse_under_a_reader),
		log_test(test_logs__hole_moves_under_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
