/*
 * keys.c: claims of idempotency keys
 *
 * Invariant: a claim is only read and written under its lock; a claim that does
 * not hold this very key is an error, never a match.
 */
#include "base/compat.h"
#include "spool/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/ident.h"
#include "spool/job.h"

enum { CLAIM_MAX = 4096, NAME_ROOM = 64 };

/* A claim that was swept between opening and locking it is none any more: try
 * again. */
static bool
is_in_place(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	errno = EWOULDBLOCK;
	return st.st_nlink > 0;
}

static int
open_locked(const struct spool *spool, const char *name, int *fd,
    struct err *err)
{
	char path[NAME_ROOM];

	snprintf(path, sizeof(path), ROOT_KEYS "/%s", name);
	*fd = openat(spool->fd, path,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_errno(err, ERR_SYSTEM, errno, "%s/%s", spool->path,
		    path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0 && is_in_place(*fd))
		return 1;
	if (errno != EWOULDBLOCK)
		err_sys(err, errno, "lock '%s/%s'", spool->path, path);
	close_fd(fd);
	return err_is_set(err) ? -1 : 0;
}

int
key_try_limit(const struct spool *spool, int *fd, struct err *err)
{
	return open_locked(spool, ROOT_KEYS_LIMIT, fd, err);
}

/* Is the claim void: of a job that is not in sight, or of none? */
static bool
is_void(const struct spool *spool, int fd)
{
	char text[CLAIM_MAX + 1];
	ssize_t n = pread(fd, text, CLAIM_MAX, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return !fsio_name_ok(text) || !job_is_visible(spool->fd, text);
}

/* Can `name` be that of a claim?  Its path. */
static bool
claim_path(const char *name, char path[NAME_ROOM])
{
	snprintf(path, NAME_ROOM, ROOT_KEYS "/%s", name);
	return strcmp(name, ROOT_KEYS_LIMIT) != 0 && strlen(name) < IDENT_MAX;
}

/* Remove one claim if it is void; its lock is free while nobody launches. */
static int
sweep_claim(void *arg, const char *name)
{
	const struct spool *spool = arg;
	cleanup_close int fd = -1;
	char path[NAME_ROOM];

	if (!claim_path(name, path))
		return 0;
	fd = openat(spool->fd, path,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_in_place(fd) &&
	    is_void(spool, fd) && unlinkat(spool->fd, path, 0) < 0)
		return 0; /* harms nobody; the next one tries again */
	return 0;
}

void
keys_sweep(struct spool *spool)
{
	cleanup_close int keys = fsio_open_dir(spool->fd, ROOT_KEYS, false);

	if (keys >= 0 && fsio_each(keys, sweep_claim, spool) < 0)
		return; /* the next one tries again */
}

struct count {
	const struct spool *spool;
	size_t count;
};

static int
count_claim(void *arg, const char *name)
{
	struct count *count = arg;
	cleanup_close int fd = -1;
	char path[NAME_ROOM];
	struct stat st;

	if (!claim_path(name, path))
		return 0;
	fd = fsio_open_file(count->spool->fd, path, &st);
	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 && is_in_place(fd))
		count->count += is_void(count->spool, fd);
	return 0;
}

size_t
keys_count_void(const struct spool *spool)
{
	cleanup_close int keys = fsio_open_dir(spool->fd, ROOT_KEYS, false);
	struct count count = { spool, 0 };

	if (keys >= 0 && fsio_each(keys, count_claim, &count) < 0)
		return 0; /* it can't be read, and so not be swept */
	return count.count;
}

/* "directory\nkey" -> *name, if the key is ours and the directory in sight. */
static int
read_claim(const struct spool *spool, int fd, const char *key, char **name,
    struct err *err)
{
	char text[CLAIM_MAX + 1], *end;
	ssize_t n = pread(fd, text, CLAIM_MAX, 0);

	if (n < 0)
		return err_sys(err, errno, "read the claim of a key");
	text[n] = '\0';
	end = strchr(text, '\n');
	if (!end)
		return 0; /* new, or never finished */
	*end = '\0';
	if (strcmp(end + 1, key) != 0)
		return err_set(err, ERR_SYSTEM,
		    "the claim of this key holds another key");
	if (fsio_name_ok(text) && *text != '.' &&
	    job_is_visible(spool->fd, text))
		*name = xstrdup(text);
	return 0;
}

int
key_try(const struct spool *spool, const char *key, int *fd, char **name,
    struct err *err)
{
	char text[IDENT_MAX];
	int result;

	*name = NULL;
	ident_of_key(key, text);
	result = open_locked(spool, text, fd, err);
	if (result == 1 && read_claim(spool, *fd, key, name, err) < 0) {
		close_fd(fd);
		return -1;
	}
	return result;
}

int
key_assign(int fd, const char *key, const char *name, struct err *err)
{
	cleanup_free char *text = xasprintf("%s\n%s", name, key);
	size_t length = strlen(text);

	if (ftruncate(fd, 0) < 0 ||
	    pwrite(fd, text, length, 0) != (ssize_t)length)
		return err_sys(err, errno ? errno : ENOSPC,
		    "write the claim of a key");
	return 0;
}
