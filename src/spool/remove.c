/*
 * remove.c: taking a directory of the root away for good
 *
 * Invariant: an entry is unlinked only through the descriptor of its directory,
 * which was opened without following a link and is on the device of the root.
 * A directory is entered only after rmdir(2) said that it is not empty: of a
 * mount point, even of one on the same device, it says EBUSY.
 */
#include "base/compat.h"
#include "spool/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"

enum {
	BLOCK = 512,      /* unit of st_blocks */
	PASSES = 64,      /* readings of a directory that is being emptied */
	GONE_MOST = 1000, /* names in .old */
	BACK_MOST = 1000, /* names to come back under */
};

enum walk_mode {
	WALK_LOOK,  /* change nothing */
	WALK_CHECK, /* could all be removed? */
	WALK_ERASE,
};

struct walk {
	enum walk_mode mode;
	dev_t device;
	struct buf path; /* of what is being looked at, for messages */
	int64_t bytes;
	struct err *err; /* the first one counts */
};

struct level {
	struct walk *walk;
	int fd;
	int depth;
	size_t removed; /* entries, in this pass */
};

/* Note what is wrong.  Only the removal itself goes on after that. */
static int
complain(struct walk *walk, int sys)
{
	if (sys == EBUSY || sys == EXDEV)
		err_set(walk->err, ERR_REFUSED,
		    "%s is a mount point\nunmount it first",
		    buf_str(&walk->path));
	else
		err_errno(walk->err, ERR_SYSTEM, sys, "%s",
		    buf_str(&walk->path));
	return walk->mode != WALK_ERASE;
}

static int walk_directory(struct walk *walk, int parent, const char *name,
    int depth);

static int
walk_file(struct level *level, const char *name, const struct stat *st)
{
	struct walk *walk = level->walk;

	if (walk->mode == WALK_ERASE) {
		if (unlinkat(level->fd, name, 0) < 0)
			return errno == ENOENT ? 0 : complain(walk, errno);
		level->removed++;
	}
	if (st->st_nlink == 1)
		walk->bytes += (int64_t)st->st_blocks * BLOCK;
	return 0;
}

static int
walk_entry(void *arg, const char *name)
{
	struct level *level = arg;
	struct walk *walk = level->walk;
	size_t length = walk->path.len;
	struct stat st;
	int result;

	buf_addf(&walk->path, "/%s", name);
	if (fstatat(level->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		result = errno == ENOENT ? 0 : complain(walk, errno);
	} else if (!S_ISDIR(st.st_mode)) {
		result = walk_file(level, name, &st);
	} else {
		result =
		    walk_directory(walk, level->fd, name, level->depth + 1);
		level->removed += !err_is_set(walk->err);
	}
	buf_cut(&walk->path, length);
	return result;
}

/* Is the directory gone?  -1: errno. */
static int
try_rmdir(int parent, const char *name)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 1;
	return errno == EEXIST || errno == ENOTEMPTY ? 0 : -1;
}

/* Some file systems leave out entries while others are being removed, so it is
 * read again as long as that helps. */
static int
empty_directory(struct level *level, int parent, const char *name)
{
	int pass, gone = 0;

	for (pass = 0; pass < PASSES && gone == 0; pass++) {
		level->removed = 0;
		if (fsio_each(level->fd, walk_entry, level) < 0)
			return complain(level->walk, errno);
		gone = try_rmdir(parent, name);
		if (gone == 0 && level->removed == 0)
			break;
	}
	if (gone == 1)
		return 0;
	return complain(level->walk, gone < 0 ? errno : ENOTEMPTY);
}

/* 0: go on; else stop, the error is set. */
static int
walk_directory(struct walk *walk, int parent, const char *name, int depth)
{
	struct level level = { .walk = walk, .depth = depth };
	cleanup_close int fd = -1;
	struct stat st;
	int gone;

	if (depth > REMOVE_DEPTH) {
		err_set(walk->err, ERR_REFUSED,
		    "%s lies more than %d directories deep\nremove it by hand",
		    buf_str(&walk->path), REMOVE_DEPTH);
		return 1;
	}
	if (walk->mode != WALK_LOOK && depth > 0) {
		gone = try_rmdir(parent, name);
		if (gone != 0)
			return gone < 0 ? complain(walk, errno) : 0;
	}
	level.fd = fd = fsio_open_dir(parent, name, false);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : complain(walk, errno);
	if (st.st_dev != walk->device)
		return complain(walk, EXDEV);
	if (walk->mode == WALK_ERASE)
		return empty_directory(&level, parent, name);
	if (walk->mode == WALK_CHECK &&
	    faccessat(fd, ".", R_OK | W_OK | X_OK, 0) < 0)
		return complain(walk, errno);
	gone = fsio_each(fd, walk_entry, &level);
	return gone < 0 ? complain(walk, errno) : gone;
}

/* Walk through `name` in `in`; 0 or -1 with err. */
static int
walk_through(enum walk_mode mode, const struct spool *in, const char *name,
    int64_t *bytes, struct err *err)
{
	struct walk walk = { .mode = mode, .path = BUF_INIT, .err = err };
	struct stat st;

	buf_addf(&walk.path, "%s/%s", in->path, name);
	if (fstat(in->fd, &st) < 0) {
		complain(&walk, errno);
	} else {
		walk.device = st.st_dev;
		walk_directory(&walk, in->fd, name, 0);
	}
	if (bytes)
		*bytes += walk.bytes;
	buf_release(&walk.path);
	return err_is_set(err) ? -1 : 0;
}

/* Some file systems have no locks.  What the lock keeps apart would only be
 * done twice: each step of a removal is decided by a rename. */
static int
lock(int fd)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return errno == ENOSYS || errno == EOPNOTSUPP ||
				errno == ENOLCK || errno == EBADF
			    ? 0
			    : -1;
	return 0;
}

int
removal_begin(struct removal *removal, const struct spool *spool, bool make,
    struct err *err)
{
	struct spool *old = &removal->old;

	memset(removal, 0, sizeof(*removal));
	removal->spool = spool;
	old->fd = fsio_open_dir(spool->fd, ROOT_OLD, false);
	if (old->fd < 0 && errno == ENOENT && !make)
		return 1;
	if (old->fd < 0 && errno == ENOENT &&
	    (mkdirat(spool->fd, ROOT_OLD, 0700) == 0 || errno == EEXIST))
		old->fd = fsio_open_dir(spool->fd, ROOT_OLD, false);
	if (old->fd < 0 || lock(old->fd) < 0) {
		err_errno(err, ERR_SYSTEM, errno, "%s/" ROOT_OLD, spool->path);
		close_fd(&old->fd);
		return -1;
	}
	old->path = spool_path_of(spool, ROOT_OLD);
	old->remote = spool->remote;
	return 0;
}

void
removal_end(struct removal *removal)
{
	spool_close(&removal->old);
}

int
removal_take(struct removal *removal, const char *name, struct err *err)
{
	if (renameat(removal->spool->fd, name, removal->old.fd, name) == 0)
		return 0;
	if (errno == ENOENT)
		return 1;
	if (errno == EBUSY || errno == EXDEV)
		return err_set(err, ERR_REFUSED,
		    "%s/%s is a mount point\nunmount it first",
		    removal->spool->path, name);
	return err_errno(err, ERR_SYSTEM, errno, "%s/%s", removal->spool->path,
	    name);
}

/* Is there nothing of that name?  A rename would replace an empty directory,
 * and there is no portable one that never does. */
static bool
is_free(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT;
}

int
removal_restore(struct removal *removal, const char *name,
    char back[JOB_NAME_MAX], struct err *err)
{
	int root = removal->spool->fd, number, length, sys = EEXIST;

	for (number = 0; number < BACK_MOST; number++) {
		length = number == 0
		    ? snprintf(back, JOB_NAME_MAX, "%s", name)
		    : snprintf(back, JOB_NAME_MAX, "%s.%d", name, number);
		if (length >= JOB_NAME_MAX)
			break;
		if (!is_free(root, back))
			continue;
		if (renameat(removal->old.fd, name, root, back) == 0)
			return 0;
		sys = errno;
		if (sys == EEXIST || sys == ENOTEMPTY || sys == ENOTDIR)
			continue;
		break;
	}
	back[0] = '\0';
	if (sys == ENOENT)
		return 0;
	return err_errno(err, ERR_SYSTEM, sys, "%s/%s", removal->old.path,
	    name);
}

int
removal_check(struct removal *removal, const char *name, struct err *err)
{
	return walk_through(WALK_CHECK, &removal->old, name, NULL, err);
}

int
removal_destroy(struct removal *removal, const char *name, int64_t *bytes,
    struct err *err)
{
	int old = removal->old.fd, number;
	char gone[sizeof(OLD_GONE) + 16];

	for (number = 0; number < GONE_MOST; number++) {
		snprintf(gone, sizeof(gone), OLD_GONE "%d", number);
		if (!is_free(old, gone))
			continue;
		if (renameat(old, name, old, gone) == 0)
			return walk_through(WALK_ERASE, &removal->old, gone,
			    bytes, err);
		if (errno == ENOENT)
			return 1;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			break;
	}
	return err_errno(err, ERR_SYSTEM, number < GONE_MOST ? errno : EEXIST,
	    "%s/%s", removal->old.path, name);
}

struct clearing {
	struct removal *removal;
	int64_t *bytes;
	struct err *err;
};

static int
clear_entry(void *arg, const char *name)
{
	struct clearing *c = arg;
	struct err err = ERR_INIT;

	if (strncmp(name, OLD_GONE, sizeof(OLD_GONE) - 1) == 0 &&
	    walk_through(WALK_ERASE, &c->removal->old, name, c->bytes, &err) <
		0 &&
	    !err_is_set(c->err))
		*c->err = err;
	return 0;
}

int
removal_clear(struct removal *removal, int64_t *bytes, struct err *err)
{
	struct clearing c = { removal, bytes, err };

	if (fsio_each(removal->old.fd, clear_entry, &c) < 0)
		err_errno(err, ERR_SYSTEM, errno, "%s", removal->old.path);
	return err_is_set(err) ? -1 : 0;
}

int
removal_measure(const struct spool *spool, const char *name, int64_t *bytes,
    struct err *err)
{
	return walk_through(WALK_LOOK, spool, name, bytes, err);
}
