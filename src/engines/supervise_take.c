/*
 * supervise_take.c: becoming the supervisor of what runs already
 *
 * Three kinds: a running job whose supervisor was killed, an ended one that
 * left processes behind and has lost its supervisor, too, and a process that is
 * being adopted.
 *
 * Invariant: of one job there is at most one supervisor: who takes its place
 * holds an exclusive lock on the job's directory until the end, and looks at
 * the record again under it.  An adopted job comes into sight with a supervisor
 * in its record that has all it needs.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/job.h"
#include "spool/names.h"

/* What a place is taken in.  Results of the functions below: 1, it is ours; 0,
 * there is nothing to be taken; -1, errno. */
struct taking {
	struct supervisor *s;
	const char *name;
	struct journal journal;
	struct buf text; /* of the record */
	uid_t owner;     /* of the record */
	bool ended;      /* only what it left behind is seen to */
};

static int
read_record(struct taking *t)
{
	struct err err = ERR_INIT;
	struct stat st;

	journal_init(&t->journal);
	if (fsio_read_capped(t->s->jobdir, JOB_JOURNAL, JOURNAL_MAX, &t->text,
		&st) < 0 ||
	    journal_parse(&t->journal, buf_str(&t->text), t->text.len, &err) <
		0)
		return 0;
	t->owner = st.st_uid;
	return 1;
}

/* Open the job's directory and lock it, to the end; another one that tries
 * meanwhile has lost. */
static int
open_place(struct supervisor *s, int parent, const char *name)
{
	s->jobdir = fsio_open_dir(parent, name, false);
	if (s->jobdir < 0 || dup2(s->jobdir, SUPERVISOR_DIR_FD) < 0)
		return -1;
	close_fd(&s->jobdir);
	s->jobdir = SUPERVISOR_DIR_FD;
	if (flock(s->jobdir, LOCK_EX | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK ? 0 : -1;
}

/* Is the record about a process that can be seen to from here?  Its id, which
 * marks the tree, must be that of its own directory; and that a process was
 * adopted must have been written by ourselves. */
static bool
is_ours(const struct taking *t)
{
	const struct journal *j = &t->journal;
	struct proc_place own;

	proc_place_self(&own);
	return own.boot_id[0] && own.pid_namespace &&
	    strcmp(own.boot_id, j->place.boot_id) == 0 &&
	    own.pid_namespace == j->place.pid_namespace &&
	    j->command_id.pid > 1 && spool_name_is_own(t->name) && j->id &&
	    strcmp(j->id, spool_name_tag(t->name)) == 0 &&
	    (!j->adopted || t->owner == geteuid());
}

/* The record names its new supervisor: the old line is replaced. */
static char *
renamed_record(const struct taking *t, size_t *length)
{
	const struct buf *old = &t->text;
	struct proc_id self;
	struct buf text = BUF_INIT;
	char line[128];
	char *at;

	if (proc_identify(getpid(), &self) < 0)
		return NULL;
	journal_supervisor_line(&t->journal.supervisor, line, sizeof(line));
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

/* Hold the command itself, and stand in its record. */
static int
take_command(struct taking *t)
{
	struct supervisor *s = t->s;

	s->pidfd = compat_pidfd_open(t->journal.command_id.pid);
	if (s->pidfd < 0 || proc_life(&t->journal.command_id) != PROC_ALIVE)
		return 0;
	oom_open(&s->oom, "", t->journal.command_id.pid);
	s->record = renamed_record(t, &s->record_len);
	if (!s->record) {
		errno = EINVAL;
		return -1;
	}
	return publish_record(s) < 0 || supervisor_make_end(s) < 0 ||
		supervisor_reserve_end(s) < 0
	    ? -1
	    : 1;
}

/* Has the command ended, with nobody to record it?  The mark that its tree
 * carries is only that of a job of our own. */
static bool
is_lost(const struct taking *t)
{
	enum proc_life life = proc_life(&t->journal.command_id);

	return !t->journal.adopted &&
	    (life == PROC_GONE || life == PROC_ZOMBIE);
}

/* Nothing is recorded any more; there must be something left to be seen to. */
static int
take_leftover(struct taking *t)
{
	struct supervisor *s = t->s;

	s->has_ended = s->recorded = true;
	s->end.out = t->journal.out;
	s->end.err = t->journal.err;
	t->ended = true;
	return stop_is_tree_empty(s) ? 0 : 1;
}

/* Hold the lock of an adopted process's job, which nobody else does. */
static int
lock_pid_file(struct supervisor *s)
{
	s->lock_fd = openat(s->jobdir, JOB_PID,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return s->lock_fd < 0 ? -1 : flock(s->lock_fd, LOCK_EX | LOCK_NB);
}

/* Of a job in sight whose supervisor was killed. */
static int
take_place(struct taking *t)
{
	struct supervisor *s = t->s;
	int result = open_place(s, SUPERVISE_FD_ROOT, t->name);

	if (result > 0)
		result = read_record(t);
	if (result > 0 &&
	    (!is_ours(t) || proc_life(&t->journal.supervisor) == PROC_ALIVE))
		result = 0;
	if (result <= 0)
		return result;
	s->id = t->journal.id;
	s->adopted = t->journal.adopted;
	if (t->journal.ended || is_lost(t))
		return take_leftover(t);
	result = take_command(t);
	/* Without the lock only readers that can't see processes know less. */
	if (result > 0 && s->adopted && lock_pid_file(s) < 0)
		close_fd(&s->lock_fd);
	return result;
}

static int
make_pid_file(struct supervisor *s, pid_t pid)
{
	char number[32];
	int length = snprintf(number, sizeof(number), "%ld\n", (long)pid);

	if (fsio_create(s->jobdir, JOB_PID, 0600, number, (size_t)length) < 0)
		return -1;
	return lock_pid_file(s) < 0 ? -1 : 1;
}

/* Of a process whose job waits in .new: complete it and put it into sight. */
static int
adopt(struct taking *t)
{
	cleanup_close int parent =
	    fsio_open_dir(SUPERVISE_FD_ROOT, ROOT_NEW, false);
	struct supervisor *s = t->s;
	int result, sys;

	result = parent < 0 ? -1 : open_place(s, parent, t->name);
	if (result <= 0)
		return result;
	result = read_record(t);
	if (result > 0)
		result = is_ours(t) && t->journal.adopted ? 1 : 0;
	if (result > 0)
		result = make_pid_file(s, t->journal.command_id.pid);
	if (result > 0)
		result = take_command(t);
	s->id = t->journal.id;
	s->adopted = true;
	if (result > 0 &&
	    renameat(parent, t->name, SUPERVISE_FD_ROOT, t->name) < 0)
		result = -1;
	sys = errno;
	if (result <= 0)
		job_remove_new(parent, t->name);
	errno = sys;
	return result;
}

static void
open_logs(struct supervisor *s, const struct journal *journal)
{
	int64_t bound = journal->max_log_bytes > 0 ? journal->max_log_bytes : 0;
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

	if (s->adopted) { /* where its output goes is its own affair */
		s->log_file = journal->log_file;
		bounded_log_init(&s->out, -1, 0, false);
		bounded_log_init(&s->err, -1, 0, false);
		return;
	}
	s->has_err = !journal->merge_output;
	bounded_log_init(&s->out, openat(s->jobdir, JOB_STDOUT, flags), bound,
	    s->remote);
	bounded_log_init(&s->err,
	    s->has_err ? openat(s->jobdir, JOB_STDERR, flags) : -1, bound,
	    s->remote);
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

/* An end record says nothing of what was left behind, so no file changes when
 * it is gone: a name that comes and goes tells whoever watches.  Of a job that is
 * lost it may be there, and goes. */
static void
wake_watchers(const struct supervisor *s)
{
	int fd = openat(s->jobdir, JOB_END,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return; /* they look again all the same, only later */
	close(fd);
	if (unlinkat(s->jobdir, JOB_END, 0) < 0)
		return;
}

/* The place is taken: see to it until nothing is left. */
static void supervise(struct taking *t) __attribute__((noreturn));

static void
supervise(struct taking *t)
{
	const struct journal *journal = &t->journal;
	struct supervisor *s = t->s;

	s->command = journal->command_id.pid;
	s->command_start = journal->command_id.start;
	s->remote = compat_is_remote(s->jobdir);
	s->names_fd = fsio_open_dir(s->jobdir, ".", false);
	s->content_fd = fsio_open_dir(s->jobdir, ".", false);
	open_logs(s, journal);
	s->started_boot = proc_start_usec(journal->command_id.start);
	s->deadline_boot = t->ended ? -1 : remaining_deadline(journal);
	supervisor_arm(s);
	supervisor_loop(s);
	if (t->ended)
		wake_watchers(s);
	_exit(0);
}

/* The second process: take the place and tell the first, which has the other
 * end of `ready`. */
static int
run(struct taking *t, bool is_adoption, int ready)
{
	int result;

	if ((setsid() < 0 && errno != EPERM) || chdir("/") < 0 ||
	    supervisor_catch_signals() < 0 ||
	    (compat_become_subreaper() < 0 && errno != ENOSYS))
		return 1;
	result = is_adoption ? adopt(t) : take_place(t);
	if (result < 0)
		return 1;
	/* Who waits may have been killed, which changes nothing. */
	if (write_full(ready, "", 1) < 0)
		errno = 0;
	if (result == 0)
		return 0;
	close(ready);
	if (is_adoption) {
		close(SUPERVISE_FD_HOLD);
		/* On disk, so that a power cut does not undo the start; a sync
		 * that fails changes nothing for the running process. */
		if (fsync(SUPERVISE_FD_ROOT) < 0)
			errno = 0;
	}
	close(SUPERVISE_FD_ROOT);
	supervise(t);
}

int
supervisor_take(const char *name, bool is_adoption)
{
	static struct supervisor s = { .jobdir = -1,
		.end_fd = -1,
		.lock_fd = -1,
		.input_fd = -1,
		.pidfd = -1 };
	static struct taking t = { .s = &s };
	int ready[2];
	ssize_t n;
	pid_t pid;
	char mark;

	if (!is_adoption)
		close(SUPERVISE_FD_HOLD);
	compat_close_from(SUPERVISE_FD_HOLD + 1);
	if (compat_pipe(ready) < 0)
		return 1;
	t.name = name;
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		close_fd(&ready[0]);
		return run(&t, is_adoption, ready[1]);
	}
	close_fd(&ready[1]); /* wait until it is done or can't */
	while ((n = read_full(ready[0], &mark, 1)) < 0)
		continue; /* that tells nothing of the other one */
	return n == 1 ? 0 : 1;
}
