/*
 * havoc.c: start things, and kill of what comes of them whatever chance says
 *
 *	havoc USEC KILLS SEED PLAN
 *
 * Each line of PLAN starts a program, at a time within USEC microseconds; its
 * words, and what comes before them, are separated by tabs:
 *
 *	run	AT OUT WORD...		stdout and stderr go to the file OUT
 *	server	AT OUT IN WORD...	the same, and it reads what the file IN
 *					has, then nothing until the time is over
 *
 * At KILLS random moments it chooses a role among those that have processes
 * now (who was started here; any other jobdir; commands) and sends SIGKILL to
 * one process of that role, to each fourth, or to one and all its children.
 * It adopts every orphan, and tells on stdout what it did and saw:
 *
 *	kill PID ROLE	it lived and was killed
 *	end PID STATUS	how a process ended that this one had to wait for
 *	quiet		nothing is started or killed any more, and what was
 *			started here has ended
 *
 * From then on it only reaps.  After the end of its input it waits until
 * nothing is left, and exits with 0; or says "left PID" of what is.
 */
#define _GNU_SOURCE /* syscall */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STARTS_MAX = 256, WORDS_MAX = 64, PROCESSES_MAX = 1024 };
enum { PATIENCE_USEC = 20 * 1000 * 1000, STEP_NSEC = 100 * 1000 };
enum role { STARTED, KEEPER, COMMAND, ROLES };

static const char *const role_names[] = { "started", "keeper", "command" };

struct start {
	long at;
	pid_t pid; /* 0: not yet */
	bool over;
	int input; /* -1: none */
	char *words[WORDS_MAX];
};

struct process {
	pid_t pid, parent;
	enum role role;
};

static struct start starts[STARTS_MAX];
static int start_count;
static struct process processes[PROCESSES_MAX];
static int process_count;

static long
now_usec(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		abort();
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
compare_starts(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int
compare_longs(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
read_plan(const char *path)
{
	char line[8192], *word, *rest;
	FILE *file = fopen(path, "re");
	struct start *s;
	int n;

	if (!file)
		exit(3);
	while (fgets(line, sizeof(line), file)) {
		if (start_count == STARTS_MAX)
			exit(3);
		line[strcspn(line, "\n")] = '\0';
		s = &starts[start_count++];
		s->input = -1;
		for (n = 0, rest = strdup(line);
		     (word = strsep(&rest, "\t")) && n < WORDS_MAX - 1; n++)
			s->words[n] = word;
		s->at = atol(s->words[1]);
	}
	fclose(file);
	qsort(starts, (size_t)start_count, sizeof(*starts), compare_starts);
}

/* A pipe that holds what the file has; it fits. */
static int
pipe_with(const char *path, int *writer)
{
	static char bytes[32768];
	int ends[2], fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || pipe2(ends, O_CLOEXEC) < 0 ||
	    (n = read(fd, bytes, sizeof(bytes))) < 0 ||
	    write(ends[1], bytes, (size_t)n) != n)
		exit(3);
	close(fd);
	*writer = ends[1];
	return ends[0];
}

static void
begin(struct start *s)
{
	bool server = strcmp(s->words[0], "server") == 0;
	int in,
	    out = open(s->words[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		0600);

	in = server ? pipe_with(s->words[3], &s->input)
		    : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (in < 0 || out < 0 || (s->pid = fork()) < 0)
		exit(3);
	if (s->pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(in, 0) == 0 &&
		    dup2(out, 1) == 1 && dup2(out, 2) == 2)
			execv(s->words[3 + server], s->words + 3 + server);
		_exit(127);
	}
	close(in);
	close(out);
}

static void
reap(void)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		printf("end %d %d\n", pid, status);
		for (i = 0; i < start_count; i++)
			if (starts[i].pid == pid)
				starts[i].over = true;
	}
}

/* Parent, and whether it lives; false if there is none. */
static bool
look_at(pid_t pid, pid_t *parent, char name[64])
{
	char path[64], text[512], *open_, *close_, state;
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	open_ = strchr(text, '(');
	close_ = strrchr(text, ')');
	if (!open_ || !close_ ||
	    sscanf(close_ + 1, " %c %d", &state, parent) != 2)
		return false;
	snprintf(name, 64, "%.*s", (int)(close_ - open_ - 1), open_ + 1);
	return !strchr("ZX", state);
}

static enum role
role_of(pid_t pid, const char *name)
{
	int i;

	for (i = 0; i < start_count; i++)
		if (starts[i].pid == pid)
			return STARTED;
	return strcmp(name, "jobdir") == 0 ? KEEPER : COMMAND;
}

/* All that descend from a process. */
static void
find(pid_t pid)
{
	char path[64], name[64];
	struct process *p;
	pid_t child;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1) {
		if (process_count == PROCESSES_MAX)
			abort();
		p = &processes[process_count];
		if (look_at(child, &p->parent, name)) {
			p->pid = child;
			p->role = role_of(child, name);
			process_count++;
		}
		find(child);
	}
	if (file)
		fclose(file);
}

/* Only the process that was found: not another one of that number. */
static void
kill_one(const struct process *p)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	char name[64];
	pid_t parent;

	if (fd < 0)
		return;
	if (look_at(p->pid, &parent, name) &&
	    (parent == p->parent || parent == getpid()) &&
	    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0)
		printf("kill %d %s\n", p->pid, role_names[p->role]);
	close(fd);
}

static void
kill_some(void)
{
	int i, first, mode = (int)(random() % 10);
	enum role role;

	process_count = 0;
	find(getpid());
	if (process_count == 0)
		return;
	/* Roles have the same chance, however many play them. */
	role = (enum role)(random() % ROLES);
	first = (int)(random() % process_count);
	for (i = 0; i < process_count && processes[first].role != role; i++)
		first = (first + 1) % process_count;
	if (processes[first].role != role)
		return;
	kill_one(&processes[first]);
	for (i = 0; mode < 4 && i < process_count; i++)
		if (mode < 2 ? processes[i].parent == processes[first].pid
			     : processes[i].role == role && random() % 4 == 0)
			kill_one(&processes[i]);
}

static bool
all_over(void)
{
	int i;

	for (i = 0; i < start_count; i++)
		if (!starts[i].over)
			return false;
	return true;
}

static void
pause_a_little(void)
{
	const struct timespec t = { 0, STEP_NSEC };

	nanosleep(&t, NULL);
}

static void
play(long usec, int kills)
{
	long *due = calloc((size_t)kills + 1, sizeof(*due));
	long begun = now_usec();
	int i, started = 0, killed = 0;

	for (i = 0; due && i < kills; i++)
		due[i] = random() % usec;
	if (!due)
		exit(3);
	qsort(due, (size_t)kills, sizeof(*due), compare_longs);
	while (started < start_count || killed < kills) {
		long at = now_usec() - begun;

		if (started < start_count && starts[started].at <= at)
			begin(&starts[started++]);
		while (killed < kills && due[killed] <= at) {
			kill_some();
			killed++;
		}
		reap();
		pause_a_little();
	}
	free(due);
	for (i = 0; i < start_count; i++)
		if (starts[i].input >= 0)
			close(starts[i].input);
	for (; !all_over(); pause_a_little())
		reap();
}

/* Until nothing is left. */
static int
clear(void)
{
	long end = now_usec() + PATIENCE_USEC;
	int i;

	while (waitpid(-1, NULL, WNOHANG) >= 0 || errno == EINTR) {
		if (now_usec() > end) {
			process_count = 0;
			find(getpid());
			for (i = 0; i < process_count; i++)
				printf("left %d\n", processes[i].pid);
			return 1;
		}
		pause_a_little();
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };

	if (argc != 5 || atol(argv[1]) < 1)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	srandom((unsigned)atol(argv[3]));
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 3;
	read_plan(argv[4]);
	play(atol(argv[1]), (int)atol(argv[2]));
	puts("quiet");
	while (poll(&in, 1, 5) == 0)
		reap();
	return clear();
}
