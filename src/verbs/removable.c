/*
 * removable.c: may the directory of a job be removed?
 *
 * Invariant: doubt is a no.
 */
#include "base/compat.h"
#include "verbs/removable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/tree.h"
#include "truth/evidence.h"

enum {
	SUPERVISOR_ENDS = 2 * USEC_PER_SEC,
	LOOK_EVERY = 10 * 1000, /* microseconds */
};

/* What stays the same for the life of this process. */
static const struct proc_place *
own_place(void)
{
	static struct proc_place place;
	static bool known;

	if (!known) {
		proc_place_self(&place);
		known = true;
	}
	return &place;
}

/* Do the pids of the record mean something here? */
static bool
is_here(const struct journal *j)
{
	const struct proc_place *own = own_place();

	return own->has_table && own->boot_id[0] && own->pid_namespace &&
	    strcmp(own->boot_id, j->place.boot_id) == 0 &&
	    own->pid_namespace == j->place.pid_namespace;
}

bool
removable_has_no_supervisor(const struct spool *spool,
    const struct record *record)
{
	const struct proc_place *own = own_place();
	const struct journal *j = &record->journal;
	enum proc_life life;

	if (record->foreign || j->supervisor.pid < 2)
		return false;
	if (!is_here(j))
		return !spool->remote && own->boot_id[0] &&
		    j->place.boot_id[0] &&
		    strcmp(own->boot_id, j->place.boot_id) != 0;
	life = proc_life(&j->supervisor);
	return life == PROC_GONE || life == PROC_ZOMBIE;
}

static int
refuse_followers(const struct record *record, int count, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "Job %s has left %d process%s behind\nend %s first: "
	    "jobdir kill %s",
	    record->job.id, count, count == 1 ? "" : "es",
	    count == 1 ? "it" : "them", record->job.id);
}

/* A supervisor that outlives the end of its job has something to stay for. */
static int
let_supervisor_end(const struct record *record, struct err *err)
{
	const struct proc_id *supervisor = &record->journal.supervisor;
	usec_t late = time_mono() + SUPERVISOR_ENDS;

	if (record->foreign || supervisor->pid < 2 ||
	    !is_here(&record->journal))
		return 0;
	while (proc_life(supervisor) == PROC_ALIVE) {
		if (time_mono() > late)
			return err_set(err, ERR_REFUSED,
			    "Job %s has ended, but its supervisor %ld still "
			    "lives\nend what it left behind first: "
			    "jobdir kill %s",
			    record->job.id, (long)supervisor->pid,
			    record->job.id);
		compat_poll(NULL, 0, LOOK_EVERY, NULL);
	}
	return 0;
}

static int
refuse_lock(const struct record *record, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "Job %s: a process holds the lock on its file %s\nend that "
	    "process first",
	    record->job.id, record->dialect->pid_file);
}

/* A process that belongs to the job or works in its directory; 0: none. */
static pid_t
find_process(const struct record *record, int dir, bool anybody)
{
	pid_t *pids = xrealloc(NULL, TREE_MAX, sizeof(*pids)), found = 0;
	int i, count = tree_marked(record->job.id, dir, pids, TREE_MAX);

	if (count > 0)
		found = pids[0];
	count = anybody && !found ? proc_all(pids, TREE_MAX) : 0;
	for (i = 0; i < count && !found; i++)
		if (pids[i] != getpid() && proc_works_in(pids[i], dir))
			found = pids[i];
	free(pids);
	return found;
}

static int
refuse_process(const struct record *record, pid_t pid, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "Job %s: process %ld belongs to it or works in its directory\n"
	    "end that process first",
	    record->job.id, (long)pid);
}

/* The state is final.  Does anything of the job live all the same? */
static int
look_for_followers(int dir, const struct record *record, struct err *err)
{
	const struct journal *j = &record->journal;
	pid_t pid = record->named.pid;

	if (record->leftover > 0)
		return refuse_followers(record, record->leftover, err);
	if (let_supervisor_end(record, err) < 0)
		return -1;
	if (fsio_lock_test(dir, record->dialect->pid_file) == FSIO_LOCK_HELD)
		return refuse_lock(record, err);
	/* Without its supervisor nobody counts what a job leaves behind. */
	if (record->verdict.rule == RULE_NOTHING_LIVES) {
		pid = find_process(record, dir, false);
		return pid ? refuse_process(record, pid, err) : 0;
	}
	if (!record->foreign)
		return 0;
	/* A worker that has written its end may go on working. */
	if (pid < 2 && is_here(j) && proc_life(&j->command_id) == PROC_ALIVE)
		pid = j->command_id.pid;
	if (pid > 1 && proc_works_in(pid, dir))
		return refuse_process(record, pid, err);
	return 0;
}

/* The record can't be read, so that it names nothing: what else tells of life?
 * A pid file, the lock on it, and processes. */
static int
look_for_life(const struct spool *spool, int dir, const struct record *record,
    struct err *err)
{
	const struct proc_place *own = own_place();
	struct named_process named;
	struct stat st;
	pid_t pid;

	if (fsio_lock_test(dir, record->dialect->pid_file) == FSIO_LOCK_HELD)
		return refuse_lock(record, err);
	if (fstat(dir, &st) < 0)
		return err_sys(err, errno, "directory of job %s",
		    record->job.id);
	if (!own->has_table || (!own->sees_all && st.st_uid != geteuid()))
		return err_set(err, ERR_REFUSED,
		    "Job %s: its record cannot be read, and its processes "
		    "cannot be seen from here\nif nothing of it lives, remove "
		    "its directory by hand",
		    record->job.id);
	named_process_read(&named, dir, record->dialect->pid_file);
	if (named.pid > 1 &&
	    (spool->remote || named_process_life(&named, NULL) != NAMED_GONE))
		return err_set(err, ERR_REFUSED,
		    "Job %s: its record cannot be read, and process %ld, which "
		    "its file %s names, may live\nif it is another process, "
		    "remove that file",
		    record->job.id, (long)named.pid, record->dialect->pid_file);
	pid = find_process(record, dir, true);
	return pid ? refuse_process(record, pid, err) : 0;
}

static int
judge(const struct spool *spool, int dir, const struct record *record,
    struct err *err)
{
	const char *id = record->job.id;
	char evidence[EVIDENCE_MAX];

	evidence_write(record, evidence);
	switch (record->verdict.status) {
	case STATUS_COMPLETED:
	case STATUS_FAILED:
	case STATUS_KILLED:
	case STATUS_LOST:
		return look_for_followers(dir, record, err);
	case STATUS_UNKNOWN:
		if (record->verdict.rule == RULE_UNREADABLE)
			return look_for_life(spool, dir, record, err);
		return err_set(err, ERR_REFUSED,
		    "Job %s may live: %s\nif nothing of it lives, remove its "
		    "directory by hand",
		    id, evidence);
	case STATUS_QUEUED:
	case STATUS_RUNNING:
	case STATUS_COUNT:
		break;
	}
	return err_set(err, ERR_REFUSED,
	    "Job %s is %s: %s\nstop it first: jobdir kill %s", id,
	    status_word(record->verdict.status), evidence, id);
}

int
removable(const struct spool *spool, const struct spool_job *job,
    struct record *record, struct err *err)
{
	cleanup_close int dir = -1;

	if (scan_job(spool, job, SCAN_FULL, record) == 0)
		dir = scan_open_dir(spool, job->name);
	else
		errno = ENOENT;
	if (dir < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "Job %s not found", job->id);
	if (dir < 0)
		return err_errno(err, ERR_SYSTEM, errno, "%s/%s", spool->path,
		    job->name);
	return judge(spool, dir, record, err);
}

static usec_t
newer(usec_t since, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return since;
	return fsio_mtime(&st) > since ? fsio_mtime(&st) : since;
}

usec_t
removable_since(const struct spool *spool, const struct record *record)
{
	const struct dialect *dialect = record->dialect;
	cleanup_close int dir = -1;
	usec_t since;

	if (record->finished >= 0)
		return record->finished;
	dir = scan_open_dir(spool, record->job.name);
	if (dir < 0)
		return -1;
	since = newer(-1, dir, record->job.journal);
	since = newer(since, dir, dialect->out_log);
	since = newer(since, dir, dialect->err_log);
	return since >= 0 ? since : newer(-1, dir, ".");
}
