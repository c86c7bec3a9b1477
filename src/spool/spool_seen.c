/*
 * spool_seen.c: what was seen of a directory with a foreign name
 *
 * Invariant: "unchanged" is said only of what had settled when it was seen.
 */
#include "base/compat.h"
#include "spool/spool_seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "spool/dialect.h"
#include "spool/spool.h"

bool
spool_is_stamp_settled(const struct stat *st, usec_t now)
{
	usec_t age =
	    st->st_ctim.tv_nsec == 0 ? SPOOL_SETTLE_COARSE : SPOOL_SETTLE;

	return fsio_ctime(st) + age <= now;
}

bool
spool_seen_is_unchanged(const struct spool_seen *seen, const struct stat *st)
{
	return seen->settled && seen->device == st->st_dev &&
	    seen->inode == st->st_ino && seen->changed == fsio_ctime(st);
}

void
spool_seen_note(struct spool_seen *seen, const struct stat *st, usec_t now)
{
	seen->device = st->st_dev;
	seen->inode = st->st_ino;
	seen->changed = fsio_ctime(st);
	seen->settled = spool_is_stamp_settled(st, now);
}

void
spool_seen_add(struct spool_seen *seen, const char *journal)
{
	seen->journals =
	    xrealloc(seen->journals, seen->count + 1, sizeof(char *));
	seen->journals[seen->count++] = xstrdup(journal);
}

static void
add_journal(void *seen, const char *journal)
{
	spool_seen_add(seen, journal);
}

int
spool_seen_look(struct spool_seen *seen, int root, usec_t now)
{
	cleanup_close int dir = fsio_open_dir(root, seen->name, false);
	struct stat st;

	if (dir >= 0 && fstat(dir, &st) == 0) {
		spool_seen_note(seen, &st, now);
		if (dialect_each(dir, add_journal, seen) == 0)
			return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	/* Without a look its jobs would get other ids. */
	if (fsio_is_own_trouble(errno))
		return errno;
	if (seen->count == 0)
		spool_seen_add(seen, JOB_JOURNAL);
	seen->settled = false;
	return 0;
}

void
spool_seen_release(struct spool_seen *seen)
{
	size_t i;

	for (i = 0; i < seen->count; i++)
		free(seen->journals[i]);
	free(seen->journals);
	free(seen->name);
}

/* Comparing the journals of a directory with those that it had. */
struct comparison {
	const struct spool_seen *seen;
	size_t same;
	bool other;
};

static void
compare_journal(void *arg, const char *journal)
{
	struct comparison *c = arg;
	size_t i;

	for (i = 0; i < c->seen->count; i++)
		if (strcmp(c->seen->journals[i], journal) == 0) {
			c->same++;
			return;
		}
	c->other = true;
}

bool
spool_seen_holds_same(struct spool_seen *seen, int root)
{
	cleanup_close int dir = fsio_open_dir(root, seen->name, false);
	struct comparison c = { .seen = seen };
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 ||
	    dialect_each(dir, compare_journal, &c) < 0 || c.other ||
	    c.same != seen->count)
		return false;
	spool_seen_note(seen, &st, time_wall());
	return true;
}
