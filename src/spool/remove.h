/*
 * remove.h: taking a directory of the root away for good
 *
 * A directory goes in steps, so that a process that is killed at any moment
 * leaves nothing half removed in sight and nothing that lives hidden for ever:
 *
 *	NAME		in sight
 *	.old/NAME	out of sight and whole; to be judged there once more
 *	.old/.gone-N	judged; being removed
 *
 * What lies in .old/NAME after a kill is judged by the next one who removes
 * something, and comes back into sight if it lives; what lies in .old/.gone-N
 * is removed without a question.
 *
 *	struct removal removal;
 *
 *	if (removal_begin(&removal, spool, true, &err) < 0)
 *		...
 *	if (removal_take(&removal, name, &err) == 0) {
 *		-- judge it in removal.old, which is a root of its own
 *		if (lives || removal_check(&removal, name, &err) < 0)
 *			removal_restore(&removal, name, back, &err);
 *		else
 *			removal_destroy(&removal, name, &bytes, &err);
 *	}
 *	removal_end(&removal);
 *
 * Everything is done relative to descriptors and entry by entry: no link is
 * followed, no mount point and no other device is entered, at most REMOVE_DEPTH
 * directories deep.  Names are those of entries of the root.
 */
#ifndef SPOOL_REMOVE_H
#define SPOOL_REMOVE_H

#include "spool/spool.h"

enum { REMOVE_DEPTH = 64 };

struct removal {
	const struct spool *spool; /* the caller's */
	struct spool old;          /* .old, locked against other removals */
};

/*
 * Open .old, wait until no other process has it, lock it.  `make`: if there is
 * none, make it (0700); else that is 1.  0 or 1; -1 with ERR_SYSTEM.  After 0
 * the caller calls removal_end().
 */
int removal_begin(struct removal *removal, const struct spool *spool, bool make,
    struct err *err);
void removal_end(struct removal *removal);

/* NAME -> .old/NAME.  0; 1: there is no NAME (any more); -1 with ERR_SYSTEM,
 * err->sys EEXIST or ENOTEMPTY if .old has that name already. */
int removal_take(struct removal *removal, const char *name, struct err *err);

/*
 * .old/NAME -> NAME; if there is such a name again, the first of NAME.1, NAME.2,
 * … that is free, so that both are in sight.  `back` receives the name; "" if
 * .old has no NAME.  0 or -1 with ERR_SYSTEM; the directory is in .old then.
 */
int removal_restore(struct removal *removal, const char *name,
    char back[JOB_NAME_MAX], struct err *err);

/*
 * Can .old/NAME be removed as a whole?  Empty directories in it are removed by
 * the look.  0, or -1 with ERR_REFUSED (mount point, another device, too deep)
 * or ERR_SYSTEM.
 */
int removal_check(struct removal *removal, const char *name, struct err *err);

/*
 * Remove .old/NAME.  `bytes` is increased by what became free: the blocks of
 * files that had one link.  0; 1: another process took it away; -1 with err
 * after the rest was removed: what is left lies in .old and is tried again by
 * the next removal_clear().
 */
int removal_destroy(struct removal *removal, const char *name, int64_t *bytes,
    struct err *err);

/* Remove what a removal that was killed, or could not finish, left in .old
 * after the judgement.  As removal_destroy(). */
int removal_clear(struct removal *removal, int64_t *bytes, struct err *err);

/* What removing NAME would free, with nothing changed; errors as of
 * removal_check(). */
int removal_measure(const struct spool *spool, const char *name, int64_t *bytes,
    struct err *err);

#endif
