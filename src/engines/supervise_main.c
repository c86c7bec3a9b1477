/*
 * supervise_main.c: the hidden verb `jobdir supervise`
 *
 * Two ways in: a launch for a server, and taking over a job whose supervisor
 * was killed.
 *
 * Invariant: of one job there is at most one supervisor: who takes over holds
 * an exclusive lock on the job's directory until the end, and looks at the
 * record again under it.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "engines/worker_stop.h"
#include "spool/names.h"

/* Leave session and process group of whoever started us; the caller learns by
 * the exit of the process in between that there is a supervisor. */
static int
detach(void)
{
	pid_t pid;

	if (setsid() < 0 && errno != EPERM)
		return -1;
	pid = fork();
	if (pid > 0)
		_exit(0);
	return pid;
}

static int
read_record(int jobdir, struct journal *journal, struct buf *text)
{
	struct err err = ERR_INIT;

	journal_init(journal);
	if (fsio_read_capped(jobdir, JOB_JOURNAL, JOURNAL_MAX, text, NULL) < 0)
		return -1;
	return journal_parse(journal, buf_str(text), text->len, &err);
}

static int
launch(const char *name)
{
	struct supervise args = { .root = SUPERVISE_FD_ROOT,
		.name = name,
		.answer = SUPERVISE_FD_ANSWER,
		.holds = { SUPERVISE_FD_HOLD, SUPERVISE_FD_HOLD + 1 },
		.environment = environ };
	struct buf text = BUF_INIT;
	struct journal journal;
	cleanup_close int new_dir = -1;
	cleanup_close int jobdir = -1;
	int i;

	if (detach() < 0)
		return 1;
	for (i = 0; i < 2; i++)
		if (fcntl(args.holds[i], F_GETFD) < 0)
			args.holds[i] = -1;
	new_dir = fsio_open_dir(args.root, ROOT_NEW, false);
	if (new_dir >= 0)
		jobdir = fsio_open_dir(new_dir, name, false);
	/* Without a record there is nothing to report and nothing to start:
	 * the launcher sees end of file. */
	if (jobdir < 0 || read_record(jobdir, &journal, &text) < 0 ||
	    !journal.argv)
		return 1;
	args.journal = &journal;
	supervise_run(&args);
}

/* The record names its new supervisor: the old line is replaced. */
static char *
renamed_record(const struct buf *old, const struct journal *journal,
    size_t *length)
{
	struct proc_id self;
	struct buf text = BUF_INIT;
	char line[128];
	char *at;

	if (proc_identify(getpid(), &self) < 0)
		return NULL;
	journal_supervisor_line(&journal->supervisor, line, sizeof(line));
	at = compat_find(old->data, old->len, line, strlen(line));
	if (!at || old->len < 3 || strcmp(old->data + old->len - 3, "\n}\n"))
		return NULL;
	buf_add(&text, old->data, (size_t)(at - old->data));
	at += strlen(line);
	journal_supervisor_line(&self, line, sizeof(line));
	buf_addstr(&text, line);
	buf_add(&text, at, (size_t)(old->data + old->len - 3 - at));
	*length = text.len;
	return buf_steal(&text);
}

static int
publish_record(const struct supervisor *s)
{
	struct buf text = BUF_INIT;
	int result;

	buf_add(&text, s->record, s->record_len);
	buf_addstr(&text, "\n}\n");
	result = fsio_publish(s->jobdir, JOB_END, JOB_JOURNAL, 0600, text.data,
	    text.len);
	buf_release(&text);
	return result;
}

static void
open_logs(struct supervisor *s, const struct journal *journal)
{
	int64_t bound = journal->max_log_bytes > 0 ? journal->max_log_bytes : 0;
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

	s->has_err = !journal->merge_output;
	bounded_log_init(&s->out, openat(s->jobdir, JOB_STDOUT, flags), bound);
	bounded_log_init(&s->err,
	    s->has_err ? openat(s->jobdir, JOB_STDERR, flags) : -1, bound);
}

/* What is left of its time limit. */
static usec_t
remaining_deadline(const struct journal *journal)
{
	return journal->timeout_usec < 0
	    ? -1
	    : proc_start_usec(journal->command_id.start) +
		journal->timeout_usec;
}

/* 1: this process is the job's supervisor now; 0: there is nothing to take
 * over; -1: errno. */
static int
take_place(struct supervisor *s, const char *name, struct journal *journal)
{
	struct buf text = BUF_INIT;

	s->jobdir = fsio_open_dir(SUPERVISE_FD_ROOT, name, false);
	if (s->jobdir < 0 || dup2(s->jobdir, SUPERVISOR_DIR_FD) < 0)
		return -1;
	close_fd(&s->jobdir);
	s->jobdir = SUPERVISOR_DIR_FD;
	/* Held to the end; another one that tries meanwhile has lost. */
	if (flock(s->jobdir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -1;
	if (read_record(s->jobdir, journal, &text) < 0 || journal->ended ||
	    journal->command_id.pid <= 1 ||
	    proc_life(&journal->supervisor) == PROC_ALIVE)
		return 0;
	s->pidfd = compat_pidfd_open(journal->command_id.pid);
	if (s->pidfd < 0 || proc_life(&journal->command_id) != PROC_ALIVE)
		return 0;
	s->record = renamed_record(&text, journal, &s->record_len);
	buf_release(&text);
	if (!s->record) {
		errno = EINVAL;
		return -1;
	}
	return publish_record(s) < 0 || supervisor_reserve(s) < 0 ? -1 : 1;
}

static int
take_over(const char *name)
{
	static struct supervisor s = { .jobdir = -1,
		.end_fd = -1,
		.lock_fd = -1,
		.input_fd = -1,
		.pidfd = -1 };
	struct journal journal;
	int result, ready[2];
	char mark;

	compat_close_from(SUPERVISE_FD_ROOT + 1);
	if (compat_pipe(ready) < 0)
		return 1;
	result = fork();
	if (result < 0)
		return 1;
	if (result > 0) { /* wait until it is done or can't */
		close_fd(&ready[1]);
		return read_full(ready[0], &mark, 1) == 1 ? 0 : 1;
	}
	if ((setsid() < 0 && errno != EPERM) ||
	    supervisor_catch_signals() < 0 ||
	    (compat_become_subreaper() < 0 && errno != ENOSYS))
		return 1;
	result = take_place(&s, name, &journal);
	if (result >= 0 && write_full(ready[1], "", 1) < 0)
		return 1;
	if (result <= 0)
		return 1;
	close_fd(&ready[0]);
	close_fd(&ready[1]);
	close(SUPERVISE_FD_ROOT);
	s.id = journal.id;
	s.command = journal.command_id.pid;
	s.names_fd = fsio_open_dir(s.jobdir, ".", false);
	s.content_fd = fsio_open_dir(s.jobdir, ".", false);
	open_logs(&s, &journal);
	s.started_boot = proc_start_usec(journal.command_id.start);
	s.deadline_boot = remaining_deadline(&journal);
	supervisor_arm(&s);
	supervisor_loop(&s);
	_exit(0);
}

int
supervise_main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], SUPERVISE_TAKE_OVER) == 0 &&
	    fsio_name_ok(argv[3]))
		return take_over(argv[3]);
	if (argc == 3 && fsio_name_ok(argv[2]))
		return launch(argv[2]);
	if (argc == 6 && strcmp(argv[2], WORKER_STOP_OPTION) == 0 &&
	    fsio_name_ok(argv[3]) && fsio_name_ok(argv[4]) &&
	    fsio_name_ok(argv[5]))
		return worker_stop_main(argv + 3);
	warn_user("%s is for jobdir itself", SUPERVISE_VERB);
	return 2;
}
