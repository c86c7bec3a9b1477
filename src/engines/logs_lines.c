/*
 * logs_lines.c: the lines of a log, one after the other
 *
 * Invariant: data[pos..] are the bytes of the log from offset + pos on, without
 * a gap; bytes read from behind the dropped part never join them.
 */
#include "base/compat.h"
#include "engines/logs_lines.h"

#include "base/ansi.h"

#include <string.h>

enum { CHUNK = 64 << 10 };

void
log_lines_init(struct log_lines *lines, struct log *log, int64_t offset,
    const struct text_style *style)
{
	*lines = (struct log_lines){
		.log = log,
		.style = style,
		.offset = offset,
		.resume = -1,
	};
}

void
log_lines_release(struct log_lines *lines)
{
	buf_release(&lines->data);
}

int64_t
log_line_end(const struct log_line *line)
{
	return line->offset + (int64_t)line->len + line->newline;
}

/* Drop what was returned already. */
static void
forget(struct log_lines *l)
{
	l->offset += (int64_t)l->pos;
	buf_shift(&l->data, l->pos);
	l->seen -= l->pos;
	l->pos = 0;
}

/* Read a chunk behind the data, or learn that there is none.  0 or -1. */
static int
more(struct log_lines *l, struct err *err)
{
	size_t size = l->budget < CHUNK ? l->budget : CHUNK;
	int64_t expected, at;
	ssize_t n;

	forget(l);
	expected = at = l->offset + (int64_t)l->data.len;
	buf_reserve(&l->data, size);
	n = log_read(l->log, &at, l->data.data + l->data.len, size, err);
	if (n < 0)
		return -1;
	if (!l->started) {
		l->offset = at;
	} else if (at != expected) {
		l->resume = at;
		n = 0;
	}
	l->started = true;
	l->last = n == 0;
	l->data.len += (size_t)n;
	l->data.data[l->data.len] = '\0';
	l->budget -= (size_t)n;
	return 0;
}

/* Position of the next newline at or after l->seen, or the data's length. */
static size_t
find_newline(const struct log_lines *l)
{
	const char *newline = NULL;

	if (l->data.len > l->seen)
		newline =
		    memchr(l->data.data + l->seen, '\n', l->data.len - l->seen);
	return newline ? (size_t)(newline - l->data.data) : l->data.len;
}

/* Read until data[pos..*end) is a line, or as much as there is. */
static int
complete(struct log_lines *l, size_t *end, struct err *err)
{
	for (;;) {
		*end = find_newline(l);
		if (*end - l->pos >= LOG_SLICE) {
			*end = l->pos + LOG_SLICE;
			return 0;
		}
		if (*end < l->data.len || l->last)
			return 0;
		l->seen = *end;
		if (l->budget == 0) {
			l->starved = true;
			return 0;
		}
		if (more(l, err) < 0)
			return -1;
	}
}

/* Go on behind the dropped part, if that is why the data ended. */
static bool
jump(struct log_lines *l)
{
	if (l->pos < l->data.len || l->resume < 0 || !l->cross)
		return false;
	buf_cut(&l->data, 0);
	l->offset = l->resume;
	l->pos = l->seen = 0;
	l->resume = -1;
	l->started = l->last = false;
	return true;
}

int
log_lines_next(struct log_lines *l, struct log_line *line, struct err *err)
{
	size_t end;
	bool last;

	l->starved = false;
	do {
		if (complete(l, &end, err) < 0)
			return -1;
	} while (jump(l));
	if (l->starved)
		return 0;
	last = l->last && end == l->data.len;
	line->newline = end < l->data.len && l->data.data[end] == '\n';
	line->open = last && l->resume < 0 && !l->log->shape.ended;
	line->offset = l->offset + (int64_t)l->pos;
	line->text = buf_str(&l->data) + l->pos;
	line->len = end - l->pos;
	if (!line->newline && (!last || line->open))
		line->len -= ansi_unfinished(line->text, line->len, l->style);
	if (line->len == 0 && !line->newline)
		return 0;
	l->pos += line->len + line->newline;
	l->seen = l->pos;
	return 1;
}
