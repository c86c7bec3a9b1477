/*
 * proc.h: processes, told apart for good
 *
 * A pid is reused; a pid with the start time of its process, the boot id and
 * the pid namespace is not (proc(5): /proc/PID/stat field 22, in clock ticks
 * since boot; /proc/sys/kernel/random/boot_id; inode of /proc/self/ns/pid).
 * A zombie counts as dead: where pid 1 reaps late or never, kill(pid, 0) calls
 * the dead alive.
 *
 * No function here allocates, so that a supervisor can use them all.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROC_BOOT_ID_MAX = 64, PROC_NAME_MAX = 64 };

struct proc_id {
	pid_t pid;      /* 0: none */
	uint64_t start; /* clock ticks since boot */
};

/* Where pids mean something: one boot of one machine, one pid namespace. */
struct proc_place {
	char boot_id[PROC_BOOT_ID_MAX]; /* "" if the system does not tell */
	uint64_t pid_namespace;         /* 0 if the system does not tell */
	bool has_table; /* processes can be looked up at all (/proc), by the
			 * numbers that they have here */
	bool sees_all;  /* those of other users too (hidepid in proc(5)) */
};

enum proc_life {
	PROC_ALIVE,
	PROC_ZOMBIE,  /* ended, not reaped */
	PROC_GONE,    /* no such process, or another one has its pid now */
	PROC_UNKNOWN, /* the process table could not be read */
};

struct proc_stat {
	char state;  /* R S D Z T t X as in proc(5) */
	bool ended;  /* a zombie, or on its way out */
	bool kernel; /* a thread of the kernel */
	pid_t parent;
	pid_t group;
	pid_t session;
	uint64_t start;
	char name[PROC_NAME_MAX];
};

/* The caller's own place. */
void proc_place_self(struct proc_place *place);

/* The same without what only matters to a reader: has_table, sees_all. */
void proc_place_name(struct proc_place *place);

/* Is there a table, but one of another pid namespace, where numbers mean other
 * processes? */
bool proc_table_is_foreign(void);

/* Is that the first pid namespace of its machine?  The others are ended from
 * outside, and every process in them with them. */
bool proc_place_is_first(const struct proc_place *place);

/* 0, or -1 with errno: ENOENT or ESRCH if there is no such process. */
int proc_read_stat(pid_t pid, struct proc_stat *st);

/* Identity of a living process.  0 or -1 with errno. */
int proc_identify(pid_t pid, struct proc_id *id);

/* What became of that very process? */
enum proc_life proc_life(const struct proc_id *id);

/* Wall-clock microseconds at which that process started, with the grain of a
 * clock tick; -1 if it can't be told. */
int64_t proc_started_at(uint64_t start);

/* Seconds since boot of a start time, times one million. */
int64_t proc_start_usec(uint64_t start);

/*
 * The children of `pid`, zombies included, into `pids`.  Returns their number
 * (at most `max`), or -1 with errno.
 */
int proc_children(pid_t pid, pid_t *pids, int max);

/* All processes into `pids`; returns their number (at most max) or -1. */
int proc_all(pid_t *pids, int max);

/* Is NAME=VALUE in the environment that the process started with?  False also
 * when it may not be read. */
bool proc_has_environment(pid_t pid, const char *assignment);

/* Does the process hold the lock of file (device, inode) by a descriptor that it
 * has opened or inherited?  Who only reads the file does not.  False if that
 * may not be read. */
bool proc_holds_lock(pid_t pid, dev_t device, ino_t inode);

/* Has the process directory `dirfd`, or a file in it (by a name that it has in
 * there, and its only one), open, or that directory as its working directory?
 * False also when it may not be looked at. */
bool proc_works_in(pid_t pid, int dirfd);

/* The effective uid of the process.  0 or -1 with errno. */
int proc_owner(pid_t pid, uid_t *uid);

/*
 * The arguments of the process, program first, a NUL after each, as they stand
 * in its memory now (it may have overwritten them), into `buf`.  Returns their
 * length in bytes, at most `size` (then there may be more); 0 if it has none;
 * -1 with errno.
 */
ssize_t proc_arguments(pid_t pid, char *buf, size_t size);

/* The working directory of the process into `path`, with " (deleted)" at its
 * end if that is gone.  0 or -1 with errno (EACCES: it may not be read). */
int proc_directory(pid_t pid, char *path, size_t size);

/* The file that the process executes into `path`, with " (deleted)" at its end
 * if that has no name any more.  0 or -1 with errno. */
int proc_program(pid_t pid, char *path, size_t size);

/* Open file `name` relative to descriptor `fd` of another process, which must
 * be a directory.  -1 with errno. */
int proc_open_below(pid_t pid, int fd, const char *name);

#endif
