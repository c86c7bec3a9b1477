/*
 * logs.c: a log's form on disk, and reading by logical offset
 *
 * Invariant: log_read returns bytes that the job wrote at that offset, or
 * nothing.  Its form can change between two system calls (the supervisor
 * punches, the job truncates, the log is collapsed after the end), so the form
 * is looked at again after each read, and what was read while it changed is
 * read once more.
 */
#include "base/compat.h"
#include "engines/logs.h"

#include "base/fsio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READ_TRIES = 20 };

static int64_t
range_end(const struct log_range *range)
{
	return range->offset + range->bytes;
}

/* Does the end record name a dropped part that its log can have?  It may be
 * the record of a stranger. */
static bool
shape_has_dropped(const struct log_shape *shape)
{
	const struct log_range *dropped = &shape->dropped;

	return shape->ended && dropped->bytes > 0 && dropped->offset >= 0 &&
	    shape->bytes >= dropped->bytes &&
	    dropped->offset <= shape->bytes - dropped->bytes;
}

/* First hole of a file of that size; bytes is 0 if there is none, or if the
 * file system does not tell. */
static struct log_range
first_hole(int fd, int64_t size)
{
	struct log_range hole = { .offset = 0 };
	off_t from, to;

	from = compat_next_hole(fd, 0);
	if (from < 0 || from >= size)
		return hole;
	to = compat_next_data(fd, from);
	if (to < 0 && errno != ENXIO)
		return hole;
	if (to < 0 || to > size)
		to = size;
	if (to > from) {
		hole.offset = from;
		hole.bytes = to - from;
	}
	return hole;
}

/* Fill size, dropped and collapsed with what they are now. */
static int
look(struct log *log, struct err *err)
{
	const struct log_shape *shape = &log->shape;
	struct stat st;

	if (log->fd < 0)
		return 0;
	if (fstat(log->fd, &st) < 0)
		return err_sys(err, errno, "stat log");
	log->size = st.st_size;
	log->collapsed = false;
	log->dropped = (struct log_range){ .offset = 0 };
	if (shape_has_dropped(shape) &&
	    log->size == shape->bytes - shape->dropped.bytes) {
		log->collapsed = true;
		log->size = shape->bytes;
		log->dropped = shape->dropped;
	} else if (shape_has_dropped(shape) && log->size == shape->bytes) {
		log->dropped = shape->dropped;
	} else if (shape->bound > 0 && log->size > shape->bound) {
		log->dropped = first_hole(log->fd, log->size);
	}
	return 0;
}

int
log_open(struct log *log, int jobdir, const char *name,
    const struct log_shape *shape, struct err *err)
{
	struct stat st;

	*log = (struct log){ .fd = -1, .shape = *shape };
	log->fd = fsio_open_file(jobdir, name, &st);
	if (log->fd < 0 && errno == ENOENT)
		return 0;
	if (log->fd < 0)
		return err_sys(err, errno, "%s", name);
	if (look(log, err) < 0) {
		log_close(log);
		return -1;
	}
	return 0;
}

int
log_refresh(struct log *log, struct err *err)
{
	int64_t before = log->size;

	if (look(log, err) < 0)
		return -1;
	if (log->size < before)
		log->shrunk = true;
	return 0;
}

void
log_close(struct log *log)
{
	close_fd(&log->fd);
	log->size = 0;
}

/* Where the byte at a logical offset is in the file. */
static off_t
file_offset(const struct log *log, int64_t at)
{
	if (log->collapsed && at >= range_end(&log->dropped))
		return at - log->dropped.bytes;
	return at;
}

/* What can be read at once from `at` on, which is in no dropped part. */
static size_t
readable(const struct log *log, int64_t at, size_t size)
{
	int64_t limit = log->size;

	if (log->dropped.bytes > 0 && at < log->dropped.offset)
		limit = log->dropped.offset;
	if (at >= limit)
		return 0;
	return (int64_t)size < limit - at ? size : (size_t)(limit - at);
}

/* Are n bytes that were read at `at`, when the log was `log`, the log's still
 * now?  A hole reads as zeros, so it must not have reached them. */
static bool
still_there(const struct log *log, const struct log *now, int64_t at, ssize_t n)
{
	if (n <= 0 || now->collapsed != log->collapsed || now->size < log->size)
		return false;
	return now->dropped.bytes == 0 || at + n <= now->dropped.offset ||
	    at >= range_end(&now->dropped);
}

ssize_t
log_read(struct log *log, int64_t *offset, void *buf, size_t size,
    struct err *err)
{
	struct log now;
	int64_t at;
	ssize_t n;
	int tries;

	for (tries = 0; tries < READ_TRIES; tries++) {
		at = *offset < 0 ? 0 : *offset;
		if (at >= log->dropped.offset && at < range_end(&log->dropped))
			at = range_end(&log->dropped);
		if (readable(log, at, size) == 0) {
			*offset = at;
			return 0;
		}
		do {
			n = pread(log->fd, buf, readable(log, at, size),
			    file_offset(log, at));
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_sys(err, errno, "read log");
		now = *log;
		if (log_refresh(&now, err) < 0)
			return -1;
		if (still_there(log, &now, at, n)) {
			*offset = at;
			return n;
		}
		*log = now;
	}
	return err_sys(err, EAGAIN, "read log");
}

void
log_view_init(struct log_view *view)
{
	*view = (struct log_view){ .next = 0 };
}

void
log_view_release(struct log_view *view)
{
	buf_release(&view->text);
	log_view_init(view);
}
