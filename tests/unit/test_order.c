/*
 * test_order.c: the text of an order to the forkserver
 */
#include "base/compat.h"
#include "engines/forkserver.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const argv[] = { "printf", "", "two words\n", NULL };
static char first[] = "A=1", second[] = "EMPTY=";
static char *environment[] = { first, second, NULL };

static void
write_sample(struct buf *text, bool has_cwd)
{
	struct journal journal;
	struct supervise args = { .name = "20261122T173012Z__x",
		.head = "{\n  \"jobdir\": 1",
		.journal = &journal,
		.environment = environment,
		.durable = true };

	journal_init(&journal);
	journal.argv = argv;
	journal.cwd = has_cwd ? "/tmp" : NULL;
	journal.timeout_usec = 90000001;
	journal.max_log_bytes = 0;
	journal.merge_output = true;
	order_write(&args, text);
}

static void
release(struct supervise *args, struct journal *journal)
{
	void *lists[2];

	memcpy(&lists[0], &journal->argv, sizeof(lists[0]));
	memcpy(&lists[1], &args->environment, sizeof(lists[1]));
	free(lists[0]);
	free(lists[1]);
}

static void
test_order__all_of_it_arrives(void **state)
{
	struct buf text = BUF_INIT;
	struct supervise args;
	struct journal journal;

	(void)state;
	write_sample(&text, true);
	assert_int_equal(order_read(text.data, text.len, &args, &journal), 0);
	assert_string_equal(args.name, "20261122T173012Z__x");
	assert_string_equal(args.head, "{\n  \"jobdir\": 1");
	assert_true(args.durable);
	assert_ptr_equal(args.journal, &journal);
	assert_string_equal(journal.argv[0], "printf");
	assert_string_equal(journal.argv[1], "");
	assert_string_equal(journal.argv[2], "two words\n");
	assert_null(journal.argv[3]);
	assert_string_equal(args.environment[0], "A=1");
	assert_string_equal(args.environment[1], "EMPTY=");
	assert_null(args.environment[2]);
	assert_string_equal(journal.cwd, "/tmp");
	assert_int_equal(journal.timeout_usec, 90000001);
	assert_int_equal(journal.max_log_bytes, 0);
	assert_true(journal.merge_output);
	assert_false(journal.interactive);
	release(&args, &journal);
	buf_release(&text);
}

static void
test_order__no_directory(void **state)
{
	struct buf text = BUF_INIT;
	struct supervise args;
	struct journal journal;

	(void)state;
	write_sample(&text, false);
	assert_int_equal(order_read(text.data, text.len, &args, &journal), 0);
	assert_null(journal.cwd);
	assert_string_equal(journal.argv[0], "printf");
	release(&args, &journal);
	buf_release(&text);
}

/* In memory of its very size, so that a sanitizer sees who reads on. */
static int
read_part(const char *text, size_t length)
{
	char *part = xmalloc(length + 1);
	char *exact = xrealloc(part, length ? length : 1, 1);
	struct supervise args;
	struct journal journal;
	int result;

	memcpy(exact, text, length);
	errno = 0;
	result = order_read(exact, length, &args, &journal);
	if (result == 0)
		release(&args, &journal);
	free(exact);
	return result;
}

static void
test_order__what_is_cut_is_refused(void **state)
{
	struct buf text = BUF_INIT;
	size_t length;

	(void)state;
	write_sample(&text, true);
	assert_int_equal(read_part(text.data, text.len), 0);
	for (length = 0; length < text.len; length++) {
		assert_int_equal(read_part(text.data, length), -1);
		assert_int_equal(errno, EINVAL);
	}
	buf_addch(&text, '\0');
	assert_int_equal(read_part(text.data, text.len), -1);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order__all_of_it_arrives),
		cmocka_unit_test(test_order__no_directory),
		cmocka_unit_test(test_order__what_is_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
