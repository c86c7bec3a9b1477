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
#include <unistd.h>

#include "base/fsio.h"
#include "spool/ident.h"
#include "spool/job.h"

enum { CLAIM_MAX = 4096 };

static int
open_locked(const struct spool *spool, const char *name, int *fd,
    struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), ROOT_KEYS "/%s", name);
	*fd = openat(spool->fd, path,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_errno(err, ERR_SYSTEM, errno, "%s/%s", spool->path,
		    path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
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
