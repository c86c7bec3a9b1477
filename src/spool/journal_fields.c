/*
 * journal_fields.c: one key of a JSON object -> one value
 *
 * Invariant: a value is stored only if it has the type and the range asked for;
 * otherwise the member stays as it was, and `complaint` tells of the first.
 */
#include "base/compat.h"
#include "spool/journal_fields.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

void
field_complain(struct field_reader *r, const char *key, const char *what)
{
	if (!r->journal->complaint[0])
		snprintf(r->journal->complaint, JOURNAL_COMPLAINT_MAX,
		    "%.64s is %s", key, what);
}

/* The value of `key`; NULL if absent or null. */
json_t *
field_value(const struct field_reader *r, const char *key)
{
	json_t *value = json_object_get(r->object, key);

	return json_is_null(value) ? NULL : value;
}

void
field_string(struct field_reader *r, const char *key, const char **out)
{
	json_t *value = field_value(r, key);

	if (json_is_string(value))
		*out = json_string_value(value);
	else if (value)
		field_complain(r, key, "no string");
}

void
field_truth(struct field_reader *r, const char *key, int *out)
{
	const json_t *value = field_value(r, key);

	if (!value)
		return;
	if (json_typeof(value) == JSON_TRUE || json_typeof(value) == JSON_FALSE)
		*out = json_typeof(value) == JSON_TRUE;
	else
		field_complain(r, key, "neither true nor false");
}

void
field_bool(struct field_reader *r, const char *key, bool *out)
{
	int truth = *out;

	field_truth(r, key, &truth);
	*out = truth;
}

void
field_number(struct field_reader *r, const char *key, int64_t least,
    int64_t most, int64_t *out)
{
	const json_t *value = field_value(r, key);
	bool whole;
	double number;

	if (!value)
		return;
	whole = json_typeof(value) == JSON_INTEGER;
	if (!whole && json_typeof(value) != JSON_REAL) {
		field_complain(r, key, "no number");
		return;
	}
	number = json_number_value(value);
	/* Below 2^63, which a double holds exactly and an int64_t does not. */
	if (!(number >= (double)least && number <= (double)most) ||
	    (!whole && number >= 0x1p63)) {
		field_complain(r, key, "out of range");
		return;
	}
	*out = whole ? json_integer_value(value) : (int64_t)number;
}

void
field_real(struct field_reader *r, const char *key, double *out)
{
	const json_t *value = field_value(r, key);
	double number = -1;

	if (!value)
		return;
	if (json_typeof(value) == JSON_INTEGER ||
	    json_typeof(value) == JSON_REAL)
		number = json_number_value(value);
	if (number >= 0 && number < FIELD_REAL_MAX)
		*out = number;
	else
		field_complain(r, key, "no number that makes sense");
}

void
field_time(struct field_reader *r, const char *key, usec_t *out)
{
	const char *text = NULL;

	field_string(r, key, &text);
	if (text && time_parse(text, out) < 0)
		field_complain(r, key, "no RFC 3339 time");
}

void
field_signal(struct field_reader *r, const char *key, int *out)
{
	const char *text = NULL;
	int signo;

	field_string(r, key, &text);
	if (!text)
		return;
	signo = signal_number(text);
	if (signo > 0)
		*out = signo;
	else
		field_complain(r, key, "no signal");
}

void
field_int(struct field_reader *r, const char *key, int least, int most,
    int *out)
{
	int64_t number = *out;

	field_number(r, key, least, most, &number);
	*out = (int)number;
}

/* Go down into the object `key`; false if there is none. */
bool
field_enter(struct field_reader *r, const char *key, struct field_reader *below)
{
	const json_t *value = field_value(r, key);
	bool is_object = json_is_object(value);

	if (value && !is_object)
		field_complain(r, key, "no object");
	below->journal = r->journal;
	below->object = value;
	return is_object;
}
