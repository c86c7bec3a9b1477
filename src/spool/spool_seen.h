/*
 * spool_seen.h: what was seen of a directory with a foreign name
 *
 * Which jobs such a directory holds tells only a look into it.  So it is kept,
 * with the stamps that tell whether it still holds (for spool_index.c and whom
 * it answers).
 */
#ifndef SPOOL_SPOOL_SEEN_H
#define SPOOL_SPOOL_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/util.h"

struct spool_seen {
	char *name;
	dev_t device;
	ino_t inode;
	usec_t changed; /* ctime */
	bool settled;   /* it had not changed just before */
	char **journals;
	size_t count;
};

/*
 * Look into directory seen->name of descriptor `root` and add its journals.  One
 * that can't be read holds a job all the same, which says so; one that is gone
 * holds none.  `now`: time_wall() before the look.  0, or an errno value.
 */
int spool_seen_look(struct spool_seen *seen, int root, usec_t now);

void spool_seen_add(struct spool_seen *seen, const char *journal);

/* Note the stamps that the directory had at a time. */
void spool_seen_note(struct spool_seen *seen, const struct stat *st,
    usec_t now);

/* Is the directory still as it was when it was looked into? */
bool spool_seen_is_unchanged(const struct spool_seen *seen,
    const struct stat *st);

/* Something in it is new: does it hold the same jobs all the same? */
bool spool_seen_holds_same(struct spool_seen *seen, int root);

/* Free what it has. */
void spool_seen_release(struct spool_seen *seen);

#endif
