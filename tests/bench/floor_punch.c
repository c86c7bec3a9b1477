/*
 * floor_punch.c: what keeping a growing file within a bound costs at least
 *
 *	floor_punch BOUND WORD...
 *
 * Executes the words with stdout a new file without a name in the working
 * directory, and meanwhile, every 20 ms, if the file takes more than BOUND bytes
 * on disk, gives its middle back: all but the first quarter of the bound and the
 * last half of it, as a supervisor does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_NSEC = 20000000, UNIT = 512, PAGE = 4096 };

static void
fail(const char *what)
{
	fprintf(stderr, "floor_punch: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void
keep_within(int fd, long bound)
{
	long from = bound / 4 / PAGE * PAGE, length;
	struct stat st;

	if (fstat(fd, &st) < 0)
		fail("file");
	length = (st.st_size - bound / 2) / PAGE * PAGE - from;
	if (st.st_blocks * UNIT <= bound || length <= 0)
		return;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
		length) < 0)
		fail("punch");
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	long bound = argc > 2 ? atol(argv[1]) : 0;
	int fd, status;
	pid_t pid;

	if (bound < PAGE)
		return fputs("usage: floor_punch BOUND WORD...\n", stderr), 2;
	fd = open(".", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("file");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (dup2(fd, STDOUT_FILENO) < 0)
			fail("stdout");
		execvp(argv[2], argv + 2);
		fail(argv[2]);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		keep_within(fd, bound);
		nanosleep(&pause, NULL);
	}
	return status != 0;
}
