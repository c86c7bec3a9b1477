/*
 * spool_index.c: which jobs a root holds
 *
 * Invariant: an index is complete as of one reading of the root; whether it
 * still holds is told by time stamps, and by none that is too fresh to be
 * trusted.
 */
#include "base/compat.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "spool/dialect.h"

struct reading {
	struct spool_index *index;
	const struct spool_index *old;
	size_t room;
	size_t seen_room;
	const char *word; /* NULL: every name of ours is wanted */
	int rootfd;
	usec_t now;
	const char *name;        /* of the directory being looked at */
	struct spool_seen *seen; /* its own; NULL: a name of ours */
	char *own_journal;       /* name of the journal of ours */
};

static struct spool_entry *
new_entry(struct reading *reading)
{
	struct spool_index *index = reading->index;

	if (index->count == reading->room) {
		reading->room = reading->room ? reading->room * 2 : 64;
		index->entries = xrealloc(index->entries, reading->room,
		    sizeof(*index->entries));
	}
	return &index->entries[index->count++];
}

static char *
keep(struct spool_index *index, const char *text)
{
	return arena_add(&index->text, text, strlen(text));
}

/* A job with a name of ours: the id is part of it. */
static void
add_own(struct reading *reading)
{
	struct spool_entry *entry = new_entry(reading);
	char *name = keep(reading->index, reading->name);

	if (!reading->own_journal)
		reading->own_journal = keep(reading->index, JOB_JOURNAL);
	entry->job = (struct spool_job){ .name = name,
		.journal = reading->own_journal,
		.id = name + sizeof(NAME_STAMP_SHAPE) - 1 };
	entry->stamp = spool_name_stamp(name);
	entry->own = true;
}

/* A job of the foreign directory reading->name. */
static void
add_job(void *arg, const char *journal)
{
	const struct dialect *dialect = dialect_of(journal);
	struct reading *reading = arg;
	struct spool_index *index = reading->index;
	struct spool_entry *entry = new_entry(reading);
	struct buf id = BUF_INIT;

	dialect->claim(&id, reading->name, journal);
	entry->job = (struct spool_job){ .name = keep(index, reading->name),
		.journal = keep(index, journal),
		.id = keep(index, buf_str(&id)) };
	entry->stamp = dialect->stamp(reading->name);
	entry->own = false;
	buf_release(&id);
	reading->seen->journals = xrealloc(reading->seen->journals,
	    reading->seen->count + 1, sizeof(char *));
	reading->seen->journals[reading->seen->count++] = xstrdup(journal);
}

static int
seen_by_name(const void *left, const void *right)
{
	const struct spool_seen *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int
name_of_seen(const void *name, const void *seen)
{
	return strcmp(name, ((const struct spool_seen *)seen)->name);
}

static struct spool_seen *
find_seen(const struct spool_index *index, const char *name)
{
	if (index->seen_count == 0)
		return NULL;
	return bsearch(name, index->seen, index->seen_count,
	    sizeof(*index->seen), name_of_seen);
}

/* Is the directory still as it was when it was looked into? */
static bool
is_unchanged(const struct spool_seen *seen, const struct stat *st)
{
	return seen->settled && seen->device == st->st_dev &&
	    seen->inode == st->st_ino && seen->changed == fsio_ctime(st);
}

static void
set_seen(struct spool_seen *seen, const struct stat *st, usec_t now)
{
	seen->device = st->st_dev;
	seen->inode = st->st_ino;
	seen->changed = fsio_ctime(st);
	seen->settled = seen->changed + SPOOL_SETTLE <= now;
}

/*
 * Look into a directory; 0, or -1 with errno.  One that can't be read holds a
 * job all the same, which says so; one that is gone holds none.
 */
static int
look_into(struct reading *reading)
{
	cleanup_close int dir =
	    fsio_open_dir(reading->rootfd, reading->name, false);
	struct stat st;

	if (dir >= 0 && fstat(dir, &st) == 0) {
		set_seen(reading->seen, &st, reading->now);
		if (dialect_each(dir, add_job, reading) == 0)
			return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	/* Without a look its jobs would get other ids. */
	if (fsio_is_own_trouble(errno))
		return -1;
	if (reading->seen->count == 0)
		add_job(reading, JOB_JOURNAL);
	reading->seen->settled = false;
	return 0;
}

static int
add_foreign(struct reading *reading, const struct stat *st)
{
	const struct spool_seen *old = find_seen(reading->old, reading->name);
	struct spool_index *index = reading->index;
	size_t i;

	if (index->seen_count == reading->seen_room) {
		reading->seen_room =
		    reading->seen_room ? reading->seen_room * 2 : 64;
		index->seen = xrealloc(index->seen, reading->seen_room,
		    sizeof(*index->seen));
	}
	reading->seen = &index->seen[index->seen_count++];
	memset(reading->seen, 0, sizeof(*reading->seen));
	reading->seen->name = xstrdup(reading->name);
	if (!old || !is_unchanged(old, st))
		return look_into(reading);
	set_seen(reading->seen, st, reading->now);
	for (i = 0; i < old->count; i++)
		add_job(reading, old->journals[i]);
	return 0;
}

/* May the word mean the job with that name of ours?  It is an id's beginning, or
 * begins with an id. */
static bool
may_be_meant(const char *name, const char *word)
{
	const char *id = name + sizeof(NAME_STAMP_SHAPE) - 1;
	size_t same = 0;

	while (id[same] && id[same] == word[same])
		same++;
	return !id[same] || !word[same] || strcmp(name, word) == 0;
}

/* Only directories are jobs; a name of ours is one without a look. */
static int
add_directory(void *arg, const char *name)
{
	struct reading *reading = arg;
	size_t i, first = reading->index->count;
	struct stat st;

	if (*name == '.')
		return 0;
	reading->name = name;
	reading->seen = NULL;
	if (spool_name_is_own(name)) {
		if (!reading->word || may_be_meant(name, reading->word))
			add_own(reading);
		return 0;
	}
	memset(&st, 0, sizeof(st));
	st.st_mode = S_IFDIR; /* may be one, if it can't be told */
	if (fstatat(reading->rootfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (add_foreign(reading, &st) < 0)
		return -1;
	for (i = first; i < reading->index->count; i++)
		reading->index->entries[i].job.shared =
		    reading->index->count - first > 1;
	return 0;
}

static int
newest_first(const void *left, const void *right)
{
	const struct spool_entry *a = left, *b = right;
	usec_t x = a->stamp < 0 ? INT64_MAX : a->stamp;
	usec_t y = b->stamp < 0 ? INT64_MAX : b->stamp;

	if (x != y)
		return x > y ? -1 : 1;
	if (strcmp(a->job.name, b->job.name) != 0)
		return -strcmp(a->job.name, b->job.name);
	return strcmp(a->job.journal, b->job.journal);
}

/* Has `a` the id rather than `b`?  The newest has; without a time is oldest. */
static bool
goes_first(const struct spool_entry *a, const struct spool_entry *b)
{
	if ((a->stamp < 0) != (b->stamp < 0))
		return a->stamp >= 0;
	return newest_first(a, b) < 0;
}

char *
spool_long_id(const char *id, const char *dirname)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s~", id);
	dialect_escape(&text, dirname, strlen(dirname));
	return buf_steal(&text);
}

static void
lengthen_id(struct spool_index *index, struct spool_entry *entry)
{
	cleanup_free char *id = spool_long_id(entry->job.id, entry->job.name);

	entry->job.id = keep(index, id);
}

/* Where in a hash of `size` slots that id is, or has to go. */
static size_t
place_of(struct spool_entry *const *slots, size_t size, const char *id)
{
	size_t at = (size_t)hash_text(id) & (size - 1);

	while (slots[at] && strcmp(slots[at]->job.id, id) != 0)
		at = (at + 1) & (size - 1);
	return at;
}

/* Give every older claimant of an id its long form. */
static void
part_claimants(struct spool_index *index)
{
	struct spool_entry **slots, *entry, *older;
	size_t i, at, size = 64;

	while (size < index->count * 2)
		size *= 2;
	slots = xrealloc(NULL, size, sizeof(struct spool_entry *));
	memset(slots, 0, size * sizeof(struct spool_entry *));
	for (i = 0; i < index->count; i++) {
		entry = &index->entries[i];
		at = place_of(slots, size, entry->job.id);
		older = slots[at];
		slots[at] = entry;
		if (!older)
			continue;
		if (goes_first(older, entry)) {
			slots[at] = older;
			older = entry;
		}
		lengthen_id(index, older);
	}
	free(slots);
}

static int
read_root(struct spool_index *index, const struct spool_index *old,
    const struct spool *spool, const char *word, struct err *err)
{
	struct reading reading = { .index = index,
		.old = old,
		.word = word,
		.rootfd = spool->fd,
		.now = time_wall() };

	memset(index, 0, sizeof(*index));
	if (spool->fd < 0)
		return 0;
	if (fstat(spool->fd, &index->root) < 0 ||
	    fsio_each(spool->fd, add_directory, &reading) < 0) {
		err_errno(err, ERR_SYSTEM, errno, "%s", spool->path);
		spool_index_release(index);
		return -1;
	}
	index->settled = fsio_ctime(&index->root) + SPOOL_SETTLE <= reading.now;
	if (index->seen_count > 0)
		qsort(index->seen, index->seen_count, sizeof(*index->seen),
		    seen_by_name);
	if (index->count == 0)
		return 0;
	qsort(index->entries, index->count, sizeof(*index->entries),
	    newest_first);
	part_claimants(index);
	return 0;
}

static const struct spool_index nothing;

int
spool_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err)
{
	return read_root(index, &nothing, spool, NULL, err);
}

int
spool_index_read_for(struct spool_index *index, const struct spool *spool,
    const char *word, struct err *err)
{
	return read_root(index, &nothing, spool, word, err);
}

int
spool_index_update(struct spool_index *index, const struct spool *spool,
    struct err *err)
{
	struct spool_index old = *index;
	int result = read_root(index, &old, spool, NULL, err);

	spool_index_release(&old);
	return result;
}

bool
spool_is_settled(const struct spool *spool)
{
	struct stat st;

	return spool->fd >= 0 && fstat(spool->fd, &st) == 0 &&
	    fsio_ctime(&st) + SPOOL_SETTLE <= time_wall();
}

/* Does the root hold the same names as when it was read? */
static bool
is_root_unchanged(const struct spool_index *index, const struct spool *spool)
{
	struct stat st;

	return index->settled && spool->fd >= 0 && fstat(spool->fd, &st) == 0 &&
	    st.st_dev == index->root.st_dev &&
	    st.st_ino == index->root.st_ino &&
	    fsio_ctime(&st) == fsio_ctime(&index->root);
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

/* Something in the directory is new: does it hold the same jobs all the same? */
static bool
holds_same_jobs(struct spool_seen *seen, int root)
{
	cleanup_close int dir = fsio_open_dir(root, seen->name, false);
	struct comparison c = { .seen = seen };
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 ||
	    dialect_each(dir, compare_journal, &c) < 0 || c.other ||
	    c.same != seen->count)
		return false;
	set_seen(seen, &st, time_wall());
	return true;
}

bool
spool_index_holds_for(struct spool_index *index, const struct spool *spool,
    const char *name)
{
	struct spool_seen *seen;
	struct stat st;

	if (!is_root_unchanged(index, spool))
		return false;
	if (spool_name_is_own(name))
		return true;
	seen = find_seen(index, name);
	return seen &&
	    fstatat(spool->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (is_unchanged(seen, &st) || holds_same_jobs(seen, spool->fd));
}

bool
spool_index_holds(const struct spool_index *index, const struct spool *spool)
{
	struct stat st;
	size_t i;

	if (!is_root_unchanged(index, spool))
		return false;
	for (i = 0; i < index->seen_count; i++)
		if (fstatat(spool->fd, index->seen[i].name, &st,
			AT_SYMLINK_NOFOLLOW) < 0 ||
		    !is_unchanged(&index->seen[i], &st))
			return false;
	return true;
}

void
spool_index_release(struct spool_index *index)
{
	size_t i, k;

	for (i = 0; i < index->seen_count; i++) {
		for (k = 0; k < index->seen[i].count; k++)
			free(index->seen[i].journals[k]);
		free(index->seen[i].journals);
		free(index->seen[i].name);
	}
	arena_release(&index->text);
	free(index->entries);
	free(index->seen);
	memset(index, 0, sizeof(*index));
}
