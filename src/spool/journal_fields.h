/*
 * journal_fields.h: reading one key of a JSON object (for journal*.c)
 *
 *	struct field_reader r = { journal, object };
 *
 *	field_string(&r, "name", &journal->name);
 *
 * An absent key, and null, leave `*out` as it is; so does a value of the wrong
 * type or range, which journal->complaint then tells (the first one only).
 * Strings stay those of the object.
 */
#ifndef SPOOL_JOURNAL_FIELDS_H
#define SPOOL_JOURNAL_FIELDS_H

#include "spool/journal.h"

/* What a parse works on. */
struct field_reader {
	struct journal *journal;     /* whose complaint it is */
	const struct json_t *object; /* the one being read */
};

/* Complain that `key` is `what`. */
void field_complain(struct field_reader *r, const char *key, const char *what);

/* The value of `key`; NULL if absent or null. */
struct json_t *field_value(const struct field_reader *r, const char *key);

void field_string(struct field_reader *r, const char *key, const char **out);
void field_bool(struct field_reader *r, const char *key, bool *out);
/* The same, 1 or 0, for who has a third value. */
void field_truth(struct field_reader *r, const char *key, int *out);
/* A number in [least, most]; a fraction is cut. */
void field_number(struct field_reader *r, const char *key, int64_t least,
    int64_t most, int64_t *out);
void field_int(struct field_reader *r, const char *key, int least, int most,
    int *out);
/* A number from 0 on, below FIELD_REAL_MAX. */
#define FIELD_REAL_MAX 1e19
void field_real(struct field_reader *r, const char *key, double *out);
/* RFC 3339. */
void field_time(struct field_reader *r, const char *key, usec_t *out);
/* "SIGTERM", "TERM" or "15". */
void field_signal(struct field_reader *r, const char *key, int *out);

/* Go down into the object `key`; false if there is none. */
bool field_enter(struct field_reader *r, const char *key,
    struct field_reader *below);

#endif
