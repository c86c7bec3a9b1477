/*
 * spool.c: the runs root and the names in it
 *
 * Invariant: nothing here creates, changes or follows anything but
 * spool_create(); the root's own path may be a link, names in it may not.
 */
#include "base/compat.h"
#include "spool/spool.h"

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

char *
spool_default(const char *home)
{
	return xasprintf("%s/%s", home, default_below_home);
}

char *
spool_locate(const char *option, enum spool_source *source, struct err *err)
{
	const char *path = option ? option : getenv(ENV_ROOT);
	const char *home = getenv("HOME");
	char from_database[4096];

	if (option && !*option) {
		err_set(err, ERR_INVALID, "the root's name is empty");
		return NULL;
	}
	*source = option ? SPOOL_OPTION : SPOOL_VARIABLE;
	if (path && *path)
		return absolute(path, err);
	*source = SPOOL_DEFAULT;
	if (home && *home == '/')
		return spool_default(home);
	if (compat_home_directory(from_database, sizeof(from_database)) == 0)
		return spool_default(from_database);
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
	enum spool_source source;

	spool->fd = -1;
	spool->remote = false;
	spool->path = spool_locate(option, &source, err);
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

/* Does the text begin with that shape: d for a digit, x for a hexadecimal one,
 * any other character for itself?  Asked of every name of a root, so without
 * the C library's tables, which belong to a locale. */
static bool
has_shape(const char *text, const char *shape)
{
	for (; *shape; shape++, text++) {
		bool digit = *text >= '0' && *text <= '9';
		char letter = (char)(*text | 0x20);

		if (*shape == 'd' ? !digit
			: *shape == 'x'
			? !digit && (letter < 'a' || letter > 'f')
			: *text != *shape)
			return false;
	}
	return true;
}

/* Has `name` the stamp's shape at its beginning, and something after it? */
static bool
has_stamp(const char *name)
{
	return has_shape(name, NAME_STAMP_SHAPE) &&
	    name[sizeof(NAME_STAMP_SHAPE) - 1] != '\0';
}

static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* Roots are as big as they get: without sscanf or timegm. */
usec_t
spool_name_stamp(const char *name)
{
	int month, day, hour, minute, second;
	int64_t seconds;

	if (!has_stamp(name))
		return -1;
	month = two_digits(name + 4);
	day = two_digits(name + 6);
	hour = two_digits(name + 9);
	minute = two_digits(name + 11);
	second = two_digits(name + 13);
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
	    second > 60)
		return -1;
	seconds = time_of_date(two_digits(name) * 100 + two_digits(name + 2),
	    month, day, hour, minute, second);
	return seconds < 0 ? -1 : seconds * USEC_PER_SEC;
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
	static const char shape[] =
	    NAME_STAMP_SHAPE "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	return has_shape(name, shape) && name[sizeof(shape) - 1] == '\0';
}
