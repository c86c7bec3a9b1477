/*
 * ops_remove.c: removing the jobs that are named
 *
 * Invariant: all words are resolved before anything is removed, so that a
 * prefix means the same for each of them.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdlib.h>
#include <string.h>

#include "verbs/removing.h"

/* A word, the job that it names, and what became of that. */
struct named {
	const char *word;
	struct spool_job job; /* name NULL: there is none */
	json_t *removed;      /* NULL: it stays */
	struct err err;
};

struct naming {
	struct ops *ops;
	struct removing r;
	struct spool_index index;
	struct named *jobs;
	size_t count;
};

static bool
is_same_job(const struct spool_job *a, const struct spool_job *b)
{
	return a->name && b->name && strcmp(a->name, b->name) == 0 &&
	    strcmp(a->journal, b->journal) == 0;
}

static bool
is_named(const struct naming *n, const struct spool_job *job)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (is_same_job(&n->jobs[i].job, job))
			return true;
	return false;
}

/* A directory goes only if all of its jobs were named. */
static int
check_named(const struct naming *n, const struct unit *unit,
    const struct spool_job *job, struct err *err)
{
	struct buf others = BUF_INIT;
	size_t i;

	for (i = 0; i < unit->count; i++)
		if (!is_named(n, &unit->entries[i].job))
			buf_addf(&others, " %s", unit->entries[i].job.id);
	if (others.len)
		err_set(err, ERR_REFUSED,
		    "Job %s cannot be removed alone: its directory %s holds "
		    "other jobs\nname them, too:%s",
		    job->id, job->name, buf_str(&others));
	buf_release(&others);
	return err_is_set(err) ? -1 : 0;
}

/* Give every word what became of its job; `jobs` are those of the unit. */
static void
spread(struct naming *n, const struct unit *unit, const json_t *jobs,
    const struct err *err)
{
	size_t i, k;

	for (i = 0; i < n->count; i++) {
		for (k = 0; k < unit->count; k++) {
			if (!is_same_job(&n->jobs[i].job,
				&unit->entries[k].job))
				continue;
			n->jobs[i].err = *err;
			n->jobs[i].removed =
			    json_incref(json_array_get(jobs, k));
		}
	}
}

/* Remove the directory of that job. */
static void
remove_named(struct naming *n, struct named *named)
{
	struct unit unit = unit_of(&n->index, named->job.name);
	struct err err = ERR_INIT;
	json_t *jobs = json_array();
	int64_t bytes = 0;
	int result = 1;

	if (unit.count > 0)
		result = check_named(n, &unit, &named->job, &err);
	if (result == 0)
		result =
		    removing_judge(&n->r, n->ops->spool, &unit, jobs, &err);
	if (result == 0)
		result = removing_take(&n->r, &unit, &bytes, &err);
	if (result == 0)
		json_object_set_new(json_array_get(jobs, 0), "bytes",
		    json_integer(bytes));
	else
		json_array_clear(jobs);
	if (result > 0)
		err_set(&err, ERR_NOT_FOUND, "Job %s not found", named->job.id);
	named->err = err; /* if it is not of the unit any more */
	spread(n, &unit, jobs, &err);
	json_decref(jobs);
}

static void
resolve_all(struct naming *n, char *const *words)
{
	const struct op_call call = { .allow_last = true };
	size_t i;

	for (i = 0; i < n->count; i++) {
		struct named *named = &n->jobs[i];

		memset(named, 0, sizeof(*named));
		named->word = words[i];
		if (op_resolve(n->ops, &call, named->word, &named->job,
			&named->err) < 0)
			spool_job_release(&named->job);
	}
}

static void
remove_all(struct naming *n)
{
	size_t i;

	for (i = 0; i < n->count; i++) {
		struct named *named = &n->jobs[i];

		if (named->job.name && !named->removed &&
		    !err_is_set(&named->err))
			remove_named(n, named);
		removing_tell(&n->r, named->word, named->job.id, named->removed,
		    named->removed ? NULL : &named->err);
	}
}

int
ops_remove(struct ops *ops, char *const *words, size_t count,
    ops_removal_fn *told, void *arg, struct err *err)
{
	struct naming n = { .ops = ops,
		.r = { .spool = ops->spool, .told = told, .arg = arg },
		.count = count };
	size_t i;

	if (spool_recheck(ops->spool, err) < 0 ||
	    removing_recover(&n.r, err) < 0)
		return -1;
	n.jobs = xmalloc((count + 1) * sizeof(*n.jobs));
	resolve_all(&n, words);
	if (unit_index_read(&n.index, ops->spool, err) == 0)
		remove_all(&n);
	for (i = 0; i < count; i++) {
		json_decref(n.jobs[i].removed);
		spool_job_release(&n.jobs[i].job);
	}
	free(n.jobs);
	spool_index_release(&n.index);
	return err_is_set(err) ? -1 : 0;
}
