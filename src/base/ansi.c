/*
 * ansi.c: what a terminal would do with a line
 *
 * Invariant: every byte belongs to exactly one unit (a character, a maximal
 * invalid part of UTF-8, an escape sequence), and whoever cuts a line cuts it
 * between two of them.
 */
#include "base/compat.h"
#include "base/ansi.h"

#include <string.h>

enum {
	ESC = 0x1b,
	BEL = 0x07,
	C1_LEAD = 0xc2,      /* U+0080 to U+009F as UTF-8 */
	REPLACEMENT_LEN = 3, /* U+FFFD as UTF-8 */
	OPEN_MAX_LEN = 256,  /* a longer open sequence is not waited for */
};

static bool
within(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* Control sequence: parameters, intermediates, one final byte. */
static size_t
control_sequence(const unsigned char *s, size_t body, size_t len, bool *open)
{
	size_t i = body;

	while (i < len && within(s[i], 0x30, 0x3f))
		i++;
	while (i < len && within(s[i], 0x20, 0x2f))
		i++;
	if (i == len) {
		*open = true;
		return len;
	}
	/* A byte that does not belong here ends it and is text again. */
	return within(s[i], 0x40, 0x7e) ? i + 1 : i;
}

/* Control string: ends with ST (ESC \ or U+009C) or BEL; another ESC aborts
 * it and begins a sequence of its own. */
static size_t
control_string(const unsigned char *s, size_t body, size_t len, bool *open)
{
	size_t i;

	for (i = body; i < len; i++) {
		if (s[i] == BEL)
			return i + 1;
		if (s[i] == C1_LEAD && i + 1 < len && s[i + 1] == 0x9c)
			return i + 2;
		if (s[i] != ESC)
			continue;
		/* Aborted even if nothing follows (yet), so that a line that
		 * is cut there has the same sequences as before. */
		*open = i + 1 == len;
		return !*open && s[i + 1] == '\\' ? i + 2 : i;
	}
	*open = true;
	return body;
}

static size_t
escape(const unsigned char *s, size_t len, bool *open)
{
	size_t i = 1;

	if (len == 1) {
		*open = true;
		return 1;
	}
	if (s[1] == '[')
		return control_sequence(s, 2, len, open);
	if (s[1] != '\0' && strchr("PX]^_", s[1]))
		return control_string(s, 2, len, open);
	while (i < len && within(s[i], 0x20, 0x2f))
		i++;
	if (i == len) {
		*open = true;
		return len;
	}
	return within(s[i], 0x30, 0x7e) ? i + 1 : i;
}

size_t
ansi_sequence(const char *data, size_t len, bool *open)
{
	const unsigned char *s = (const unsigned char *)data;

	*open = false;
	if (len == 0)
		return 0;
	if (s[0] == ESC)
		return escape(s, len, open);
	if (s[0] != C1_LEAD || len == 1)
		return 0;
	switch (s[1]) {
	case 0x9b:
		return control_sequence(s, 2, len, open);
	case 0x90:
	case 0x98:
	case 0x9d:
	case 0x9e:
	case 0x9f:
		return control_string(s, 2, len, open);
	default:
		return 0;
	}
}

static bool
has_sequences(const char *data, size_t len)
{
	return memchr(data, ESC, len) || memchr(data, C1_LEAD, len);
}

bool
ansi_is_plain(const char *data, size_t len)
{
	return len == 0 ||
	    (!memchr(data, '\r', len) && !has_sequences(data, len));
}

/* Does data[0..len) show anything? */
static bool
shows(const char *data, size_t len)
{
	size_t i = 0, n;
	bool open;

	while (i < len) {
		n = ansi_sequence(data + i, len - i, &open);
		if (n == 0)
			return true;
		i += n;
	}
	return false;
}

void
ansi_seen(const char *line, size_t len, size_t *start, size_t *end)
{
	size_t from, to = len;

	*start = *end = 0;
	while (to > 0) {
		while (to > 0 && line[to - 1] == '\r')
			to--;
		from = to;
		while (from > 0 && line[from - 1] != '\r')
			from--;
		/* A part that only switches colours overwrites nothing. */
		if (shows(line + from, to - from)) {
			*start = from;
			*end = to;
			return;
		}
		to = from;
	}
}

/* Does the text of `out` from `start` on end in the beginning of a character
 * that `next` would go on with?  What stood between them has been removed: they
 * are no character, and may not become one (U+009B is an introducer). */
static void
part(struct buf *out, size_t start, char next)
{
	size_t open;

	if (((unsigned char)next & 0xc0) != 0x80 || out->len == start)
		return;
	open = text_utf8_incomplete(out->data + start, out->len - start);
	if (open > 0) {
		buf_cut(out, out->len - open);
		buf_addstr(out, "\xef\xbf\xbd"); /* U+FFFD */
	}
}

void
ansi_strip(struct buf *out, const char *data, size_t len)
{
	size_t i = 0, from = 0, start = out->len, n;
	bool open;

	if (len == 0 || !has_sequences(data, len)) {
		buf_add(out, data, len);
		return;
	}
	while (i < len) {
		n = ansi_sequence(data + i, len - i, &open);
		if (n > 0) {
			buf_add(out, data + from, i - from);
			from = i + n;
			if (from < len)
				part(out, start, data[from]);
		}
		i += n ? n : 1;
	}
	buf_add(out, data + from, len - from);
}

/* Length of the unit at data[0]; *text receives that of its cleaned form. */
static size_t
unit(const char *data, size_t len, const struct text_style *style, size_t *text)
{
	size_t n;
	bool open;

	*text = 0;
	n = style->raw ? 0 : ansi_sequence(data, len, &open);
	if (n > 0)
		return n;
	n = text_utf8_length(data, len);
	if (n > 0) {
		*text = n;
		return n;
	}
	*text = REPLACEMENT_LEN;
	return text_utf8_invalid(data, len);
}

size_t
ansi_unit(const char *data, size_t len, const struct text_style *style)
{
	size_t text;

	return unit(data, len, style, &text);
}

size_t
ansi_fit_head(const char *line, size_t len, const struct text_style *style,
    size_t max)
{
	size_t done = 0, used = 0, n, text;

	while (done < len) {
		n = unit(line + done, len - done, style, &text);
		if (text > max - used)
			break;
		used += text;
		done += n;
	}
	return done;
}

size_t
ansi_fit_tail(const char *line, size_t len, const struct text_style *style,
    size_t max)
{
	size_t total = 0, done = 0, text, i;

	for (i = 0; i < len;) {
		i += unit(line + i, len - i, style, &text);
		total += text;
	}
	while (total > max) {
		done += unit(line + done, len - done, style, &text);
		total -= text;
	}
	return done;
}

size_t
ansi_unfinished(const char *data, size_t len, const struct text_style *style)
{
	size_t i, n;
	bool open;

	if (!style->raw) {
		i = len > OPEN_MAX_LEN ? len - OPEN_MAX_LEN : 0;
		while (i < len) {
			n = ansi_sequence(data + i, len - i, &open);
			if (open)
				return len - i;
			i += n ? n : 1;
		}
	}
	return text_utf8_incomplete(data, len);
}
