/*
 * pattern.h: a regular expression that a user may type
 *
 * POSIX extended regular expressions (regex(7)) with \d \s \w \b and their
 * capitals \D \S \W \B, translated to what regcomp(3) understands.  Escapes
 * that are neither these nor an escaped special character, and back-references,
 * are errors: a silent mismatch would be worse.  Matching is bytewise (C
 * locale).
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/err.h"
#include "base/util.h"

struct pattern;

/*
 * Compile `text`.  NULL with ERR_INVALID and a text that says only why ("…:
 * why" is the caller's part).  The empty pattern is an error.
 */
struct pattern *pattern_new(const char *text, bool ignore_case,
    struct err *err);
void pattern_free(struct pattern *pattern); /* NULL is allowed */

/* Does some part of the line match?  `line` need not end in NUL; a NUL byte
 * inside it ends the search there. */
bool pattern_matches(const struct pattern *pattern, const char *line,
    size_t len);

#endif
