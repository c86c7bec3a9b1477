/*
 * text.c: bytes of a log as valid UTF-8
 *
 * Invariant: whatever is appended is valid UTF-8 and holds every character of
 * the input that was valid; the rest is replaced and `lossy` is set.
 */
#include "base/compat.h"
#include "base/text.h"

#include "base/ansi.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* The well-formed sequences (Unicode, table 3-7): by first byte the length and
 * the range of the second byte; all others are 80 to BF. */
static size_t
utf8_class(unsigned char first, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first == 0xe0)
		*low = 0xa0;
	else if (first == 0xed)
		*high = 0x9f;
	else if (first == 0xf0)
		*low = 0x90;
	else if (first == 0xf4)
		*high = 0x8f;
	return first < 0xf0 ? 3 : 4;
}

/* How many bytes at `s` agree with a well-formed sequence; *need is the length
 * of that sequence, 0 if none begins so. */
static size_t
utf8_agree(const unsigned char *s, size_t len, size_t *need)
{
	unsigned char low, high;
	size_t n;

	*need = len ? utf8_class(s[0], &low, &high) : 0;
	if (*need == 0)
		return 0;
	for (n = 1; n < *need && n < len; n++) {
		if (s[n] < low || s[n] > high)
			break;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

size_t
text_utf8_length(const char *data, size_t len)
{
	size_t need, n;

	n = utf8_agree((const unsigned char *)data, len, &need);
	return n == need ? n : 0;
}

size_t
text_utf8_invalid(const char *data, size_t len)
{
	size_t need, n;

	n = utf8_agree((const unsigned char *)data, len, &need);
	return n ? n : 1;
}

size_t
text_utf8_incomplete(const char *data, size_t len)
{
	const unsigned char *s = (const unsigned char *)data;
	size_t back, need;

	for (back = 1; back <= 3 && back <= len; back++) {
		if ((s[len - back] & 0xc0) == 0x80)
			continue;
		if (utf8_agree(s + len - back, back, &need) == back &&
		    need > back)
			return back;
		return 0;
	}
	return 0;
}

size_t
text_utf8_fit(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* Length of the valid UTF-8 at the start of the data. */
static size_t
valid_prefix(const char *data, size_t len)
{
	static const uint64_t high_bits = 0x8080808080808080U;
	size_t i = 0, n;
	uint64_t word;

	while (i < len) {
		if (len - i >= sizeof(word)) {
			memcpy(&word, data + i, sizeof(word));
			if ((word & high_bits) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		n = text_utf8_length(data + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void
text_add_utf8(struct buf *out, const char *data, size_t len, bool *lossy)
{
	size_t n;

	while (len > 0) {
		n = valid_prefix(data, len);
		buf_add(out, data, n);
		data += n;
		len -= n;
		if (len == 0)
			break;
		buf_addstr(out, replacement);
		*lossy = true;
		n = text_utf8_invalid(data, len);
		data += n;
		len -= n;
	}
}

/* Cut the line that begins at `start` of `out` if it is too long. */
static void
cut_line(struct buf *out, size_t start)
{
	size_t len = out->len - start, keep;

	if (len <= TEXT_LINE_MAX)
		return;
	keep = text_utf8_fit(out->data + start, len, TEXT_LINE_MAX);
	buf_cut(out, start + keep);
	buf_addf(out, "[... %zu bytes of this line left out]", len - keep);
}

void
text_clean_line(struct buf *out, const char *line, size_t len,
    const struct text_style *style, bool *lossy)
{
	size_t start = out->len, from, to;
	struct buf stripped = BUF_INIT;

	if (style->raw) {
		text_add_utf8(out, line, len, lossy);
		return;
	}
	if (ansi_is_plain(line, len)) {
		text_add_utf8(out, line, len, lossy);
	} else {
		ansi_seen(line, len, &from, &to);
		ansi_strip(&stripped, line + from, to - from);
		text_add_utf8(out, buf_str(&stripped), stripped.len, lossy);
		buf_release(&stripped);
	}
	cut_line(out, start);
}
