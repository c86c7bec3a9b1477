/*
 * test_watch_cursor.c: what a reader was told, in a word (verbs/watch_cursor.h)
 */
#include "base/compat.h"
#include "verbs/watch_cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN "20261122T173000Z__0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34"

enum { MINUTE = 60 * USEC_PER_SEC };

static const usec_t now = (usec_t)1795000000 * USEC_PER_SEC;

static void
add(void *arg, const char *data, size_t length)
{
	buf_add(arg, data, length);
}

static char *
text_of(struct watch_cursor *cursor)
{
	struct buf text = BUF_INIT;

	watch_cursor_put(cursor, add, &text);
	return buf_steal(&text);
}

/* Known at the start, changed then. */
static void
know(struct watch_cursor *cursor, const char *name, enum status status,
    uint32_t end, usec_t changed)
{
	const struct tracker_news news = { .event = TRACKER_LOOKED,
		.name = name,
		.journal = "journal.json",
		.status = status,
		.end = end,
		.stamps = { changed, changed, changed, false } };

	watch_cursor_note(cursor, &news, false);
}

static struct tracker_memory
recall(const struct watch_cursor *cursor, const char *name, usec_t changed,
    usec_t written, usec_t journal)
{
	const struct tracker_stamps stamps = { changed, written, journal,
		false };

	return watch_cursor_recall(cursor, name, "journal.json", &stamps);
}

static void
test_watch_cursor__what_is_remembered(void **state)
{
	struct watch_cursor *told = watch_cursor_new();
	struct watch_cursor *after = watch_cursor_new();
	cleanup_free char *text = NULL;
	usec_t old = now - 10 * (usec_t)MINUTE, newer = now + MINUTE;
	struct tracker_memory memory;

	(void)state;
	know(told, "aged", STATUS_COMPLETED, 1, old);
	know(told, "ended", STATUS_FAILED, 0xabcdef, now);
	know(told, OWN, STATUS_COMPLETED, 3, now);
	know(told, "live", STATUS_RUNNING, 0, old);
	know(told, "unknown", STATUS_UNKNOWN, 0, now);
	watch_cursor_settle(told, now + MINUTE);
	text = text_of(told);
	assert_int_equal(watch_cursor_parse(after, text), 0);

	assert_int_equal(recall(after, "live", old, old, newer).past,
	    TRACKER_LIVED);
	assert_int_equal(recall(after, "unknown", now, now, now).past,
	    TRACKER_LIVED);
	memory = recall(after, "ended", newer, newer, newer);
	assert_int_equal(memory.past, TRACKER_ENDED);
	assert_int_equal(memory.end, 0xabcdef);
	assert_int_equal(recall(after, OWN, newer, newer, now).past,
	    TRACKER_KNOWN);
	assert_int_equal(recall(after, "new", newer, newer, newer).past,
	    TRACKER_NEW);
	/* Made long before it was renamed in. */
	assert_int_equal(recall(after, "late", newer, old, old).past,
	    TRACKER_NEW);
	/* It can't be looked into. */
	assert_int_equal(recall(after, "closed", -1, -1, -1).past, TRACKER_NEW);
	/* No longer among the ended: untouched, touched, written again. */
	assert_int_equal(recall(after, "aged", old, old, old).past,
	    TRACKER_KNOWN);
	assert_int_equal(recall(after, "aged", newer, newer, old).past,
	    TRACKER_KNOWN_IF_ENDED);
	assert_int_equal(recall(after, "aged", old, old, newer).past,
	    TRACKER_ENDED);
	watch_cursor_free(told);
	watch_cursor_free(after);
}

static void
test_watch_cursor__no_cursor(void **state)
{
	static const char *const words[] = { "", "1", "x", "0AAAA",
		"1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"1//////////////////////////////////////" };
	struct watch_cursor *told = watch_cursor_new();
	cleanup_free char *text = NULL;
	size_t i, length;

	(void)state;
	for (i = 0; i < 50; i++) {
		char name[16];

		snprintf(name, sizeof(name), "job-%zu", i);
		know(told, name, i % 2 ? STATUS_FAILED : STATUS_RUNNING, 7,
		    now);
	}
	text = text_of(told);
	length = strlen(text);
	for (i = 0; i < ARRAY_LEN(words) + length; i++) {
		struct watch_cursor *after = watch_cursor_new();
		cleanup_free char *copy = xstrdup(text);

		if (i < ARRAY_LEN(words)) {
			assert_int_equal(watch_cursor_parse(after, words[i]),
			    -1);
		} else {
			char *at = copy + i - ARRAY_LEN(words);

			/* One character changed, or cut there. */
			*at = *at == 'A' ? 'B' : 'A';
			assert_int_equal(watch_cursor_parse(after, copy), -1);
			*at = '\0';
			watch_cursor_free(after);
			after = watch_cursor_new();
			assert_int_equal(watch_cursor_parse(after, copy), -1);
		}
		watch_cursor_free(after);
	}
	watch_cursor_free(told);
}

/* What is computed as jobs come and go is what would be computed anew. */
static void
test_watch_cursor__many_changes(void **state)
{
	enum { JOBS = 500, CHANGES = 20000 };
	struct watch_cursor *told = watch_cursor_new();
	struct watch_cursor *after = watch_cursor_new();
	enum status states[JOBS];
	bool there[JOBS] = { false };
	cleanup_free char *text = NULL;
	uint32_t random = 1;
	char name[16];
	int i, job;

	(void)state;
	for (i = 0; i < CHANGES; i++) {
		random = random * 1664525u + 1013904223u;
		job = (int)(random >> 8) % JOBS;
		snprintf(name, sizeof(name), "job-%d", job);
		if (random >> 30 == 0) {
			const struct tracker_news gone = {
				.event = TRACKER_REMOVED,
				.name = name,
				.journal = "journal.json",
			};

			watch_cursor_note(told, &gone, false);
			there[job] = false;
			continue;
		}
		states[job] = random >> 29 & 1 ? STATUS_RUNNING : STATUS_FAILED;
		know(told, name, states[job], (uint32_t)job, now);
		there[job] = true;
	}
	text = text_of(told);
	assert_int_equal(watch_cursor_parse(after, text), 0);
	for (job = 0; job < JOBS; job++) {
		struct tracker_memory memory;

		snprintf(name, sizeof(name), "job-%d", job);
		memory = recall(after, name, now, now, now);
		if (!there[job])
			assert_int_equal(memory.past, TRACKER_NEW);
		else if (states[job] == STATUS_RUNNING)
			assert_int_equal(memory.past, TRACKER_LIVED);
		else
			assert_true(memory.past == TRACKER_ENDED &&
			    memory.end == (uint32_t)job);
	}
	watch_cursor_free(told);
	watch_cursor_free(after);
}

/* Lists shrink as time goes on; nothing that is not told is passed by. */
static void
test_watch_cursor__the_floor(void **state)
{
	struct watch_cursor *told = watch_cursor_new();
	cleanup_free char *text = NULL, *later = NULL;

	(void)state;
	know(told, "a", STATUS_FAILED, 1, now - 2 * (usec_t)MINUTE);
	know(told, "b", STATUS_FAILED, 1, now);
	watch_cursor_settle(told, now - 2 * (usec_t)MINUTE);
	text = text_of(told);
	watch_cursor_settle(told, now);
	later = text_of(told);
	assert_true(strlen(later) < strlen(text));
	watch_cursor_free(told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch_cursor__what_is_remembered),
		cmocka_unit_test(test_watch_cursor__no_cursor),
		cmocka_unit_test(test_watch_cursor__many_changes),
		cmocka_unit_test(test_watch_cursor__the_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
