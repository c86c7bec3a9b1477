/*
 * hops.c: chains of processes that fork, call setsid and exit
 *
 *	hops FILE CHAINS SECONDS [leave]
 *
 * Each chain is at any moment one process: it forks, the parent exits, the
 * child begins a session of its own and goes on, as fast as it can.  FILE holds
 * a 64-bit counter of hops for each chain, so that who watches it knows whether
 * a chain lives without finding its process, which no walk of /proc can.
 *
 * The first process ignores SIGTERM, as all that come of it, and stays until
 * the end; with `leave` it exits at once.  Everything ends after SECONDS (at
 * most 20) or HOPS_MAX hops.  A chain that finds its supervisor gone has
 * survived what it should not, and then hops slowly: the process table is not
 * to be filled with what pid 1 has not reaped yet.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CHAINS_MAX = 64,
	SECONDS_MAX = 20,
	HOPS_MAX = 1000 * 1000,
	SLOW_USEC = 50 * 1000,
};

static time_t
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		_exit(3);
	return t.tv_sec;
}

static void
hop(volatile uint64_t *counter, time_t end, int supervisor)
{
	struct pollfd gone = { supervisor, POLLIN, 0 };
	pid_t pid;

	while (*counter < HOPS_MAX && now() < end) {
		if (poll(&gone, 1, 0) != 0)
			usleep(SLOW_USEC);
		pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid < 0)
			sched_yield(); /* the table is full */
		else if (setsid() < 0)
			_exit(3);
		else
			++*counter;
	}
	_exit(0);
}

int
main(int argc, char **argv)
{
	volatile uint64_t *counters;
	int chains, seconds, supervisor, fd, i;
	time_t end;
	pid_t pid;

	if (argc < 4)
		return 2;
	chains = atoi(argv[2]);
	seconds = atoi(argv[3]);
	if (chains < 1 || chains > CHAINS_MAX || seconds > SECONDS_MAX)
		return 2;
	end = now() + seconds;
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, chains * 8) < 0)
		return 3;
	supervisor = (int)syscall(SYS_pidfd_open, getppid(), 0);
	if (supervisor < 0)
		return 3;
	counters = mmap(NULL, (size_t)chains * 8, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED || signal(SIGTERM, SIG_IGN) == SIG_ERR)
		return 3;
	for (i = 0; i < chains; i++) {
		pid = fork();
		if (pid < 0)
			return 3;
		if (pid == 0)
			hop(counters + i, end, supervisor);
	}
	if (argc > 4 && strcmp(argv[4], "leave") == 0)
		return 0;
	alarm((unsigned)seconds);
	for (;;)
		pause();
}
