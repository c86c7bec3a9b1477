/*
 * json_set.h: members of the objects that operations and faces make
 *
 * Each sets member `key` of `object`; one that has no value is left out.
 */
#ifndef VERBS_JSON_SET_H
#define VERBS_JSON_SET_H

#include <jansson.h>

#include "base/util.h"

/* Any bytes; what is not UTF-8 is replaced.  NULL: left out. */
void json_set_string(json_t *object, const char *key, const char *value);

/* RFC 3339 UTC with microseconds.  Negative: left out. */
void json_set_time(json_t *object, const char *key, usec_t when);

/* To the millisecond.  Negative or absurd: left out. */
void json_set_seconds(json_t *object, const char *key, double seconds);

/* "command", cut to so many characters and bytes, "…" where it was. */
void json_set_command(json_t *object, const char *command, size_t characters,
    size_t bytes);

#endif
