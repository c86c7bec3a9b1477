/*
 * notice.c: how soon is a worker's rename told by a watcher?
 *
 *	notice ROOT RUNS SCRIPT CREATED FINISHED BEFORE AFTER WORD...
 *
 * Starts the watcher (the words, e.g. jobdir watch --jsonl), writes what is in
 * the file SCRIPT (-: nothing) into its input, and waits until it sees what
 * happens in ROOT.  Then, RUNS times: renames a directory with a journal into
 * the root and waits for the line that names it and holds CREATED; and then
 * replaces each of these journals by one with an end and waits for that line,
 * with FINISHED.  If CREATED is -, the directories are there before the watcher
 * is, and only their ends are measured.  The directories are notice-0, notice-1,
 * ..., and before them `warm`; a line names one if it holds BEFORE, that name,
 * and AFTER.  Prints of both the median and the 10th, 90th and 99th percentile,
 * in microseconds from before the rename to the end of the line.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sample.h"

/* Watchers tell changes of one job some time apart. */
enum {
	PAUSE_NSEC = 3000000,
	APART_NSEC = 500000000,
	LINE_ROOM = 1 << 20,
	SETTLE_SECONDS = 20
};

static char line[LINE_ROOM];
static size_t used;

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
			long now = sample_now();
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

/* `in` gets the watcher's input, which stays open. */
static int
start(char **words, pid_t *pid, int *in)
{
	int out[2], ends[2];

	check(pipe(out) == 0 && pipe(ends) == 0, "pipe");
	*pid = fork();
	check(*pid >= 0, "fork");
	if (*pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		close(out[0]);
		close(out[1]);
		execv(words[0], words);
		_exit(127);
	}
	close(out[1]);
	close(ends[0]);
	*in = ends[1];
	return out[0];
}

static void
say(const char *path, int in)
{
	char data[4096];
	ssize_t n;
	int fd;

	if (strcmp(path, "-") == 0)
		return;
	fd = open(path, O_RDONLY);
	check(fd >= 0, path);
	while ((n = read(fd, data, sizeof(data))) > 0)
		check(write(in, data, (size_t)n) == n, "the watcher's input");
	check(n == 0, path);
	close(fd);
}

/* The words of the command line that say what a line must hold. */
struct marks {
	const char *created; /* null: not measured */
	const char *finished;
	const char *before;
	const char *after;
};

static long
told(int fd, const struct marks *marks, const char *event, const char *name)
{
	char mark[256];

	snprintf(mark, sizeof(mark), "%s%s%s", marks->before, name,
	    marks->after);
	return read_until(fd, event, mark);
}

/* It is ready when it tells of a job that came after its start; jobs that came
 * while it started are not told. */
static void
warm_up(const char *root, int fd, const struct marks *marks)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	long end = sample_now() + SETTLE_SECONDS * 1000000000L;
	char name[64];
	int i = 0;

	check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "pipe");
	do {
		if (sample_now() > end)
			exit(1);
		snprintf(name, sizeof(name), "warm-%d", i++);
		prepare(root, name);
		rename_in(root, name);
		nanosleep(&pause, NULL);
	} while (read(fd, line, sizeof(line)) <= 0);
	check(fcntl(fd, F_SETFL, 0) == 0, "pipe");
	prepare(root, "warm");
	rename_in(root, "warm");
	told(fd, marks, marks->created ? marks->created : marks->finished,
	    "warm");
}

/* All the directories, one after the other, or all their ends. */
static void
measure(const char *root, int fd, const struct marks *marks, int runs, bool end,
    struct sample *sample)
{
	struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	char name[64];
	long begun;
	int i;

	for (i = 0; i < runs; i++) {
		snprintf(name, sizeof(name), "notice-%d", i);
		if (!end)
			prepare(root, name);
		nanosleep(&pause, NULL);
		begun = sample_now();
		if (end)
			finish(root, name);
		else
			rename_in(root, name);
		sample_add(sample,
		    told(fd, marks, end ? marks->finished : marks->created,
			name) -
			begun);
	}
}

static void
make_all(const char *root, int runs)
{
	char name[64];
	int i;

	for (i = 0; i < runs; i++) {
		snprintf(name, sizeof(name), "notice-%d", i);
		prepare(root, name);
		rename_in(root, name);
	}
}

int
main(int argc, char **argv)
{
	struct timespec apart = { .tv_nsec = APART_NSEC };
	struct sample made = { 0 }, ended = { 0 };
	struct marks marks;
	int runs, in, fd;
	pid_t pid;

	if (argc < 9 || (runs = atoi(argv[2])) < 1)
		return 2;
	marks = (struct marks){ argv[4], argv[5], argv[6], argv[7] };
	if (strcmp(marks.created, "-") == 0) {
		marks.created = NULL;
		make_all(argv[1], runs);
	}
	fd = start(argv + 8, &pid, &in);
	say(argv[3], in);
	warm_up(argv[1], fd, &marks);
	if (marks.created) {
		measure(argv[1], fd, &marks, runs, false, &made);
		sample_print(&made, 1000.0);
		putchar('\n');
		nanosleep(&apart, NULL);
	}
	measure(argv[1], fd, &marks, runs, true, &ended);
	sample_print(&ended, 1000.0);
	putchar('\n');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
