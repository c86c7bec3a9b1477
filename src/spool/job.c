/*
 * job.c: making and removing a job's directory
 *
 * Invariant: only directories below .new are removed here, and of those only
 * what no living launch holds the lock of.
 */
#include "base/compat.h"
#include "spool/job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"

int
job_make_new(const struct spool *spool, const char *name, const char *text,
    struct err *err)
{
	cleanup_close int parent = -1;
	cleanup_close int dir = -1;
	bool made;
	int sys;

	parent = fsio_open_dir(spool->fd, ROOT_NEW, false);
	made = parent >= 0 && mkdirat(parent, name, 0700) == 0;
	if (made && !text)
		return 0;
	if (made) {
		dir = fsio_open_dir(parent, name, false);
		if (dir >= 0 &&
		    fsio_create(dir, JOB_JOURNAL, 0600, text, strlen(text)) ==
			0)
			return 0;
	}
	sys = errno;
	/* What can't be opened is still empty; what stays is swept later. */
	if (dir >= 0)
		job_remove_new(parent, name);
	else if (made && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		warn_user("cannot remove " ROOT_NEW "/%s: %s", name,
		    strerror(errno));
	return err_errno(err, ERR_SYSTEM, sys, "%s/" ROOT_NEW "/%s",
	    spool->path, name);
}

static int
unlink_entry(void *arg, const char *name)
{
	const int *dir = arg;

	/* What can't be removed makes the rmdir fail, and is tried again. */
	return unlinkat(*dir, name, 0) < 0 && errno == EIO ? -1 : 0;
}

void
job_remove_new(int parent, const char *name)
{
	cleanup_close int dir = fsio_open_dir(parent, name, false);

	if (dir < 0 || fsio_each(dir, unlink_entry, &dir) < 0)
		return;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno == EIO)
		warn_user("cannot remove " ROOT_NEW "/%s: %s", name,
		    strerror(errno));
}

/* A killed launch left it: it is old, and nobody holds its lock. */
static bool
is_dead(int parent, const char *name)
{
	cleanup_close int dir = -1;
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode) ||
	    time_wall() - fsio_ctime(&st) <
		(usec_t)JOB_NEW_MAX_AGE * USEC_PER_SEC)
		return false;
	dir = fsio_open_dir(parent, name, false);
	return dir >= 0 && fsio_lock_test(dir, JOB_PID) != FSIO_LOCK_HELD;
}

static int
sweep_entry(void *arg, const char *name)
{
	const int *parent = arg;

	if (is_dead(*parent, name))
		job_remove_new(*parent, name);
	return 0;
}

void
job_sweep_new(const struct spool *spool)
{
	cleanup_close int parent = -1;
	struct stat st;

	/* Of itself and from above: a directory in it would be one more link.
	 * Where those are not counted there is 1. */
	if (fstatat(spool->fd, ROOT_NEW, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_nlink == 2)
		return;
	parent = fsio_open_dir(spool->fd, ROOT_NEW, false);
	if (parent >= 0 && fsio_each(parent, sweep_entry, &parent) < 0)
		return; /* the next start tries again */
}

struct count {
	int dir;
	size_t count;
};

static int
count_entry(void *arg, const char *name)
{
	struct count *dead = arg;

	dead->count += is_dead(dead->dir, name);
	return 0;
}

size_t
job_count_dead_new(const struct spool *spool)
{
	cleanup_close int parent = fsio_open_dir(spool->fd, ROOT_NEW, false);
	struct count dead = { parent, 0 };

	if (parent >= 0 && fsio_each(parent, count_entry, &dead) < 0)
		return 0; /* it can't be read, and so not be swept */
	return dead.count;
}

int
job_sync(int root, int jobdir)
{
	cleanup_close int journal = openat(jobdir, JOB_JOURNAL,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return journal < 0 || fsync(journal) < 0 || fsync(jobdir) < 0 ||
		fsync(root) < 0
	    ? -1
	    : 0;
}

bool
job_is_visible(int root, const char *name)
{
	struct stat st;

	return fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
}
