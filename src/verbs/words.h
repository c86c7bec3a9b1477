/*
 * words.h: splitting a command line into words without a shell
 *
 * The rules of a POSIX shell for quotes and backslashes, and nothing else of
 * it: no variables, no patterns, no operators (as python's shlex.split).
 */
#ifndef VERBS_WORDS_H
#define VERBS_WORDS_H

#include <stddef.h>

/*
 * Split into `*words`, a NULL-terminated list of `*count` malloc'd strings (the
 * list too; NULL if there are none).  -1: a quote is not closed, or a backslash
 * is the last character; then there is nothing to free.
 */
int words_split(const char *line, char ***words, size_t *count);

#endif
