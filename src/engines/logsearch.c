/*
 * logsearch.c: lines of a log that match
 *
 * Invariant: a step reads at most LOG_SLICE bytes and ends after STEP_TIME,
 * one line more at most, so no job's output can hold up an event loop.  What
 * is matched is what is shown: the line without escape sequences and what was
 * overwritten, unless raw; of a long line its first MATCH_MAX bytes.
 */
#include "base/compat.h"
#include "engines/logs.h"

#include "base/ansi.h"
#include "engines/logs_lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MATCH_MAX = 64 << 10,
	STEP_TIME = 20000,   /* microseconds */
	LINES_PER_LOOK = 64, /* at the clock */
	LONG_LINE = 4096,    /* look after each of these */
};

/* A line kept in case that the next one matches. */
struct kept {
	struct buf text;
	int64_t offset;
	bool newline;
};

struct log_search {
	struct log_lines lines;
	const struct pattern *pattern;
	struct text_style style;
	size_t max;
	size_t context;
	struct kept *before; /* ring of `context` lines not shown */
	size_t count, oldest;
	size_t after;  /* context lines to show after the last match */
	int64_t shown; /* end of the last line shown */
	int64_t next;
	bool unfinished;     /* `next` is the last line, which may match yet */
	struct buf entry;    /* scratch */
	struct buf stripped; /* scratch */
};

/* Has a step lasted long enough? */
struct stint {
	usec_t start;
	unsigned lines;
};

static bool
stint_over(struct stint *stint, size_t len)
{
	if (stint->lines == 0)
		stint->start = time_mono();
	if (++stint->lines % LINES_PER_LOOK != 0 && len < LONG_LINE)
		return false;
	return time_mono() - stint->start >= STEP_TIME;
}

static bool
line_matches(const struct pattern *pattern, const struct text_style *style,
    const char *line, size_t len, struct buf *stripped)
{
	size_t from, to;

	if (!style->raw && !ansi_is_plain(line, len)) {
		ansi_seen(line, len, &from, &to);
		buf_cut(stripped, 0);
		ansi_strip(stripped, line + from, to - from);
		line = buf_str(stripped);
		len = stripped->len;
	}
	return pattern_matches(pattern, line,
	    len < MATCH_MAX ? len : MATCH_MAX);
}

struct log_search *
log_search_new(struct log *log, const struct pattern *pattern, int64_t offset,
    int context, size_t max, const struct text_style *style)
{
	struct log_search *s = xmalloc(sizeof(*s));
	size_t i;

	*s = (struct log_search){
		.pattern = pattern,
		.style = *style,
		.max = max,
		.context = context > 0 ? (size_t)context : 0,
		.next = offset < 0 ? 0 : offset,
	};
	log_lines_init(&s->lines, log, s->next, &s->style);
	s->lines.cross = true;
	s->before = xmalloc(s->context * sizeof(*s->before));
	for (i = 0; i < s->context; i++)
		s->before[i] = (struct kept){ .text = BUF_INIT };
	return s;
}

void
log_search_free(struct log_search *search)
{
	size_t i;

	if (!search)
		return;
	for (i = 0; i < search->context; i++)
		buf_release(&search->before[i].text);
	free(search->before);
	log_lines_release(&search->lines);
	buf_release(&search->entry);
	buf_release(&search->stripped);
	free(search);
}

/* Remember a line that is not shown. */
static void
keep(struct log_search *s, const struct log_line *line)
{
	struct kept *kept;

	if (s->context == 0)
		return;
	if (s->count < s->context) {
		kept = &s->before[(s->oldest + s->count++) % s->context];
	} else {
		kept = &s->before[s->oldest];
		s->oldest = (s->oldest + 1) % s->context;
	}
	buf_cut(&kept->text, 0);
	buf_add(&kept->text, line->text, line->len);
	kept->offset = line->offset;
	kept->newline = line->newline;
}

/* The first line of a view does not fit after what is in s->entry: show its
 * beginning, if anything, and go on behind it, or the search would stay here
 * for ever. */
static void
add_part(struct log_search *s, const struct log_line *line,
    struct log_view *view)
{
	size_t from = 0, to = line->len, n = 0, room;

	if (!s->style.raw)
		ansi_seen(line->text, line->len, &from, &to);
	if (s->max > s->entry.len + 1) {
		room = s->max - s->entry.len - 1;
		if (!s->style.raw && room > TEXT_LINE_MAX)
			room = TEXT_LINE_MAX;
		n = ansi_fit_head(line->text + from, to - from, &s->style,
		    room);
	}
	if (n > 0) {
		text_clean_line(&s->entry, line->text + from, n, &s->style,
		    &view->lossy);
		buf_add(&view->text, s->entry.data, s->entry.len);
		buf_addch(&view->text, '\n');
	}
	view->omitted.offset = line->offset + (int64_t)(from + n);
	view->omitted.bytes = (int64_t)(line->len - from - n);
}

/* Show a line.  False if there is no room for it. */
static bool
show(struct log_search *s, const struct log_line *line, char mark,
    struct log_view *view)
{
	bool lossy = false;
	size_t prefix;

	buf_cut(&s->entry, 0);
	if (view->text.len > 0 && s->shown != line->offset)
		buf_addstr(&s->entry, "--\n");
	buf_addf(&s->entry, "%" PRId64 "%c", line->offset, mark);
	prefix = s->entry.len;
	text_clean_line(&s->entry, line->text, line->len, &s->style, &lossy);
	buf_addch(&s->entry, '\n');
	if (view->text.len + s->entry.len > s->max) {
		if (view->text.len > 0 || s->max == 0) {
			s->next = line->offset;
			view->full = true;
			return false;
		}
		buf_cut(&s->entry, prefix);
		add_part(s, line, view);
	} else {
		buf_add(&view->text, s->entry.data, s->entry.len);
		view->lossy |= lossy;
	}
	s->shown = s->next = log_line_end(line);
	return true;
}

static bool
show_kept(struct log_search *s, struct log_view *view)
{
	const struct kept *kept;
	struct log_line line;

	for (; s->count > 0; s->count--) {
		kept = &s->before[s->oldest];
		line = (struct log_line){
			.offset = kept->offset,
			.text = buf_str(&kept->text),
			.len = kept->text.len,
			.newline = kept->newline,
		};
		if (!show(s, &line, '-', view))
			return false;
		s->oldest = (s->oldest + 1) % s->context;
	}
	return true;
}

/* Try one line and show it if need be.  False if there is no room. */
static bool
take(struct log_search *s, const struct log_line *line, struct log_view *view)
{
	if (line_matches(s->pattern, &s->style, line->text, line->len,
		&s->stripped)) {
		if (!show_kept(s, view) || !show(s, line, ':', view))
			return false;
		view->matches++;
		s->after = s->context;
		return true;
	}
	if (s->after > 0) {
		s->after--;
		if (!show(s, line, '-', view))
			return false;
	} else {
		keep(s, line);
	}
	/* An unfinished line may match yet: whoever goes on begins with it. */
	s->unfinished = line->open;
	s->next = line->open ? line->offset : log_line_end(line);
	return true;
}

int
log_search_step(struct log_search *search, struct log_view *view,
    struct err *err)
{
	struct stint stint = { .lines = 0 };
	struct log_line line;
	int rc;

	search->lines.budget = LOG_SLICE;
	while ((rc = log_lines_next(&search->lines, &line, err)) == 1) {
		if (!take(search, &line, view)) {
			view->next = search->next;
			return 0;
		}
		view->next = search->next;
		if (stint_over(&stint, line.len))
			return 1;
	}
	if (rc < 0)
		return -1;
	if (search->lines.starved)
		return 1;
	if (!search->unfinished)
		view->next = search->lines.offset + (int64_t)search->lines.pos;
	if (view->next > search->lines.log->size)
		view->next = search->lines.log->size;
	return 0;
}

int
log_match_step(struct log *log, const struct pattern *pattern,
    struct log_match *match, struct err *err)
{
	static const struct text_style style = { .raw = false };
	struct stint stint = { .lines = 0 };
	struct buf stripped = BUF_INIT;
	struct log_lines lines;
	struct log_line line;
	bool lossy, over = false;
	int rc = 0;

	/* Truncated by the job: all that is there now is new. */
	if (match->scanned > log->size)
		match->scanned = 0;
	log_lines_init(&lines, log, match->scanned, &style);
	lines.cross = true;
	lines.budget = LOG_SLICE;
	while (!match->found && !over &&
	    (rc = log_lines_next(&lines, &line, err)) == 1) {
		if (line_matches(pattern, &style, line.text, line.len,
			&stripped)) {
			match->found = true;
			match->offset = line.offset;
			buf_cut(&match->line, 0);
			text_clean_line(&match->line, line.text, line.len,
			    &style, &lossy);
		}
		if (!line.open)
			match->scanned = log_line_end(&line);
		over = stint_over(&stint, line.len);
	}
	over = over || lines.starved;
	log_lines_release(&lines);
	buf_release(&stripped);
	if (rc < 0)
		return -1;
	return over && !match->found;
}
