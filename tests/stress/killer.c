/*
 * killer.c: SIGKILL to supervisors at random moments of their launches
 *
 *	killer run|mcp|forkserver USEC COMMAND [ARG]...
 *
 * Runs COMMAND (jobdir run, or a server) and kills every supervisor that comes
 * of it, each a random time of up to USEC microseconds after it was first seen;
 * with `forkserver`, instead of that, what forks a server's supervisors.  Ends
 * when nothing of all that is left, with the exit code of COMMAND.
 *
 * A supervisor is a child of `jobdir run`, or of the forkserver.  This program
 * adopts the orphans among its descendants, so a forkserver is its own child,
 * and in the end a supervisor is.  Who is to be killed is stopped for an instant
 * before, to learn which its children are, which are adopted next and must
 * live.
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

enum mode { MODE_RUN, MODE_MCP, MODE_FORKSERVER };

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
note_children(pid_t parent, long usec)
{
	pid_t list[CHILDREN_MAX];
	int count = children(parent, list), i;

	for (i = 0; i < count; i++)
		note(list[i], now_usec() + random() % usec);
}

static bool
is_forkserver(pid_t pid)
{
	static const char words[] = "jobdir\0supervise\0--fork";
	char path[64], text[sizeof(words)];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, sizeof(text), file);
		fclose(file);
	}
	return n == sizeof(text) && memcmp(text, words, n) == 0;
}

/* What this process has adopted. */
static void
note_adopted(pid_t command, enum mode mode, long usec)
{
	pid_t list[CHILDREN_MAX];
	int count = children(getpid(), list), i;
	long due;

	for (i = 0; i < count; i++) {
		if (list[i] == command)
			continue;
		due = now_usec() + random() % usec;
		if (is_forkserver(list[i]) != (mode == MODE_FORKSERVER))
			due = -1;
		note(list[i], due);
		if (is_forkserver(list[i]) && mode == MODE_MCP)
			note_children(list[i], usec);
	}
}

/* Processes not seen before, and what is to be killed now. */
static void
look(pid_t command, enum mode mode, long usec)
{
	int i;

	note_adopted(command, mode, usec);
	if (mode == MODE_RUN)
		note_children(command, usec);
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
	enum mode mode;
	long usec;

	if (argc < 4 || (usec = atol(argv[2])) < 1)
		return 2;
	mode = strcmp(argv[1], "mcp") == 0       ? MODE_MCP
	    : strcmp(argv[1], "forkserver") == 0 ? MODE_FORKSERVER
						 : MODE_RUN;
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
			look(command, mode, usec);
	}
	return code;
}
