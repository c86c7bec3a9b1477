/*
 * repr.c: a JSON value as python would write it
 *
 * Invariant: the work is bounded by `max`, not by the size of the value; what
 * comes out is one line of valid UTF-8.
 */
#include "base/compat.h"
#include "verbs/repr.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being written, and how long it may get. */
struct repr {
	struct buf *out;
	size_t end; /* out->len may not pass this by more than one item */
};

static bool
full(const struct repr *r)
{
	return r->out->len > r->end;
}

/* Characters which python shows by their number: those that have no shape of
 * their own or change the direction of what follows. */
static bool
is_hidden(unsigned c)
{
	static const struct {
		unsigned first, last;
	} hidden[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0xa0 },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x1680, 0x1680 },
		{ 0x180e, 0x180e },
		{ 0x2000, 0x200f },
		{ 0x2028, 0x202f },
		{ 0x205f, 0x206f },
		{ 0x3000, 0x3000 },
		{ 0xe000, 0xf8ff },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0xe0000, 0x10ffff },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

/* Number of the character in `len` bytes of valid UTF-8. */
static unsigned
code_point(const char *text, size_t len)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned c = (unsigned char)text[0] & lead[len];
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	return c;
}

static void
add_character(struct buf *out, const char *text, size_t len, char quote)
{
	unsigned c = code_point(text, len);

	if (c == '\n')
		buf_addstr(out, "\\n");
	else if (c == '\r')
		buf_addstr(out, "\\r");
	else if (c == '\t')
		buf_addstr(out, "\\t");
	else if (c == '\\' || c == (unsigned char)quote)
		buf_addf(out, "\\%c", (int)c);
	else if (!is_hidden(c))
		buf_add(out, text, len);
	else if (c <= 0xff)
		buf_addf(out, "\\x%02x", c);
	else if (c <= 0xffff)
		buf_addf(out, "\\u%04x", c);
	else
		buf_addf(out, "\\U%08x", c);
}

static void
add_text(struct repr *r, const char *text, size_t len)
{
	char quote = '\'';
	size_t i, n;

	if (memchr(text, '\'', len) && !memchr(text, '"', len))
		quote = '"';
	buf_addch(r->out, quote);
	for (i = 0; i < len && !full(r); i += n) {
		n = text_utf8_length(text + i, len - i);
		if (n > 0) {
			add_character(r->out, text + i, n, quote);
			continue;
		}
		n = 1;
		buf_addf(r->out, "\\x%02x", (unsigned char)text[i]);
	}
	buf_addch(r->out, quote);
}

/* The shortest digits that mean the same number, and always a sign that it is
 * no integer. */
static void
add_real(struct buf *out, double number)
{
	char text[40];
	int digits;

	if (fabs(number) < 1e16 && (double)(int64_t)number == number) {
		buf_addf(out, "%.1f", number);
		return;
	}
	for (digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) >= number &&
		    strtod(text, NULL) <= number)
			break;
	}
	buf_addstr(out, text);
}

static void add_value(struct repr *r, json_t *value);

static void
add_array(struct repr *r, json_t *array)
{
	size_t i;

	buf_addch(r->out, '[');
	for (i = 0; i < json_array_size(array) && !full(r); i++) {
		if (i > 0)
			buf_addstr(r->out, ", ");
		add_value(r, json_array_get(array, i));
	}
	buf_addch(r->out, ']');
}

static void
add_object(struct repr *r, json_t *object)
{
	const char *comma = "";
	const char *key;
	json_t *value;

	buf_addch(r->out, '{');
	json_object_foreach(object, key, value) {
		if (full(r))
			break;
		buf_addstr(r->out, comma);
		add_text(r, key, strlen(key));
		buf_addstr(r->out, ": ");
		add_value(r, value);
		comma = ", ";
	}
	buf_addch(r->out, '}');
}

static void
add_value(struct repr *r, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		add_object(r, value);
		return;
	case JSON_ARRAY:
		add_array(r, value);
		return;
	case JSON_STRING:
		add_text(r, json_string_value(value),
		    json_string_length(value));
		return;
	case JSON_INTEGER:
		buf_addf(r->out, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		return;
	case JSON_REAL:
		add_real(r->out, json_real_value(value));
		return;
	case JSON_TRUE:
		buf_addstr(r->out, "True");
		return;
	case JSON_FALSE:
		buf_addstr(r->out, "False");
		return;
	case JSON_NULL:
		buf_addstr(r->out, "None");
		return;
	}
}

/* Cut what came out since `start` to `max` bytes, at a character. */
static void
cut(struct buf *out, size_t start, size_t max)
{
	size_t len = out->len - start;

	if (len <= max)
		return;
	buf_cut(out, start + text_utf8_fit(out->data + start, len, max));
	buf_addstr(out, "…");
}

void
repr_add(struct buf *out, json_t *value, size_t max)
{
	struct repr r = { out, out->len + max };
	size_t start = out->len;

	add_value(&r, value);
	cut(out, start, max);
}

void
repr_add_string(struct buf *out, const char *text, size_t max)
{
	struct repr r = { out, out->len + max };
	size_t start = out->len;

	add_text(&r, text, strlen(text));
	cut(out, start, max);
}
