/*
 * family.c: the kinds of processes that are hard to end
 *
 *	family DIR
 *
 * Starts, and then waits for a signal:
 *
 *	daemon	a grandchild in a session of its own, forked twice, with every
 *		descriptor closed
 *	deaf	a child that ignores SIGTERM
 *	apart	a child in a process group of its own
 *
 * Each leaves its pid in DIR, in a file of its name that appears complete.
 * All of them end by themselves after a minute.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIFE_SECONDS = 60, DESCRIPTORS = 1024 };

static void
leave_pid(const char *dir, const char *name)
{
	char hidden[4096], path[4096], text[32];
	int fd, length;

	snprintf(hidden, sizeof(hidden), "%s/.%s", dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	fd = open(hidden, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length ||
	    close(fd) < 0 || rename(hidden, path) < 0)
		_exit(3);
}

static void
stay(void)
{
	alarm(LIFE_SECONDS);
	for (;;)
		pause();
}

static void
be_daemon(const char *dir)
{
	int fd;

	if (setsid() < 0)
		_exit(3);
	if (fork() != 0)
		_exit(0);
	leave_pid(dir, "daemon");
	for (fd = 0; fd < DESCRIPTORS; fd++)
		close(fd);
	stay();
}

static void
be_deaf(const char *dir)
{
	if (signal(SIGTERM, SIG_IGN) == SIG_ERR)
		_exit(3);
	leave_pid(dir, "deaf");
	stay();
}

static void
be_apart(const char *dir)
{
	if (setpgid(0, 0) < 0)
		_exit(3);
	leave_pid(dir, "apart");
	stay();
}

int
main(int argc, char **argv)
{
	static void (*const members[])(
	    const char *) = { be_daemon, be_deaf, be_apart };
	size_t i;
	pid_t pid;

	if (argc != 2)
		return 2;
	for (i = 0; i < sizeof(members) / sizeof(*members); i++) {
		pid = fork();
		if (pid < 0)
			return 3;
		if (pid == 0)
			members[i](argv[1]);
	}
	stay();
}
