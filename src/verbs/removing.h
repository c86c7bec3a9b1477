/*
 * removing.h: the way of a directory out of the root (for verbs/ only)
 *
 * A directory is the unit: it goes with all of its jobs or not at all.
 *
 *	struct removing r = { .spool = spool, .told = told, .arg = arg };
 *
 *	removing_recover(&r, &err);
 *	unit_index_read(&index, spool, &err);
 *	for (i = 0; i < index.count; i += unit.count) {
 *		unit = unit_at(&index, i);
 *		if (removing_judge(&r, spool, &unit, jobs, &err) == 0)
 *			removing_take(&r, &unit, &bytes, &err);
 *	}
 */
#ifndef VERBS_REMOVING_H
#define VERBS_REMOVING_H

#include "truth/scan.h"
#include "verbs/ops.h"

struct removal;

struct removing {
	const struct spool *spool;
	/* NULL, or: is that job, which may go, one that shall go?  `in` is
	 * where it lies. */
	bool (*wanted)(const struct removing *r, const struct spool *in,
	    const struct record *record);
	ops_removal_fn *told;
	void *arg;
	int64_t bytes;           /* freed so far */
	struct removal *removal; /* for removing_recover() */
};

/* The jobs of one directory. */
struct unit {
	const struct spool_entry *entries;
	size_t count;
};

/* As spool_index_read(), by directory, oldest first. */
int unit_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err);

/* The unit that begins at entry `first`; the unit of a directory (count 0:
 * there is none). */
struct unit unit_at(const struct spool_index *index, size_t first);
struct unit unit_of(const struct spool_index *index, const char *name);

/* Call r->told. */
void removing_tell(const struct removing *r, const char *word, const char *id,
    const json_t *job, const struct err *err);

/*
 * May all jobs of the unit go, and shall they?  They are appended to the array
 * `jobs` in the unit's order, with 0 bytes, unless it is NULL.
 * 0: yes; 1: one is not wanted; -1 with err as of removable().
 */
int removing_judge(const struct removing *r, const struct spool *in,
    const struct unit *unit, json_t *jobs, struct err *err);

/*
 * Take a unit out of sight, judge it there, remove it.  `bytes` and r->bytes
 * are increased.
 * 0: removed; 1: it is not wanted any more, or somebody else was faster; -1
 * with err.  Unless it was removed in part, it is in sight again after that.
 */
int removing_take(struct removing *r, const struct unit *unit, int64_t *bytes,
    struct err *err);

/* Deal with what removals that were killed have left: told are the jobs that
 * are removed now, and errors.  0, or -1 with err if nothing can be removed. */
int removing_recover(struct removing *r, struct err *err);

#endif
