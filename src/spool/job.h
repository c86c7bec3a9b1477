/*
 * job.h: making and removing a job's directory
 *
 * A directory is built as .new/NAME and renamed to NAME by the job's own first
 * process; until then it is nobody's job, and what a killed launch left there
 * is swept by the next start that finds it older than a minute with a free
 * lock.
 */
#ifndef SPOOL_JOB_H
#define SPOOL_JOB_H

#include "base/err.h"
#include "spool/spool.h"

enum { JOB_NEW_MAX_AGE = 60 }; /* seconds */

/*
 * Make `.new/<name>` with the record `text` (NULL: none) in it.
 * 0, or -1 with err: "[Errno N] …: '<path>'".
 */
int job_make_new(const struct spool *spool, const char *name, const char *text,
    struct err *err);

/* Remove `name` and the plain files in it below the directory descriptor
 * `parent`, which must be that of .new. */
void job_remove_new(int parent, const char *name);

/* Remove what killed launches left behind in .new. */
void job_sweep_new(const struct spool *spool);

/* How many directories would it remove? */
size_t job_count_dead_new(const struct spool *spool);

/* Put a job's record and its names in their directories on disk, so that a
 * power cut does not undo the start.  Descriptors of root and job.  0, or -1
 * with errno. */
int job_sync(int root, int jobdir);

/* Is there a directory of that name in the root? */
bool job_is_visible(int root, const char *name);

#endif
