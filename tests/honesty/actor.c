/*
 * actor.c: a command that tells a witness what becomes of it
 *
 *	actor FILE end USEC CODE	lives for a part of USEC, exits with CODE
 *	actor FILE raise USEC SIGNAL	the same, but that signal ends it
 *	actor FILE fork USEC CODE	as `end`, and leaves a child behind
 *	actor FILE long			lives on
 *	actor FILE deaf			the same, and ignores SIGTERM
 *	actor FILE tree			the same, with a child that has a child
 *
 * Its first act is to append "PID PPID" to FILE, its last one "exit CODE" or
 * "signal SIGNAL": what FILE says is so, whoever is killed when.  Everything
 * ends after two minutes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_SECONDS = 120 };

static void
tell(const char *path, const char *word, long number)
{
	char text[64];
	int fd, length;

	length = snprintf(text, sizeof(text), "%s %ld\n", word, number);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length ||
	    close(fd) < 0)
		_exit(99);
}

static void
stay(void)
{
	for (;;)
		pause();
}

static void
fork_one(int more)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(98);
	if (pid > 0)
		return;
	alarm(LIFE_SECONDS);
	if (more)
		fork_one(0);
	stay();
}

static void
live(long usec)
{
	struct timespec t = { 0, 0 };

	if (usec > 0)
		t.tv_nsec = random() % usec * 1000;
	nanosleep(&t, NULL);
}

int
main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	char pid[32];
	long what;

	if (argc < 3 || (argc < 5 && strchr("erf", argv[2][0])))
		return 97;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	tell(argv[1], pid, (long)getppid());
	alarm(LIFE_SECONDS);
	srandom((unsigned)getpid());
	if (strcmp(argv[2], "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	if (strcmp(argv[2], "tree") == 0)
		fork_one(1);
	if (argc < 5)
		stay();
	if (strcmp(argv[2], "fork") == 0)
		fork_one(0);
	what = atol(argv[4]);
	live(atol(argv[3]));
	if (strcmp(argv[2], "raise") == 0) {
		tell(argv[1], "signal", what);
		setrlimit(RLIMIT_CORE, &none);
		raise((int)what);
	}
	tell(argv[1], "exit", what);
	_exit((int)what);
}
