/*
 * cursor.h: a position in the list of jobs, as an opaque word
 *
 * base64url (RFC 4648, section 5, without padding) of "<started>:<id>", where
 * started is in microseconds: any server understands it, also after restarts.
 */
#ifndef VERBS_CURSOR_H
#define VERBS_CURSOR_H

#include <jansson.h>

#include "base/util.h"

struct cursor {
	usec_t started;
	char *id;
};

/* 0, or -1 if it is no cursor of ours.  Release after success. */
int cursor_parse(struct cursor *cursor, const char *text);
void cursor_release(struct cursor *cursor);

/* The position of a listed job (its members job_id and started or started_at); malloc'd. */
char *cursor_format(const json_t *job);

#endif
