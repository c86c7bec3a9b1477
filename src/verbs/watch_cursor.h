/*
 * watch_cursor.h: what a reader of events has been told, in a word
 *
 * The word holds what is needed to tell, in any process and after any pause,
 * what was not told yet, and nothing else is stored anywhere:
 *
 *	floor	the change time (ctime) of the newest directory seen, or the
 *		time up to which all is told if that is earlier, less 60 s
 *	ended	the jobs told as ended whose directory or journal has changed
 *		since the floor; of those that are not ours also which end
 *	live	the jobs that are told and have not ended
 *
 * A job that is there now and is neither among the ended nor among the live is
 * told if its directory is newer than the floor (watch_cursor_recall).  The
 * time of a directory says when it was made or renamed into the root, whatever
 * stands in the files; 60 s are for clocks that are set back.  It changes, too,
 * when somebody makes a file in it, so there is a second rule: an ended job
 * whose journal is older than the floor, and whose directory's last change was
 * one of its entries (ctime = mtime, which a renaming does not leave), has only
 * been touched, and is not told again.  Told again is an ended job whose
 * directory itself was given another mode or name meanwhile; missed only one
 * that had ended a minute before it was moved into the root and got a new entry
 * after that.  Not in doubt are ends: a job that had not ended is among the
 * live.  Of a worker's run that both began and ended unseen in the directory of
 * an earlier one, the end is told; and its creation again, if that one was no
 * longer among the ended and the journal was replaced by a new file.
 *
 * Jobs are named by 48 bits of a hash (FNV-1a, mixed) of the names of directory
 * and journal: among n listed jobs a new one is taken for a listed one with
 * probability n / 2^48, of 20,000 listed one in 14 thousand million.
 *
 * The word is base64url: "1" (the version), then floor, clock, two counts and
 * a check sum, then 6 bytes for each of our ended jobs, 9 for each other ended
 * one, 6 for each live one.  An entry never crosses a character, so the word is
 * kept ready while jobs come and go.
 *
 *	cursor = watch_cursor_new();
 *	watch_cursor_parse(cursor, text);	-- maybe
 *	... watch_cursor_recall() for every job that is there
 *	... watch_cursor_note() for whatever is told or known
 *	watch_cursor_settle(cursor, complete);
 *	watch_cursor_put(cursor, put, arg);
 */
#ifndef VERBS_WATCH_CURSOR_H
#define VERBS_WATCH_CURSOR_H

#include "engines/tracker.h"

struct watch_cursor;

struct watch_cursor *watch_cursor_new(void);
void watch_cursor_free(struct watch_cursor *cursor); /* NULL is allowed */

/* 0, or -1 if it is no cursor. */
int watch_cursor_parse(struct watch_cursor *cursor, const char *text);

/* What the reader of the parsed word knows of a job; for tracker_config. */
struct tracker_memory watch_cursor_recall(const struct watch_cursor *cursor,
    const char *name, const char *journal, const struct tracker_stamps *stamps);

/* These news are told, or are none.  Of a job that is about to be told as
 * finished, `live` is true. */
void watch_cursor_note(struct watch_cursor *cursor,
    const struct tracker_news *news, bool live);

/* Everything before `complete` (wall clock) is noted: raise the floor. */
void watch_cursor_settle(struct watch_cursor *cursor, usec_t complete);

/* The word, in pieces. */
void watch_cursor_put(struct watch_cursor *cursor,
    void (*put)(void *arg, const char *data, size_t length), void *arg);

#endif
