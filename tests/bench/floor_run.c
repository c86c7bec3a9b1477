/*
 * floor_run.c: what starting a command as a job costs at least
 *
 *	floor_run one ROOT WORD...
 *	floor_run many ROOT COUNT FLIGHT WORD...
 *
 * Makes what `jobdir run -- WORD...` makes: a directory under a hidden name
 * with a locked `pid`, two logs and the reserved place of its end; a supervisor
 * of its own session, whose child (vfork) writes the record, renames the
 * directory into sight and executes the command; then, with the same syncs, the
 * start and the end on record.  `one` prints the name and returns when the command is executed, and
 * the supervisor goes on.  `many` starts COUNT commands, FLIGHT at a time,
 * waits until their ends are on record and prints the microseconds of each.
 *
 * Left out: whatever asks, checks or is there for others to see: environment
 * and limits, descriptors that were inherited, notification, signals, the
 * identity of processes, counters of memory, and a look at the record by the
 * launcher.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sample.h"

enum {
	NAME_ROOM = 80,
	RECORD_ROOM = 1024,
	START_BYTES = 542,
	END_BYTES = 803,
	END_RESERVED = 4096
};

#define CREATE (O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

struct job {
	char name[NAME_ROOM];
	char **words;
	int hidden; /* the directory it is built in */
	int dir;
	int root;
	int null;
	int logs[2];
	int done; /* told when the end is on record, or -1 */
};

static void
fail(const char *what)
{
	fprintf(stderr, "floor_run: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int
check(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static void
make_pipe(int ends[2])
{
	check(pipe(ends), "pipe");
	check(fcntl(ends[0], F_SETFD, FD_CLOEXEC), "pipe");
	check(fcntl(ends[1], F_SETFD, FD_CLOEXEC), "pipe");
}

/* As long as a record of ours. */
static void
fill(char text[RECORD_ROOM], size_t length, pid_t pid)
{
	int n = snprintf(text, RECORD_ROOM, "{\"pid\": %d, \"rest\": \"", pid);

	memset(text + n, '.', length - (size_t)n);
	memcpy(text + length - 4, "\"\n}\n", 4);
}

static void
put(int fd, const char *text, size_t length, const char *what)
{
	if (write(fd, text, length) != (ssize_t)length)
		fail(what);
}

static void
write_start(const struct job *job, int pid_fd, int end)
{
	char text[RECORD_ROOM];
	pid_t pid = getpid();
	int fd, n;

	n = snprintf(text, sizeof(text), "%d\n", pid);
	put(pid_fd, text, (size_t)n, "pid");
	if (posix_fallocate(end, 0, END_RESERVED) != 0)
		fail(".end");
	fd = check(openat(job->dir, "journal.json", O_WRONLY | CREATE, 0600),
	    "journal.json");
	fill(text, START_BYTES, pid);
	put(fd, text, START_BYTES, "journal.json");
	close(fd);
}

/* The child: makes itself known and seen and becomes the command. */
static void
execute(const struct job *job, int pid_fd, int end)
{
	check(setsid(), "setsid");
	write_start(job, pid_fd, end);
	check(dup2(job->null, STDIN_FILENO), "dup2");
	check(dup2(job->logs[0], STDOUT_FILENO), "dup2");
	check(dup2(job->logs[1], STDERR_FILENO), "dup2");
	check(renameat(job->hidden, job->name, job->root, job->name), "rename");
	execvp(job->words[0], job->words);
	fail(job->words[0]);
}

static void
sync_start(const struct job *job)
{
	int fd = check(openat(job->dir, "journal.json", O_RDONLY | O_CLOEXEC),
	    "journal.json");

	check(fsync(fd), "journal.json");
	check(fsync(job->dir), "directory");
	check(fsync(job->root), "root");
	close(fd);
}

static void
write_end(const struct job *job, int end, pid_t pid)
{
	char text[RECORD_ROOM];

	fill(text, END_BYTES, pid);
	put(end, text, END_BYTES, ".end");
	check(ftruncate(end, END_BYTES), ".end");
	check(fchmod(end, 0400), ".end");
	check(fsync(end), ".end");
	check(renameat(job->dir, ".end", job->dir, "journal.json"), ".end");
	check(fsync(job->dir), "directory");
}

/* The supervisor; `told` is closed as soon as the command is executed. */
static void
supervise(struct job *job, int told)
{
	int pid_fd, end, status;
	pid_t pid;

	check(setsid(), "setsid");
	signal(SIGCHLD, SIG_DFL);
	check(chdir("/"), "/");
	pid_fd = check(openat(job->dir, "pid", O_WRONLY | CREATE, 0600), "pid");
	check(flock(pid_fd, LOCK_EX | LOCK_NB), "pid");
	job->logs[0] = check(openat(job->dir, "stdout.log",
				 O_RDWR | O_APPEND | CREATE, 0600),
	    "stdout.log");
	job->logs[1] = check(openat(job->dir, "stderr.log",
				 O_RDWR | O_APPEND | CREATE, 0600),
	    "stderr.log");
	job->null = check(open("/dev/null", O_RDONLY | O_CLOEXEC), "null");
	end = check(openat(job->dir, ".end", O_RDWR | CREATE, 0600), ".end");
	pid = check(vfork(), "vfork");
	if (pid == 0)
		execute(job, pid_fd, end);
	close(told);
	sync_start(job);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		fail("the command");
	write_end(job, end, pid);
	if (job->done >= 0)
		put(job->done, "", 1, "done");
	_exit(0);
}

static void
build(struct job *job)
{
	static unsigned number;
	time_t now = time(NULL);
	char stamp[24];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(job->name, sizeof(job->name), "%s__%08x-0000-4000-8000-%012x",
	    stamp, (unsigned)getpid(), number++);
	check(mkdirat(job->hidden, job->name, 0700), job->name);
	job->dir = check(openat(job->hidden, job->name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    job->name);
}

/* Returns a pipe that ends when the command is executed. */
static int
launch(struct job *job)
{
	int told[2];

	build(job);
	make_pipe(told);
	if (check(fork(), "fork") == 0) {
		close(told[0]);
		supervise(job, told[1]);
	}
	close(told[1]);
	close(job->dir);
	return told[0];
}

static void
run_one(struct job *job)
{
	int told = launch(job);
	char byte;

	if (read(told, &byte, 1) != 0)
		fail("the supervisor");
	puts(job->name);
}

static void
run_many(struct job *job, int count, int flight)
{
	int done[2], begun = 0, ended = 0;
	long start = sample_now();
	char byte;

	make_pipe(done);
	job->done = done[1];
	signal(SIGCHLD, SIG_IGN); /* nobody waits for supervisors */
	for (; begun < count && begun < flight; begun++)
		close(launch(job));
	for (; ended < count; ended++) {
		if (read(done[0], &byte, 1) != 1)
			fail("an end");
		if (begun < count) {
			close(launch(job));
			begun++;
		}
	}
	printf("%.2f\n", (double)(sample_now() - start) / 1000 / count);
}

int
main(int argc, char **argv)
{
	struct job job = { .done = -1 };
	int many = argc > 5 && strcmp(argv[1], "many") == 0;

	if (!many && (argc < 4 || strcmp(argv[1], "one") != 0))
		return fputs(
			   "usage: floor_run one ROOT WORD...\n"
			   "       floor_run many ROOT COUNT FLIGHT WORD...\n",
			   stderr),
		       2;
	job.words = argv + (many ? 5 : 3);
	job.root =
	    check(open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC), argv[2]);
	if (mkdirat(job.root, ".new", 0700) < 0 && errno != EEXIST)
		fail(".new");
	job.hidden = check(openat(job.root, ".new",
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    ".new");
	if (many)
		run_many(&job, atoi(argv[3]), atoi(argv[4]));
	else
		run_one(&job);
	return 0;
}
