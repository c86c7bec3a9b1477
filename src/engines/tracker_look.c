/*
 * tracker_look.c: one directory -> its jobs -> their records
 *
 * Invariant: a directory is watched before it is listed, and stat is asked
 * before a record is read: what changes in between is seen the next time.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fsio.h"

/* A stamp so young may not have changed with the next write (git's rule). */
enum { RACY = 2 * USEC_PER_SEC };

static void
set_sight(struct tracker_sight *sight, const struct stat *st)
{
	sight->inode = (uint64_t)st->st_ino;
	sight->size = st->st_size;
	sight->written = fsio_mtime(st);
	sight->changed = fsio_ctime(st);
}

/* Returns the mode; 0: there is no such file. */
static mode_t
look_at_file(int dirfd, const char *name, struct tracker_sight *sight)
{
	struct stat st;

	memset(sight, 0, sizeof(*sight));
	sight->written = sight->changed = -1;
	if (dirfd < 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	set_sight(sight, &st);
	return st.st_mode;
}

static bool
is_same(const struct tracker_sight *a, const struct tracker_sight *b)
{
	return a->inode == b->inode && a->size == b->size &&
	    a->written == b->written && a->changed == b->changed;
}

/* Fill what stat says of a job.  Returns the journal's mode. */
static mode_t
look_at_files(const struct tracker_job *job, int dirfd,
    struct tracker_live *sights)
{
	const struct dialect *dialect = dialect_of(job->journal);
	bool output = job->dir->tracker->config.output;
	struct stat st;

	memset(&sights->dir, 0, sizeof(sights->dir));
	sights->dir.changed = sights->dir.written = -1;
	if (dirfd >= 0 && fstat(dirfd, &st) == 0)
		set_sight(&sights->dir, &st);
	look_at_file(dirfd, JOB_PROGRESS, &sights->progress);
	look_at_file(output ? dirfd : -1, dialect->out_log, &sights->logs[0]);
	look_at_file(output ? dirfd : -1, dialect->err_log, &sights->logs[1]);
	return look_at_file(dirfd, job->journal, &sights->journal);
}

static bool
is_settled(const struct tracker_sight *sight, usec_t looked)
{
	return sight->changed < looked - RACY;
}

bool
tracker_looks_same(const struct tracker_job *job, int dirfd)
{
	const struct tracker_live *then = job->live;
	struct tracker_live now;

	look_at_files(job, dirfd, &now);
	/* In a directory of ours the job may do what it likes. */
	if (!job->dir->own &&
	    !(is_same(&now.dir, &then->dir) &&
		is_settled(&now.dir, then->looked)))
		return false;
	return is_same(&now.journal, &then->journal) &&
	    is_same(&now.progress, &then->progress) &&
	    is_same(&now.logs[0], &then->logs[0]) &&
	    is_same(&now.logs[1], &then->logs[1]) &&
	    is_settled(&now.journal, then->looked) &&
	    is_settled(&now.progress, then->looked);
}

/* The directory is gone: so are its jobs. */
static void
remove_dir(struct tracker_dir *dir)
{
	while (dir->jobs) {
		tracker_tell_removed(dir->jobs);
		tracker_job_free(dir->jobs);
	}
	tracker_dir_free(dir);
}

static void
on_journal(void *arg, const char *journal)
{
	struct tracker_dir *dir = arg;
	struct tracker_job *job = dir->jobs;

	while (job && strcmp(job->journal, journal) != 0)
		job = job->next;
	if (!job)
		job = tracker_job_add(dir, journal);
	job->listed = true;
}

/* Which jobs are in it?  A directory of ours has one. */
static void
list_jobs(struct tracker_dir *dir, int dirfd)
{
	struct tracker_job *job, *next;

	if (dir->own || dirfd < 0) {
		if (!dir->jobs)
			tracker_job_add(dir, JOB_JOURNAL);
		dir->relist = false;
		return;
	}
	for (job = dir->jobs; job; job = job->next)
		job->listed = false;
	if (dialect_each(dirfd, on_journal, dir) < 0)
		return; /* at the next look */
	dir->relist = false;
	for (job = dir->jobs; job; job = next) {
		next = job->next;
		if (job->listed)
			continue;
		tracker_tell_removed(job);
		tracker_job_free(job);
	}
}

static bool
is_sealed(const struct tracker_dir *dir, mode_t mode)
{
	return dir->own && S_ISREG(mode) && (mode & 07777) == 0400;
}

static void
recall(struct tracker_job *job, const struct tracker_stamps *stamps)
{
	struct tracker *t = job->dir->tracker;
	struct tracker_memory memory;

	if (!t->starting || !t->config.recall)
		return;
	memory = t->config.recall(t->config.arg, job->dir->name, job->journal,
	    stamps);
	job->past = (uint8_t)memory.past;
	job->end = memory.end;
	job->live->since = memory.since;
}

/* 0, or -1 if its directory is gone. */
static int
scan(struct tracker_job *job, const struct tracker_stamps *stamps)
{
	const struct spool *spool = job->dir->tracker->config.spool;
	struct spool_job names;
	struct record record;
	int result;

	tracker_job_names(job, &names);
	result = scan_job(spool, &names, SCAN_STATE, &record);
	if (result == 0) {
		tracker_processes_watch(job, &record);
		tracker_take(job, &record, stamps);
	}
	record_release(&record);
	spool_job_release(&names);
	return result;
}

/* 0, or -1 if its directory is gone. */
static int
look_at_job(struct tracker_job *job, int dirfd)
{
	struct tracker_dir *dir = job->dir;
	struct tracker_live sights;
	struct tracker_stamps stamps;
	mode_t mode;

	mode = look_at_files(job, dirfd, &sights);
	stamps =
	    (struct tracker_stamps){ sights.dir.changed, sights.dir.written,
		    sights.journal.changed, is_sealed(dir, mode) };
	if (!job->live) {
		if (stamps.sealed)
			return 0;
		/* Another one has taken its place. */
		tracker_job_set_live(job, true);
	}
	job->live->dir = sights.dir;
	job->live->journal = sights.journal;
	job->live->progress = sights.progress;
	memcpy(job->live->logs, sights.logs, sizeof(sights.logs));
	job->live->looked = time_wall();
	if (dir->tracker->starting && !job->known && !job->live->held) {
		recall(job, &stamps);
		if (stamps.sealed && job->past != TRACKER_NEW &&
		    job->past != TRACKER_LIVED) {
			tracker_take_sealed(job, &stamps);
			return 0;
		}
	}
	return scan(job, &stamps);
}

/* Of one that ended before the start nothing needs to be watched. */
static bool
wants_watch(const struct tracker_dir *dir, int dirfd)
{
	struct tracker_sight sight;

	if (dir->live)
		return true;
	return !is_sealed(dir, look_at_file(dirfd, JOB_JOURNAL, &sight));
}

static int
open_dir(struct tracker_dir *dir, uint64_t *inode)
{
	int fd = scan_open_dir(dir->tracker->config.spool, dir->name);
	struct stat st;

	*inode = 0;
	if (fd >= 0 && fstat(fd, &st) == 0)
		*inode = (uint64_t)st.st_ino;
	return fd;
}

void
tracker_look(struct tracker_dir *dir)
{
	cleanup_close int fd = -1;
	struct tracker_job *job;
	uint64_t inode;

	tracker_dequeue(dir);
	fd = open_dir(dir, &inode);
	if (fd < 0 && errno != EACCES) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			remove_dir(dir);
		return; /* else, at the next rescan */
	}
	if (inode != dir->inode) {
		tracker_dir_unwatch(dir);
		dir->inode = inode;
		dir->relist = true;
	}
	if (fd >= 0 && wants_watch(dir, fd))
		tracker_dir_watch(dir, fd);
	if (dir->relist || !dir->jobs)
		list_jobs(dir, fd);
	for (job = dir->jobs; job; job = job->next) {
		if (look_at_job(job, fd) < 0) {
			remove_dir(dir);
			return;
		}
	}
}
