/*
 * show.c: text for people, on terminals and in shells (text.h)
 *
 * Invariant: no control character leaves here but those that a comment of
 * text.h lets pass, so no text of a job can act on the terminal.
 */
#include "base/compat.h"
#include "base/text.h"

#include <string.h>

/* Number of the character in data[0..len), a valid sequence. */
static uint32_t
decode(const char *data, size_t len)
{
	const unsigned char *s = (const unsigned char *)data;

	switch (len) {
	case 1:
		return s[0];
	case 2:
		return (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
	case 3:
		return (s[0] & 0x0fU) << 12 | (s[1] & 0x3fU) << 6 |
		    (s[2] & 0x3fU);
	default:
		return (s[0] & 0x07U) << 18 | (s[1] & 0x3fU) << 12 |
		    (s[2] & 0x3fU) << 6 | (s[3] & 0x3fU);
	}
}

/* Controls, and the invisible characters that change the direction or the line
 * of the text around them. */
static bool
acts(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

bool
text_acts(const char *data, size_t length)
{
	return acts(decode(data, length));
}

/* Append the character at data[0], valid or not, so that it only prints.
 * Returns its length; *width receives how many characters were appended. */
static size_t
show_one(struct buf *out, const char *data, size_t len, size_t *width)
{
	size_t n = text_utf8_length(data, len);
	size_t before = out->len;
	uint32_t c;

	*width = 1;
	if (n == 0) {
		buf_addstr(out, "\xef\xbf\xbd");
		return text_utf8_invalid(data, len);
	}
	c = decode(data, n);
	if (!acts(c)) {
		buf_add(out, data, n);
		return n;
	}
	if (c == '\n')
		buf_addstr(out, "\\n");
	else if (c == '\t')
		buf_addstr(out, "\\t");
	else if (c == '\r')
		buf_addstr(out, "\\r");
	else if (c < 0x80)
		buf_addf(out, "\\x%02x", (unsigned)c);
	else
		buf_addf(out, "\\u%04x", (unsigned)c);
	*width = out->len - before;
	return n;
}

void
text_show(struct buf *out, const char *text, size_t max)
{
	size_t len = strlen(text), used = 0, width, fits = out->len;

	while (len > 0) {
		size_t n = show_one(out, text, len, &width);

		used += width;
		if (max > 0 && used > max) {
			buf_cut(out, fits);
			buf_addstr(out, "\xe2\x80\xa6"); /* … */
			return;
		}
		/* What would leave room for the ellipsis. */
		if (max > 0 && used < max)
			fits = out->len;
		text += n;
		len -= n;
	}
}

/* Length of a colour sequence (CSI … m) at data[0], 0 if there is none. */
static size_t
colour(const char *data, size_t len)
{
	size_t i = 2;

	if (len < 3 || data[0] != '\x1b' || data[1] != '[')
		return 0;
	while (i < len && data[i] != '\0' && strchr("0123456789;:", data[i]))
		i++;
	return i < len && data[i] == 'm' ? i + 1 : 0;
}

void
text_show_coloured(struct buf *out, const char *data, size_t len)
{
	size_t n, width;

	while (len > 0) {
		n = colour(data, len);
		if (data[0] == '\n' || data[0] == '\t' || data[0] == '\r')
			n = 1;
		if (n > 0)
			buf_add(out, data, n);
		else
			n = show_one(out, data, len, &width);
		data += n;
		len -= n;
	}
}

void
text_shell_quote(struct buf *out, const char *word)
{
	static const char harmless[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	size_t n;

	if (word[0] != '\0' && word[strspn(word, harmless)] == '\0') {
		buf_addstr(out, word);
		return;
	}
	buf_addch(out, '\'');
	while (*word) {
		n = strcspn(word, "'");
		buf_add(out, word, n);
		word += n;
		if (*word) {
			buf_addstr(out, "'\\''");
			word++;
		}
	}
	buf_addch(out, '\'');
}
