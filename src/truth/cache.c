/*
 * cache.c: records of ended jobs, kept between questions
 *
 * Invariant: a kept record is given out only if the journal in its place is,
 * by device, inode, change time and size, the read-only file that it was read
 * from.
 */
#include "base/compat.h"
#include "truth/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"

struct record_cache *
record_cache_new(void)
{
	struct record_cache *cache = xmalloc(sizeof(*cache));

	memset(cache, 0, sizeof(*cache));
	return cache;
}

static void
forget(struct cached **slot)
{
	if (!*slot)
		return;
	record_release(&(*slot)->record);
	free(*slot);
	*slot = NULL;
}

void
record_cache_drop(struct record_cache *cache)
{
	size_t set, way;

	for (set = 0; set < CACHE_SETS; set++)
		for (way = 0; way < CACHE_WAYS; way++)
			forget(&cache->sets[set][way]);
}

void
record_cache_free(struct record_cache *cache)
{
	if (!cache)
		return;
	record_cache_drop(cache);
	free(cache);
}

/* The place of that name: where it is, else a free one, else of those that share
 * the set the one that was used least lately. */
static struct cached **
slot_of(struct record_cache *cache, const char *name)
{
	struct cached **set = cache->sets[hash_text(name) % CACHE_SETS];
	struct cached **best = &set[0];
	size_t way;

	for (way = 0; way < CACHE_WAYS; way++)
		if (set[way] && strcmp(set[way]->record.job.name, name) == 0)
			return &set[way];
	for (way = 0; way < CACHE_WAYS; way++) {
		if (!set[way])
			return &set[way];
		if (set[way]->used < (*best)->used)
			best = &set[way];
	}
	return best;
}

/* The stat of the journal if it is one that does not change any more, and
 * nothing else of the job can. */
static bool
is_final(const struct spool *spool, const char *name, struct stat *st)
{
	char path[JOB_NAME_MAX + sizeof(JOB_PROGRESS)];
	struct stat progress;

	snprintf(path, sizeof(path), "%s/" JOB_JOURNAL, name);
	if (fstatat(spool->fd, path, st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st->st_mode) || (st->st_mode & 0222) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/" JOB_PROGRESS, name);
	return fstatat(spool->fd, path, &progress, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && fsio_ctime(a) == fsio_ctime(b);
}

/* Keep what was read, unless the file is another one by now. */
static void
keep(struct cached **slot, const struct spool *spool, const struct stat *before,
    const struct record *record)
{
	struct stat now;

	if (record->verdict.rule != RULE_END_RECORD || record->foreign ||
	    !is_final(spool, record->job.name, &now) ||
	    !is_same_file(before, &now))
		return;
	forget(slot);
	*slot = xmalloc(sizeof(**slot));
	record_copy(&(*slot)->record, record);
	scan_forget_look(&(*slot)->record);
	(*slot)->journal = now;
}

int
record_cache_scan(struct record_cache *cache, const struct spool *spool,
    const struct spool_job *job, enum scan_depth depth, struct record *record)
{
	struct cached **slot = slot_of(cache, job->name);
	struct cached *kept = *slot;
	struct stat st;
	int result;

	if (spool->fd < 0 || !spool_name_is_own(job->name) ||
	    !is_final(spool, job->name, &st))
		return scan_job(spool, job, depth, record);
	if (kept && strcmp(kept->record.job.name, job->name) == 0 &&
	    strcmp(kept->record.job.id, job->id) == 0 &&
	    is_same_file(&kept->journal, &st)) {
		kept->used = ++cache->hits + cache->misses;
		record_copy(record, &kept->record);
		if (depth != SCAN_FULL || scan_look(spool, record) == 0)
			return 0;
		record_release(record); /* gone, or not: that is told next */
	}
	cache->misses++;
	result = scan_job(spool, job, depth, record);
	if (result == 0)
		keep(slot, spool, &st, record);
	if (*slot)
		(*slot)->used = cache->hits + cache->misses;
	return result;
}
