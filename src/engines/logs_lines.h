/*
 * logs_lines.h: the lines of a log, one after the other
 *
 * Behind logs.h, shared by views and searches.  A line ends at its newline, at
 * the dropped part, at the end of the log, or after LOG_SLICE bytes: what
 * follows then is a line of its own, so that a job that writes no newline
 * costs no memory.
 */
#ifndef ENGINES_LOGS_LINES_H
#define ENGINES_LOGS_LINES_H

#include "engines/logs.h"

struct log_lines {
	struct log *log;
	const struct text_style *style;
	bool cross;    /* go on behind the dropped part */
	size_t budget; /* bytes it may still read; the caller refills it */
	bool starved;  /* it returned 0 for lack of budget */
	struct buf data;
	int64_t offset; /* logical, of data.data[0] */
	size_t pos;     /* start of the next line in data */
	size_t seen;    /* no newline in data before this, from pos on */
	bool started;   /* something was read from `offset` on */
	bool last;      /* nothing that follows belongs to the data */
	int64_t resume; /* end of the dropped part behind the data, or -1 */
};

struct log_line {
	int64_t offset;
	const char *text; /* until the next call */
	size_t len;       /* without the newline */
	bool newline;     /* it ends in one */
	bool open;        /* last line of a log that grows, not finished */
};

/* Start at `offset`; release when done. */
void log_lines_init(struct log_lines *lines, struct log *log, int64_t offset,
    const struct text_style *style);
void log_lines_release(struct log_lines *lines);

/*
 * The next line.  1; 0 at the end, or before it for lack of budget; -1 with
 * err.  At the end of a log that grows, the beginning of a character or an
 * escape sequence is left to the next reader.
 */
int log_lines_next(struct log_lines *lines, struct log_line *line,
    struct err *err);

/* Where the line after `line` begins. */
int64_t log_line_end(const struct log_line *line);

#endif
