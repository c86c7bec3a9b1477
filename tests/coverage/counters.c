/*
 * counters.c: counters of a coverage build that outlive whoever counts
 *
 * The compiler's runtime adds the counters of a process to files when it calls
 * exit().  Here processes leave by _exit(), turn into others by execve(), and
 * are killed by the tests; and a process that reads and writes a hundred files
 * at its end is not the one that was to be tested.  So the counters, which
 * counters.ld gathers in pages of their own, are mapped from one file that all
 * processes of a program share, and exit() writes nothing (--wrap).  In the end
 *
 *	JOBDIR_COUNTERS=write PROGRAM
 *
 * hands the counts to the runtime, once, and sets them to 0.
 *
 * Invariant: what the program can see stays as it was.  Where the file can't be
 * had (no /proc, another root directory), that process is not counted.
 */
#include "base/compat.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITES "JOBDIR_COUNTERS"

/* The linker's. */
extern char counters_begin[], counters_end[];
void __real___gcov_exit(void);
void __wrap___gcov_exit(void);

static bool writes;

/* Whoever runs the program may count: also another user. */
static int
open_file(size_t size)
{
	struct stat st;
	char path[4096];
	int fd;

	if (stat("/proc/self/exe", &st) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%ju", COUNTERS, (uintmax_t)st.st_ino);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size < size &&
	    (fchmod(fd, 0666) < 0 || ftruncate(fd, (off_t)size) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void __attribute__((constructor)) share(void)
{
	size_t size = (size_t)(counters_end - counters_begin);
	int fd = open_file(size);

	writes = getenv(WRITES) != NULL;
	if (fd >= 0) {
		if (mmap(counters_begin, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			abort(); /* whatever was there is gone */
		close(fd);
	} else if (writes) {
		perror(COUNTERS);
		_exit(1);
	}
	if (writes)
		exit(0);
}

/* Called for each object file; the first call writes them all. */
void
__wrap___gcov_exit(void)
{
	if (!writes)
		return;
	__real___gcov_exit();
	memset(counters_begin, 0, (size_t)(counters_end - counters_begin));
}
