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

#include "base/crew.h"
#include "base/fsio.h"
#include "spool/dialect.h"
#include "spool/spool_seen.h"

/* A directory with a foreign name, and what a look into it has found. */
struct foreign {
	struct spool_seen seen;
	bool is_directory;
	int sys; /* why it could not be looked into; 0: it was */
};

struct reading {
	struct spool_index *index;
	const struct spool_index *old;
	size_t room;
	const char *word; /* NULL: every name of ours is wanted */
	int rootfd;
	usec_t now;
	char *own_journal; /* name of the journal of ours */
	struct foreign *foreign;
	size_t foreign_count;
	size_t foreign_room;
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
add_own(struct reading *reading, const char *own)
{
	struct spool_entry *entry = new_entry(reading);
	char *name = keep(reading->index, own);

	if (!reading->own_journal)
		reading->own_journal = keep(reading->index, JOB_JOURNAL);
	entry->job = (struct spool_job){ .name = name,
		.journal = reading->own_journal,
		.id = name + sizeof(NAME_STAMP_SHAPE) - 1 };
	entry->stamp = spool_name_stamp(name);
	entry->own = true;
}

/* A job of a foreign directory. */
static void
add_job(struct reading *reading, const char *name, const char *journal)
{
	const struct dialect *dialect = dialect_of(journal);
	struct spool_index *index = reading->index;
	struct spool_entry *entry = new_entry(reading);
	struct buf id = BUF_INIT;

	dialect->claim(&id, name, journal);
	entry->job = (struct spool_job){ .name = keep(index, name),
		.journal = keep(index, journal),
		.id = keep(index, buf_str(&id)) };
	entry->stamp = dialect->stamp(name);
	entry->own = false;
	buf_release(&id);
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

/* Only directories are jobs.  By any thread. */
static void
look_at_foreign(void *arg, size_t i)
{
	const struct reading *reading = arg;
	struct foreign *f = &reading->foreign[i];
	const struct spool_seen *old = find_seen(reading->old, f->seen.name);
	struct stat st;
	size_t k;

	memset(&st, 0, sizeof(st));
	st.st_mode = S_IFDIR; /* may be one, if it can't be told */
	if (fstatat(reading->rootfd, f->seen.name, &st, AT_SYMLINK_NOFOLLOW) <
		0 &&
	    errno == ENOENT)
		return;
	f->is_directory = S_ISDIR(st.st_mode);
	if (!f->is_directory)
		return;
	if (!old || !spool_seen_is_unchanged(old, &st)) {
		f->sys =
		    spool_seen_look(&f->seen, reading->rootfd, reading->now);
		return;
	}
	spool_seen_note(&f->seen, &st, reading->now);
	for (k = 0; k < old->count; k++)
		spool_seen_add(&f->seen, old->journals[k]);
}

static int
add_foreign(void *arg, size_t i)
{
	struct reading *reading = arg;
	struct spool_index *index = reading->index;
	const struct foreign *f = &reading->foreign[i];
	size_t k;

	if (f->sys) {
		errno = f->sys;
		return -1;
	}
	for (k = 0; k < f->seen.count; k++) {
		add_job(reading, f->seen.name, f->seen.journals[k]);
		index->entries[index->count - 1].job.shared = f->seen.count > 1;
	}
	return 0;
}

/* What was seen of directories is kept, to save a look the next time. */
static void
keep_seen(struct reading *reading)
{
	struct spool_index *index = reading->index;
	struct foreign *f;
	size_t i;

	index->seen =
	    xrealloc(NULL, reading->foreign_count + 1, sizeof(*index->seen));
	for (i = 0; i < reading->foreign_count; i++) {
		f = &reading->foreign[i];
		if (f->is_directory)
			index->seen[index->seen_count++] = f->seen;
		else
			spool_seen_release(&f->seen);
	}
	free(reading->foreign);
	qsort(index->seen, index->seen_count, sizeof(*index->seen),
	    seen_by_name);
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

/* A name of ours is a job without a look. */
static int
add_name(void *arg, const char *name)
{
	struct reading *reading = arg;
	struct foreign *f;

	if (*name == '.')
		return 0;
	if (spool_name_is_own(name)) {
		if (!reading->word || may_be_meant(name, reading->word))
			add_own(reading, name);
		return 0;
	}
	if (reading->foreign_count == reading->foreign_room) {
		reading->foreign_room =
		    reading->foreign_room ? reading->foreign_room * 2 : 64;
		reading->foreign = xrealloc(reading->foreign,
		    reading->foreign_room, sizeof(*reading->foreign));
	}
	f = &reading->foreign[reading->foreign_count++];
	memset(f, 0, sizeof(*f));
	f->seen.name = xstrdup(name);
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
	    fsio_each(spool->fd, add_name, &reading) < 0 ||
	    crew_each(reading.foreign_count, look_at_foreign, add_foreign,
		&reading) < 0) {
		err_errno(err, ERR_SYSTEM, errno, "%s", spool->path);
		keep_seen(&reading);
		spool_index_release(index);
		return -1;
	}
	keep_seen(&reading);
	index->settled = spool_is_stamp_settled(&index->root, reading.now);
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
	    spool_is_stamp_settled(&st, time_wall());
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
	    (spool_seen_is_unchanged(seen, &st) ||
		spool_seen_holds_same(seen, spool->fd));
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
		    !spool_seen_is_unchanged(&index->seen[i], &st))
			return false;
	return true;
}

void
spool_index_release(struct spool_index *index)
{
	size_t i;

	for (i = 0; i < index->seen_count; i++)
		spool_seen_release(&index->seen[i]);
	arena_release(&index->text);
	free(index->entries);
	free(index->seen);
	memset(index, 0, sizeof(*index));
}
