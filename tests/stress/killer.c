/*
 * killer.c: SIGKILL to supervisors at random moments of their launches
 *
 *	killer run|mcp USEC COMMAND [ARG]...
 *
 * Runs COMMAND (jobdir run, or a server) and kills every supervisor that comes
 * of it, each a random time of up to USEC microseconds after it was first seen.
 * Ends when nothing of all that is left, with the exit code of COMMAND.
 *
 * A supervisor is a child of `jobdir run`; of a server it is a grandchild,
 * forked by a helper that ends at once.  This program adopts the orphans among
 * its descendants, so in the end a supervisor is its own child.  It is stopped
 * for an instant before it is killed, to learn which its children are, which
 * are adopted next and must live.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VICTIMS_MAX = 256, CHILDREN_MAX = 256, STOP_USEC = 100 * 1000 };

struct victim {
	pid_t pid;
	long due; /* -1: is to live, or is dead already */
};

static struct victim victims[VICTIMS_MAX];
static int victim_count;

static long
now_usec(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		abort();
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
children(pid_t pid, pid_t *list)
{
	char path[64];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (count < CHILDREN_MAX && fscanf(file, "%d", &list[count]) == 1)
		count++;
	fclose(file);
	return count;
}

static char
state(pid_t pid)
{
	char path[64], text[512], *end;
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 'X';
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'X';
}

static bool
is_known(pid_t pid)
{
	int i;

	for (i = 0; i < victim_count; i++)
		if (victims[i].pid == pid)
			return true;
	return false;
}

static void
note(pid_t pid, long due)
{
	if (is_known(pid))
		return;
	if (victim_count == VICTIMS_MAX)
		abort();
	victims[victim_count].pid = pid;
	victims[victim_count++].due = due;
}

static void
forget(pid_t pid)
{
	int i;

	for (i = 0; i < victim_count; i++)
		if (victims[i].pid == pid)
			victims[i] = victims[--victim_count];
}

static void
kill_supervisor(pid_t pid)
{
	long end = now_usec() + STOP_USEC;
	pid_t list[CHILDREN_MAX];
	int count, i;

	if (kill(pid, SIGSTOP) < 0)
		return;
	while (strchr("TZX", state(pid)) == NULL && now_usec() < end)
		continue;
	count = children(pid, list);
	for (i = 0; i < count; i++)
		note(list[i], -1);
	kill(pid, SIGKILL);
}

static void
note_children(pid_t parent, pid_t but, long usec)
{
	pid_t list[CHILDREN_MAX];
	int count = children(parent, list), i;

	for (i = 0; i < count; i++)
		if (list[i] != but)
			note(list[i], now_usec() + random() % usec);
}

/* Supervisors not seen before, and what is to be killed now. */
static void
look(pid_t command, bool is_server, long usec)
{
	pid_t helpers[CHILDREN_MAX];
	int count, i;

	note_children(getpid(), command, usec);
	if (is_server) {
		count = children(command, helpers);
		for (i = 0; i < count; i++)
			note_children(helpers[i], 0, usec);
	} else {
		note_children(command, 0, usec);
	}
	for (i = 0; i < victim_count; i++)
		if (victims[i].due >= 0 && victims[i].due <= now_usec()) {
			victims[i].due = -1;
			kill_supervisor(victims[i].pid);
		}
}

static pid_t
start(char **argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* A server does not outlive a test that failed. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		execvp(argv[0], argv);
	_exit(127);
}

int
main(int argc, char **argv)
{
	int status, code = 1;
	pid_t command, pid;
	bool is_server;
	long usec;

	if (argc < 4 || (usec = atol(argv[2])) < 1)
		return 2;
	is_server = strcmp(argv[1], "mcp") == 0;
	srandom((unsigned)(getpid() ^ now_usec()));
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 3;
	command = start(argv + 3);
	if (command < 0)
		return 3;
	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid == command)
			code = WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
		if (pid > 0)
			forget(pid);
		else
			look(command, is_server, usec);
	}
	return code;
}
