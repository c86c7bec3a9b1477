/*
 * dialect.h: the forms in which a directory can hold the record of a job
 *
 * A dialect is a row of a table, with one source file that knows its names and
 * its journal: native (journal.json: jobdir's own, and what workers write by
 * spool-layout/README.md) and weave (an older workflow server's).  Nothing
 * else knows how many there are; another one is a row and a file.
 *
 * A directory may hold several jobs, of several dialects; what tells them apart
 * is the file name of their journal.
 */
#ifndef SPOOL_DIALECT_H
#define SPOOL_DIALECT_H

#include "spool/journal.h"

/* What a file name in a job's directory means to a dialect. */
enum dialect_mark {
	MARK_NONE,
	MARK_SIGN,    /* there is a job of that dialect */
	MARK_JOURNAL, /* and this is its journal */
};

struct dialect {
	const char *kind; /* "job", "weave": what lists call it */
	enum dialect_mark (*mark)(const char *file);
	const char *lone_journal; /* journal's name where only a sign is */
	const char *pid_file;
	const char *out_log;
	const char *err_log;

	/* The time in the directory's name, or -1. */
	usec_t (*stamp)(const char *dirname);
	/* Append the id that these names claim. */
	void (*claim)(struct buf *id, const char *dirname, const char *journal);
	/* Append its name for people; NULL: its journal names it. */
	void (
	    *label)(struct buf *name, const char *dirname, const char *journal);
	/* "enchanted", "direct"; NULL: told by its record. */
	const char *(*mode)(const char *journal);
	/* Append the tag of its run; NULL: it has none. */
	void (*tag)(struct buf *tag, const char *dirname);
	/* Does the pid file belong to this one of several journals? */
	bool (*owns_pid)(int jobdir, const char *journal);
	/* Append the name of its file `cancel`; `shared`: the directory holds
	 * other jobs, too. */
	void (*cancel)(struct buf *name, const char *journal, bool shared);
	/* As journal_parse(). */
	int (*parse)(struct journal *journal, const char *text, size_t len,
	    struct err *err);
};

/* The dialect that a journal's file name belongs to. */
const struct dialect *dialect_of(const char *journal);

enum { DIALECT_JOBS_MAX = 10000 }; /* most jobs of one directory */

/*
 * Call `each` with the file name of the journal of every job that directory
 * `jobdir` holds: at least once, since a directory with nothing known in it is
 * a native job without a record.  The position of the descriptor moves.  0, or
 * -1 with errno.
 */
int dialect_each(int jobdir, void (*each)(void *arg, const char *journal),
    void *arg);

/* Append `name` as part of an id: bytes that are not printable UTF-8, '/', '%'
 * and '~' are written %XX. */
void dialect_escape(struct buf *id, const char *name, size_t length);

extern const struct dialect dialect_native;
extern const struct dialect dialect_weave;

#endif
