/*
 * compat.h: what differs between systems, behind plain functions
 *
 * The first include of every .c file.  Everything above this layer is POSIX
 * 2008 with the BSD basics (flock, wait4); what only one system has lives in
 * compat_linux.c, the only file besides proc_linux.c that may ask for
 * _GNU_SOURCE.  A system that lacks a feature returns -1 with ENOSYS or
 * ENOTSUP, and each caller has an answer to that: no call site uses #if.
 */
#ifndef BASE_COMPAT_H
#define BASE_COMPAT_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

extern char **environ;

/* Make this process adopt the orphans among its descendants (prctl(2),
 * PR_SET_CHILD_SUBREAPER).  0 or -1 with errno. */
int compat_become_subreaper(void);

/* pipe(2), both ends close-on-exec from the beginning.  0 or -1 with errno. */
int compat_pipe(int ends[2]);

/* socketpair(2) of close-on-exec SOCK_SEQPACKET sockets.  0 or -1 with errno. */
int compat_socket_pair(int ends[2]);

/* A close-on-exec descriptor of an empty file that never has a name and is in
 * memory only (memfd_create(2)); -1 with errno. */
int compat_memory_file(void);

/* Close every descriptor from `first` (inclusive) on. */
void compat_close_from(int first);

/* pidfd_open(2): a close-on-exec descriptor of process `pid`, readable once it
 * has ended; -1 with errno. */
int compat_pidfd_open(pid_t pid);

/* pidfd_send_signal(2).  0 or -1 with errno. */
int compat_pidfd_signal(int pidfd, int signo);

/*
 * How did the process of a pidfd end?  Known to every holder once its parent
 * has reaped it (Linux 6.15, PIDFD_GET_INFO).  0 and a wait(2) status; -1 with
 * errno: EAGAIN if it is not reaped yet, anything else if the system does not
 * tell.
 */
int compat_pidfd_status(int pidfd, int *status);

/*
 * Look for a child that has ended without reaping it (waitid(2), WNOWAIT), so
 * that its pid can't be given away meanwhile.
 * pid		the child, or -1 for any
 * status	receives the wait(2) status
 * usage	receives the child's resource usage where the system tells it
 *		before the reaping; zeroed otherwise
 * Returns the pid; 0 if there are children but none has ended; -1 with errno
 * (ECHILD: there are no children).
 */
pid_t compat_wait_peek(pid_t pid, int *status, struct rusage *usage);

/* ppoll(2); `timeout_usec` < 0 waits without limit. */
int compat_poll(struct pollfd *fds, size_t count, int64_t timeout_usec,
    const sigset_t *mask);

/*
 * Ask for signal `signo` at changes in directory `dirfd` (Linux: dnotify,
 * F_NOTIFY in fcntl(2)), without the limit on instances that inotify has.  When
 * the queue of signals is full the kernel sends SIGIO instead, so the caller
 * must handle that one too.  0 or -1 with errno.
 *	names	every time an entry is made, renamed or removed
 *	content	once, at the next write to a file in it
 * Each needs an open file description of its own.
 */
int compat_notify_names(int dirfd, int signo);
int compat_notify_content(int dirfd, int signo);

/* Give the blocks of [offset, offset+length) back, the size stays
 * (fallocate(2), FALLOC_FL_PUNCH_HOLE).  0 or -1 with errno. */
int compat_punch_hole(int fd, off_t offset, off_t length);

/* Take [offset, offset+length) out of the file, the size shrinks
 * (FALLOC_FL_COLLAPSE_RANGE); both must be multiples of the block size. */
int compat_collapse_range(int fd, off_t offset, off_t length);

/* First byte at or after `offset` that lies in a hole, or in data
 * (lseek(2), SEEK_HOLE, SEEK_DATA).  -1 with errno; moves the offset of fd. */
off_t compat_next_hole(int fd, off_t offset);
off_t compat_next_data(int fd, off_t offset);

/* openat(2) for reading, leaving even the access time as it is where the system
 * lets the caller (O_NOATIME: the owner).  A descriptor, or -1 with errno. */
int compat_open_unseen(int dirfd, const char *name, int flags);

/* Call `each` for every name in directory `dirfd`, "." and ".." among them, until
 * it returns non-zero.  Returns that value, 0 at the end, or -1 with errno.  The
 * position of the descriptor moves.  No allocation. */
int compat_each_name(int dirfd, int (*each)(void *arg, const char *name),
    void *arg);

struct compat_filesystem {
	char name[32];  /* "ext4"; "type 0x…" of one not known here */
	bool remote;    /* as of compat_is_remote() */
	bool in_memory; /* gone when the machine stops */
};

/* The file system of `fd`.  0 or -1 with errno. */
int compat_filesystem(int fd, struct compat_filesystem *fs);

/* Is the file system of `fd` shared between hosts or served by a user's
 * program, so that it tells of no change made elsewhere? */
bool compat_is_remote(int fd);

/* A new file in the file system of directory `dirfd` that never has a name and
 * changes nothing in that directory (O_TMPFILE).  A descriptor, or -1 with
 * errno (EOPNOTSUPP: that file system has no such files). */
int compat_unnamed_file(int dirfd);

/* Path by which this very program can be executed again, also after its file
 * was replaced.  Static. */
const char *compat_own_program(void);

/* What ps(1) calls this process besides its words (PR_SET_NAME); cut to 15
 * bytes. */
void compat_name_process(const char *name);

/* Does it need no shared library? */
bool compat_is_static(void);

/* A number that differs from process to process and that nobody else knows
 * (getauxval(3), AT_RANDOM); 0 if the system gave none.  The same one each
 * time, at no cost. */
size_t compat_process_seed(void);

/* memmem(3). */
void *compat_find(const void *haystack, size_t size, const void *needle,
    size_t length);

/* Fill `buf` with the home directory of the calling user as the password
 * database has it.  0 or -1 with errno (ENOENT: no such user). */
int compat_home_directory(char *buf, size_t size);

#endif
