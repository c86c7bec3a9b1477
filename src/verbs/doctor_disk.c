/*
 * doctor_disk.c: checks of doctor: what the file system of the root can do
 *
 * Invariant: what has to be tried is tried on a file that never has a name and
 * is gone when this process is.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fsio.h"

enum {
	TRIAL_SIZE = 64 << 10, /* at least a block of any file system */
	MEBIBYTE = 1 << 20,
	/* Two logs of the default size are more, but most are small. */
	SPACE_LEAST = 128,   /* MiB */
	INODES_LEAST = 1000, /* a job needs four */
};

/* Does a second description of the same file see the lock of the first? */
static void
try_locks(struct doctor_disk *disk, int fd)
{
	cleanup_close int second = -1;
	char path[64];

	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		disk->lock_errno = errno;
		return;
	}
	disk->lock_errno = 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	second = open(path, O_RDONLY | O_CLOEXEC);
	disk->lock_ignored =
	    second >= 0 && flock(second, LOCK_SH | LOCK_NB) == 0;
}

static void
try_punching(struct doctor_disk *disk, int fd)
{
	static const char zeroes[TRIAL_SIZE];
	usec_t now = time_wall();
	struct stat st;

	if (write_full(fd, zeroes, sizeof(zeroes)) < 0) {
		disk->file_errno = errno;
		return;
	}
	if (fstat(fd, &st) == 0)
		disk->clock_ahead = fsio_mtime(&st) - now;
	disk->punch_errno =
	    compat_punch_hole(fd, 0, TRIAL_SIZE) < 0 ? errno : 0;
}

void
doctor_look_disk(struct doctor *d)
{
	struct doctor_disk *disk = &d->disk;
	cleanup_close int fd = -1;
	int base = d->root.base_fd;
	void (*on_limit)(int);

	disk->lock_errno = disk->punch_errno = NOT_TRIED;
	if (base < 0)
		return;
	disk->fs_errno = compat_filesystem(base, &disk->fs) < 0 ? errno : 0;
	disk->space_errno = fstatvfs(base, &disk->space) < 0 ? errno : 0;
	fd = compat_unnamed_file(base);
	disk->file_errno = fd < 0 ? errno : 0;
	if (fd < 0)
		return;
	try_locks(disk, fd);
	/* A limit on file sizes must not end this process. */
	on_limit = signal(SIGXFSZ, SIG_IGN);
	try_punching(disk, fd);
	signal(SIGXFSZ, on_limit);
}

void
check_filesystem(const struct doctor *d, struct finding *f)
{
	const struct doctor_disk *disk = &d->disk;

	if (d->root.base_fd < 0) {
		doctor_say_unseen(f);
		return;
	}
	if (disk->fs_errno) {
		finding_say(f, DOCTOR_WARN, "its type cannot be told: %s",
		    strerror(disk->fs_errno));
		finding_advise(f, "look at it with `stat -f`");
		return;
	}
	finding_say(f, DOCTOR_OK, "%s", disk->fs.name);
	if (disk->fs.in_memory) {
		finding_say(f, DOCTOR_WARN,
		    "in memory: jobs and logs are gone after a reboot");
		finding_advise(f, "use a root on a disk");
	}
	if (disk->fs.remote) {
		finding_say(f, DOCTOR_WARN,
		    "shared or served by a program: changes are seen by "
		    "polling, and of other hosts' jobs only what locks tell");
		finding_advise(f,
		    "use a local root unless it has to be shared");
	}
}

/* What an ordinary process may still take, or the superuser. */
static long long
free_mebibytes(const struct statvfs *space)
{
	unsigned long long blocks =
	    geteuid() == 0 ? space->f_bfree : space->f_bavail;

	return (long long)(blocks * (double)space->f_frsize / MEBIBYTE);
}

void
check_space(const struct doctor *d, struct finding *f)
{
	const struct statvfs *space = &d->disk.space;
	long long room, inodes;

	if (d->root.base_fd < 0) {
		doctor_say_unseen(f);
		return;
	}
	if (d->disk.space_errno || space->f_blocks == 0) {
		finding_say(f, DOCTOR_OK,
		    "how much is free, the file system does not tell");
		return;
	}
	room = free_mebibytes(space);
	inodes = (long long)(geteuid() == 0 ? space->f_ffree : space->f_favail);
	finding_say(f,
	    room == 0                ? DOCTOR_FAIL
		: room < SPACE_LEAST ? DOCTOR_WARN
				     : DOCTOR_OK,
	    "%lld MiB free", room);
	/* Some file systems have no table of inodes. */
	if (space->f_files > 0)
		finding_say(f,
		    inodes == 0                 ? DOCTOR_FAIL
			: inodes < INODES_LEAST ? DOCTOR_WARN
						: DOCTOR_OK,
		    "%lld inodes free", inodes);
	if (f->status != DOCTOR_OK)
		finding_advise(f,
		    "make room: jobdir gc --older-than 1d removes ended jobs");
}

/* Nothing could be tried. */
static bool
is_untried(const struct doctor *d, int result, struct finding *f)
{
	if (result != NOT_TRIED)
		return false;
	if (d->root.base_fd < 0) {
		doctor_say_unseen(f);
		return true;
	}
	finding_say(f, DOCTOR_WARN,
	    "not looked at: no file without a name can be made here: %s",
	    strerror(d->disk.file_errno));
	finding_advise(f,
	    d->root.write_errno ? "get the right to write first"
				: "`jobdir run` shows whether it works");
	return true;
}

void
check_locks(const struct doctor *d, struct finding *f)
{
	const struct doctor_disk *disk = &d->disk;

	if (is_untried(d, disk->lock_errno, f))
		return;
	if (disk->lock_errno == 0 && !disk->lock_ignored) {
		finding_say(f, DOCTOR_OK, "flock works");
		return;
	}
	finding_say(f, DOCTOR_FAIL, "flock does not work: %s",
	    disk->lock_errno ? strerror(disk->lock_errno)
			     : "two have the same exclusive lock");
	finding_advise(f, "use a root on another file system");
}

void
check_logs(const struct doctor *d, struct finding *f)
{
	const struct doctor_disk *disk = &d->disk;

	if (is_untried(d, disk->punch_errno, f))
		return;
	if (disk->punch_errno == 0) {
		finding_say(f, DOCTOR_OK,
		    "bounded: the file system can punch holes");
		return;
	}
	finding_say(f, DOCTOR_WARN,
	    "not bounded: the file system cannot punch holes: %s",
	    strerror(disk->punch_errno));
	finding_advise(f,
	    "use a root on ext4, xfs, btrfs or tmpfs, or see that no job "
	    "writes without end");
}
