/*
 * logs_end.c: the last lines of a log, read from its end
 *
 * Invariant: no more than the last LOG_SLICE bytes are read, in spans that grow
 * until more could not change the outcome, however large the log is.
 */
#include "base/compat.h"
#include "engines/logs_end.h"

#include "base/ansi.h"

#include <string.h>

enum { FIRST_SPAN = 16 << 10 };

/* The end of the log, in memory. */
struct span {
	struct buf data;
	int64_t offset; /* logical, of data.data[0] */
	size_t len;     /* of the data what can be shown by now */
	bool whole;     /* nothing of interest comes before */
};

/* Which part of a span to show. */
struct choice {
	size_t from;     /* start of the lines that fit */
	size_t first;    /* start of the lines asked for */
	bool full;       /* there was no room for a line */
	int64_t missing; /* lines asked for that do not begin in the span */
};

/* Read from span->offset to the end of the log. */
static int
span_read(struct span *span, struct log *log, const struct text_style *style,
    struct err *err)
{
	size_t want = (size_t)(log->size - span->offset);
	int64_t at = span->offset;
	ssize_t n;

	buf_cut(&span->data, 0);
	buf_reserve(&span->data, want);
	while (span->data.len < want) {
		n = log_read(log, &at, span->data.data + span->data.len,
		    want - span->data.len, err);
		if (n < 0)
			return -1;
		/* If the log changed, the view is built again. */
		if (n == 0 || at != span->offset + (int64_t)span->data.len)
			break;
		span->data.len += (size_t)n;
		at += n;
	}
	span->data.data[span->data.len] = '\0';
	span->len = span->data.len;
	if (!log->shape.ended)
		span->len -= ansi_unfinished(span->data.data, span->len, style);
	return 0;
}

/* Start of the line that ends before data[to], newline included. */
static size_t
line_start(const char *data, size_t to)
{
	if (to > 0)
		to--;
	while (to > 0 && data[to - 1] != '\n')
		to--;
	return to;
}

static void
choose(const struct span *span, int64_t lines, size_t max,
    const struct text_style *style, struct choice *choice)
{
	size_t to, start, room = max;
	const char *data = span->data.data;
	struct buf text = BUF_INIT;
	bool newline, stop = false, lossy;

	*choice = (struct choice){ .from = span->len, .missing = lines };
	for (to = span->len; to > 0 && choice->missing > 0; to = start) {
		start = line_start(data, to);
		/* The first one of the span may have begun before it. */
		if (start == 0 && !span->whole)
			break;
		choice->missing--;
		if (stop)
			continue;
		newline = data[to - 1] == '\n';
		buf_cut(&text, 0);
		text_clean_line(&text, data + start, to - start - newline,
		    style, &lossy);
		stop = choice->full = text.len + newline > room;
		if (!stop) {
			room -= text.len + newline;
			choice->from = start;
		}
	}
	choice->first = choice->missing > 0 ? 0 : to;
	buf_release(&text);
}

/* Would a longer span make a difference? */
static bool
is_enough(const struct span *span, const struct choice *choice)
{
	if (span->whole || choice->missing == 0 || span->len >= LOG_SLICE)
		return true;
	/* Of all lines the start of the first one is of no interest. */
	return choice->full && choice->missing > LOG_SLICE;
}

/* Append the newest part of the last line, which does not fit.  Returns where
 * it begins. */
static size_t
add_part(const struct span *span, size_t max, const struct text_style *style,
    struct log_view *view)
{
	size_t start = line_start(span->data.data, span->len), from = 0, to;
	bool newline = span->data.data[span->len - 1] == '\n';
	const char *line = span->data.data + start;
	size_t room = max - newline;

	to = span->len - start - newline;
	if (!style->raw) {
		ansi_seen(line, to, &from, &to);
		if (room > TEXT_LINE_MAX)
			room = TEXT_LINE_MAX;
	}
	from += ansi_fit_tail(line + from, to - from, style, room);
	/* The span may begin inside a character. */
	while (from < to && ((unsigned char)line[from] & 0xc0) == 0x80 &&
	    start + from < 3 && !span->whole)
		from++;
	text_clean_line(&view->text, line + from, to - from, style,
	    &view->lossy);
	if (newline)
		buf_addch(&view->text, '\n');
	return start + from;
}

static void
add_lines(const struct span *span, size_t from, const struct text_style *style,
    struct log_view *view)
{
	const char *data = span->data.data, *newline;
	size_t to;

	for (; from < span->len; from = to + (newline != NULL)) {
		newline = memchr(data + from, '\n', span->len - from);
		to = newline ? (size_t)(newline - data) : span->len;
		text_clean_line(&view->text, data + from, to - from, style,
		    &view->lossy);
		if (newline)
			buf_addch(&view->text, '\n');
	}
}

int
log_end_add(struct log *log, int64_t low, int64_t lines, size_t max,
    const struct text_style *style, struct log_view *view,
    struct log_end *shown, struct err *err)
{
	struct span span = { .data = BUF_INIT };
	struct choice choice;
	int64_t length = FIRST_SPAN;
	int rc;

	if (low > log->size)
		low = log->size;
	do {
		span.whole = log->size - low <= length;
		span.offset = span.whole ? low : log->size - length;
		rc = span_read(&span, log, style, err);
		if (rc < 0)
			break;
		choose(&span, lines, max, style, &choice);
		length *= 4;
	} while (!is_enough(&span, &choice) && length <= LOG_SLICE);
	if (rc == 0) {
		if (choice.from == span.len && choice.first < span.len &&
		    max > 0)
			choice.from = add_part(&span, max, style, view);
		else
			add_lines(&span, choice.from, style, view);
		shown->start = span.offset + (int64_t)choice.from;
		shown->first = span.offset + (int64_t)choice.first;
		shown->short_of = span.whole && choice.missing > 0;
		view->next = span.offset + (int64_t)span.len;
	}
	buf_release(&span.data);
	return rc;
}
