/*
 * ops_adopt.c: making a job of a process that runs already
 *
 * The record is made here, from what /proc tells; the supervisor that is
 * started then puts it into sight.
 *
 * Invariant: what is adopted is the process that was looked at, held by a pidfd
 * from before the first look, and no command of two living jobs.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/text.h"
#include "engines/spawn.h"
#include "spool/ident.h"
#include "spool/job.h"
#include "spool/keys.h"
#include "spool/tree.h"
#include "verbs/command.h"

enum {
	ARGUMENTS_MAX = 1 << 20, /* bytes of a command line on record */
	LOCK_RETRY = 2 * 1000,
	LOCK_PATIENCE = 30 * USEC_PER_SEC,
	HOST_MAX = 256,
};

struct adopting {
	struct ops *ops;
	const struct ops_adoption *what;
	pid_t pid;
	int pidfd;
	int lock; /* of the limit: one adoption or counted start at a time */
	struct journal journal;
	char id[IDENT_MAX];
	char host[HOST_MAX];
	char cwd[PATH_MAX];
	char *log_file;
	char *arguments; /* what argv points into */
	const char **argv;
	char *shown;
	char name[JOB_NAME_MAX];
};

static void
adopting_release(struct adopting *a)
{
	close_fd(&a->pidfd);
	close_fd(&a->lock);
	free(a->log_file);
	free(a->arguments);
	free(a->argv);
	free(a->shown);
}

/* Is all of it UTF-8, so that a record can hold it? */
static bool
is_utf8(const char *text)
{
	size_t left = strlen(text), length;

	for (; left > 0; text += length, left -= length) {
		length = text_utf8_length(text, left);
		if (length == 0)
			return false;
	}
	return true;
}

/* The log must be a plain file that can be read; links on the way to it are
 * followed now, and never again. */
static int
find_log(struct adopting *a, struct err *err)
{
	const char *given = a->what->log_file;
	cleanup_close int fd = -1;
	struct stat st;

	if (!given)
		return 0;
	a->log_file = realpath(given, NULL);
	if (!a->log_file)
		return err_set(err, ERR_REFUSED, "log %s: %s", given,
		    strerror(errno));
	fd = fsio_open_file(AT_FDCWD, a->log_file, &st);
	if (fd < 0 && errno == EINVAL)
		return err_set(err, ERR_REFUSED, "log %s: no plain file",
		    given);
	if (fd < 0)
		return err_set(err, ERR_REFUSED, "log %s: %s", given,
		    strerror(errno));
	if (!is_utf8(a->log_file))
		return err_set(err, ERR_REFUSED,
		    "log %s: its path is no UTF-8, which a record cannot hold",
		    given);
	return 0;
}

/* From here on the number can't pass on to another process unnoticed. */
static int
hold_process(struct adopting *a, struct err *err)
{
	a->pidfd = compat_pidfd_open(a->pid);
	if (a->pidfd >= 0)
		return 0;
	if (errno == ESRCH)
		return err_set(err, ERR_REFUSED, "there is no process %ld",
		    (long)a->pid);
	if (errno == EINVAL || errno == ENOENT)
		return err_set(err, ERR_REFUSED,
		    "%ld is a thread: name its process", (long)a->pid);
	return err_sys(err, errno, "process %ld", (long)a->pid);
}

/* Does the process that is held still run? */
static bool
still_runs(const struct adopting *a)
{
	struct pollfd fd = { a->pidfd, POLLIN, 0 };

	return compat_poll(&fd, 1, 0, NULL) == 0;
}

static int
has_ended(const struct adopting *a, struct err *err)
{
	return err_set(err, ERR_REFUSED, "process %ld has ended", (long)a->pid);
}

/* May it become a job, and how can it be told from every other? */
static int
check_process(struct adopting *a, struct err *err)
{
	struct journal *j = &a->journal;
	const char *why = NULL;
	struct proc_stat st;
	uid_t owner;

	proc_place_self(&j->place);
	if (!j->place.has_table || !j->place.boot_id[0] ||
	    !j->place.pid_namespace)
		return err_set(err, ERR_SYSTEM,
		    "processes cannot be told apart here (no /proc)");
	if (proc_read_stat(a->pid, &st) < 0 || proc_owner(a->pid, &owner) < 0 ||
	    st.ended || !still_runs(a))
		return has_ended(a, err);
	if (st.kernel)
		why = "is a thread of the kernel";
	else if (owner != geteuid())
		why = "belongs to another user";
	else if (a->pid == getpid())
		why = "is this program";
	else if (tree_is_supervisor(a->pid))
		why = "is the supervisor of a job";
	if (why)
		return err_set(err, ERR_REFUSED, "process %ld %s", (long)a->pid,
		    why);
	j->command_id = (struct proc_id){ a->pid, st.start };
	j->started = proc_started_at(st.start);
	return 0;
}

/* Is it the command of a living job? */
static bool
is_command_of(const struct record *record, const struct proc_id *id)
{
	const struct journal *j = &record->journal;

	return (record->verdict.rule == RULE_COMMAND_ALIVE ||
		   record->verdict.rule == RULE_NAMED_ALIVE) &&
	    j->command_id.pid == id->pid && j->command_id.start == id->start;
}

static int
check_jobs(struct adopting *a, struct err *err)
{
	struct spool_index index;
	struct record record;
	int result = 0;
	size_t i;

	if (spool_index_read(&index, a->ops->spool, err) < 0)
		return -1;
	for (i = 0; i < index.count && result == 0; i++) {
		if (scan_job(a->ops->spool, &index.entries[i].job, SCAN_STATE,
			&record) == 0 &&
		    is_command_of(&record, &a->journal.command_id))
			result = err_set(err, ERR_REFUSED,
			    "process %ld is job %s already", (long)a->pid,
			    record.job.id);
		record_release(&record);
	}
	spool_index_release(&index);
	return result;
}

/* Until here others may adopt, too. */
static int
take_lock(struct adopting *a, struct err *err)
{
	usec_t since = time_mono();
	int result;

	while ((result = key_try_limit(a->ops->spool, &a->lock, err)) == 0) {
		if (time_mono() - since > LOCK_PATIENCE)
			return err_set(err, ERR_SYSTEM,
			    "another launch or adoption does not end");
		compat_poll(NULL, 0, LOCK_RETRY, NULL);
	}
	return result < 0 ? -1 : 0;
}

/* Its arguments; its name in brackets if it has wiped them out. */
static void
read_arguments(struct adopting *a)
{
	char *text = xmalloc(ARGUMENTS_MAX + 1);
	ssize_t length = proc_arguments(a->pid, text, ARGUMENTS_MAX);
	size_t count = 0, at, end = length > 0 ? (size_t)length : 0;
	struct proc_stat st;

	/* Who writes a title over them leaves NULs behind it. */
	while (end > 0 && text[end - 1] == '\0')
		end--;
	text[end] = '\0';
	if (end == 0 && proc_read_stat(a->pid, &st) == 0)
		end = (size_t)snprintf(text, ARGUMENTS_MAX, "[%s]", st.name);
	for (at = 0; at <= end; at += strlen(text + at) + 1)
		count++;
	a->arguments = text;
	a->argv = xrealloc(NULL, count + 1, sizeof(*a->argv));
	for (at = count = 0; at <= end; at += strlen(text + at) + 1)
		a->argv[count++] = text + at;
	a->argv[count] = NULL;
	a->shown = command_words(a->argv);
}

static void
fill_journal(struct adopting *a)
{
	struct journal *j = &a->journal;

	ident_new(a->id);
	if (gethostname(a->host, sizeof(a->host)) < 0)
		a->host[0] = '\0';
	a->host[sizeof(a->host) - 1] = '\0';
	read_arguments(a);
	if (proc_directory(a->pid, a->cwd, sizeof(a->cwd)) == 0)
		j->cwd = a->cwd;
	j->id = a->id;
	j->name = a->what->name;
	j->command = a->shown;
	j->argv = a->argv;
	j->started_by = a->what->asker;
	j->host = a->host[0] ? a->host : NULL;
	j->max_log_bytes = 0;
	j->adopted = true;
	j->log_file = a->log_file;
	j->created = time_wall();
	spool_make_name(j->created, a->id, a->name);
}

/* The record, with this process in the supervisor's place until there is
 * one. */
static int
make_directory(struct adopting *a, struct err *err)
{
	cleanup_free char *start = NULL;
	cleanup_free char *text = NULL;

	if (proc_identify(getpid(), &a->journal.supervisor) < 0)
		return err_sys(err, errno, "read /proc");
	start = journal_start_text(&a->journal, err);
	if (!start)
		return -1;
	text = xasprintf("%s\n}\n", start);
	return job_make_new(a->ops->spool, a->name, text, err);
}

static int
adopt(struct adopting *a, struct err *err)
{
	int result;

	if (find_log(a, err) < 0 || hold_process(a, err) < 0 ||
	    check_process(a, err) < 0 || spool_recheck(a->ops->spool, err) < 0)
		return -1;
	if (spool_create(a->ops->spool, err) < 0 || take_lock(a, err) < 0 ||
	    check_jobs(a, err) < 0)
		return -1;
	fill_journal(a);
	/* What was read was its own only if it runs now. */
	if (!still_runs(a))
		return has_ended(a, err);
	job_sweep_new(a->ops->spool);
	if (make_directory(a, err) < 0)
		return -1;
	result = spawn_adopt(a->ops->spool, a->name, a->lock, err);
	return result > 0 ? has_ended(a, err) : result;
}

json_t *
ops_adopt(struct ops *ops, const struct ops_adoption *what, struct err *err)
{
	struct adopting a = { .ops = ops,
		.what = what,
		.pid = what->pid,
		.pidfd = -1,
		.lock = -1 };
	struct spool_job job = { .name = NULL };
	struct record record;
	json_t *result = NULL;

	journal_init(&a.journal);
	if (what->pid < 2) {
		err_set(err, ERR_INVALID, "no process: %ld", (long)what->pid);
		return NULL;
	}
	if (adopt(&a, err) == 0) {
		spool_job_native(&job, a.name);
		if (op_scan(ops, &job, &record, err) == 0)
			result = record_json_started(ops, &record);
		record_release(&record);
	}
	spool_job_release(&job);
	adopting_release(&a);
	return result;
}
