/*
 * cli_format.h: numbers and jobs as words of the command line
 *
 * Pure functions: no input or output, no clock.  Texts for people are made
 * here and nowhere below.
 */
#ifndef FACES_CLI_FORMAT_H
#define FACES_CLI_FORMAT_H

#include <jansson.h>

#include "base/util.h"
#include "truth/status.h"

enum { FORMAT_MAX = 48 };

/* "0.4s", "1.2s", "31m", "2m03s", "1h05m", "2h", "49h10m"; "-" if < 0. */
void format_duration(double seconds, char text[FORMAT_MAX]);

/* "312 B", "14 KiB", "1.5 MiB", "3.2 GiB". */
void format_size(int64_t bytes, char text[FORMAT_MAX]);

/* Local time: "17:42:10" on the day of `now`, "Nov 21" in its year, else
 * "2025-11-21"; "-" if `when` is -1. */
void format_moment(usec_t when, usec_t now, char text[FORMAT_MAX]);

/* Local time "2026-11-22 17:12:55", or the time alone on the day of
 * `day`; "-" if `when` is -1. */
void format_time(usec_t when, char text[FORMAT_MAX]);
void format_time_on(usec_t when, usec_t day, char text[FORMAT_MAX]);

/* EXIT of a job (an object of list_jobs): "7", "TERM", or "-". */
void format_exit(const json_t *job, char text[FORMAT_MAX]);

/* What a job reports of itself: "3/10 epochs", "3 entries", "linking", or ""
 * (an object with `progress` and `phase`). */
void format_progress(const json_t *job, struct buf *out);

/* "name: command", control characters shown; the name or command alone if that
 * is all there is. */
void format_what(const json_t *job, struct buf *out);

/* What stands behind that: "  [3/10 epochs]", "  (2 processes left behind)". */
void format_remarks(const json_t *job, struct buf *out);

/* Of `out`, from byte `start` on, keep what fits `columns`; a cut is shown by a
 * final "…". */
void format_cut(struct buf *out, size_t start, size_t columns);

/* Has the id the form of those that jobdir makes (UUID)? */
bool format_is_uuid(const char *id);

/* Least bytes of ids[i], at least `least`, that no other id begins with.  The
 * ids are sorted (strcmp) and differ. */
size_t format_prefix(const char *const *ids, size_t count, size_t i,
    size_t least);

/*
 * Exit code that tells of a job's end; see the manual, EXIT STATUS.
 * exit_code	-1: none
 * signal	that ended it; 0: none
 * asked	signal that was asked for, of a killed job; 0: not known
 */
int format_exit_code(enum status status, enum reason reason, int exit_code,
    int signal, int asked);

/* String member of a JSON object; NULL if there is none. */
const char *format_string(const json_t *object, const char *key);

#endif
