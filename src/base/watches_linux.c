/*
 * watches_linux.c: watches.h over /proc
 *
 * Invariant: what can't be read counts as nothing; no limit is ever made up.
 */
#include "base/compat.h"
#include "base/watches.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"

enum { PATH_ROOM = 64 };

/* The number in a file of /proc/sys; -1 if there is none. */
static int64_t
read_number(const char *path)
{
	cleanup_close int fd = -1;
	struct stat st;
	char text[32];
	ssize_t n;

	fd = fsio_open_file(AT_FDCWD, path, &st);
	n = fd < 0 ? -1 : read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

/* The limit of the machine or that of the user namespace: the smaller one. */
static int64_t
limit(const char *of_machine, const char *of_namespace)
{
	int64_t a = read_number(of_machine), b = read_number(of_namespace);

	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* An instance has a line "inotify wd:…" for each watch in its fdinfo. */
static int64_t
count_lines(int info)
{
	static const char mark[] = "inotify wd:";
	char buf[4096];
	size_t matched = 0;
	bool matches = true;
	int64_t count = 0;
	ssize_t n, i;

	while ((n = read(info, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++) {
			if (buf[i] == '\n') {
				matched = 0;
				matches = true;
			} else if (matches && buf[i] == mark[matched]) {
				matches = mark[++matched] != '\0';
				count += !matches;
			} else {
				matches = false;
			}
		}
	return count;
}

struct process {
	struct watches *watches;
	int dir; /* /proc/PID */
	int fds; /* and its fd/ */
};

static int
count_descriptor(void *arg, const char *name)
{
	static const char kind[] = "anon_inode:inotify";
	struct process *process = arg;
	cleanup_close int info = -1;
	char target[sizeof(kind)], path[PATH_ROOM];

	if (readlinkat(process->fds, name, target, sizeof(target)) !=
		(ssize_t)sizeof(kind) - 1 ||
	    memcmp(target, kind, sizeof(kind) - 1) != 0)
		return 0;
	process->watches->instances++;
	snprintf(path, sizeof(path), "fdinfo/%s", name);
	info = openat(process->dir, path, O_RDONLY | O_CLOEXEC);
	if (info >= 0)
		process->watches->watches += count_lines(info);
	return 0;
}

static int
count_process(void *arg, const char *name)
{
	cleanup_close int dir = -1, fds = -1;
	struct process process = { .watches = arg };
	char path[PATH_ROOM];
	struct stat st;
	int64_t pid;

	if (number_parse(name, INT32_MAX, &pid) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s", name);
	process.dir = dir = fsio_open_dir(AT_FDCWD, path, false);
	if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid())
		return 0;
	process.fds = fds = fsio_open_dir(dir, "fd", false);
	if (fds >= 0 && fsio_each(fds, count_descriptor, &process) < 0)
		return 0; /* it ended meanwhile */
	return 0;
}

void
watches_count(struct watches *watches)
{
	cleanup_close int proc = fsio_open_dir(AT_FDCWD, "/proc", false);

	memset(watches, 0, sizeof(*watches));
	watches->instances_most =
	    limit("/proc/sys/fs/inotify/max_user_instances",
		"/proc/sys/user/max_inotify_instances");
	watches->watches_most = limit("/proc/sys/fs/inotify/max_user_watches",
	    "/proc/sys/user/max_inotify_watches");
	if (proc >= 0 && fsio_each(proc, count_process, watches) < 0)
		watches->instances = watches->watches = 0;
}
