/*
 * compat_linux.c: compat.h for Linux
 *
 * Invariant: the only home, with proc_linux.c and watch_inotify.c, of Linux
 * headers and of _GNU_SOURCE.  Constants newer than the C library's headers
 * are spelled here.
 */
#define _GNU_SOURCE
#include "base/compat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NFS_SUPER_MAGIC
#define NFS_SUPER_MAGIC 0x6969
#endif
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define FUSE_MAGIC 0x65735546
#define LUSTRE_MAGIC 0x0bd00bd0
#define CEPH_MAGIC 0x00c36400
#define ZFS_MAGIC 0x2fc12fc1

int
compat_become_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int
compat_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

int
compat_socket_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int
compat_memory_file(void)
{
	return memfd_create("jobdir", MFD_CLOEXEC);
}

void
compat_close_from(int first)
{
	long last, fd;

	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
	last = sysconf(_SC_OPEN_MAX);
	for (fd = first; fd < (last > 0 ? last : 1024); fd++)
		close((int)fd);
}

int
compat_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int
compat_pidfd_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

/* struct pidfd_info of linux/pidfd.h, first version, which this C library's
 * headers lack. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define PIDFD_GET_INFO_V0 _IOWR(0xff, 11, struct pidfd_info_v0)
#define PIDFD_INFO_EXIT_BIT (UINT64_C(1) << 3)

int
compat_pidfd_status(int pidfd, int *status)
{
	struct pollfd fd = { pidfd, POLLIN, 0 };
	struct pidfd_info_v0 info;

	memset(&info, 0, sizeof(info));
	info.mask = PIDFD_INFO_EXIT_BIT;
	if (ioctl(pidfd, PIDFD_GET_INFO_V0, &info) == 0 &&
	    (info.mask & PIDFD_INFO_EXIT_BIT)) {
		*status = info.exit_code;
		return 0;
	}
	/* POLLHUP: it was reaped, so there is nothing to wait for. */
	errno = poll(&fd, 1, 0) > 0 && (fd.revents & POLLHUP) ? ENOTSUP
	    : errno == ENOTTY || errno == EINVAL              ? ENOTSUP
							      : EAGAIN;
	return -1;
}

pid_t
compat_wait_peek(pid_t pid, int *status, struct rusage *usage)
{
	int options = WEXITED | WNOHANG | WNOWAIT;
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	memset(usage, 0, sizeof(*usage));
	/* The raw call: the C library's has no room for the usage. */
	while (syscall(SYS_waitid, pid == -1 ? P_ALL : P_PID,
		   pid == -1 ? 0 : pid, &info, options, usage) < 0)
		if (errno != EINTR)
			return -1;
	if (info.si_pid == 0)
		return 0;
	if (info.si_code == CLD_EXITED)
		*status = (info.si_status & 0xff) << 8;
	else
		*status = (info.si_status & 0x7f) |
		    (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return info.si_pid;
}

int
compat_poll(struct pollfd *fds, size_t count, int64_t timeout_usec,
    const sigset_t *mask)
{
	struct timespec ts = { timeout_usec / 1000000,
		timeout_usec % 1000000 * 1000 };

	return ppoll(fds, count, timeout_usec < 0 ? NULL : &ts, mask);
}

static int
notify(int dirfd, int signo, unsigned long what)
{
	if (fcntl(dirfd, F_SETSIG, signo) < 0)
		return -1;
	return fcntl(dirfd, F_NOTIFY, what);
}

int
compat_notify_names(int dirfd, int signo)
{
	return notify(dirfd, signo,
	    DN_CREATE | DN_DELETE | DN_RENAME | (unsigned long)DN_MULTISHOT);
}

int
compat_notify_content(int dirfd, int signo)
{
	return notify(dirfd, signo, DN_MODIFY);
}

int
compat_punch_hole(int fd, off_t offset, off_t length)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
	    length);
}

int
compat_collapse_range(int fd, off_t offset, off_t length)
{
	return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, offset, length);
}

off_t
compat_next_hole(int fd, off_t offset)
{
	return lseek(fd, offset, SEEK_HOLE);
}

off_t
compat_next_data(int fd, off_t offset)
{
	return lseek(fd, offset, SEEK_DATA);
}

int
compat_open_unseen(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_RDONLY | O_NOATIME);

	/* Only the owner of a file may ask for that. */
	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, flags | O_RDONLY);
	return fd;
}

int
compat_each_name(int dirfd, int (*each)(void *arg, const char *name), void *arg)
{
	char buf[16384] __attribute__((aligned(8)));
	const struct dirent64 *entry;
	int result = 0;
	long n, at;

	if (lseek(dirfd, 0, SEEK_SET) < 0)
		return -1;
	do {
		n = syscall(SYS_getdents64, dirfd, buf, sizeof(buf));
		for (at = 0; at < n && result == 0; at += entry->d_reclen) {
			entry = (const struct dirent64 *)(void *)(buf + at);
			result = each(arg, entry->d_name);
		}
	} while (n > 0 && result == 0);
	return n < 0 ? -1 : result;
}

/* File systems whose name tells something, or that need it. */
static const struct known_filesystem {
	unsigned long magic;
	const char *name;
	bool remote;
	bool in_memory;
} known_filesystems[] = {
	{ NFS_SUPER_MAGIC, "nfs", true, false },
	{ CIFS_MAGIC, "cifs", true, false },
	{ SMB2_MAGIC, "smb2", true, false },
	{ SMB_SUPER_MAGIC, "smb", true, false },
	{ FUSE_MAGIC, "fuse", true, false },
	{ V9FS_MAGIC, "9p", true, false },
	{ AFS_SUPER_MAGIC, "afs", true, false },
	{ CODA_SUPER_MAGIC, "coda", true, false },
	{ LUSTRE_MAGIC, "lustre", true, false },
	{ CEPH_MAGIC, "ceph", true, false },
	{ TMPFS_MAGIC, "tmpfs", false, true },
	{ RAMFS_MAGIC, "ramfs", false, true },
	{ EXT4_SUPER_MAGIC, "ext4", false, false }, /* and ext2, ext3 */
	{ XFS_SUPER_MAGIC, "xfs", false, false },
	{ BTRFS_SUPER_MAGIC, "btrfs", false, false },
	{ F2FS_SUPER_MAGIC, "f2fs", false, false },
	{ OVERLAYFS_SUPER_MAGIC, "overlay", false, false },
	{ MSDOS_SUPER_MAGIC, "vfat", false, false },
	{ ZFS_MAGIC, "zfs", false, false },
};

/* What is known of the file system of `fd`, and its type; NULL: nothing. */
static const struct known_filesystem *
find_filesystem(int fd, unsigned long *magic)
{
	const size_t count =
	    sizeof(known_filesystems) / sizeof(*known_filesystems);
	struct statfs st;
	size_t i;

	*magic = 0;
	if (fstatfs(fd, &st) < 0)
		return NULL;
	*magic = (unsigned long)st.f_type & 0xffffffffUL;
	for (i = 0; i < count; i++)
		if (known_filesystems[i].magic == *magic)
			return &known_filesystems[i];
	return NULL;
}

int
compat_filesystem(int fd, struct compat_filesystem *fs)
{
	const struct known_filesystem *known;
	unsigned long magic;

	memset(fs, 0, sizeof(*fs));
	known = find_filesystem(fd, &magic);
	if (!known && magic == 0)
		return -1;
	if (!known) {
		snprintf(fs->name, sizeof(fs->name), "type 0x%lx", magic);
		return 0;
	}
	snprintf(fs->name, sizeof(fs->name), "%s", known->name);
	fs->remote = known->remote;
	fs->in_memory = known->in_memory;
	return 0;
}

bool
compat_is_remote(int fd)
{
	const struct known_filesystem *known;
	unsigned long magic;

	known = find_filesystem(fd, &magic);
	return known && known->remote;
}

int
compat_unnamed_file(int dirfd)
{
	return openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

void
compat_name_process(const char *name)
{
	/* For the eyes only. */
	if (prctl(PR_SET_NAME, name, 0, 0, 0) < 0)
		errno = 0;
}

bool
compat_is_static(void)
{
	return getauxval(AT_BASE) == 0; /* no loader */
}

size_t
compat_process_seed(void)
{
	/* 16 bytes; the first eight or so are the stack protector's.
	 * NOLINTNEXTLINE(performance-no-int-to-ptr): it is one. */
	const char *random = (const char *)getauxval(AT_RANDOM);
	size_t seed = 0;

	if (random)
		memcpy(&seed, random + 16 - sizeof(seed), sizeof(seed));
	return seed;
}

const char *
compat_own_program(void)
{
	return "/proc/self/exe";
}

void *
compat_find(const void *haystack, size_t size, const void *needle,
    size_t length)
{
	return memmem(haystack, size, needle, length);
}

int
compat_home_directory(char *buf, size_t size)
{
	struct passwd *pw;
	uid_t uid = getuid();
	int found = -1;
	FILE *f;

	/* fgetpwent, not getpwuid: a static program can't load the C library's
	 * name services, and a wrong version of them would crash it. */
	f = fopen("/etc/passwd", "re");
	if (!f)
		return -1;
	while ((pw = fgetpwent(f)) != NULL && found < 0)
		if (pw->pw_uid == uid && strlen(pw->pw_dir) < size) {
			strcpy(buf, pw->pw_dir);
			found = 0;
		}
	fclose(f);
	if (found < 0)
		errno = ENOENT;
	return found;
}
