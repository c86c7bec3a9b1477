/*
 * keys.h: "start this only once", and "no more than so many"
 *
 * A claim of an idempotency key is the file .keys/<UUID made of the key>; it
 * is flock'd during the whole launch, by the launcher and by the supervisor
 * that it starts, so that a launcher that dies in between frees it exactly when
 * its launch is over.  It holds the name of the job's directory, written before
 * the launch, and the key.  A claim whose directory is not in sight is void.
 *
 * The lock .keys/limit is held in the same way while live jobs are counted and
 * one more is started.
 */
#ifndef SPOOL_KEYS_H
#define SPOOL_KEYS_H

#include "base/err.h"
#include "spool/spool.h"

/*
 * Try to lock the claim of `key`, without waiting.  1: locked, *fd is the
 * caller's and *name (malloc'd) the directory it names, NULL if it names none
 * that is in sight; 0: somebody else has it, try again; -1: err.
 */
int key_try(const struct spool *spool, const char *key, int *fd, char **name,
    struct err *err);

/* Write directory `name` into the locked claim.  0 or -1 with err. */
int key_assign(int fd, const char *key, const char *name, struct err *err);

/* Remove the claims of jobs that are not there any more. */
void keys_sweep(struct spool *spool);

/* How many are there? */
size_t keys_count_void(const struct spool *spool);

/* Try to lock .keys/limit.  1: locked, 0: try again, -1: err. */
int key_try_limit(const struct spool *spool, int *fd, struct err *err);

#endif
