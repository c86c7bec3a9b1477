/*
 * supervise_logs.c: keeping a log within its bound
 *
 * A quarter of the bound is kept as head and half of it as moving tail; when
 * the blocks in use exceed the bound, what lies between goes.  No position is
 * kept between two looks, so a truncated log, or a supervisor that takes over,
 * needs nothing special.
 *
 * Invariant: offsets of bytes never change while the job runs; nothing here
 * blocks or fails the job.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BLOCK = 4096,
	LOOK_FAST = 20 * 1000,
	LOOK_SLOW = 500 * 1000,
	FAST_BYTES = 1 << 16, /* growth between looks that calls for haste */
};

static int64_t
round_up(int64_t n)
{
	return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* The part that may go from a log of that size; empty if none may. */
static void
middle(const struct bounded_log *log, int64_t *from, int64_t *length)
{
	*from = round_up(log->bound / 4);
	*length = (log->size - log->bound / 2) / BLOCK * BLOCK - *from;
	if (*length < 0)
		*length = 0;
}

static size_t
read_head(const struct bounded_log *log, char *head, size_t size)
{
	ssize_t n = pread(log->fd, head, size, 0);

	return n > 0 ? (size_t)n : 0;
}

/* Does the file system tell where holes are?  Some that punch them do not (of
 * those that are programs of users), and then what was dropped would be taken
 * for what the job wrote. */
static bool
tells_holes(int fd)
{
	struct stat st;
	bool tells;

	if (fstat(fd, &st) < 0)
		return false;
	if (st.st_size > 0)
		return compat_next_hole(fd, 0) < st.st_size;
	tells = ftruncate(fd, BLOCK) == 0 && compat_next_hole(fd, 0) == 0;
	return ftruncate(fd, 0) == 0 && tells;
}

void
bounded_log_init(struct bounded_log *log, int fd, int64_t bound, bool remote)
{
	memset(log, 0, sizeof(*log));
	log->fd = fd;
	log->bound = bound;
	log->unbounded = fd >= 0 && bound > 0 && remote && !tells_holes(fd);
	if (log->unbounded)
		log->bound = 0;
}

/* Has the job erased what it wrote before?  Seen by a smaller size, or by other
 * first bytes if it grew again meanwhile. */
static void
look_for_truncation(struct bounded_log *log, int64_t size)
{
	char head[sizeof(log->head)];
	size_t length = read_head(log, head, sizeof(head));

	if (size < log->size || length < log->head_len ||
	    memcmp(head, log->head, log->head_len) != 0)
		log->truncated++;
	memcpy(log->head, head, length);
	log->head_len = length;
}

void
bounded_log_look(struct bounded_log *log)
{
	int64_t from, length;
	struct stat st;

	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return;
	log->grown = st.st_size - log->size;
	if (log->grown == 0 && log->head_len == sizeof(log->head) &&
	    (int64_t)st.st_blocks * 512 <= log->bound)
		return;
	look_for_truncation(log, st.st_size);
	log->size = st.st_size;
	if (!log->bound || (int64_t)st.st_blocks * 512 <= log->bound)
		return;
	middle(log, &from, &length);
	if (length > 0 && compat_punch_hole(log->fd, from, length) < 0 &&
	    errno != EINTR)
		log->unbounded = true;
}

struct journal_log
bounded_log_facts(const struct bounded_log *log)
{
	struct journal_log facts;
	off_t hole, data;

	memset(&facts, 0, sizeof(facts));
	facts.known = true;
	facts.bytes = log->size;
	facts.truncated = log->truncated;
	if (log->fd < 0 || !log->bound || log->size <= log->bound)
		return facts;
	hole = compat_next_hole(log->fd, 0);
	if (hole < 0 || hole >= log->size)
		return facts;
	data = compat_next_data(log->fd, hole);
	facts.dropped_offset = hole;
	facts.dropped_bytes = (data < 0 ? log->size : data) - hole;
	return facts;
}

void
bounded_log_collapse(struct bounded_log *log,
    const struct journal_log *recorded)
{
	struct stat st;

	/* With more in it than the record says, `bytes` would not tell the two
	 * forms of the file apart.  Where it can't be done, the hole stays. */
	if (log->fd >= 0 && recorded->dropped_bytes > 0 &&
	    recorded->dropped_offset % BLOCK == 0 &&
	    recorded->dropped_bytes % BLOCK == 0 && fstat(log->fd, &st) == 0 &&
	    st.st_size == recorded->bytes &&
	    compat_collapse_range(log->fd, recorded->dropped_offset,
		recorded->dropped_bytes) < 0)
		log->unbounded = true;
}

usec_t
bounded_log_tick(const struct bounded_log *log, usec_t last_tick)
{
	if (log->fd < 0 || log->grown == 0)
		return -1;
	if (log->grown >= FAST_BYTES || log->grown < 0)
		return LOOK_FAST;
	/* Slow until now: look ever less often. */
	if (last_tick < LOOK_FAST)
		return LOOK_FAST;
	return last_tick * 2 < LOOK_SLOW ? last_tick * 2 : LOOK_SLOW;
}
