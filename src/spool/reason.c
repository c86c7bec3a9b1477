/*
 * reason.c: the words of `reason`
 *
 * Invariant: each word is spelled once, in REASON_TABLE.
 */
#include "base/compat.h"
#include "spool/reason.h"

#include <string.h>

#define REASON_WORD(name, word) [name] = word,
static const char *const words[] = { REASON_TABLE(REASON_WORD) };

const char *
reason_word(enum reason reason)
{
	return words[reason];
}

int
reason_from_word(const char *word)
{
	int i;

	for (i = 0; i < REASON_COUNT; i++)
		if (*word && strcmp(words[i], word) == 0)
			return i;
	return -1;
}
