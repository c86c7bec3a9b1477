/*
 * journal_print.c: what a job reports of itself, as a number to compare
 *
 * Invariant: nothing but phase and progress counts.
 */
#include "base/compat.h"
#include "spool/journal_print.h"

#include <jansson.h>
#include <string.h>

static int
mix(const char *data, size_t size, void *arg)
{
	uint64_t *hash = arg;

	*hash = hash_add(*hash, data, size);
	return 0;
}

uint64_t
journal_progress_print(const struct journal *journal)
{
	uint64_t hash = HASH_INIT;

	if (journal->phase)
		mix(journal->phase, strlen(journal->phase) + 1, &hash);
	if (journal->progress &&
	    json_dump_callback(journal->progress, mix, &hash,
		JSON_COMPACT | JSON_SORT_KEYS) < 0)
		mix("?", 1, &hash);
	return hash;
}
