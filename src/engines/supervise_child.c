/*
 * supervise_child.c: the child's side of a launch
 *
 * The child itself renames the job's directory into sight as its last act
 * before exec: so a job is visible exactly if its execution was begun, at
 * whatever moment its supervisor dies.
 *
 * Invariant: its record is complete before the job can be seen; a failed exec
 * renames the directory back before it is reported.  What is written to memory
 * here is for this process, or was made by the supervisor for it.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/names.h"

enum { LOCK_FD_LEAST = 100, EXIT_NOT_STARTED = 127 };

/* Who listened may have been killed meanwhile, which changes nothing here. */
static void
tell(int fd, const void *message, size_t size)
{
	if (write_full(fd, message, size) < 0)
		return;
}

static void give_up(const struct child_plan *plan, enum supervise_stage stage,
    int sys) __attribute__((noreturn));

static void
give_up(const struct child_plan *plan, enum supervise_stage stage, int sys)
{
	/* The supervisor tells the launcher when nothing of it is left; one
	 * that was killed meanwhile changes nothing here. */
	if (supervise_report(plan->status, stage, sys) < 0)
		_exit(EXIT_NOT_STARTED);
	_exit(EXIT_NOT_STARTED);
}

/* Put the lock where no shell's `exec 3>` and no runtime's sweep finds it. */
static int
place_lock(int lock)
{
	struct rlimit limit;
	int fd = fcntl(lock, F_DUPFD, LOCK_FD_LEAST);

	if (fd >= 0 || errno != EINVAL || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fd;
	/* A soft limit below: the highest that is allowed. */
	return limit.rlim_cur > 4
	    ? fcntl(lock, F_DUPFD, (int)limit.rlim_cur - 1)
	    : -1;
}

static void
place_descriptors(const struct child_plan *plan)
{
	if (dup2(plan->input, STDIN_FILENO) < 0 ||
	    dup2(plan->output, STDOUT_FILENO) < 0 ||
	    dup2(plan->error, STDERR_FILENO) < 0 ||
	    place_lock(plan->s->lock_fd) < 0)
		give_up(plan, SUPERVISE_PROCESS, errno);
}

/* What the supervisor does not do by default, and an empty mask. */
static void
reset_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT };
	struct sigaction action;
	sigset_t none;
	size_t i;

	memset(&action, 0, sizeof(action));
	/* Telling a launcher that was killed has left a SIGPIPE waiting behind
	 * the mask; to ignore it now is to forget it. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	action.sa_handler = SIG_DFL;
	for (i = 0; i < ARRAY_LEN(ignored); i++)
		sigaction(ignored[i], &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *
search_path(char *const *environment)
{
	for (; *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			return *environment + 5;
	return "/bin:/usr/bin";
}

/* 0 if `path` is a file that may be executed, else an errno value. */
static int
check_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/*
 * Where is the program?  As execvp(3) looks: along PATH if the name has no
 * slash; a file that may not be executed only counts if no other is found.
 */
static char *
find_program(const struct child_plan *plan)
{
	const char *program = plan->journal->argv[0];
	const char *part = search_path(plan->environment), *end;
	int sys = ENOENT, result;
	char *path;

	if (strchr(program, '/')) {
		result = check_program(program);
		if (result)
			give_up(plan, SUPERVISE_PROGRAM, result);
		return xstrdup(program);
	}
	for (; *program; part = end + 1) {
		end = part + strcspn(part, ":");
		path = xasprintf("%.*s%s%s", (int)(end - part), part,
		    end > part ? "/" : "", program);
		result = check_program(path);
		if (result == 0)
			return path;
		if (result == EACCES)
			sys = result;
		free(path);
		if (!*end)
			break;
	}
	give_up(plan, SUPERVISE_PROGRAM, sys);
}

/* The array that execve wants, whose strings are not const by tradition. */
static char **
argument_vector(const char *const *argv)
{
	size_t count = 0;
	char **copy;

	while (argv[count])
		count++;
	copy = xrealloc(NULL, count + 1, sizeof(*copy));
	memcpy(copy, argv, (count + 1) * sizeof(*copy));
	return copy;
}

void
supervisor_note_birth(struct supervisor *s, const struct child_birth *birth)
{
	struct journal journal;

	journal_init(&journal);
	journal.started = birth->started;
	journal.supervisor = birth->supervisor;
	journal.command_id = birth->id;
	s->started_boot = birth->started_boot;
	s->record_len =
	    s->head_len + journal_birth_text(&journal, s->record + s->head_len);
}

static int
write_pid(const struct child_plan *plan, pid_t pid)
{
	char number[32];
	int length = snprintf(number, sizeof(number), "%ld\n", (long)pid);

	return write_full(plan->pid_fd, number, (size_t)length);
}

/* The record, in its file. */
static int
write_record(const struct supervisor *s)
{
	static const char end[] = "\n}\n";
	cleanup_close int fd = openat(s->jobdir, JOB_JOURNAL,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write_full(fd, s->record, s->record_len) < 0)
		return -1;
	return write_full(fd, end, sizeof(end) - 1);
}

/* All identities are on record before the job can be seen. */
static void
record_birth(const struct child_plan *plan)
{
	struct child_birth birth;

	memset(&birth, 0, sizeof(birth));
	birth.mark = SUPERVISE_BORN;
	birth.supervisor = plan->self;
	if (proc_identify(getpid(), &birth.id) < 0)
		give_up(plan, SUPERVISE_PROCESS, errno);
	birth.started = time_wall();
	birth.started_boot = time_boot();
	supervisor_note_birth(plan->s, &birth);
	if (write_pid(plan, birth.id.pid) < 0 ||
	    supervisor_reserve_end(plan->s) < 0 || write_record(plan->s) < 0)
		give_up(plan, SUPERVISE_RECORD, errno);
	/* Without it there would be nobody to record the end. */
	if (write_full(plan->status, &birth, sizeof(birth)) < 0)
		give_up(plan, SUPERVISE_PROCESS, errno);
}

void
child_run(struct child_plan *plan)
{
	static const char started = SUPERVISE_STARTED;
	int sys;

	if (setsid() < 0)
		give_up(plan, SUPERVISE_PROCESS, errno);
	if (plan->journal->cwd && chdir(plan->journal->cwd) < 0)
		give_up(plan, SUPERVISE_CWD, errno);
	plan->program = find_program(plan);
	plan->argv = argument_vector(plan->journal->argv);
	record_birth(plan);
	place_descriptors(plan);
	if (renameat(plan->new_dir, plan->name, plan->root, plan->name) < 0)
		give_up(plan, SUPERVISE_RECORD, errno);
	tell(plan->status, &started, 1);
	tell(plan->answer, &started, 1);
	reset_signals();
	execve(plan->program, plan->argv, plan->environment);
	sys = errno;
	if (renameat(plan->root, plan->name, plan->new_dir, plan->name) < 0)
		sys = errno;
	give_up(plan, SUPERVISE_PROGRAM, sys);
}
