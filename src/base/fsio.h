/*
 * fsio.h: file verbs relative to a directory descriptor
 *
 * Files of a spool are untrusted: they may be links, devices, FIFOs, huge, or
 * vanish between two calls.  Everything here opens with O_NOFOLLOW,
 * O_NONBLOCK and O_CLOEXEC, refuses what is no regular file, and reads at most
 * what the caller allows.
 *
 * Publishing (fsio_publish): write under a hidden name in the same directory,
 * fsync, rename over the visible name, fsync the directory.  A reader sees the
 * old content or the new one, never half of it.
 */
#ifndef BASE_FSIO_H
#define BASE_FSIO_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"

/* Open directory `name` below `dirfd` (AT_FDCWD for a path) for reading.  No
 * link is followed in the last component unless `follow`.  Descriptor, or -1
 * with errno. */
int fsio_open_dir(int dirfd, const char *name, bool follow);

/*
 * Open regular file `name` for reading and fill `st`.  -1 with errno; ELOOP for
 * a link, EISDIR for a directory, EINVAL for anything else that is no regular
 * file.
 */
int fsio_open_file(int dirfd, const char *name, struct stat *st);

/*
 * Read a whole regular file into `out` (emptied first) and fill `st`, which may
 * be NULL.  A file of more than `max` bytes is EFBIG.  0 or -1 with errno.
 */
int fsio_read_capped(int dirfd, const char *name, size_t max, struct buf *out,
    struct stat *st);

/* Create `name`, which must not exist, with that content.  Not synced.
 * 0 or -1 with errno; nothing is left behind on failure. */
int fsio_create(int dirfd, const char *name, mode_t mode, const void *data,
    size_t len);

/* Write `data` under the hidden name `temporary`, sync, rename to `name`, sync
 * the directory.  0 or -1 with errno. */
int fsio_publish(int dirfd, const char *temporary, const char *name,
    mode_t mode, const void *data, size_t len);

enum fsio_lock {
	FSIO_LOCK_FREE,
	FSIO_LOCK_HELD,
	FSIO_LOCK_UNKNOWN, /* no such file, or no locks here */
};

/* Does somebody hold an exclusive flock(2) on `name`?  Tests with LOCK_SH |
 * LOCK_NB, so that readers never see each other. */
enum fsio_lock fsio_lock_test(int dirfd, const char *name);

/* Can `name` be the name of an entry in a directory: not empty, no '/', not
 * "." or "..", at most 255 bytes? */
bool fsio_name_ok(const char *name);

/* Call `each` for every entry of `dirfd` but "." and "..", until it returns
 * non-zero.  Returns that value, 0 at the end, or -1 with errno.  The
 * descriptor's own position is not used. */
int fsio_each(int dirfd, int (*each)(void *arg, const char *name), void *arg);

/* The same for who has the descriptor to itself: its position moves. */
int fsio_each_here(int dirfd, int (*each)(void *arg, const char *name),
    void *arg);

/* Microseconds of a file's time stamp. */
usec_t fsio_mtime(const struct stat *st);
usec_t fsio_ctime(const struct stat *st);

/* Does that errno tell of what the caller itself lacks, descriptors or memory,
 * and so nothing of the file? */
bool fsio_is_own_trouble(int sys);

#endif
