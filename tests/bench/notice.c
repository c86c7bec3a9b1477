/*
 * notice.c: how soon is a worker's rename told by a watcher?
 *
 *	notice ROOT RUNS WORD...
 *
 * Starts the watcher (the words, e.g. jobdir watch --jsonl) and waits until it
 * sees what happens in ROOT.  Then, RUNS times: renames a directory with a
 * journal into the root and waits for the line that names it, then replaces
 * that journal by one with an end and waits for that line.  Lines must hold the
 * directory's name.  Prints the median and the 99th percentile of both, in
 * microseconds from before the rename to the end of the line.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_NSEC = 3000000, LINE_ROOM = 1 << 20, SETTLE_SECONDS = 20 };

static char line[LINE_ROOM];
static size_t used;

static long
now_usec(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		abort();
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0, path);
	check(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* A directory under a hidden name, with the record of a job that runs. */
static void
prepare(const char *root, const char *name)
{
	char path[4096], text[128];

	snprintf(path, sizeof(path), "%s/.%s", root, name);
	check(mkdir(path, 0700) == 0, path);
	snprintf(path, sizeof(path), "%s/.%s/journal.json", root, name);
	snprintf(text, sizeof(text), "{\"pid\": %d}\n", (int)getpid());
	write_file(path, text);
	snprintf(path, sizeof(path), "%s/.%s/.next", root, name);
	write_file(path, "{\"exit_code\": 0}\n");
}

static void
rename_in(const char *root, const char *name)
{
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s/.%s", root, name);
	snprintf(to, sizeof(to), "%s/%s", root, name);
	check(rename(from, to) == 0, from);
}

static void
finish(const char *root, const char *name)
{
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s/%s/.next", root, name);
	snprintf(to, sizeof(to), "%s/%s/journal.json", root, name);
	check(rename(from, to) == 0, from);
}

/* Read lines until one holds both words; those before it are of no interest.
 * Returns when its end came. */
static long
read_until(int fd, const char *event, const char *name)
{
	for (;;) {
		char *end = memchr(line, '\n', used);
		size_t length = end ? (size_t)(end - line) + 1 : 0;
		ssize_t n;

		if (end) {
			long now = now_usec();
			int found;

			*end = '\0';
			found = strstr(line, event) && strstr(line, name);
			used -= length;
			memmove(line, line + length, used);
			if (found)
				return now;
			continue;
		}
		if (used == sizeof(line))
			abort();
		n = read(fd, line + used, sizeof(line) - used);
		check(n > 0, "the watcher's output");
		used += (size_t)n;
	}
}

static int
start(char **words, pid_t *pid)
{
	int ends[2];

	check(pipe(ends) == 0, "pipe");
	*pid = fork();
	check(*pid >= 0, "fork");
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(words[0], words);
		_exit(127);
	}
	close(ends[1]);
	return ends[0];
}

/* It is ready when it tells of a job that came after its start; jobs that came
 * while it started are not told. */
static void
warm_up(const char *root, int fd)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	long end = now_usec() + SETTLE_SECONDS * 1000000L;
	char name[64];
	int i = 0;

	check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "pipe");
	do {
		if (now_usec() > end)
			exit(1);
		snprintf(name, sizeof(name), "warm-%d-%d", (int)getpid(), i++);
		prepare(root, name);
		rename_in(root, name);
		nanosleep(&pause, NULL);
	} while (read(fd, line, sizeof(line)) <= 0);
	check(fcntl(fd, F_SETFL, 0) == 0, "pipe");
	snprintf(name, sizeof(name), "warm-%d", (int)getpid());
	prepare(root, name);
	rename_in(root, name);
	snprintf(name, sizeof(name), "\"warm-%d\"", (int)getpid());
	read_until(fd, "\"created\"", name);
}

static int
by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static void
print(long *usec, int count)
{
	qsort(usec, (size_t)count, sizeof(*usec), by_size);
	printf("%ld %ld\n", usec[count / 2], usec[count * 99 / 100]);
}

int
main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	long *made, *ended, begun;
	char name[64], quoted[80];
	int runs, i, fd;
	pid_t pid;

	if (argc < 4 || (runs = atoi(argv[2])) < 1)
		return 2;
	made = calloc((size_t)runs, sizeof(long));
	ended = calloc((size_t)runs, sizeof(long));
	check(made && ended, "memory");
	fd = start(argv + 3, &pid);
	warm_up(argv[1], fd);
	for (i = 0; i < runs; i++) {
		snprintf(name, sizeof(name), "notice-%d-%d", (int)getpid(), i);
		snprintf(quoted, sizeof(quoted), "\"%s\"", name);
		prepare(argv[1], name);
		nanosleep(&pause, NULL);
		begun = now_usec();
		rename_in(argv[1], name);
		made[i] = read_until(fd, "\"created\"", quoted) - begun;
		nanosleep(&pause, NULL);
		begun = now_usec();
		finish(argv[1], name);
		ended[i] = read_until(fd, "\"finished\"", quoted) - begun;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print(made, runs);
	print(ended, runs);
	return 0;
}
