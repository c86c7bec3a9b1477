/*
 * mark.c: a command that leaves a trace of having run
 *
 *	mark DIR NAME [USEC]
 *
 * Its first act is to append one byte to DIR/NAME, so the size of that file is
 * the number of times it ran.  Then it lives on for a random part of USEC
 * microseconds, busily: shorter than any timer's grain.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long
now_usec(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		return 0;
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
	char path[4096];
	long end;
	int fd;

	if (argc < 3)
		return 2;
	snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 3;
	close(fd);
	srand((unsigned)getpid());
	if (argc > 3 && atol(argv[3]) > 0)
		for (end = now_usec() + rand() % atol(argv[3]);
		     now_usec() < end;)
			continue;
	return 0;
}
