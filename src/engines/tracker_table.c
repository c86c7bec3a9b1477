/*
 * tracker_table.c: the directories and jobs that the tracker knows
 *
 * Two tables: directories by name, jobs by the id that their names claim.  An
 * id with one claimant, the usual case, costs one look.
 *
 * Invariant: every job is in its directory's list and in the table of claims; a
 * directory is in the live list exactly if a job in it can change.
 */
#include "base/compat.h"
#include "engines/tracker_state.h"

#include <stdlib.h>

enum { TABLE_LEAST = 64 };

static size_t
slot_of_name(const struct tracker *t, const char *name)
{
	return hash_text(name) & (t->dirs_size - 1);
}

static void
grow_dirs(struct tracker *t)
{
	struct tracker_dir **old = t->dirs, *dir, *next;
	size_t i, size = t->dirs_size;

	if (t->dirs_count < size)
		return;
	t->dirs_size = size ? size * 2 : TABLE_LEAST;
	t->dirs = xmalloc(t->dirs_size * sizeof(struct tracker_dir *));
	memset(t->dirs, 0, t->dirs_size * sizeof(struct tracker_dir *));
	for (i = 0; i < size; i++) {
		for (dir = old[i]; dir; dir = next) {
			size_t slot = slot_of_name(t, dir->name);

			next = dir->next;
			dir->next = t->dirs[slot];
			t->dirs[slot] = dir;
		}
	}
	free(old);
}

struct tracker_dir *
tracker_dir_get(struct tracker *t, const char *name)
{
	size_t slot, length = strlen(name);
	struct tracker_dir *dir;

	grow_dirs(t);
	slot = slot_of_name(t, name);
	for (dir = t->dirs[slot]; dir; dir = dir->next)
		if (strcmp(dir->name, name) == 0)
			return dir;
	dir = xmalloc(sizeof(*dir) + length + 1);
	memset(dir, 0, sizeof(*dir));
	memcpy(dir->name, name, length + 1);
	dir->tracker = t;
	dir->own = spool_name_is_own(name);
	dir->relist = true;
	dir->next = t->dirs[slot];
	t->dirs[slot] = dir;
	t->dirs_count++;
	return dir;
}

void
tracker_dir_free(struct tracker_dir *dir)
{
	struct tracker *t = dir->tracker;
	struct tracker_dir **d = &t->dirs[slot_of_name(t, dir->name)];

	while (dir->jobs)
		tracker_job_free(dir->jobs);
	tracker_dequeue(dir);
	tracker_dir_unwatch(dir);
	while (*d != dir)
		d = &(*d)->next;
	*d = dir->next;
	t->dirs_count--;
	free(dir);
}

static void
claim_of(const struct tracker_job *job, struct buf *id)
{
	dialect_of(job->journal)->claim(id, job->dir->name, job->journal);
}

static void
grow_claims(struct tracker *t)
{
	struct tracker_job **old = t->claims, *job, *next;
	size_t i, size = t->claims_size;

	if (t->claims_count < size)
		return;
	t->claims_size = size ? size * 2 : TABLE_LEAST;
	t->claims = xmalloc(t->claims_size * sizeof(struct tracker_job *));
	memset(t->claims, 0, t->claims_size * sizeof(struct tracker_job *));
	for (i = 0; i < size; i++) {
		for (job = old[i]; job; job = next) {
			size_t slot = job->claim & (t->claims_size - 1);

			next = job->next_claim;
			job->next_claim = t->claims[slot];
			t->claims[slot] = job;
		}
	}
	free(old);
}

struct tracker_job *
tracker_job_add(struct tracker_dir *dir, const char *journal)
{
	struct tracker *t = dir->tracker;
	struct tracker_job *job = xmalloc(sizeof(*job)), **claims;
	struct buf id = BUF_INIT;

	memset(job, 0, sizeof(*job));
	job->dir = dir;
	job->journal =
	    strcmp(journal, JOB_JOURNAL) == 0 ? JOB_JOURNAL : xstrdup(journal);
	job->status = STATUS_UNKNOWN;
	job->past = t->starting ? TRACKER_KNOWN : TRACKER_NEW;
	job->next = dir->jobs;
	dir->jobs = job;
	claim_of(job, &id);
	job->claim = hash_text(buf_str(&id));
	buf_release(&id);
	grow_claims(t);
	claims = &t->claims[job->claim & (t->claims_size - 1)];
	job->next_claim = *claims;
	*claims = job;
	t->claims_count++;
	tracker_job_set_live(job, true);
	return job;
}

void
tracker_job_free(struct tracker_job *job)
{
	struct tracker *t = job->dir->tracker;
	struct tracker_job **j = &job->dir->jobs;

	tracker_job_set_live(job, false);
	while (*j != job)
		j = &(*j)->next;
	*j = job->next;
	j = &t->claims[job->claim & (t->claims_size - 1)];
	while (*j != job)
		j = &(*j)->next_claim;
	*j = job->next_claim;
	t->claims_count--;
	if (strcmp(job->journal, JOB_JOURNAL) != 0) {
		char *name;

		memcpy(&name, &job->journal, sizeof(name));
		free(name);
	}
	free(job);
}

/* Is `a` newer than `b`, which claims the same id?  As in spool.c: without a
 * time in its name it is oldest, and then the names decide. */
static bool
is_newer(const struct tracker_job *a, const struct tracker_job *b)
{
	usec_t x = dialect_of(a->journal)->stamp(a->dir->name);
	usec_t y = dialect_of(b->journal)->stamp(b->dir->name);
	int order;

	if (x != y)
		return x > y;
	order = strcmp(a->dir->name, b->dir->name);
	return order ? order > 0 : strcmp(a->journal, b->journal) < 0;
}

/* Does a newer job claim the same id? */
static bool
is_parted(const struct tracker_job *job, const char *id)
{
	const struct tracker *t = job->dir->tracker;
	const struct tracker_job *other;
	struct buf claim = BUF_INIT;
	bool parted = false;

	other = t->claims[job->claim & (t->claims_size - 1)];
	for (; other && !parted; other = other->next_claim) {
		if (other == job || other->claim != job->claim)
			continue;
		buf_cut(&claim, 0);
		claim_of(other, &claim);
		parted =
		    strcmp(buf_str(&claim), id) == 0 && is_newer(other, job);
	}
	buf_release(&claim);
	return parted;
}

void
tracker_job_names(const struct tracker_job *job, struct spool_job *names)
{
	struct buf id = BUF_INIT;

	claim_of(job, &id);
	if (is_parted(job, buf_str(&id))) {
		buf_addch(&id, '~');
		dialect_escape(&id, job->dir->name, strlen(job->dir->name));
	}
	names->name = xstrdup(job->dir->name);
	names->journal = xstrdup(job->journal);
	names->id = buf_steal(&id);
	names->shared = job->dir->jobs->next != NULL;
}

static struct tracker_live *
live_new(struct tracker_job *job)
{
	struct tracker_live *live = xmalloc(sizeof(*live));
	int i;

	memset(live, 0, sizeof(*live));
	live->job = job;
	live->since = -1;
	for (i = 0; i < 2; i++) {
		live->processes[i].job = job;
		live->processes[i].pidfd = -1;
	}
	return live;
}

/* The list of live directories follows its jobs. */
static void
update_dir(struct tracker_dir *dir)
{
	struct tracker *t = dir->tracker;
	const struct tracker_job *job = dir->jobs;
	bool live;

	while (job && !job->live)
		job = job->next;
	live = job != NULL;
	if (live == dir->live)
		return;
	dir->live = live;
	if (live) {
		TAILQ_INSERT_TAIL(&t->live, dir, next_live);
		t->unwatched += !dir->watch;
		return;
	}
	t->unwatched -= !dir->watch;
	tracker_dir_unwatch(dir);
	if (t->pass == dir)
		t->pass = TAILQ_NEXT(dir, next_live);
	TAILQ_REMOVE(&t->live, dir, next_live);
}

void
tracker_job_set_live(struct tracker_job *job, bool live)
{
	if (live && !job->live) {
		job->live = live_new(job);
	} else if (!live && job->live) {
		tracker_processes_forget(job->live);
		tracker_due_drop(job->live);
		tracker_held_drop(job->live);
		free(job->live);
		job->live = NULL;
	}
	update_dir(job->dir);
}
