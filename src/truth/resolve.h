/*
 * resolve.h: the word that names a job -> the job
 *
 * In this order: "@last" (where allowed), exact id, exact directory name,
 * "<id>~<directory>", unique prefix of an id (at least 4 characters) if the
 * word is of hexadecimal digits and '-' only, exact `name` (the newest job that
 * has it), unique prefix of any id (at least 4 characters).  A directory whose
 * name is one that jobdir gives is looked up at once, not compared with others:
 * its id is the one in its name, though a copy may claim it, too.  A word with '/',
 * "." and "..", or an empty one names nothing, and no path is made of it.
 */
#ifndef TRUTH_RESOLVE_H
#define TRUTH_RESOLVE_H

#include "spool/catalog.h"

#define RESOLVE_LAST "@last"

/*
 * `job` must be released in every case.
 * 0, or -1 with ERR_NOT_FOUND ("Job <word> not found") or ERR_AMBIGUOUS ("Job
 * <word> is ambiguous: <id>, <id>"; at most 10 are named).
 */
int resolve_in(struct catalog *catalog, const char *word, bool allow_last,
    struct spool_job *job, struct err *err);

/* The same with a reading of its own. */
int resolve_job(struct spool *spool, const char *word, bool allow_last,
    struct spool_job *job, struct err *err);

#endif
