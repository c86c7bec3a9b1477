/*
 * fuzz_cursor.c: the cursors that clients give back
 *
 * Holds: a cursor that is accepted, of the list or of the watch, is the same
 * after it was written and read again, as far as anybody can tell; a check sum
 * does not stop the fuzzer, since cursors are also made of the input.
 *
 * covers: src/verbs/cursor.c src/verbs/watch_cursor.c
 */
#include "base/compat.h"
#include "fuzz.h"
#include "verbs/cursor.h"
#include "verbs/watch_cursor.h"

static void
check_same(const struct cursor *a, const struct cursor *b)
{
	FUZZ_CHECK(a->started == b->started);
	FUZZ_CHECK(strcmp(a->id, b->id) == 0);
}

static void
check_list(const char *text)
{
	struct cursor cursor, again;
	char when[TIME_TEXT_MAX], *word;
	json_t *job;

	if (cursor_parse(&cursor, text) < 0) {
		FUZZ_CHECK(!cursor.id);
		return;
	}
	FUZZ_CHECK(cursor.started >= 0 && cursor.id[0]);
	FUZZ_CHECK(strlen(cursor.id) < strlen(text));
	/* Ids are UTF-8 and times are those of four digits. */
	if (fuzz_is_utf8(cursor.id, strlen(cursor.id)) &&
	    cursor.started < INT64_C(253402300800) * USEC_PER_SEC) {
		time_format(cursor.started, when);
		job = json_pack("{s:s,s:s}", "job_id", cursor.id,
		    strlen(text) % 2 ? "started" : "started_at", when);
		word = cursor_format(job);
		FUZZ_CHECK(cursor_parse(&again, word) == 0);
		check_same(&cursor, &again);
		cursor_release(&again);
		free(word);
		json_decref(job);
	}
	cursor_release(&cursor);
}

static void
add(void *arg, const char *data, size_t length)
{
	buf_add(arg, data, length);
}

static void
recall(const struct watch_cursor *cursor, const char *name, usec_t stamp)
{
	struct tracker_stamps stamps = { stamp, stamp, stamp, false };
	struct tracker_memory memory;

	memory = watch_cursor_recall(cursor, name, "journal.json", &stamps);
	FUZZ_CHECK(memory.past >= TRACKER_KNOWN);
	FUZZ_CHECK(memory.past <= TRACKER_ENDED);
	stamps.journal_changed = -1;
	watch_cursor_recall(cursor, name, "journal.json", &stamps);
	stamps.dir_changed = -1;
	watch_cursor_recall(cursor, name, "journal.json", &stamps);
}

static void
check_watch(const char *text)
{
	struct watch_cursor *cursor = watch_cursor_new();

	if (watch_cursor_parse(cursor, text) == 0) {
		recall(cursor, "a", 0);
		recall(cursor, "b", INT64_MAX);
	}
	watch_cursor_free(cursor);
}

/* Tell a cursor of jobs: each byte is one. */
static usec_t
note_jobs(struct watch_cursor *cursor, const uint8_t *data, size_t size)
{
	struct tracker_news news = { .journal = "journal.json" };
	usec_t now = (usec_t)1800000000 * USEC_PER_SEC;
	char name[80];
	size_t i;

	for (i = 0; i < size; i++) {
		snprintf(name, sizeof(name),
		    data[i] & 64 ? "20261122T173000Z__0f9c2c5e-8b1d-4c8e-9f0a-"
				   "5d2b7e6a1c%02x"
				 : "job%d",
		    data[i] & 31);
		now += data[i] * USEC_PER_SEC;
		news.name = name;
		news.event = data[i] & 32 ? TRACKER_LOOKED : TRACKER_REMOVED;
		news.status = data[i] & 128 ? STATUS_COMPLETED : STATUS_RUNNING;
		news.end = data[i];
		news.stamps = (struct tracker_stamps){ now, now, now, false };
		if (i % 100 == 99)
			watch_cursor_settle(cursor, now);
		watch_cursor_note(cursor, &news, i % 7 == 0);
	}
	return now;
}

/* What jobs that are told, dropped and aged leave behind can be read. */
static void
check_made(const uint8_t *data, size_t size)
{
	struct watch_cursor *told = watch_cursor_new();
	struct watch_cursor *read = watch_cursor_new();
	struct buf text = BUF_INIT;
	usec_t now = note_jobs(told, data, size);

	watch_cursor_settle(told, now);
	watch_cursor_put(told, add, &text);
	FUZZ_CHECK(watch_cursor_parse(read, buf_str(&text)) == 0);
	if (size > 0) {
		recall(read, "job1", now);
		/* One character less, or another one, is no cursor. */
		watch_cursor_free(read);
		read = watch_cursor_new();
		text.data[data[0] % text.len] ^= 1;
		FUZZ_CHECK(watch_cursor_parse(read, text.data) < 0);
	}
	watch_cursor_free(told);
	watch_cursor_free(read);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_list(text);
	check_watch(text);
	check_made(data, size);
	free(text);
	return 0;
}
