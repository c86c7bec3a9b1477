/*
 * ops_gc.c: removing the jobs that ended long ago, and hidden remains
 *
 * Invariant: what may live stays, and so does what can't be read.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/job.h"
#include "spool/keys.h"
#include "spool/remove.h"
#include "verbs/removable.h"
#include "verbs/removing.h"

enum { BLOCK = 512 /* unit of st_blocks */ };

struct collecting {
	struct removing r; /* first: wanted() gets this */
	const struct ops_gc_query *query;
	usec_t now;
};

static bool
is_wanted(const struct removing *r, const struct spool *in,
    const struct record *record)
{
	const struct collecting *c = (const struct collecting *)r;
	usec_t since;

	switch (record->verdict.status) {
	case STATUS_COMPLETED:
	case STATUS_KILLED:
		break;
	case STATUS_FAILED:
	case STATUS_LOST:
		if (c->query->failed)
			break;
		return false;
	case STATUS_QUEUED:
	case STATUS_RUNNING:
	case STATUS_UNKNOWN:
	case STATUS_COUNT:
	default:
		return false;
	}
	since = removable_since(in, record);
	return since >= 0 && c->now - since >= c->query->older_than;
}

/* Hidden remains in the directory of a job that has ended. */
struct remains {
	int dir;
	bool here; /* processes that left them were of this machine */
	usec_t now;
	int64_t bytes;
};

/* Is it a request that was never finished, of a process that is gone? */
static bool
is_dead_request(const struct remains *remains, const char *name,
    const struct stat *st)
{
	static const size_t prefix = sizeof(JOB_REQUEST "-") - 1;
	struct proc_stat process;
	int64_t pid;

	if (strncmp(name, JOB_REQUEST "-", prefix) != 0 ||
	    number_parse(name + prefix, INT32_MAX, &pid) < 0 || pid < 2 ||
	    proc_read_stat((pid_t)pid, &process) == 0 ||
	    (errno != ENOENT && errno != ESRCH))
		return false;
	/* Where the process may be elsewhere its age must tell. */
	return remains->here ||
	    remains->now - fsio_mtime(st) >=
	    (usec_t)JOB_NEW_MAX_AGE * USEC_PER_SEC;
}

static int
remove_remains(void *arg, const char *name)
{
	struct remains *remains = arg;
	struct stat st;

	if (strcmp(name, JOB_END) != 0 && strcmp(name, JOB_STDIN) != 0 &&
	    strncmp(name, JOB_REQUEST, sizeof(JOB_REQUEST) - 1) != 0)
		return 0;
	if (fstatat(remains->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(st.st_mode))
		return 0;
	if (strcmp(name, JOB_END) != 0 && strcmp(name, JOB_STDIN) != 0 &&
	    !is_dead_request(remains, name, &st))
		return 0;
	if (unlinkat(remains->dir, name, 0) == 0 && st.st_nlink == 1)
		remains->bytes += (int64_t)st.st_blocks * BLOCK;
	return 0; /* what can't be removed harms nobody */
}

/* Tidy the directory of a job of ours that nobody will act on again. */
static void
tidy(struct collecting *c, const struct record *record)
{
	const struct spool *spool = c->r.spool;
	struct remains remains = { .now = c->now };
	cleanup_close int dir = -1;

	if (c->query->dry_run || !status_is_final(record->verdict.status) ||
	    !removable_has_no_supervisor(spool, record))
		return;
	remains.dir = dir = scan_open_dir(spool, record->job.name);
	if (dir < 0 || fsio_lock_test(dir, JOB_PID) == FSIO_LOCK_HELD)
		return;
	remains.here = !spool->remote;
	if (fsio_each(dir, remove_remains, &remains) < 0)
		return; /* the next one tries again */
	c->r.bytes += remains.bytes;
}

/* A cheap look first: most jobs stay.  Those are tidied. */
static bool
is_candidate(struct collecting *c, const struct unit *unit)
{
	bool wanted = true;
	size_t i;

	for (i = 0; i < unit->count; i++) {
		struct record record;
		int found = scan_job(c->r.spool, &unit->entries[i].job,
		    SCAN_STATE, &record);

		wanted = wanted && found == 0 &&
		    is_wanted(&c->r, c->r.spool, &record);
		if (found == 0 && !wanted)
			tidy(c, &record);
		record_release(&record);
	}
	return wanted;
}

/* 0: it is gone, or would be; else it stays, `err` says what went wrong. */
static int
collect(struct collecting *c, const struct unit *unit, json_t *jobs,
    int64_t *bytes, struct err *err)
{
	int result = removing_judge(&c->r, c->r.spool, unit, jobs, err);

	if (result < 0 && err->kind != ERR_SYSTEM)
		err_clear(err); /* it lives in one way or another */
	if (result != 0)
		return 1;
	if (!c->query->dry_run)
		return removing_take(&c->r, unit, bytes, err);
	result =
	    removal_measure(c->r.spool, unit->entries[0].job.name, bytes, err);
	if (result == 0)
		c->r.bytes += *bytes;
	return result;
}

/* -1: nothing can be removed here, err is set. */
static int
collect_unit(struct collecting *c, const struct unit *unit, struct err *err)
{
	json_t *jobs = json_array(), *job;
	struct err why = ERR_INIT;
	int64_t bytes = 0;
	size_t i;

	if (collect(c, unit, jobs, &bytes, &why) == 0) {
		json_object_set_new(json_array_get(jobs, 0), "bytes",
		    json_integer(bytes));
		json_array_foreach(jobs, i, job) {
			removing_tell(&c->r, NULL, unit->entries[i].job.id, job,
			    NULL);
		}
	}
	json_decref(jobs);
	if (why.sys == EROFS)
		*err = why;
	else if (err_is_set(&why))
		removing_tell(&c->r, NULL, unit->entries[0].job.id, NULL, &why);
	return err_is_set(err) ? -1 : 0;
}

int
ops_gc(struct ops *ops, const struct ops_gc_query *query, ops_removal_fn *told,
    void *arg, int64_t *bytes, struct err *err)
{
	struct collecting c = { .r = { .spool = ops->spool,
				    .wanted = is_wanted,
				    .told = told,
				    .arg = arg },
		.query = query,
		.now = time_wall() };
	struct spool_index index;
	struct unit unit;
	size_t i;

	*bytes = 0;
	if (spool_recheck(ops->spool, err) < 0)
		return -1;
	if (ops->spool->fd < 0)
		return 0;
	if (!query->dry_run) {
		if (removing_recover(&c.r, err) < 0)
			return -1;
		job_sweep_new(ops->spool);
	}
	if (unit_index_read(&index, ops->spool, err) < 0)
		return -1;
	for (i = 0; i < index.count; i += unit.count) {
		unit = unit_at(&index, i);
		if (is_candidate(&c, &unit) && collect_unit(&c, &unit, err) < 0)
			break;
	}
	spool_index_release(&index);
	if (!query->dry_run)
		keys_sweep(ops->spool);
	*bytes = c.r.bytes;
	return err_is_set(err) ? -1 : 0;
}
