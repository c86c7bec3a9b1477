/*
 * args.h: arguments of an operation, checked against its schema
 *
 * The input schemas are those of src/verbs/tools/ *.json, literally what
 * tools/list shows.  No coercion ("50" is not 50; 50.0 is), null for an optional
 * argument means absent, an unknown argument is an error that names the nearest
 * known one.  The texts are those that the systems replaced gave (python's
 * jsonschema): "Input validation error: 0 is less than the minimum of 1".
 */
#ifndef VERBS_ARGS_H
#define VERBS_ARGS_H

#include <jansson.h>

#include "base/err.h"

/*
 * Check `args` (an object; changed in place: nulls are removed, defaults filled
 * in, 50.0 becomes 50 where an integer is asked for) against `schema`.  0, or
 * -1 with ERR_INVALID; a hint stands on the second line of the text.
 *
 * Understood of JSON Schema: type (one), properties, required,
 * additionalProperties (false or a schema), items, enum, minimum, maximum,
 * minLength, maxLength (in characters), minItems, maxItems, pattern (POSIX
 * extended), default.
 */
int args_check(json_t *args, const json_t *schema, struct err *err);

#endif
