/*
 * repr.h: a JSON value as the error texts of arguments show it
 *
 * The texts are those of python's jsonschema, which shows values as python
 * writes them: 'text' in single quotes, True, False, None, [1, 2], {'a': 1}.
 * Where that is too long for a text it ends in "…".
 */
#ifndef VERBS_REPR_H
#define VERBS_REPR_H

#include <jansson.h>

#include "base/util.h"

/* Append the value, at most `max` bytes of it and the "…".  Valid UTF-8, one
 * line, no control characters. */
void repr_add(struct buf *out, json_t *value, size_t max);

/* The same for a NUL-terminated UTF-8 string. */
void repr_add_string(struct buf *out, const char *text, size_t max);

#endif
