/*
 * fuzz_wire.c: bytes that arrive in any pieces, as lines
 *
 * The first byte of the input says whether they come over a socket, the second
 * which pieces they come in.  Before the first text that begins with 255 comes a
 * line that is too long: of one process only the first, since it takes a while.
 *
 * Holds: the lines are those of the text, whatever the pieces were; blank ones
 * are left out; the end comes once, after the last line.
 *
 * covers: src/faces/wire.c:find_line,compact,hand_over,has_rest,serve
 * covers: src/faces/wire.c:read_some,wants_input,on_input,on_turn
 */
#include "base/compat.h"
#include "faces/wire.h"
#include "feed.h"

struct server {
	struct feed feed;
	struct wire *wire;
	struct buf lines; /* each with a newline */
	bool echo;
	bool eof, gone;
	int long_lines;
};

static void
on_line(void *arg, const char *line, size_t len)
{
	struct server *s = arg;

	FUZZ_CHECK(!s->eof && !s->gone);
	FUZZ_CHECK(len > 0 && !memchr(line, '\n', len));
	buf_add(&s->lines, line, len);
	buf_addch(&s->lines, '\n');
	if (s->echo)
		wire_send(s->wire, line, len);
}

static void
on_long_line(void *arg)
{
	struct server *s = arg;

	FUZZ_CHECK(!s->eof && s->lines.len == 0);
	s->long_lines++;
}

static void
on_eof(void *arg)
{
	struct server *s = arg;

	FUZZ_CHECK(!s->eof && !s->gone);
	s->eof = true;
	wire_finish(s->wire);
}

static void
on_gone(void *arg, const char *why)
{
	struct server *s = arg;

	FUZZ_CHECK(s->eof && !s->gone && why[0]);
	s->gone = true;
	loop_stop(s->feed.loop, 0);
}

static bool
is_blank(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
			return false;
	return true;
}

/* The lines that there are. */
static void
expected(struct buf *out, const char *text, size_t size)
{
	const char *newline;
	size_t whole, len;

	for (; size > 0; text += whole, size -= whole) {
		newline = memchr(text, '\n', size);
		len = newline ? (size_t)(newline - text) : size;
		whole = newline ? len + 1 : len;
		if (is_blank(text, len))
			continue;
		buf_add(out, text, text[len - 1] == '\r' ? len - 1 : len);
		buf_addch(out, '\n');
	}
}

static void
check(const uint8_t *data, size_t size, size_t skip, bool socket, unsigned seed)
{
	static const struct wire_hooks hooks = { on_line, on_long_line, on_eof,
		on_gone };
	struct server s = { .echo = seed % 2 };
	struct buf want = BUF_INIT;

	feed_init(&s.feed, socket, data, size, seed);
	s.wire = wire_new(s.feed.loop, s.feed.in, s.feed.out, &hooks, &s);
	loop_run(s.feed.loop);
	FUZZ_CHECK(s.gone && s.feed.left == 0);
	FUZZ_CHECK(s.long_lines == (size > WIRE_LINE_MAX));
	expected(&want, (const char *)data + skip, size - skip);
	FUZZ_CHECK(s.lines.len == want.len);
	FUZZ_CHECK(
	    want.len == 0 || memcmp(s.lines.data, want.data, want.len) == 0);
	FUZZ_CHECK(wire_queued(s.wire) == 0);
	feed_drain(&s.feed);
	FUZZ_CHECK(s.feed.got.len == (s.echo ? want.len : 0));
	FUZZ_CHECK(s.feed.got.len == 0 ||
	    memcmp(s.feed.got.data, want.data, want.len) == 0);
	wire_free(s.wire);
	buf_release(&s.lines);
	buf_release(&want);
	feed_release(&s.feed);
}

static void
check_long(const uint8_t *data, size_t size)
{
	size_t before = WIRE_LINE_MAX + 2 + data[1] * 64;
	uint8_t *text = xmalloc(before + size);

	memset(text, 'x', before);
	memcpy(text + before, data + 2, size - 2);
	text[before - 1] = '\n';
	check(text, before + size - 2, before, false, 0);
	check(text, before + size - 2, before, true, data[1]);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool long_done;

	if (size < 2)
		return 0;
	if (data[0] == 255 && !long_done) {
		long_done = true;
		check_long(data, size);
	}
	check(data + 2, size - 2, 0, data[0] % 2, data[1]);
	return 0;
}
