/*
 * logs.h: bounded views of a job's logs
 *
 * A log on disk holds the job's bytes, at most up to its bound: beyond it the
 * supervisor punches a hole between a head and a moving tail, and after the end
 * takes the hole out where the file system can.  Whatever form the file has,
 * offsets here count every byte ever written ("logical" offsets): the dropped
 * part is a gap in them.
 *
 *	struct log log;
 *
 *	log_view_init(&view);
 *	log_open(&log, jobdir_fd, "stdout.log", &shape);
 *	log_view_tail(&log, 50, 8192, &style, &view);
 *	...
 *	log_view_release(&view);
 *	log_close(&log);
 *
 * A log that does not exist is an empty log.  A view never splits a UTF-8
 * character, holds an unfinished last line, and says what it left out and where
 * to go on.  Every view costs time by what it returns, not by the size of the
 * log; a search reads at most LOG_SLICE bytes a call.
 */
#ifndef ENGINES_LOGS_H
#define ENGINES_LOGS_H

#include "base/err.h"
#include "base/pattern.h"
#include "base/text.h"

enum { LOG_SLICE = 1 << 20 };

struct log_range {
	int64_t offset; /* logical */
	int64_t bytes;  /* 0: nothing */
};

/* What the journal says about a log. */
struct log_shape {
	bool ended;    /* there is an end record with the numbers below */
	int64_t bytes; /* ever written, as of the end record */
	struct log_range dropped; /* as of the end record */
	int64_t bound;            /* most bytes kept on disk; 0: no bound */
};

struct log {
	int fd;       /* -1: no such log, reads as empty */
	int64_t size; /* logical size at the time of log_open or log_refresh */
	struct log_range dropped; /* no longer on disk */
	bool collapsed;           /* the dropped part is out of the file, too */
	bool shrunk; /* it became smaller since log_open: the job truncated it,
			or it ended and `shape` is that of before */
	struct log_shape shape;
};

/*
 * Open the log `name` in directory `jobdir`.  The form is told by the file's
 * size: with an end record, `bytes - dropped.bytes` is collapsed, anything else
 * is not; without one (or with a size that grew since) the dropped part is the
 * first hole of a file that is larger than its bound.  A log that may not be
 * read is an error; a link, FIFO or directory is too.
 */
int log_open(struct log *log, int jobdir, const char *name,
    const struct log_shape *shape, struct err *err);
int log_refresh(struct log *log, struct err *err); /* look at the size again */
void log_close(struct log *log);

/*
 * Read up to `size` bytes from logical offset *offset on.  An offset in the
 * dropped part is moved to its end first.  *offset becomes the offset of the
 * first byte that was read.  A read never crosses the dropped part.  Returns
 * the number of bytes, 0 at the end, -1 with err.
 */
ssize_t log_read(struct log *log, int64_t *offset, void *buf, size_t size,
    struct err *err);

struct log_view {
	struct buf text;          /* valid UTF-8 */
	int64_t next;             /* where this view ends: go on there */
	struct log_range omitted; /* left out of this view; bytes 0: nothing */
	bool lossy;               /* invalid UTF-8 was replaced */
	int64_t matches;          /* lines that matched (searches) */
	bool full;                /* a search stopped for lack of room */
};

void log_view_init(struct log_view *view);
void log_view_release(struct log_view *view);

/*
 * All of the log if its text fits `max` bytes.  Otherwise the first quarter and
 * the last three quarters of `max`, cut at line ends where there are any, with
 * the line "[... N bytes left out, <stream>_offset O ...]" between them, where
 * O is the logical offset of the first byte left out; `omitted` says the same.
 * The note does not count towards max.  `stream` is "stdout" or "stderr".
 * A dropped part that falls between head and tail is part of `omitted`.
 */
int log_view_all(struct log *log, const char *stream, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err);

/* From logical offset `offset` on, without gaps, at most `max` bytes of text.
 * An offset in the dropped part moves to its end, `omitted` says so; a view
 * that comes to the dropped part ends there.  Beyond the end: empty, next = the
 * log's size. */
int log_view_range(struct log *log, int64_t offset, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err);

/* The last `lines` lines; an unfinished last line counts as one.  Of more than
 * `max` bytes of text the newest are kept, and `omitted` says what of those
 * lines was not.  Never reads more than the end of the log needs. */
int log_view_tail(struct log *log, int64_t lines, size_t max,
    const struct text_style *style, struct log_view *view, struct err *err);

/*
 * A search that can be continued: each step reads at most LOG_SLICE bytes, so
 * that an event loop can do other work between two steps.  Lines that match
 * come as "offset:text", context lines as "offset-text", groups that do not
 * touch are separated by "--", each line ends in a newline.  The search stops
 * when the next line would not fit `max`; `next` is then the offset of that
 * line (or of its first context line not yet shown).
 */
struct log_search;

struct log_search *log_search_new(struct log *log,
    const struct pattern *pattern, int64_t offset, int context, size_t max,
    const struct text_style *style);
void log_search_free(struct log_search *search); /* NULL is allowed */

/* One step.  1: call again; 0: done, the view is complete; -1: err. */
int log_search_step(struct log_search *search, struct log_view *view,
    struct err *err);

/*
 * Look for the first line that matches, step by step, for waits.  The
 * unfinished last line is tried, too (a prompt).  Finished lines are tried
 * once; after 0 the caller may log_refresh() and step again when the log has
 * grown.  A log that was truncated is looked at from its start again.
 */
struct log_match {
	int64_t scanned; /* go on here; start with 0 */
	bool found;
	int64_t offset;  /* of the line */
	struct buf line; /* cleaned */
};

/* 1: call again; 0: found or at the end; -1: err. */
int log_match_step(struct log *log, const struct pattern *pattern,
    struct log_match *match, struct err *err);

#endif
