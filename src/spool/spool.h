/*
 * spool.h: the runs root and the names in it
 *
 * A root is a directory; each visible directory in it is a job.  The root of
 * every face is found in the same way: --root, else $JOBDIR_ROOT, else
 * ~/.local/state/jobdir/runs.  A root that does not exist is an empty one;
 * only spool_create() makes it.
 *
 *	struct spool spool;
 *
 *	spool_open(&spool, option, &err);
 *	spool_index_read(&index, &spool, &err);
 *	... index.entries[i].job ...
 *	spool_index_release(&index);
 *	spool_close(&spool);
 *
 * Ids are made from names alone, those of directory and journal (dialect.h).
 * Of several directories that claim one id the newest has it, by the time in
 * the name (a name without one is oldest), and each older one is
 * "<id>~<directory name>".
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "spool/names.h"

struct spool {
	char *path;  /* absolute */
	int fd;      /* -1: the root does not exist (yet) */
	bool remote; /* shared between hosts: no events, late changes */
};

/* What names the root. */
enum spool_source { SPOOL_OPTION, SPOOL_VARIABLE, SPOOL_DEFAULT };

/* The path of the root, absolute, malloc'd; or NULL with err. */
char *spool_locate(const char *option, enum spool_source *source,
    struct err *err);

/* The path that is the default for who has that home directory; malloc'd. */
char *spool_default(const char *home);

/* Find and open the root.  `option` is --root or NULL.  A missing root is no
 * error; a file in its place, or no permission, is. */
int spool_open(struct spool *spool, const char *option, struct err *err);
void spool_close(struct spool *spool);

/* Make the root (0700, parents 0777 less the umask) and its hidden directories
 * if they are not there. */
int spool_create(struct spool *spool, struct err *err);

/* Open the root again if its path names another directory now (or none, or one
 * at last).  1: it changed, 0: it did not, -1: err. */
int spool_recheck(struct spool *spool, struct err *err);

/* "<path>/<name>", malloc'd. */
char *spool_path_of(const struct spool *spool, const char *name);

/* What names a job: its directory, the file name of its journal in there, and
 * the id made of both. */
struct spool_job {
	char *name;
	char *journal;
	char *id;
	bool shared; /* the directory holds other jobs, too */
};

/* The native job of directory `name`; members are malloc'd. */
void spool_job_native(struct spool_job *job, const char *name);

/* Members are copied; released ones are NULL. */
void spool_job_copy(struct spool_job *job, const struct spool_job *from);
void spool_job_release(struct spool_job *job);

struct spool_entry {
	struct spool_job job; /* its strings belong to the index */
	usec_t stamp;         /* time in the name; -1 if it has none */
	bool own;             /* has the form of a name that jobdir gives */
};

struct spool_seen; /* of a directory with a foreign name */

/* Newest first by stamp, entries without a stamp first of all, ties by name
 * (descending).  An answer of one moment: directories come and go. */
struct spool_index {
	struct spool_entry *entries;
	size_t count;
	struct arena text;

	/* Whether it still holds. */
	struct spool_seen *seen; /* by name */
	size_t seen_count;
	struct stat root;
	bool settled;
};

/*
 * A change shortly before a reading may be followed by another one that leaves
 * the same change time: what is read is trusted later only if that was so much
 * older than the reading.  Stamps are of the system's last tick, 10 ms ago at
 * most; of a file system that keeps whole seconds, or pairs of them, they have
 * no fraction.
 */
enum { SPOOL_SETTLE = 50 * 1000, SPOOL_SETTLE_COARSE = 2 * USEC_PER_SEC };

/* `now`: time_wall() before the reading. */
bool spool_is_stamp_settled(const struct stat *st, usec_t now);

int spool_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err);
void spool_index_release(struct spool_index *index);

/*
 * The same, of those names of ours only that `word` may mean: as an id or the
 * beginning of one, as the long form of an id, or as the name of a directory.
 * These, and all others, have the ids that they have in the whole index.
 */
int spool_index_read_for(struct spool_index *index, const struct spool *spool,
    const char *word, struct err *err);

/* The same as release and read, sparing a look into directories that did not
 * change.  After -1 the index is empty. */
int spool_index_update(struct spool_index *index, const struct spool *spool,
    struct err *err);

/* Has the root not changed for so long that what is read now can be kept? */
bool spool_is_settled(const struct spool *spool);

/* Is the index what a new reading would give?  One stat for the root and one
 * for each directory that is not of ours. */
bool spool_index_holds(const struct spool_index *index,
    const struct spool *spool);

/* The same as far as the root itself and directory `name` are concerned: two
 * stats, and a look into a directory that has changed and is not of ours. */
bool spool_index_holds_for(struct spool_index *index, const struct spool *spool,
    const char *name);

/* The time in "20261122T173012Z__…", or -1. */
usec_t spool_name_stamp(const char *name);

/* "20261122T173012Z__<id>" into `name`. */
void spool_make_name(usec_t created, const char *id, char name[JOB_NAME_MAX]);

/* "<id>~<directory name>", escaped as ids are; malloc'd. */
char *spool_long_id(const char *id, const char *dirname);

/* Has the name the form that spool_make_name gives: a stamp and a UUID? */
bool spool_name_is_own(const char *name);

/* What follows "<UTC time>__" in a name, else all of it. */
const char *spool_name_tag(const char *name);

#endif
