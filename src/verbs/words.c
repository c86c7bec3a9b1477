/*
 * words.c: splitting a command line into words without a shell
 *
 * Invariant: every byte of the line is either in a word, a blank between words,
 * or a quote or backslash that was understood.
 */
#include "base/compat.h"
#include "verbs/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static const char blanks[] = " \t\r\n";

/* Add the part in quotes that begins at `at`; NULL if it is not closed, else
 * what follows it. */
static const char *
quoted(const char *at, struct buf *word)
{
	char quote = *at++;

	for (; *at && *at != quote; at++) {
		if (quote == '"' && *at == '\\' && at[1] &&
		    strchr("\"\\", at[1]))
			at++;
		buf_addch(word, *at);
	}
	return *at ? at + 1 : NULL;
}

/* One word from `at` on; NULL on an open quote, else what follows it. */
static const char *
one_word(const char *at, struct buf *word)
{
	while (at && *at && !strchr(blanks, *at)) {
		if (*at == '\'' || *at == '"') {
			at = quoted(at, word);
		} else if (*at == '\\') {
			if (!at[1])
				return NULL;
			buf_addch(word, at[1]);
			at += 2;
		} else {
			buf_addch(word, *at++);
		}
	}
	return at;
}

int
words_split(const char *line, char ***words, size_t *count)
{
	struct buf word = BUF_INIT;
	const char *at = line;

	*words = NULL;
	*count = 0;
	for (;;) {
		at += strspn(at, blanks);
		if (!*at)
			return 0;
		at = one_word(at, &word);
		if (!at)
			break;
		*words = xrealloc(*words, *count + 2, sizeof(char *));
		(*words)[(*count)++] = buf_steal(&word);
		(*words)[*count] = NULL;
	}
	buf_release(&word);
	while (*count > 0)
		free((*words)[--*count]);
	free(*words);
	*words = NULL;
	return -1;
}
