/*
 * supervise.c: launching a command under a supervisor
 *
 * Flow B passes here: directory -> lock, logs, place -> child -> record.
 *
 * Invariant: everything that can fail is done before the command is executed;
 * whatever fails until then is told to the launcher and leaves no directory.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/job.h"
#include "spool/names.h"

/* What a launch needs besides the supervisor's own state. */
struct launch {
	const struct supervise *args;
	struct supervisor *s;
	int root;
	int answer;
	int holds[2]; /* the launcher's locks; -1: none */
	int new_dir;
	int pid_fd;      /* pid, for writing */
	int child_input; /* read end of .stdin, or /dev/null */
	struct proc_id self;
	int status[2]; /* from the child: see struct child_plan */
};

int
supervise_report(int fd, enum supervise_stage stage, int sys)
{
	struct supervise_failure failure;

	memset(&failure, 0, sizeof(failure));
	failure.mark = SUPERVISE_FAILED;
	failure.stage = (unsigned char)stage;
	failure.sys = sys;
	return write_full(fd, &failure, sizeof(failure));
}

/* Tell the launcher, remove the directory, end. */
static void fail(struct launch *l, enum supervise_stage stage, int sys)
    __attribute__((noreturn));

static void
fail(struct launch *l, enum supervise_stage stage, int sys)
{
	if (l->new_dir >= 0)
		job_remove_new(l->new_dir, l->args->name);
	/* A launcher that is gone can't be told. */
	_exit(supervise_report(l->answer, stage, sys) < 0);
}

static void
fail_at_descriptor(struct launch *l)
{
	/* A number above the limit. */
	fail(l, SUPERVISE_PROCESS, errno == EBADF ? EMFILE : errno);
}

/*
 * Keep the descriptors that were handed over, at fixed places, and no other: a
 * job launched from inside a job must not keep the outer job's lock or pipes.
 */
static void
take_descriptors(struct launch *l)
{
	enum { FIRST = SUPERVISOR_DIR_FD + 1, SAFE = FIRST + 4 };
	int from[4] = { l->args->root, l->args->answer, l->args->holds[0],
		l->args->holds[1] };
	int null, to[4], i;

	l->answer = l->args->answer;
	for (i = 0; i < 4; i++) {
		to[i] =
		    from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, SAFE);
		if (from[i] >= 0 && to[i] < 0)
			fail(l, SUPERVISE_PROCESS, EMFILE);
	}
	l->answer = to[1];
	/* The launcher's own must not stay: who reads its output would wait
	 * for the end of the job. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (null < 0 || (i != null && dup2(null, i) < 0))
			fail_at_descriptor(l);
	for (i = 0; i < 4; i++) {
		if (to[i] < 0) {
			close(FIRST + i);
			continue;
		}
		if (dup2(to[i], FIRST + i) < 0 ||
		    fcntl(FIRST + i, F_SETFD, FD_CLOEXEC) < 0)
			fail_at_descriptor(l);
		to[i] = FIRST + i;
	}
	compat_close_from(FIRST + 4);
	for (i = 3; i <= SUPERVISOR_DIR_FD; i++)
		close(i);
	l->root = to[0];
	l->answer = to[1];
	l->holds[0] = to[2];
	l->holds[1] = to[3];
}

/* A directory at the one place where it is looked for. */
static int
open_jobdir(int parent, const char *name)
{
	int fd = fsio_open_dir(parent, name, false);

	if (fd < 0 || fd == SUPERVISOR_DIR_FD)
		return fd;
	if (dup2(fd, SUPERVISOR_DIR_FD) < 0 ||
	    fcntl(SUPERVISOR_DIR_FD, F_SETFD, FD_CLOEXEC) < 0) {
		close_fd(&fd);
		return -1;
	}
	close_fd(&fd);
	return SUPERVISOR_DIR_FD;
}

static int
take_lock(struct launch *l)
{
	struct supervisor *s = l->s;

	l->pid_fd = openat(s->jobdir, JOB_PID,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->pid_fd < 0)
		return -1;
	/* A separate open: this one is what the job inherits, read-only. */
	s->lock_fd =
	    openat(s->jobdir, JOB_PID, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return s->lock_fd < 0 ? -1 : flock(s->lock_fd, LOCK_EX | LOCK_NB);
}

static int
make_log(const struct supervisor *s, const char *name)
{
	return openat(s->jobdir, name,
	    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
}

static void
make_logs(struct launch *l)
{
	const struct journal *j = l->args->journal;
	struct supervisor *s = l->s;
	int64_t bound = j->max_log_bytes > 0 ? j->max_log_bytes : 0;
	int out, err = -1;

	out = make_log(s, JOB_STDOUT);
	s->has_err = !j->merge_output;
	if (out >= 0 && s->has_err)
		err = make_log(s, JOB_STDERR);
	if (out < 0 || (s->has_err && err < 0))
		fail(l, SUPERVISE_LOG, errno);
	bounded_log_init(&s->out, out, bound, s->remote);
	bounded_log_init(&s->err, err, bound, s->remote);
}

static int
make_input(struct launch *l)
{
	struct supervisor *s = l->s;

	if (!l->args->journal->interactive) {
		l->child_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return l->child_input < 0 ? -1 : 0;
	}
	if (mkfifoat(s->jobdir, JOB_STDIN, 0600) < 0)
		return -1;
	/* Without O_NONBLOCK each end would wait for the other. */
	l->child_input = openat(s->jobdir, JOB_STDIN,
	    O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (l->child_input < 0)
		return -1;
	s->input_fd = openat(s->jobdir, JOB_STDIN,
	    O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return s->input_fd < 0 ? -1 : fcntl(l->child_input, F_SETFL, 0);
}

/* Everything in the directory but the record. */
static void
prepare(struct launch *l)
{
	struct supervisor *s = l->s;

	l->new_dir = fsio_open_dir(l->root, ROOT_NEW, false);
	if (l->new_dir < 0)
		fail(l, SUPERVISE_RECORD, errno);
	s->jobdir = open_jobdir(l->new_dir, l->args->name);
	if (s->jobdir < 0 || take_lock(l) < 0)
		fail(l, SUPERVISE_RECORD, errno);
	s->remote = compat_is_remote(s->jobdir);
	s->names_fd = fsio_open_dir(s->jobdir, ".", false);
	s->content_fd = fsio_open_dir(s->jobdir, ".", false);
	make_logs(l);
	if (make_input(l) < 0 || supervisor_make_end(s) < 0)
		fail(l, SUPERVISE_RECORD, errno);
	if (compat_pipe(l->status) < 0)
		fail(l, SUPERVISE_PROCESS, errno);
}

/* The record so far, with room for what only the birth tells. */
static void
begin_record(struct launch *l)
{
	struct supervisor *s = l->s;

	if (proc_identify(getpid(), &l->self) < 0)
		fail(l, SUPERVISE_PROCESS, errno);
	s->head_len = strlen(l->args->head);
	s->record = xrealloc(NULL, s->head_len + JOURNAL_BIRTH_MAX, 1);
	memcpy(s->record, l->args->head, s->head_len);
}

/* The child never began, or did not get as far as the command. */
static void abandon(struct launch *l, enum supervise_stage stage, int sys)
    __attribute__((noreturn));

static void
abandon(struct launch *l, enum supervise_stage stage, int sys)
{
	int status;

	while (waitpid(l->s->command, &status, 0) < 0 && errno == EINTR)
		continue;
	fail(l, stage, sys);
}

/* All that the child said, up to its end of the pipe, which comes with exec or
 * death; returns its length. */
static size_t
hear(int status, char *said, size_t size)
{
	size_t length = 0;
	ssize_t n;

	do {
		n = read(status, said + length, size - length);
		/* An error is no end of file, and decides nothing. */
		if (n > 0)
			length += (size_t)n;
	} while (n != 0 && length < size);
	return length;
}

/* See how it fared; returns only if there is, or was, a command in sight. */
static void
follow_child(struct launch *l)
{
	struct supervise_failure failure;
	struct child_birth birth;
	char said[sizeof(birth) + 1 + sizeof(failure)];
	size_t length = hear(l->status[0], said, sizeof(said)), at = 0;

	if (length > at && said[at] == SUPERVISE_BORN &&
	    length - at >= sizeof(birth)) {
		memcpy(&birth, said, sizeof(birth));
		supervisor_note_birth(l->s, &birth);
		at += sizeof(birth);
	}
	if (length > at && said[at] == SUPERVISE_STARTED)
		at++;
	if (length - at >= sizeof(failure)) {
		memcpy(&failure, said + at, sizeof(failure));
		abandon(l, (enum supervise_stage)failure.stage, failure.sys);
	}
	if (l->s->record_len == 0 ||
	    !(at > sizeof(birth) || job_is_visible(l->root, l->args->name)))
		abandon(l, SUPERVISE_PROCESS, EINTR);
}

/*
 * vfork(2): a copy of this process's tables would take longer than all else
 * that is done here, and so would waiting for the child.
 */
static void
start_child(struct launch *l)
{
	struct supervisor *s = l->s;
	struct child_plan plan = {
		.s = s,
		.journal = l->args->journal,
		.environment = l->args->environment,
		.root = l->root,
		.new_dir = l->new_dir,
		.name = l->args->name,
		.pid_fd = l->pid_fd,
		.input = l->child_input,
		.output = s->out.fd,
		.error = s->has_err ? s->err.fd : s->out.fd,
		.status = l->status[1],
		.answer = l->answer,
		.self = l->self,
	};
	pid_t pid;

	/* What the checkers want of a child is that it executes something at
	 * once; here it works first, in memory that was made for that. */
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	if (pid == 0)
		child_run(&plan); /* NOLINT(clang-analyzer-unix.Vfork) */
	if (pid < 0)
		fail(l, SUPERVISE_PROCESS, errno);
	s->command = pid;
	close_fd(&l->status[1]);
	close_fd(&l->pid_fd);
	close_fd(&l->child_input);
	follow_child(l);
	close_fd(&l->status[0]);
	free(plan.program);
	free(plan.argv);
}

void
supervise_default_signals(void)
{
	struct sigaction action;
	int signo;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	for (signo = 1; signo < NSIG; signo++)
		sigaction(signo, &action, NULL); /* KILL, STOP: EINVAL */
}

void
supervise_run(const struct supervise *args)
{
	static struct supervisor supervisor = { .jobdir = -1,
		.end_fd = -1,
		.lock_fd = -1,
		.input_fd = -1,
		.pidfd = -1,
		.own_child = true };
	struct launch l = { .args = args,
		.s = &supervisor,
		.new_dir = -1,
		.answer = args->answer,
		.root = args->root,
		.pid_fd = -1,
		.child_input = -1,
		.holds = { -1, -1 },
		.status = { -1, -1 } };
	int64_t timeout = args->journal->timeout_usec;

	if (!args->default_signals)
		supervise_default_signals();
	if (supervisor_catch_signals() < 0)
		fail(&l, SUPERVISE_PROCESS, errno);
	take_descriptors(&l);
	/* The child goes where it was told; nobody's directory is kept busy. */
	if (chdir("/") < 0)
		fail(&l, SUPERVISE_PROCESS, errno);
	if (compat_become_subreaper() < 0 && errno != ENOSYS)
		fail(&l, SUPERVISE_PROCESS, errno);
	prepare(&l);
	begin_record(&l);
	oom_open(&supervisor.oom, "", getpid()); /* the child's is the same */
	supervisor_arm(&supervisor);
	start_child(&l);

	/* From here on: no allocation, no early exit. */
	if (!args->durable)
		close_fd(&l.answer);
	close_fd(&l.holds[0]);
	close_fd(&l.holds[1]);
	/* A sync that fails changes nothing for the running job. */
	if (job_sync(l.root, supervisor.jobdir) < 0)
		errno = 0;
	close_fd(&l.answer);
	close_fd(&l.new_dir);
	close_fd(&l.root);
	if (args->text && munmap(args->text, args->text_size) < 0)
		errno = 0; /* it stays */
	supervisor.deadline_boot =
	    timeout < 0 ? -1 : supervisor.started_boot + timeout;
	supervisor_loop(&supervisor);
	_exit(0);
}
