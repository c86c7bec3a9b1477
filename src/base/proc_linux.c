/*
 * proc_linux.c: proc.h over /proc
 *
 * Invariant: no allocation (raw getdents instead of opendir), every buffer on
 * the stack, every answer PROC_UNKNOWN or -1 when the table can't be read.
 */
#define _GNU_SOURCE
#include "base/compat.h"
#include "base/proc.h"
#include "base/util.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	PATH_ROOM = 96,
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD of linux/sched.h */
};

/* PROC_PID_INIT_INO of the kernel: inode of the first pid namespace. */
static const uint64_t first_namespace = 0xeffffffc;

/* Read the beginning of a small file that ends with a newline, which tells
 * without one more call that it is whole; -1 with errno, else the length. */
static ssize_t
read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, buf + length, size - 1 - length);
		if (n > 0)
			length += (size_t)n;
	} while ((n < 0 && errno == EINTR) ||
	    (n > 0 && length < size - 1 && buf[length - 1] != '\n'));
	saved = errno;
	close(fd);
	errno = saved;
	buf[length] = '\0';
	return n < 0 ? -1 : (ssize_t)length;
}

bool
proc_table_is_foreign(void)
{
	char text[32];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return strtol(text, NULL, 10) != (long)getpid();
}

bool
proc_place_is_first(const struct proc_place *place)
{
	return place->pid_namespace == first_namespace;
}

void
proc_place_name(struct proc_place *place)
{
	struct stat st;

	memset(place, 0, sizeof(*place));
	if (read_small("/proc/sys/kernel/random/boot_id", place->boot_id,
		sizeof(place->boot_id)) < 0)
		place->boot_id[0] = '\0';
	place->boot_id[strcspn(place->boot_id, "\n")] = '\0';
	if (stat("/proc/self/ns/pid", &st) == 0)
		place->pid_namespace = (uint64_t)st.st_ino;
}

void
proc_place_self(struct proc_place *place)
{
	proc_place_name(place);
	place->has_table =
	    access("/proc/self/stat", R_OK) == 0 && !proc_table_is_foreign();
	place->sees_all = access("/proc/1/stat", R_OK) == 0;
}

/* What follows the name in proc_pid_stat(5), by the numbers that it has there;
 * the state is no number. */
enum {
	STAT_PARENT = 4,
	STAT_GROUP,
	STAT_SESSION,
	STAT_FLAGS = 9,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_COUNT
};

static bool
read_numbers(const char *text, uint64_t numbers[STAT_COUNT])
{
	char *end;
	int i;

	for (i = STAT_PARENT; i < STAT_COUNT; i++, text = end) {
		numbers[i] = strtoull(text, &end, 10);
		if (end == text)
			return false;
	}
	return true;
}

int
proc_read_stat(pid_t pid, struct proc_stat *st)
{
	char path[PATH_ROOM], text[1024], *name, *end;
	uint64_t numbers[STAT_COUNT];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_small(path, text, sizeof(text)) < 0)
		return -1;
	/* The name may hold spaces and parentheses: the last ')' ends it. */
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end < name || end[1] != ' ' || !end[2] ||
	    !read_numbers(end + 3, numbers)) {
		errno = EIO;
		return -1;
	}
	st->state = end[2];
	st->parent = (pid_t)numbers[STAT_PARENT];
	st->group = (pid_t)numbers[STAT_GROUP];
	st->session = (pid_t)numbers[STAT_SESSION];
	st->start = numbers[STAT_START];
	/* A zombie that still has threads has lost only its first one. */
	st->ended = st->state == 'X' ||
	    (st->state == 'Z' && (int)numbers[STAT_THREADS] <= 1);
	st->kernel = (numbers[STAT_FLAGS] & KERNEL_THREAD) != 0;
	*end = '\0';
	snprintf(st->name, sizeof(st->name), "%s", name + 1);
	return 0;
}

int
proc_identify(pid_t pid, struct proc_id *id)
{
	struct proc_stat st;

	if (proc_read_stat(pid, &st) < 0)
		return -1;
	id->pid = pid;
	id->start = st.start;
	return 0;
}

enum proc_life
proc_life(const struct proc_id *id)
{
	struct proc_stat st;

	if (id->pid <= 0)
		return PROC_GONE;
	if (proc_read_stat(id->pid, &st) < 0)
		return errno == ENOENT || errno == ESRCH ? PROC_GONE
							 : PROC_UNKNOWN;
	if (st.start != id->start)
		return PROC_GONE;
	return st.ended ? PROC_ZOMBIE : PROC_ALIVE;
}

int64_t
proc_start_usec(uint64_t start)
{
	long hertz = sysconf(_SC_CLK_TCK);

	return (
	    int64_t)(start * (1000000 / (uint64_t)(hertz > 0 ? hertz : 100)));
}

int64_t
proc_started_at(uint64_t start)
{
	struct timespec wall, boot;

	if (clock_gettime(CLOCK_REALTIME, &wall) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return -1;
	return (int64_t)(wall.tv_sec - boot.tv_sec) * 1000000 +
	    (wall.tv_nsec - boot.tv_nsec) / 1000 + proc_start_usec(start);
}

/* Call `each` for every all-digit name in directory `path`. */
static int
each_number(const char *path, void (*each)(void *arg, long number), void *arg)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[4096] __attribute__((aligned(8)));
	struct dirent64 *entry;
	long n, at, number;
	char *end;

	if (fd < 0)
		return -1;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (at = 0; at < n; at += entry->d_reclen) {
			entry = (struct dirent64 *)(void *)(buf + at);
			number = strtol(entry->d_name, &end, 10);
			if (isdigit((unsigned char)entry->d_name[0]) && !*end)
				each(arg, number);
		}
	close(fd);
	return n < 0 ? -1 : 0;
}

struct list {
	pid_t *pids;
	int max;
	int count;
	pid_t parent; /* 0: any */
};

static void
list_add(void *arg, long number)
{
	struct list *list = arg;
	struct proc_stat st;

	if (list->parent &&
	    (proc_read_stat((pid_t)number, &st) < 0 ||
		st.parent != list->parent))
		return;
	if (list->count < list->max)
		list->pids[list->count++] = (pid_t)number;
}

int
proc_all(pid_t *pids, int max)
{
	struct list list = { pids, max, 0, 0 };

	return each_number("/proc", list_add, &list) < 0 ? -1 : list.count;
}

/* Append the numbers of /proc/PID/task/TID/children; -1 where the kernel has no
 * such file. */
static int
thread_children(pid_t pid, long thread, struct list *list)
{
	char path[PATH_ROOM], buf[4096];
	long number = -1;
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%ld/children", (int)pid,
	    thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++) {
			if (isdigit((unsigned char)buf[i])) {
				number = (number < 0 ? 0 : number * 10) +
				    (buf[i] - '0');
				continue;
			}
			if (number >= 0 && list->count < list->max)
				list->pids[list->count++] = (pid_t)number;
			number = -1;
		}
	close(fd);
	return n < 0 ? -1 : 0;
}

struct threads {
	struct list *list;
	pid_t pid;
	bool failed;
};

static void
threads_add(void *arg, long thread)
{
	struct threads *threads = arg;

	if (thread_children(threads->pid, thread, threads->list) < 0 &&
	    errno != ESRCH && thread == threads->pid)
		threads->failed = true;
}

int
proc_children(pid_t pid, pid_t *pids, int max)
{
	struct list list = { pids, max, 0, 0 };
	struct threads threads = { &list, pid, false };
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if (each_number(path, threads_add, &threads) < 0)
		return -1;
	if (!threads.failed)
		return list.count;
	list.count = 0; /* no "children" files here: ask every process */
	list.parent = pid;
	return each_number("/proc", list_add, &list) < 0 ? -1 : list.count;
}

bool
proc_has_environment(pid_t pid, const char *assignment)
{
	size_t want = strlen(assignment), have = 0, i;
	char path[PATH_ROOM], buf[4096];
	bool matches = true, found = false;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (!found && (n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < (size_t)n && !found; i++) {
			if (buf[i] == '\0') {
				found = matches && have == want;
				matches = true;
				have = 0;
			} else {
				matches = matches && have < want &&
				    assignment[have] == buf[i];
				have++;
			}
		}
	close(fd);
	return found;
}

struct open_file {
	pid_t pid;
	dev_t device;
	ino_t inode;
	bool found;
};

/* By what the kernel tells of the descriptor (proc_pid_fdinfo(5)). */
static bool
descriptor_holds_lock(pid_t pid, long number)
{
	char path[PATH_ROOM], text[1024];
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%ld", (int)pid, number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read_full(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "FLOCK  ADVISORY  WRITE") != NULL;
}

static void
open_file_match(void *arg, long number)
{
	struct open_file *file = arg;
	char path[PATH_ROOM];
	struct stat st;

	if (file->found)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", (int)file->pid, number);
	file->found = stat(path, &st) == 0 && st.st_dev == file->device &&
	    st.st_ino == file->inode &&
	    descriptor_holds_lock(file->pid, number);
}

bool
proc_holds_lock(pid_t pid, dev_t device, ino_t inode)
{
	struct open_file file = { pid, device, inode, false };
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return each_number(path, open_file_match, &file) == 0 && file.found;
}

/* What is looked for among a process's descriptors. */
struct workplace {
	pid_t pid;
	int dirfd;
	struct stat dir;
	bool found;
};

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is descriptor `fd` the directory, or the file that has its name in there? */
static void
workplace_match(void *arg, long fd)
{
	struct workplace *place = arg;
	char path[PATH_ROOM], target[4096];
	struct stat open_file, named;
	const char *base;
	ssize_t length;

	if (place->found)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", (int)place->pid, fd);
	if (stat(path, &open_file) < 0)
		return;
	if (S_ISREG(open_file.st_mode)) {
		length = readlink(path, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		base = strrchr(target, '/');
		/* A second name of a file elsewhere would prove nothing. */
		place->found = base && open_file.st_nlink == 1 &&
		    fstatat(place->dirfd, base + 1, &named,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    is_same_file(&open_file, &named);
	} else {
		place->found = is_same_file(&open_file, &place->dir);
	}
}

bool
proc_works_in(pid_t pid, int dirfd)
{
	struct workplace place = { .pid = pid, .dirfd = dirfd };
	char path[PATH_ROOM];
	struct stat cwd;

	if (fstat(dirfd, &place.dir) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	if (stat(path, &cwd) == 0 && is_same_file(&cwd, &place.dir))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return each_number(path, workplace_match, &place) == 0 && place.found;
}

int
proc_owner(pid_t pid, uid_t *uid)
{
	char path[PATH_ROOM];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) < 0)
		return -1;
	*uid = st.st_uid;
	return 0;
}

ssize_t
proc_arguments(pid_t pid, char *buf, size_t size)
{
	char path[PATH_ROOM];
	size_t length = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (
	    length < size && (n = read(fd, buf + length, size - length)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break; /* it ends just now: what was read counts */
		length += (size_t)n;
	}
	close(fd);
	return (ssize_t)length;
}

static int
read_link(const char *name, char *path, size_t size)
{
	ssize_t length = readlink(name, path, size);

	if (length < 0)
		return -1;
	if ((size_t)length == size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	path[length] = '\0';
	return 0;
}

int
proc_directory(pid_t pid, char *path, size_t size)
{
	char name[PATH_ROOM];

	snprintf(name, sizeof(name), "/proc/%d/cwd", (int)pid);
	return read_link(name, path, size);
}

int
proc_program(pid_t pid, char *path, size_t size)
{
	char name[PATH_ROOM];

	snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
	return read_link(name, path, size);
}

int
proc_open_below(pid_t pid, int fd, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d/%s", (int)pid, fd, name);
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}
