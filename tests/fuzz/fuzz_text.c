/*
 * fuzz_text.c: bytes of a job as text
 *
 * Holds: whatever comes out is valid UTF-8; cleaned text has no escape
 * sequence, shown text nothing that acts on a terminal; nothing valid is lost
 * where nothing was to be removed; cuts keep to their bounds.
 *
 * covers: src/base/text.c src/base/ansi.c src/base/show.c
 * covers: src/base/width.c
 */
#include "base/compat.h"
#include "base/ansi.h"
#include "fuzz.h"
#include "verbs/words.h"

static void
check_utf8(const char *data, size_t size)
{
	struct buf out = BUF_INIT, again = BUF_INIT;
	bool lossy = false, twice = false;
	size_t open = text_utf8_incomplete(data, size), fit;

	text_add_utf8(&out, data, size, &lossy);
	FUZZ_CHECK(fuzz_is_utf8(buf_str(&out), out.len));
	FUZZ_CHECK(lossy == !fuzz_is_utf8(data, size));
	FUZZ_CHECK(lossy || out.len == size);
	FUZZ_CHECK(out.len <= 3 * size);
	text_add_utf8(&again, buf_str(&out), out.len, &twice);
	FUZZ_CHECK(!twice && again.len == out.len);
	FUZZ_CHECK(open <= 3 && open <= size);
	FUZZ_CHECK(
	    open == 0 || text_utf8_length(data + size - open, open) == 0);
	fit = text_utf8_fit(buf_str(&out), out.len, size / 2);
	FUZZ_CHECK(fit <= size / 2 && fuzz_is_utf8(buf_str(&out), fit));
	FUZZ_CHECK(out.len <= size / 2 || fit + 3 >= size / 2);
	buf_release(&out);
	buf_release(&again);
}

static bool
has_sequence(const char *text, size_t len)
{
	size_t i;
	bool open;

	for (i = 0; i < len; i++)
		if (ansi_sequence(text + i, len - i, &open) > 0)
			return true;
	return false;
}

static void
check_clean(const char *line, size_t size, bool raw)
{
	struct text_style style = { .raw = raw };
	struct buf out = BUF_INIT, again = BUF_INIT;
	bool lossy = false;

	text_clean_line(&out, line, size, &style, &lossy);
	FUZZ_CHECK(fuzz_is_utf8(buf_str(&out), out.len));
	FUZZ_CHECK(raw || out.len <= TEXT_LINE_MAX + 64);
	FUZZ_CHECK(!lossy || !fuzz_is_utf8(line, size));
	FUZZ_CHECK(raw || !has_sequence(buf_str(&out), out.len));
	/* Clean text stays as it is, but for carriage returns. */
	if (out.len <= TEXT_LINE_MAX && !memchr(buf_str(&out), '\r', out.len)) {
		lossy = false;
		text_clean_line(&again, buf_str(&out), out.len, &style, &lossy);
		FUZZ_CHECK(!lossy && again.len == out.len);
	}
	buf_release(&out);
	buf_release(&again);
}

/* Of a part that fits the cleaned text fits. */
static void
check_fit(const char *line, size_t size, size_t max, bool raw)
{
	struct text_style style = { .raw = raw };
	struct buf out = BUF_INIT;
	size_t head = ansi_fit_head(line, size, &style, max);
	size_t tail = ansi_fit_tail(line, size, &style, max);
	size_t n;
	bool lossy;

	FUZZ_CHECK(head <= size && tail <= size);
	if (!memchr(line, '\r', size)) {
		text_clean_line(&out, line, head, &style, &lossy);
		FUZZ_CHECK(out.len <= max);
		buf_cut(&out, 0);
		text_clean_line(&out, line + tail, size - tail, &style, &lossy);
		FUZZ_CHECK(out.len <= max);
	}
	FUZZ_CHECK(ansi_unfinished(line, size, &style) <= size);
	for (; size > 0; line += n, size -= n) {
		n = ansi_unit(line, size, &style);
		FUZZ_CHECK(n > 0 && n <= size);
	}
	buf_release(&out);
}

static void
check_seen(const char *line, size_t size)
{
	size_t from, to;

	ansi_seen(line, size, &from, &to);
	FUZZ_CHECK(from <= to && to <= size);
	FUZZ_CHECK(!memchr(line + from, '\r', to - from));
}

/* Nothing but what may pass, escapes of colours included. */
static void
check_coloured(const char *text, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = text_utf8_length(text + i, len - i);
		FUZZ_CHECK(n > 0);
		if (text[i] == '\x1b') {
			FUZZ_CHECK(i + 2 < len && text[i + 1] == '[');
			n = 2 + strspn(text + i + 2, "0123456789;:");
			FUZZ_CHECK(text[i + n++] == 'm');
		} else {
			FUZZ_CHECK(!text_acts(text + i, n) ||
			    memchr("\n\t\r", text[i], 3));
		}
	}
}

static size_t
characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* One word for a shell, whatever is in it. */
static void
check_quoted(const char *text)
{
	struct buf out = BUF_INIT;
	char **words;
	size_t count;

	text_shell_quote(&out, text);
	FUZZ_CHECK(words_split(buf_str(&out), &words, &count) == 0);
	FUZZ_CHECK(count == 1 && strcmp(words[0], text) == 0);
	free(words[0]);
	free(words);
	buf_release(&out);
}

static void
check_shown(const char *data, size_t size, size_t max)
{
	char *text = fuzz_text((const uint8_t *)data, size);
	struct buf out = BUF_INIT, cut = BUF_INIT;
	size_t fit;

	check_quoted(text);
	text_show(&out, text, 0);
	FUZZ_CHECK(fuzz_is_printable(buf_str(&out)));
	if (max > 0) {
		text_show(&cut, text, max);
		FUZZ_CHECK(fuzz_is_printable(buf_str(&cut)));
		FUZZ_CHECK(characters(buf_str(&cut)) <= max);
		FUZZ_CHECK(
		    characters(buf_str(&out)) > max || cut.len == out.len);
	}
	fit = text_fit_columns(buf_str(&out), max);
	FUZZ_CHECK(fit <= out.len && fuzz_is_utf8(buf_str(&out), fit));
	FUZZ_CHECK(text_columns(buf_str(&out)) <= 2 * out.len);
	if (out.data)
		buf_cut(&out, fit);
	FUZZ_CHECK(text_columns(buf_str(&out)) <= max);
	buf_cut(&out, 0);
	text_show_coloured(&out, data, size);
	check_coloured(buf_str(&out), out.len);
	buf_release(&out);
	buf_release(&cut);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size. */
	char *line = xstrndup((const char *)data, size);
	size_t max = size ? data[size - 1] : 0;

	check_utf8(line, size);
	check_clean(line, size, false);
	check_clean(line, size, true);
	check_fit(line, size, max, false);
	check_fit(line, size, max, true);
	check_seen(line, size);
	check_shown(line, size, max);
	free(line);
	return 0;
}
