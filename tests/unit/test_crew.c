/*
 * test_crew.c: base/crew.h, base/arena.h and base/scratch.h: work of several
 * threads, and memory that ends together
 */
#include "base/compat.h"
#include "base/arena.h"
#include "base/crew.h"
#include "base/scratch.h"

#include "base/util.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 3 * CREW_AHEAD + 5, ROOM = 1024 };

struct job {
	size_t made[CREW_AHEAD]; /* number + 1 */
	size_t next;             /* to be taken */
	size_t stop_at;
};

static void
make(void *arg, size_t number)
{
	struct job *job = arg;

	job->made[number % CREW_AHEAD] = number + 1;
}

static int
take(void *arg, size_t number)
{
	struct job *job = arg;

	assert_int_equal(number, job->next);
	assert_int_equal(job->made[number % CREW_AHEAD], number + 1);
	job->made[number % CREW_AHEAD] = 0;
	job->next++;
	return number == job->stop_at ? 7 : 0;
}

static void
test_crew__takes_all_in_order(void **state)
{
	static const size_t counts[] = { 0, 1, 63, 64, 65, 257, CREW_AHEAD,
		CREW_AHEAD + 1, NUMBERS };
	static struct job job;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		memset(&job, 0, sizeof(job));
		job.stop_at = SIZE_MAX;
		assert_int_equal(crew_each(counts[i], make, take, &job), 0);
		assert_int_equal(job.next, counts[i]);
	}
}

static void
test_crew__stops_when_told(void **state)
{
	static const size_t stops[] = { 0, 1, 64, 300, CREW_AHEAD,
		NUMBERS - 1 };
	static struct job job;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(stops); i++) {
		memset(&job, 0, sizeof(job));
		job.stop_at = stops[i];
		assert_int_equal(crew_each(NUMBERS, make, take, &job), 7);
		assert_int_equal(job.next, stops[i] + 1);
	}
}

static void
test_arena__keeps_what_was_added(void **state)
{
	struct arena arena = ARENA_INIT;
	static char big[200000];
	char *kept[5000], text[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kept); i++) {
		snprintf(text, sizeof(text), "text %zu", i);
		kept[i] = arena_add(&arena, text, strlen(text));
	}
	memset(big, 'x', sizeof(big));
	assert_memory_equal(arena_add(&arena, big, sizeof(big)), big,
	    sizeof(big));
	assert_string_equal(arena_add(&arena, "cut", 2), "cu");
	for (i = 0; i < ARRAY_LEN(kept); i++) {
		snprintf(text, sizeof(text), "text %zu", i);
		assert_string_equal(kept[i], text);
	}
	arena_release(&arena);
	arena_release(&arena); /* empty: nothing */
}

static bool
lies_in(const void *memory, const char *room, size_t size)
{
	return (const char *)memory >= room &&
	    (const char *)memory < room + size;
}

/* Of another thread; gives the room if the memory lies in it. */
static void *
allocate_elsewhere(void *room)
{
	void *memory = scratch_malloc(16);
	bool inside = lies_in(memory, room, ROOM);

	scratch_free(memory);
	return inside ? room : NULL;
}

static void
test_scratch__room_then_malloc(void **state)
{
	char room[ROOM];
	char *memory[40], *before = scratch_malloc(8);
	size_t i, inside = 0;
	void *found = room;
	pthread_t other;

	(void)state;
	scratch_begin(room + 1, sizeof(room) - 1);
	for (i = 0; i < ARRAY_LEN(memory); i++) {
		memory[i] = scratch_malloc(50);
		assert_non_null(memory[i]);
		assert_int_equal((uintptr_t)memory[i] % _Alignof(max_align_t),
		    0);
		memset(memory[i], (int)i, 50);
		inside += lies_in(memory[i], room, sizeof(room));
	}
	assert_in_range(inside, 10, 20);
	for (i = 0; i < ARRAY_LEN(memory); i++)
		assert_int_equal(memory[i][49], (char)i);
	/* The room is this thread's. */
	assert_int_equal(pthread_create(&other, NULL, allocate_elsewhere, room),
	    0);
	assert_int_equal(pthread_join(other, &found), 0);
	assert_null(found);
	for (i = 0; i < ARRAY_LEN(memory); i++)
		scratch_free(memory[i]);
	scratch_free(before);
	scratch_free(NULL);
	scratch_end();
	before = scratch_malloc(8);
	assert_false(lies_in(before, room, sizeof(room)));
	scratch_free(before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crew__takes_all_in_order),
		cmocka_unit_test(test_crew__stops_when_told),
		cmocka_unit_test(test_arena__keeps_what_was_added),
		cmocka_unit_test(test_scratch__room_then_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
