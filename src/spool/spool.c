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
#include "base/text.h"

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

void
spool_claimed_id(struct buf *id, const char *name)
{
	size_t len, n;

	if (has_stamp(name))
		name += sizeof(NAME_STAMP_SHAPE) - 1;
	for (len = strlen(name); len > 0; name += n, len -= n) {
		n = text_utf8_length(name, len);
		if (n == 1 &&
		    (iscntrl((unsigned char)*name) || strchr("/%~", *name)))
			n = 0;
		if (n == 2 && (unsigned char)*name == 0xc2 &&
		    (unsigned char)name[1] < 0xa0)
			n = 0; /* C1 control characters */
		if (n > 0) {
			buf_add(id, name, n);
			continue;
		}
		buf_addf(id, "%%%02X", (unsigned char)*name);
		n = 1;
	}
}

/* Has the name the form that spool_make_name gives: a stamp and a UUID? */
static bool
is_own_name(const char *name)
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
};

static int
add_entry(void *arg, const char *name)
{
	struct reading *reading = arg;
	struct spool_index *index = reading->index;
	struct spool_entry *entry;
	struct buf id = BUF_INIT;
	struct stat st;
	bool own;

	if (*name == '.')
		return 0;
	own = is_own_name(name);
	/* Only directories are jobs; a name of ours is one without a look. */
	if (!own &&
	    (fstatat(reading->rootfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode)))
		return 0;
	if (index->count == reading->room) {
		reading->room = reading->room ? reading->room * 2 : 64;
		index->entries = xrealloc(index->entries, reading->room,
		    sizeof(*index->entries));
	}
	spool_claimed_id(&id, name);
	entry = &index->entries[index->count++];
	entry->name = xstrdup(name);
	entry->id = buf_steal(&id);
	entry->stamp = spool_name_stamp(name);
	entry->own = own;
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
	return -strcmp(a->name, b->name);
}

static int
by_id(const void *left, const void *right)
{
	const struct spool_entry *const *a = left, *const *b = right;
	int order = strcmp((*a)->id, (*b)->id);

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
		if (strcmp(sorted[i]->id, sorted[first]->id) != 0) {
			first = i;
			continue;
		}
		id = xasprintf("%s~%s", sorted[i]->id, sorted[i]->name);
		free(sorted[i]->id);
		sorted[i]->id = id;
	}
	free(sorted);
}

int
spool_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err)
{
	struct reading reading = { index, 0, spool->fd };

	index->entries = NULL;
	index->count = 0;
	if (spool->fd < 0)
		return 0;
	if (fsio_each(spool->fd, add_entry, &reading) < 0) {
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

	for (i = 0; i < index->count; i++) {
		free(index->entries[i].name);
		free(index->entries[i].id);
	}
	free(index->entries);
	index->entries = NULL;
	index->count = 0;
}
