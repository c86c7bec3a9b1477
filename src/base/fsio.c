/*
 * fsio.c: file verbs relative to a directory descriptor
 *
 * Invariant: no call here follows a link in the last component, blocks on a
 * FIFO, or reads more than it was allowed.
 */
#include "base/compat.h"
#include "base/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int
fsio_open_dir(int dirfd, const char *name, bool follow)
{
	return compat_open_unseen(dirfd, name,
	    O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
}

static int
check_regular(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR
	    : S_ISLNK(st->st_mode)   ? ELOOP
				     : EINVAL;
	return -1;
}

int
fsio_open_file(int dirfd, const char *name, struct stat *st)
{
	cleanup_close int fd = -1;

	/* Opening alone may have an effect: of a FIFO it releases who waits to
	 * write, of a device anything. */
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    check_regular(st) < 0)
		return -1;
	fd = compat_open_unseen(dirfd, name,
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, st) < 0 || check_regular(st) < 0)
		return -1;
	return steal_fd(&fd);
}

/* As read_full(), of a file that is expected to end one byte before `size`: if
 * so, the end need not be read to be known. */
static ssize_t
read_once(int fd, char *data, size_t size)
{
	ssize_t more, n = read(fd, data, size);

	if (n < 0 && errno != EINTR)
		return -1;
	if (n < 0)
		n = 0;
	if ((size_t)n + 1 >= size)
		return n;
	more = read_full(fd, data + n, size - (size_t)n);
	return more < 0 ? -1 : n + more;
}

int
fsio_read_capped(int dirfd, const char *name, size_t max, struct buf *out,
    struct stat *st)
{
	cleanup_close int fd = -1;
	struct stat own;
	int tries = 3;
	ssize_t n;

	buf_cut(out, 0);
	fd = fsio_open_file(dirfd, name, st ? st : &own);
	if (fd < 0)
		return -1;
	if ((st ? st : &own)->st_size > (off_t)max) {
		errno = EFBIG;
		return -1;
	}
	/* One byte more than the size, to see a file that grows. */
	for (;;) {
		size_t room = (size_t)(st ? st : &own)->st_size + 1;

		if (room > max + 1 - out->len)
			room = max + 1 - out->len;
		buf_reserve(out, room);
		n = read_once(fd, out->data + out->len, room);
		if (n < 0)
			return -1;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len > max) {
			errno = EFBIG;
			return -1;
		}
		if ((size_t)n == room)
			continue;
		/* Written while it was read: the stamp must not be older than
		 * the bytes.  What nobody may write is not. */
		if (!st || (st->st_mode & 0222) == 0 || tries-- == 0 ||
		    fstat(fd, &own) < 0 ||
		    (fsio_mtime(&own) == fsio_mtime(st) &&
			own.st_size == st->st_size))
			return 0;
		*st = own;
		buf_cut(out, 0);
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -1;
	}
}

int
fsio_create(int dirfd, const char *name, mode_t mode, const void *data,
    size_t len)
{
	cleanup_close int fd = openat(dirfd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int saved;

	if (fd < 0)
		return -1;
	if (write_full(fd, data, len) == 0)
		return 0;
	saved = errno;
	unlinkat(dirfd, name, 0);
	errno = saved;
	return -1;
}

/* The descriptor-owning middle part of fsio_publish. */
static int
write_synced(int dirfd, const char *name, mode_t mode, const void *data,
    size_t len)
{
	cleanup_close int fd = openat(dirfd, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    mode);

	if (fd < 0 || write_full(fd, data, len) < 0)
		return -1;
	return fsync(fd);
}

int
fsio_publish(int dirfd, const char *temporary, const char *name, mode_t mode,
    const void *data, size_t len)
{
	int saved;

	if (write_synced(dirfd, temporary, mode, data, len) == 0 &&
	    renameat(dirfd, temporary, dirfd, name) == 0)
		return fsync(dirfd);
	saved = errno;
	unlinkat(dirfd, temporary, 0);
	errno = saved;
	return -1;
}

enum fsio_lock
fsio_lock_test(int dirfd, const char *name)
{
	struct stat st;
	cleanup_close int fd = fsio_open_file(dirfd, name, &st);

	if (fd < 0)
		return FSIO_LOCK_UNKNOWN;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return FSIO_LOCK_FREE;
	return errno == EWOULDBLOCK ? FSIO_LOCK_HELD : FSIO_LOCK_UNKNOWN;
}

bool
fsio_is_own_trouble(int sys)
{
	return sys == EMFILE || sys == ENFILE || sys == ENOMEM;
}

bool
fsio_name_ok(const char *name)
{
	return *name && strlen(name) <= 255 && !strchr(name, '/') &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

struct naming {
	int (*each)(void *arg, const char *name);
	void *arg;
};

static int
on_name(void *arg, const char *name)
{
	const struct naming *naming = arg;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	return naming->each(naming->arg, name);
}

int
fsio_each_here(int dirfd, int (*each)(void *arg, const char *name), void *arg)
{
	struct naming naming = { each, arg };

	return compat_each_name(dirfd, on_name, &naming);
}

int
fsio_each(int dirfd, int (*each)(void *arg, const char *name), void *arg)
{
	cleanup_close int fd =
	    compat_open_unseen(dirfd, ".", O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsio_each_here(fd, each, arg);
}

usec_t
fsio_mtime(const struct stat *st)
{
	return time_from_spec(&st->st_mtim);
}

usec_t
fsio_ctime(const struct stat *st)
{
	return time_from_spec(&st->st_ctim);
}
