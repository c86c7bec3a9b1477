/*
 * removable.h: may the directory of a job be removed? (for verbs/ only)
 *
 * Stricter than the state: what is final may have left processes behind, and a
 * record that can't be read tells nothing of what lives.  Asked before a
 * directory is taken out of sight and once more there.
 */
#ifndef VERBS_REMOVABLE_H
#define VERBS_REMOVABLE_H

#include "truth/scan.h"

/*
 * 0: nothing of the job lives.  -1 with err: ERR_REFUSED with the reason and,
 * in a second line, what to do; ERR_NOT_FOUND if there is no such directory
 * (any more); ERR_SYSTEM if it can't be looked at.
 * An end is on record a moment before its supervisor ends: up to 2 s are spent
 * waiting for that.  Release `record` in every case.
 */
int removable(const struct spool *spool, const struct spool_job *job,
    struct record *record, struct err *err);

/*
 * When it ended, as far as that is known: as recorded; of a lost job the newest
 * time stamp of its record and logs, or of its directory if it has none.  -1 if
 * that can't be told.
 */
usec_t removable_since(const struct spool *spool, const struct record *record);

/* Was the job's supervisor on this machine, and is it gone?  False of a
 * worker's own record, and where that can't be told. */
bool removable_has_no_supervisor(const struct spool *spool,
    const struct record *record);

#endif
