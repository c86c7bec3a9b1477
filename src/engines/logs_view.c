/*
 * logs_view.c: bounded views of a log
 *
 * Invariant: the text of a view is that of the bytes between its start and
 * `next` without those in `omitted`, and reading it costs at most a few
 * LOG_SLICE.  Whole lines are taken while they fit, and a part of a line only
 * if nothing else would be shown.
 */
#include "base/compat.h"
#include "engines/logs.h"

#include "base/ansi.h"
#include "engines/logs_end.h"
#include "engines/logs_lines.h"

#include <inttypes.h>
#include <string.h>

enum { VIEW_TRIES = 5 };

/* What a view was asked for. */
struct ask {
	const char *stream;
	int64_t offset;
	int64_t lines;
	size_t max;
	const struct text_style *style;
};

typedef int build_fn(struct log *log, const struct ask *ask,
    struct log_view *view, struct err *err);

static void
view_empty(struct log_view *view)
{
	struct buf text = view->text;

	buf_cut(&text, 0);
	*view = (struct log_view){ .text = text };
}

/* Did reading find the log in another form than before? */
static bool
changed(const struct log *a, const struct log *b)
{
	return a->size != b->size || a->collapsed != b->collapsed ||
	    a->dropped.offset != b->dropped.offset ||
	    a->dropped.bytes != b->dropped.bytes;
}

/* Build a view of a log that may change meanwhile. */
static int
build(build_fn *fn, struct log *log, const struct ask *ask,
    struct log_view *view, struct err *err)
{
	struct log before;
	int tries;

	for (tries = 0; tries < VIEW_TRIES; tries++) {
		view_empty(view);
		before = *log;
		if (fn(log, ask, view, err) < 0)
			return -1;
		if (!changed(&before, log))
			break;
	}
	return 0;
}

static int64_t
dropped_end(const struct log *log)
{
	return log->dropped.offset + log->dropped.bytes;
}

/* How many bytes at the start of the data continue a character. */
static size_t
continuation(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && n < 3 && ((unsigned char)data[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Move *offset to the end of the dropped part if it is in there, and to the end
 * of the character that it would split. */
static int
align(struct log *log, int64_t *offset, struct err *err)
{
	const struct log_range *dropped = &log->dropped;
	bool after_gap = dropped->bytes > 0 && *offset >= dropped->offset &&
	    *offset <= dropped_end(log);
	char around[6];
	size_t i, n;
	ssize_t got;
	int64_t at;

	if (after_gap)
		*offset = dropped_end(log);
	at = after_gap ? *offset : *offset < 3 ? 0 : *offset - 3;
	got = log_read(log, &at, around, sizeof(around), err);
	if (got < 0)
		return -1;
	if (after_gap) {
		/* The beginning of the character is gone. */
		*offset += (int64_t)continuation(around, (size_t)got);
		return 0;
	}
	for (i = 0; i < (size_t)got && at + (int64_t)i < *offset; i++) {
		n = text_utf8_length(around + i, (size_t)got - i);
		if (at + (int64_t)(i + n) > *offset) {
			*offset = at + (int64_t)(i + n);
			return 0;
		}
	}
	return 0;
}

/* The first line of a view does not fit: take what does.  Returns the offset
 * behind it. */
static int64_t
add_part(struct log_view *view, const struct log_line *line, size_t room,
    const struct text_style *style)
{
	size_t from = 0, to = line->len, n;
	int64_t at = line->offset;

	if (!style->raw) {
		ansi_seen(line->text, line->len, &from, &to);
		if (room > TEXT_LINE_MAX)
			room = TEXT_LINE_MAX;
	}
	n = ansi_fit_head(line->text + from, to - from, style, room);
	text_clean_line(&view->text, line->text + from, n, style, &view->lossy);
	if (n == 0 && from < to) {
		/* Not even one character fits: without this, whoever goes on
		 * at `next` would stay here for ever. */
		n = ansi_unit(line->text + from, to - from, style);
		view->omitted.offset = at + (int64_t)from;
		view->omitted.bytes = (int64_t)n;
	}
	return from + n == to ? at + (int64_t)line->len
			      : at + (int64_t)(from + n);
}

/*
 * Append the lines from `offset` on, at most `max` bytes, up to the dropped
 * part; view->next is where that ends.  *done: all of it fitted.
 */
static int
add_forward(struct log *log, int64_t offset, size_t max,
    const struct text_style *style, struct log_view *view, bool *done,
    struct err *err)
{
	size_t start = view->text.len, before;
	struct log_lines lines;
	struct log_line line;
	int rc;

	*done = true;
	view->next = offset;
	log_lines_init(&lines, log, offset, style);
	lines.budget = LOG_SLICE;
	while ((rc = log_lines_next(&lines, &line, err)) == 1) {
		bool lossy = false;

		before = view->text.len;
		text_clean_line(&view->text, line.text, line.len, style,
		    &lossy);
		if (line.newline)
			buf_addch(&view->text, '\n');
		if (view->text.len - start > max) {
			buf_cut(&view->text, before);
			*done = false;
			if (before == start && max > 0)
				view->next = add_part(view, &line, max, style);
			break;
		}
		view->lossy |= lossy;
		view->next = log_line_end(&line);
	}
	if (lines.starved)
		*done = false;
	log_lines_release(&lines);
	return rc < 0 ? -1 : 0;
}

static int
build_range(struct log *log, const struct ask *ask, struct log_view *view,
    struct err *err)
{
	int64_t offset = ask->offset < 0 ? 0 : ask->offset, from = offset;
	bool done;

	if (offset >= log->size) {
		view->next = log->size;
		return 0;
	}
	if (align(log, &from, err) < 0)
		return -1;
	if (add_forward(log, from, ask->max, ask->style, view, &done, err) < 0)
		return -1;
	if (from > offset) {
		if (view->omitted.bytes > 0)
			from = view->omitted.offset + view->omitted.bytes;
		view->omitted.offset = offset;
		view->omitted.bytes = from - offset;
	}
	return 0;
}

int
log_view_range(struct log *log, int64_t offset, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err)
{
	struct ask ask = { .offset = offset, .max = max, .style = style };

	return build(build_range, log, &ask, view, err);
}

static int
build_tail(struct log *log, const struct ask *ask, struct log_view *view,
    struct err *err)
{
	int64_t low = log->dropped.bytes > 0 ? dropped_end(log) : 0;
	struct log_end shown;

	if (align(log, &low, err) < 0 ||
	    log_end_add(log, low, ask->lines, ask->max, ask->style, view,
		&shown, err) < 0)
		return -1;
	if (shown.short_of && log->dropped.bytes > 0)
		shown.first = log->dropped.offset;
	if (shown.start > shown.first) {
		view->omitted.offset = shown.first;
		view->omitted.bytes = shown.start - shown.first;
	}
	return 0;
}

int
log_view_tail(struct log *log, int64_t lines, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err)
{
	struct ask ask = { .lines = lines, .max = max, .style = style };

	return build(build_tail, log, &ask, view, err);
}

/* [view->omitted] is left out here: say so, on a line of its own. */
static void
add_note(struct log_view *view, const char *stream)
{
	struct buf *text = &view->text;

	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_addch(text, '\n');
	buf_addf(text,
	    "[... %" PRId64 " bytes left out, %s_offset %" PRId64 " ...]\n",
	    view->omitted.bytes, stream, view->omitted.offset);
}

/* Everything that is on disk, if it fits: *fits. */
static int
add_everything(struct log *log, const struct ask *ask, struct log_view *view,
    bool *fits, struct err *err)
{
	int64_t from = 0;
	size_t room;

	if (align(log, &from, err) < 0)
		return -1;
	if (from == 0 &&
	    add_forward(log, 0, ask->max, ask->style, view, fits, err) < 0)
		return -1;
	if (!*fits || log->dropped.bytes == 0)
		return 0;
	from = dropped_end(log);
	if (align(log, &from, err) < 0)
		return -1;
	view->omitted.offset = log->dropped.offset;
	view->omitted.bytes = from - log->dropped.offset;
	room = ask->max - view->text.len;
	add_note(view, ask->stream);
	return add_forward(log, from, room, ask->style, view, fits, err);
}

/* The first quarter and the last three quarters. */
static int
add_ends(struct log *log, const struct ask *ask, struct log_view *view,
    struct err *err)
{
	size_t quarter = ask->max / 4;
	struct log_view tail;
	struct log_end shown;
	int64_t low = 0;
	bool done;
	int rc;

	if (align(log, &low, err) < 0)
		return -1;
	if (low == 0 &&
	    add_forward(log, 0, quarter, ask->style, view, &done, err) < 0)
		return -1;
	if (view->text.len == 0)
		view->next = 0;
	low = view->next;
	if (log->dropped.bytes > 0 && log->dropped.offset >= low)
		low = dropped_end(log);
	log_view_init(&tail);
	rc = align(log, &low, err);
	if (rc == 0)
		rc = log_end_add(log, low, INT64_MAX, ask->max - quarter,
		    ask->style, &tail, &shown, err);
	if (rc == 0) {
		if (shown.start > view->next) {
			view->omitted.offset = view->next;
			view->omitted.bytes = shown.start - view->next;
			add_note(view, ask->stream);
		}
		buf_add(&view->text, buf_str(&tail.text), tail.text.len);
		view->lossy |= tail.lossy;
		view->next = tail.next;
	}
	log_view_release(&tail);
	return rc;
}

static int
build_all(struct log *log, const struct ask *ask, struct log_view *view,
    struct err *err)
{
	bool fits = true;

	if (add_everything(log, ask, view, &fits, err) < 0)
		return -1;
	if (fits)
		return 0;
	view_empty(view);
	return add_ends(log, ask, view, err);
}

int
log_view_all(struct log *log, const char *stream, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err)
{
	struct ask ask = { .stream = stream, .max = max, .style = style };

	return build(build_all, log, &ask, view, err);
}
