/*
 * misbehave.c: jobs that are hard to keep
 *
 *	misbehave daemon FILE	leaves a daemon, as daemons are made: forked
 *				twice, a session of its own, no descriptor of
 *				ours; exits with 0
 *	misbehave deaf FILE	ignores SIGTERM
 *	misbehave closed FILE	closes every descriptor; SIGUSR1 ends it: code 7
 *	misbehave zombies FILE	never reaps its 50 children, which have ended
 *	misbehave bomb FILE	forks as fast as it can, each child in a session
 *				of its own, until something holds it back: who
 *				starts it must have seen to that
 *	misbehave root FILE	installed setuid root: becomes that user with
 *				all its ids
 *
 * FILE appears, complete, when all is as said, and holds the pid of what goes
 * on (of the daemon, else of the command).  Everything ends after 40 s.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_SECONDS = 40, DESCRIPTORS = 1024, ZOMBIES = 50 };

static void
leave_pid(const char *path)
{
	char hidden[4096], text[32];
	int fd, length;

	snprintf(hidden, sizeof(hidden), "%s.new", path);
	length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, (size_t)length) != length ||
	    close(fd) < 0 || rename(hidden, path) < 0)
		_exit(3);
}

static void
close_all(void)
{
	int fd;

	for (fd = 0; fd < DESCRIPTORS; fd++)
		close(fd);
}

static void
stay(void)
{
	alarm(LIFE_SECONDS);
	for (;;)
		pause();
}

static void
be_daemon(const char *path)
{
	int told[2];
	char byte;
	pid_t pid;

	if (pipe(told) < 0 || (pid = fork()) < 0)
		_exit(3);
	if (pid > 0) { /* until the daemon has closed everything */
		close(told[1]);
		_exit(read(told[0], &byte, 1) == 0 ? 0 : 3);
	}
	if (setsid() < 0 || (pid = fork()) < 0)
		_exit(3);
	if (pid > 0)
		_exit(0);
	leave_pid(path);
	close_all();
	stay();
}

static void
be_deaf(const char *path)
{
	if (signal(SIGTERM, SIG_IGN) == SIG_ERR)
		_exit(3);
	leave_pid(path);
	stay();
}

static void
exit_with_7(int signo)
{
	(void)signo;
	_exit(7);
}

static void
be_closed(const char *path)
{
	if (signal(SIGUSR1, exit_with_7) == SIG_ERR)
		_exit(3);
	close_all();
	leave_pid(path);
	stay();
}

static void
be_zombies(const char *path)
{
	siginfo_t info;
	pid_t pid;
	int i;

	for (i = 0; i < ZOMBIES; i++) {
		pid = fork();
		if (pid < 0)
			_exit(3);
		if (pid == 0)
			_exit(0);
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
			_exit(3);
	}
	leave_pid(path);
	stay();
}

static void
live_until(time_t end)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0 || now.tv_sec >= end)
		_exit(3);
	alarm((unsigned)(end - now.tv_sec));
}

/* Each of them forks for ever; what is held back lets others live. */
static void
be_bomb(const char *path)
{
	static const struct timespec pause_time = { 0, 5 * 1000 * 1000 };
	struct timespec now;
	time_t end;
	pid_t pid;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		_exit(3);
	end = now.tv_sec + LIFE_SECONDS;
	leave_pid(path);
	live_until(end);
	for (;;) {
		pid = fork();
		if (pid < 0) {
			nanosleep(&pause_time, NULL);
		} else if (pid == 0) {
			live_until(end);
			setsid(); /* fails only where it is done */
		}
	}
}

static void
be_root(const char *path)
{
	if (setreuid(0, 0) < 0 || setregid(0, 0) < 0)
		_exit(3);
	leave_pid(path);
	stay();
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*be)(const char *);
	} kinds[] = {
		{ "daemon", be_daemon },
		{ "deaf", be_deaf },
		{ "closed", be_closed },
		{ "zombies", be_zombies },
		{ "bomb", be_bomb },
		{ "root", be_root },
	};
	size_t i;

	for (i = 0; argc == 3 && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			kinds[i].be(argv[2]);
	return 2;
}
