/*
 * spool.c: the runs root and the names in it
 *
 * Invariant: nothing here creates, changes or follows anything but
 * spool_create(); the root's own path may be a link, names in it may not.
 */
#include "base/compat.h"
#include "spool/spool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/dialect.h"

static const char default_below_home[] = ".local/state/jobdir/runs";

/* An absolute path for `path`: it may not exist, so realpath() can't help. */
static char *
absolute(const char *path, struct err *err)
{
	char cwd[4096];
	size_t len;
	char *full;

	if (*path == '/') {
		full = xstrdup(path);
	} else if (getcwd(cwd, sizeof(cwd))) {
		full = xasprintf("%s/%s", cwd, path);
	} else {
		err_sys(err, errno, "root %s: current directory", path);
		return NULL;
	}
	for (len = strlen(full); len > 1 && full[len - 1] == '/'; len--)
		full[len - 1] = '\0';
	return full;
}

static char *
locate(const char *option, struct err *err)
{
	const char *path = option ? option : getenv(ENV_ROOT);
	const char *home = getenv("HOME");
	char from_database[4096];

	if (option && !*option) {
		err_set(err, ERR_INVALID, "the root's name is empty");
		return NULL;
	}
	if (path && *path)
		return absolute(path, err);
	if (home && *home == '/')
		return xasprintf("%s/%s", home, default_below_home);
	if (compat_home_directory(from_database, sizeof(from_database)) == 0)
		return xasprintf("%s/%s", from_database, default_below_home);
	err_set(err, ERR_INVALID,
	    "no home directory is known: set " ENV_ROOT " or use --root");
	return NULL;
}

static int
open_root(struct spool *spool, struct err *err)
{
	spool->fd = fsio_open_dir(AT_FDCWD, spool->path, true);
	if (spool->fd < 0 && errno != ENOENT)
		return err_errno(err, ERR_SYSTEM, errno, "%s", spool->path);
	spool->remote = spool->fd >= 0 && compat_is_remote(spool->fd);
	return 0;
}

int
spool_open(struct spool *spool, const char *option, struct err *err)
{
	spool->fd = -1;
	spool->remote = false;
	spool->path = locate(option, err);
	if (!spool->path)
		return -1;
	if (open_root(spool, err) == 0)
		return 0;
	spool_close(spool);
	return -1;
}

void
spool_close(struct spool *spool)
{
	close_fd(&spool->fd);
	free(spool->path);
	spool->path = NULL;
}

static int
make_parents(char *path, struct err *err)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST) {
			err_errno(err, ERR_SYSTEM, errno, "%s", path);
			*slash = '/';
			return -1;
		}
		*slash = '/';
	}
	return 0;
}

int
spool_create(struct spool *spool, struct err *err)
{
	static const char *const hidden[] = { ROOT_NEW, ROOT_KEYS };
	size_t i;

	if (spool->fd < 0) {
		if (make_parents(spool->path, err) < 0)
			return -1;
		if (mkdir(spool->path, 0700) < 0 && errno != EEXIST)
			return err_errno(err, ERR_SYSTEM, errno, "%s",
			    spool->path);
		if (open_root(spool, err) < 0)
			return -1;
		if (spool->fd < 0)
			return err_errno(err, ERR_SYSTEM, ENOENT, "%s",
			    spool->path);
	}
	for (i = 0; i < ARRAY_LEN(hidden); i++)
		if (mkdirat(spool->fd, hidden[i], 0700) < 0 && errno != EEXIST)
			return err_errno(err, ERR_SYSTEM, errno, "%s/%s",
			    spool->path, hidden[i]);
	return 0;
}

int
spool_recheck(struct spool *spool, struct err *err)
{
	struct stat path, open;

	if (stat(spool->path, &path) < 0) {
		if (errno != ENOENT)
			return err_errno(err, ERR_SYSTEM, errno, "%s",
			    spool->path);
		if (spool->fd < 0)
			return 0;
		close_fd(&spool->fd);
		return 1;
	}
	if (spool->fd >= 0 && fstat(spool->fd, &open) == 0 &&
	    open.st_dev == path.st_dev && open.st_ino == path.st_ino)
		return 0;
	close_fd(&spool->fd);
	return open_root(spool, err) < 0 ? -1 : 1;
}

char *
spool_path_of(const struct spool *spool, const char *name)
{
	return xasprintf("%s/%s", spool->path, name);
}

/* Has `name` the stamp's shape at its beginning? */
static bool
has_stamp(const char *name)
{
	static const char shape[] = NAME_STAMP_SHAPE;
	size_t i;

	for (i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)name[i])
				    : shape[i] != name[i])
			return false;
	return name[i] != '\0';
}

usec_t
spool_name_stamp(const char *name)
{
	char text[TIME_TEXT_MAX];
	usec_t when;

	if (!has_stamp(name))
		return -1;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name,
	    name + 4, name + 6, name + 9, name + 11, name + 13);
	return time_parse(text, &when) == 0 ? when : -1;
}

void
spool_make_name(usec_t created, const char *id, char name[JOB_NAME_MAX])
{
	char text[TIME_TEXT_MAX];

	time_format(created, text);
	snprintf(name, JOB_NAME_MAX, "%.4s%.2s%.2sT%.2s%.2s%.2sZ__%s", text,
	    text + 5, text + 8, text + 11, text + 14, text + 17, id);
}

const char *
spool_name_tag(const char *name)
{
	return has_stamp(name) ? name + sizeof(NAME_STAMP_SHAPE) - 1 : name;
}

void
spool_job_native(struct spool_job *job, const char *name)
{
	struct buf id = BUF_INIT;

	dialect_native.claim(&id, name, JOB_JOURNAL);
	job->name = xstrdup(name);
	job->journal = xstrdup(JOB_JOURNAL);
	job->id = buf_steal(&id);
	job->shared = false;
}

void
spool_job_copy(struct spool_job *job, const struct spool_job *from)
{
	job->name = xstrdup(from->name);
	job->journal = xstrdup(from->journal);
	job->id = xstrdup(from->id);
	job->shared = from->shared;
}

void
spool_job_release(struct spool_job *job)
{
	free(job->name);
	free(job->journal);
	free(job->id);
	job->name = job->journal = job->id = NULL;
}

bool
spool_name_is_own(const char *name)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (!has_stamp(name))
		return false;
	name += sizeof(NAME_STAMP_SHAPE) - 1;
	for (i = 0; shape[i]; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)name[i])
				    : shape[i] != name[i])
			return false;
	return name[i] == '\0';
}

struct reading {
	struct spool_index *index;
	size_t room;
	int rootfd;
	const char *name; /* of the directory being looked at */
	bool own;
};

/* A job of directory reading->name. */
static void
add_job(void *arg, const char *journal)
{
	const struct dialect *dialect = dialect_of(journal);
	struct reading *reading = arg;
	struct spool_index *index = reading->index;
	struct spool_entry *entry;
	struct buf id = BUF_INIT;

	if (index->count == reading->room) {
		reading->room = reading->room ? reading->room * 2 : 64;
		index->entries = xrealloc(index->entries, reading->room,
		    sizeof(*index->entries));
	}
	dialect->claim(&id, reading->name, journal);
	entry = &index->entries[index->count++];
	entry->job.name = xstrdup(reading->name);
	entry->job.journal = xstrdup(journal);
	entry->job.id = buf_steal(&id);
	entry->job.shared = false;
	entry->stamp = dialect->stamp(reading->name);
	entry->own = reading->own;
}

/* Only directories are jobs; a name of ours is one without a look. */
static int
add_directory(void *arg, const char *name)
{
	struct reading *reading = arg;
	size_t i, first = reading->index->count;
	cleanup_close int dir = -1;

	if (*name == '.')
		return 0;
	reading->name = name;
	reading->own = spool_name_is_own(name);
	if (!reading->own) {
		dir = fsio_open_dir(reading->rootfd, name, false);
		if (dir < 0 &&
		    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
			return 0;
		/* Without a look its jobs would get other ids. */
		if (dir < 0 && errno != EACCES)
			return -1;
	}
	if (dir < 0)
		add_job(reading, JOB_JOURNAL);
	else if (dialect_each(dir, add_job, reading) < 0)
		return errno == ENOENT ? 0 : -1;
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

static int
by_id(const void *left, const void *right)
{
	const struct spool_entry *const *a = left, *const *b = right;
	int order = strcmp((*a)->job.id, (*b)->job.id);

	/* Of one id the newest comes first; without a time is oldest. */
	if (order == 0)
		order = ((*a)->stamp < 0) - ((*b)->stamp < 0);
	return order ? order : newest_first(*a, *b);
}

/* Give every older claimant of an id its long form. */
static void
part_claimants(struct spool_index *index)
{
	struct spool_entry **sorted;
	size_t i, first = 0;
	char *id;

	sorted = xrealloc(NULL, index->count, sizeof(struct spool_entry *));
	for (i = 0; i < index->count; i++)
		sorted[i] = &index->entries[i];
	qsort(sorted, index->count, sizeof(struct spool_entry *), by_id);
	for (i = 1; i < index->count; i++) {
		if (strcmp(sorted[i]->job.id, sorted[first]->job.id) != 0) {
			first = i;
			continue;
		}
		id = xasprintf("%s~%s", sorted[i]->job.id, sorted[i]->job.name);
		free(sorted[i]->job.id);
		sorted[i]->job.id = id;
	}
	free(sorted);
}

int
spool_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err)
{
	struct reading reading = { .index = index, .rootfd = spool->fd };

	index->entries = NULL;
	index->count = 0;
	if (spool->fd < 0)
		return 0;
	if (fsio_each(spool->fd, add_directory, &reading) < 0) {
		err_errno(err, ERR_SYSTEM, errno, "%s", spool->path);
		spool_index_release(index);
		return -1;
	}
	if (index->count == 0)
		return 0;
	qsort(index->entries, index->count, sizeof(*index->entries),
	    newest_first);
	part_claimants(index);
	return 0;
}

void
spool_index_release(struct spool_index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		spool_job_release(&index->entries[i].job);
	free(index->entries);
	index->entries = NULL;
	index->count = 0;
}
