/*
 * test_resolve.c: truth/resolve.h: a word means the same whether the root was
 * read for it alone or for all
 */
#include "base/compat.h"
#include "truth/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scan_fixture.h"

#define STAMP(n) "20261122T17301" #n "Z__"
#define UUID(n) "0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c3" #n
#define OTHER "abcd1234-8b1d-4c8e-9f0a-5d2b7e6a1c30"

/* Two have one id, with one more that is foreign; a foreign one is called like
 * the beginning of an id, others like names of ours with more around them. */
static const char *const directories[] = { STAMP(0) UUID(0), STAMP(1) UUID(1),
	STAMP(2) UUID(1), UUID(1), STAMP(3) UUID(2) ".bak",
	STAMP(4) STAMP(5) UUID(5), STAMP(6) OTHER, "abcd1234", "0f9c",
	"nightly", STAMP(7) "nightly", STAMP(8) "~nightly" };

static const char *const words[] = { UUID(0), UUID(1), UUID(2), UUID(5),
	UUID(2) ".bak", STAMP(0) UUID(0), STAMP(3) UUID(2) ".bak",
	STAMP(5) UUID(5), STAMP(4) STAMP(5) UUID(5), STAMP(9) UUID(0), OTHER,
	"0f9c", "0f9c2c5e", "0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c3", "abcd",
	"abcd1234", "abcd1234-", "nightly", "nigh", "20261122",
	STAMP(7) "nightly", UUID(1) "~" STAMP(1) UUID(1), UUID(1) "~" UUID(1),
	UUID(0) "~" STAMP(0) UUID(0), UUID(0) "~" STAMP(1) UUID(1),
	"nightly~nightly", "nightly~" STAMP(7) "nightly", "~", "0",
	"no such job", UUID(0) "0" };

static char *
answer(struct catalog *catalog, const char *word)
{
	struct err err = ERR_INIT;
	struct spool_job job;
	char *text;

	if (resolve_in(catalog, word, false, &job, &err) == 0)
		text = xasprintf("%s = %s in %s", word, job.id, job.name);
	else
		text = xasprintf("%d: %s", err.kind, err.text);
	spool_job_release(&job);
	return text;
}

static void
make_root(const struct scan_fixture *f)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(directories); i++)
		assert_int_equal(mkdirat(f->tmp->fd, directories[i], 0700), 0);
}

static void
test_resolve__one_word_or_all(void **state)
{
	struct scan_fixture *f = *state;
	struct err err = ERR_INIT;
	struct catalog all;
	size_t i;

	make_root(f);
	catalog_init(&all, &f->spool);
	for (i = 0; i < ARRAY_LEN(words); i++) {
		cleanup_free char *alone = NULL, *among = NULL;
		struct catalog one;

		catalog_init(&one, &f->spool);
		alone = answer(&one, words[i]);
		assert_non_null(catalog_index(&all, &err));
		among = answer(&all, words[i]);
		assert_string_equal(alone, among);
		catalog_release(&one);
	}
	catalog_release(&all);
}

static void
assert_answer(struct catalog *catalog, const char *word, const char *expected)
{
	cleanup_free char *text = answer(catalog, word);

	assert_string_equal(text, expected);
}

/* The newest has the id; the name of a directory of ours is never an id. */
static void
test_resolve__means(void **state)
{
	struct scan_fixture *f = *state;
	struct catalog catalog;

	make_root(f);
	catalog_init(&catalog, &f->spool);
	assert_answer(&catalog, UUID(1),
	    UUID(1) " = " UUID(1) " in " STAMP(2) UUID(1));
	assert_answer(&catalog, UUID(1) "~" STAMP(1) UUID(1),
	    UUID(1) "~" STAMP(1) UUID(1) " = " UUID(1) "~" STAMP(1)
		UUID(1) " in " STAMP(1) UUID(1));
	assert_answer(&catalog, STAMP(0) UUID(0),
	    STAMP(0) UUID(0) " = " UUID(0) " in " STAMP(0) UUID(0));
	assert_answer(&catalog, STAMP(4) STAMP(5) UUID(5),
	    STAMP(4) STAMP(5) UUID(5) " = " STAMP(4) STAMP(5)
		UUID(5) " in " STAMP(4) STAMP(5) UUID(5));
	catalog_release(&catalog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resolve__one_word_or_all,
		    scan_setup, scan_teardown),
		cmocka_unit_test_setup_teardown(test_resolve__means, scan_setup,
		    scan_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
