/*
 * worker_stop.c: stopping a worker that has no supervisor
 *
 * Two halves: the asker's, which starts the helper, and the helper itself, a
 * process of its own that ends when the worker has.
 *
 * Invariant: nothing is signalled but through a pidfd of a process that was
 * proven, while that pidfd was open, to be this job's.  A request is concluded
 * only by who held it from its beginning, so that a reader never sees an end
 * that is taken back.
 */
#include "base/compat.h"
#include "engines/worker_stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/proc.h"
#include "engines/spawn.h"
#include "spool/dialect.h"
#include "spool/liveness.h"
#include "spool/request.h"
#include "spool/tree.h"

enum {
	HELD_FD = SUPERVISE_FD_ROOT + 1,
	FAMILY_MAX = 256,             /* processes that are followed */
	RETRY_PAUSE = 1000 * 1000,    /* the disk is full, or the like */
	WAIT_STEP = 10 * 1000 * 1000, /* between two looks at the directory */
};

enum worker_stop
worker_stop_begin(const struct spool *spool, const struct spool_job *job,
    const char *file, int held, struct err *err)
{
	const char *argv[] = { "jobdir", SUPERVISE_VERB, WORKER_STOP_OPTION,
		job->name, job->journal, file, NULL };
	int from[2] = { spool->fd, held };
	int sys, status = 0;
	pid_t pid;

	sys = spawn_self(argv, environ, from, &pid);
	if (sys) {
		err_sys(err, sys, "start a helper that stops the worker");
		return WORKER_STOP_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			err_sys(err, errno, "wait for the helper");
			return WORKER_STOP_FAILED;
		}
	if (WIFEXITED(status) && WEXITSTATUS(status) <= WORKER_STOP_ENDED)
		return (enum worker_stop)WEXITSTATUS(status);
	err_set(err, ERR_SYSTEM, "the helper that stops the worker failed");
	return WORKER_STOP_FAILED;
}

/* What the helper works on. */
struct stopping {
	int jobdir;
	struct spool_job job; /* its names only; the caller's */
	const char *file;     /* of the request */
	struct request request;
	struct named_process named;
	pid_t family[FAMILY_MAX]; /* the worker, then what descends from it */
	int pidfds[FAMILY_MAX];
	int count;
};

/* The worker's record: 1, it had ended before the request was placed; 2, it has
 * obeyed already; 0, neither; -1: no process is named, or none of this place.
 * A process that is not the job's says nothing about an end on record. */
static int
read_worker(struct stopping *s, bool unproven)
{
	struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct proc_place place;
	struct journal journal;
	struct stat st;
	int result = 0;

	journal_init(&journal);
	memset(&s->named, 0, sizeof(s->named));
	memset(&st, 0, sizeof(st));
	proc_place_self(&place);
	if (fsio_read_capped(s->jobdir, s->job.journal, JOURNAL_MAX, &text,
		&st) == 0 &&
	    dialect_of(s->job.journal)
		    ->parse(&journal, buf_str(&text), text.len, &ignored) < 0)
		journal_release(&journal); /* maybe torn; its pid file counts */
	named_process_set(&s->named, 0, 0, &st);
	named_process_find(&s->named, s->jobdir, &s->job, &journal);
	if (s->named.pid < 2 ||
	    (journal.place.boot_id[0] &&
		strcmp(journal.place.boot_id, place.boot_id) != 0) ||
	    (journal.place.pid_namespace &&
		journal.place.pid_namespace != place.pid_namespace))
		result = -1;
	else if (journal.ended &&
	    (unproven || named_process_life(&s->named, NULL) != NAMED_ALIVE))
		result = fsio_mtime(&st) < s->request.placed ? 1 : 2;
	journal_release(&journal);
	buf_release(&text);
	return result;
}

/* Follow `pid` if it is proven to be the job's. */
static bool
follow(struct stopping *s, pid_t pid)
{
	struct named_process process = s->named;
	int i, pidfd;

	for (i = 0; i < s->count; i++)
		if (s->family[i] == pid)
			return true;
	if (s->count == FAMILY_MAX)
		return false;
	pidfd = compat_pidfd_open(pid);
	if (pidfd < 0)
		return false;
	process.pid = pid;
	if (pid != s->named.pid) { /* made by the worker, at whatever time */
		process.start = 0;
		process.written = INT64_MAX / 2;
	}
	if (!named_process_is_proven(&process, s->jobdir)) {
		close(pidfd);
		return false;
	}
	s->family[s->count] = pid;
	s->pidfds[s->count++] = pidfd;
	return true;
}

/* The worker's descendants that are at work in the job's directory, too. */
static void
follow_family(struct stopping *s)
{
	static pid_t below[TREE_MAX];
	int count = tree_below(s->named.pid, below, TREE_MAX), i;

	for (i = 0; i < count; i++)
		follow(s, below[i]);
}

static void
signal_family(struct stopping *s, int signo)
{
	int i;

	for (i = 0; i < s->count; i++)
		if (s->pidfds[i] >= 0 &&
		    compat_pidfd_signal(s->pidfds[i], signo) < 0 &&
		    errno == ESRCH)
			close_fd(&s->pidfds[i]);
}

static int
count_alive(const struct stopping *s)
{
	int i, alive = 0;

	for (i = 0; i < s->count; i++)
		alive += s->pidfds[i] >= 0;
	return alive;
}

/* Wait until one of them ends, at most until `until`; it is followed no
 * more. */
static void
wait_for_one(struct stopping *s, usec_t until)
{
	struct pollfd fds[FAMILY_MAX];
	usec_t left = until - time_boot();
	int i;

	for (i = 0; i < s->count; i++)
		fds[i] = (struct pollfd){ s->pidfds[i], POLLIN, 0 };
	if (compat_poll(fds, (size_t)s->count, left > 0 ? left : 0, NULL) < 0)
		return; /* interrupted: the callers look again */
	for (i = 0; i < s->count; i++)
		if (fds[i].revents)
			close_fd(&s->pidfds[i]);
}

/* Has somebody taken the job's directory away? */
static bool
is_removed(const struct stopping *s)
{
	struct stat st;

	return fstat(s->jobdir, &st) == 0 && st.st_nlink == 0;
}

/* From here on nobody waits for us. */
static void
see_to_it(struct stopping *s)
{
	usec_t kill_at = time_boot() + s->request.grace;

	if (s->request.signal == SIGKILL)
		kill_at = 0;
	while (count_alive(s) > 0 && time_boot() < kill_at)
		wait_for_one(s, kill_at);
	follow_family(s);
	while (count_alive(s) > 0) {
		signal_family(s, SIGKILL);
		wait_for_one(s, time_boot() + WAIT_STEP);
	}
	s->request.ended = time_wall();
	while (request_conclude(s->jobdir, s->file, &s->request) < 0 &&
	    !is_removed(s))
		compat_poll(NULL, 0, RETRY_PAUSE, NULL);
}

/* Prove the worker and send the first signal. */
static enum worker_stop
begin(struct stopping *s)
{
	int ended;

	s->jobdir = fsio_open_dir(SUPERVISE_FD_ROOT, s->job.name, false);
	if (s->jobdir < 0 || request_read(s->jobdir, s->file, &s->request) != 1)
		return WORKER_STOP_UNPROVEN;
	ended = read_worker(s, false);
	/* It may obey, and be gone, at this moment. */
	if (ended == 0 && !follow(s, s->named.pid)) {
		ended = read_worker(s, true);
		if (ended == 0)
			return WORKER_STOP_UNPROVEN;
	}
	if (ended < 0)
		return WORKER_STOP_UNPROVEN;
	if (ended == 1)
		return WORKER_STOP_ENDED;
	if (ended == 2) /* see_to_it() has nobody to wait for */
		return WORKER_STOP_BEGUN;
	follow_family(s);
	if (s->request.signal != SIGKILL) {
		signal_family(s, s->request.signal);
		signal_family(s, SIGCONT);
	}
	return WORKER_STOP_BEGUN;
}

int
worker_stop_main(char **words)
{
	static struct stopping s = { .jobdir = -1 };
	enum worker_stop result;
	pid_t pid;

	compat_close_from(HELD_FD + 1);
	s.job.name = words[0];
	s.job.journal = words[1];
	s.file = words[2];
	/* A name of its own for the request tells that it is not alone. */
	s.job.shared = strcmp(s.file, JOB_CANCEL) != 0;
	signal(SIGHUP, SIG_IGN);
	result = begin(&s);
	if (result != WORKER_STOP_BEGUN)
		return result;
	if (setsid() < 0 && errno != EPERM)
		return WORKER_STOP_UNPROVEN;
	pid = fork();
	if (pid != 0) /* the asker waits for the first of us only */
		return pid > 0 ? WORKER_STOP_BEGUN : WORKER_STOP_UNPROVEN;
	/* Nobody's terminal, pipe or directory is kept from here on. */
	if (chdir("/") < 0)
		warn_user("/: %s", strerror(errno));
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	see_to_it(&s);
	return 0;
}
