/*
 * cache.h: records of ended jobs, kept between questions
 *
 * An ended job of ours does not change: its supervisor makes the journal
 * read-only with the end record.  Such records are kept, and used as long as a
 * stat shows the same file; everything that can still change is read anew for
 * every answer.  The cache may be dropped at any time.
 */
#ifndef TRUTH_CACHE_H
#define TRUTH_CACHE_H

#include "truth/scan.h"

/* A directory's name has its place in one of the sets. */
enum { CACHE_SETS = 256, CACHE_WAYS = 4 };

/* One kept record and the file that it was read from. */
struct cached {
	struct record record;
	struct stat journal;
	uint64_t used; /* when last, in questions */
};

struct record_cache {
	struct cached *sets[CACHE_SETS][CACHE_WAYS]; /* NULL: nothing */
	uint64_t hits;
	uint64_t misses;
};

struct record_cache *record_cache_new(void);
void record_cache_free(struct record_cache *cache); /* NULL is allowed */
void record_cache_drop(struct record_cache *cache);

/* As scan_job() with the same arguments.  The record is the caller's. */
int record_cache_scan(struct record_cache *cache, const struct spool *spool,
    const struct spool_job *job, enum scan_depth depth, struct record *record);

#endif
