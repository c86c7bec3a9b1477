/*
 * removing.c: the way of a directory out of the root
 *
 * It is judged in sight, taken out of sight, judged again there, since a worker
 * may have started again in it meanwhile, and only then removed
 * (spool/remove.h).
 *
 * Invariant: what the second judgement does not find dead comes back.
 */
#include "base/compat.h"
#include "verbs/removing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "spool/remove.h"
#include "verbs/internal.h"
#include "verbs/removable.h"

static int
by_directory(const void *left, const void *right)
{
	const struct spool_entry *a = left, *b = right;
	int order = strcmp(a->job.name, b->job.name);

	return order ? order : strcmp(a->job.journal, b->job.journal);
}

int
unit_index_read(struct spool_index *index, const struct spool *spool,
    struct err *err)
{
	if (spool_index_read(index, spool, err) < 0)
		return -1;
	if (index->count > 0)
		qsort(index->entries, index->count, sizeof(*index->entries),
		    by_directory);
	return 0;
}

struct unit
unit_at(const struct spool_index *index, size_t first)
{
	struct unit unit = { &index->entries[first], 1 };

	while (first + unit.count < index->count &&
	    strcmp(unit.entries[unit.count].job.name,
		unit.entries[0].job.name) == 0)
		unit.count++;
	return unit;
}

struct unit
unit_of(const struct spool_index *index, const char *name)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (strcmp(index->entries[i].job.name, name) == 0)
			return unit_at(index, i);
	return (struct unit){ NULL, 0 };
}

void
removing_tell(const struct removing *r, const char *word, const char *id,
    const json_t *job, const struct err *err)
{
	const struct ops_removal removal = { word, id, job, err };

	r->told(r->arg, &removal);
}

static json_t *
describe(const struct record *record)
{
	json_t *job = json_object();

	json_set_string(job, "job_id", record->job.id);
	json_set_string(job, "status", status_word(record->verdict.status));
	json_set_time(job, "finished", record->finished);
	json_object_set_new(job, "bytes", json_integer(0));
	return job;
}

int
removing_judge(const struct removing *r, const struct spool *in,
    const struct unit *unit, json_t *jobs, struct err *err)
{
	int result = 0;
	size_t i;

	for (i = 0; i < unit->count && result == 0; i++) {
		struct record record;

		result = removable(in, &unit->entries[i].job, &record, err);
		if (result == 0 && r->wanted && !r->wanted(r, in, &record))
			result = 1;
		if (result == 0 && jobs)
			json_array_append_new(jobs, describe(&record));
		record_release(&record);
	}
	return result;
}

/* Judge what was taken out of sight; `count`: jobs that it had in sight, 0: not
 * known.  As removing_judge(), but for life, which is 1 for who collects. */
static int
judge_again(const struct removing *r, const struct removal *removal,
    const char *name, size_t count, json_t *jobs, struct err *err)
{
	struct spool_index index;
	struct unit unit;
	int result;

	if (unit_index_read(&index, &removal->old, err) < 0)
		return -1;
	unit = unit_of(&index, name);
	if (unit.count == 0)
		result = 1; /* no directory: it comes back as it is */
	else if (count > 0 && unit.count != count)
		result = err_set(err, ERR_REFUSED,
		    "directory %s has got other jobs meanwhile", name);
	else
		result = removing_judge(r, &removal->old, &unit, jobs, err);
	spool_index_release(&index);
	if (result < 0 && r->wanted && err->kind != ERR_SYSTEM) {
		err_clear(err);
		result = 1;
	}
	return result;
}

/* Back into sight.  What goes wrong here matters more than why it comes back:
 * returns `result` or -1. */
static int
bring_back(struct removal *removal, const char *name, int result,
    struct err *err)
{
	struct err wrong = ERR_INIT;
	char back[JOB_NAME_MAX];

	if (removal_restore(removal, name, back, &wrong) < 0) {
		*err = wrong;
		return -1;
	}
	if (back[0] && strcmp(back, name) != 0) {
		err_clear(err);
		return err_set(err, ERR_SYSTEM,
		    "%s was to be removed and lives, and its name was given "
		    "away meanwhile: it is %s now",
		    name, back);
	}
	return result;
}

/* .old/NAME is judged and goes or comes back.  As removing_take(). */
static int
finish(const struct removing *r, struct removal *removal, const char *name,
    size_t count, json_t *jobs, int64_t *bytes, struct err *err)
{
	int result = judge_again(r, removal, name, count, jobs, err);

	if (result == 0)
		result = removal_check(removal, name, err);
	if (result == 0)
		result = removal_destroy(removal, name, bytes, err);
	return result == 0 ? 0 : bring_back(removal, name, result, err);
}

/* What is in .old after a kill is whole, and was not judged a second time. */
static int
recover_entry(void *arg, const char *name)
{
	struct removing *r = arg;
	/* Somebody wanted it removed; why does not matter any more. */
	const struct removing any = { .spool = r->spool };
	json_t *jobs, *job;
	struct err err = ERR_INIT;
	int64_t bytes = 0;
	size_t i;

	if (*name == '.')
		return 0;
	jobs = json_array();
	if (finish(&any, r->removal, name, 0, jobs, &bytes, &err) == 0) {
		json_object_set_new(json_array_get(jobs, 0), "bytes",
		    json_integer(bytes));
		json_array_foreach(jobs, i, job) {
			removing_tell(r, NULL,
			    json_string_value(json_object_get(job, "job_id")),
			    job, NULL);
		}
	} else if (err.kind == ERR_SYSTEM) {
		removing_tell(r, NULL, NULL, NULL, &err);
	}
	r->bytes += bytes;
	json_decref(jobs);
	return 0;
}

/* .old is locked. */
static void
recover(struct removing *r, struct removal *removal)
{
	struct err err = ERR_INIT;

	if (removal_clear(removal, &r->bytes, &err) < 0)
		removing_tell(r, NULL, NULL, NULL, &err);
	r->removal = removal;
	if (fsio_each(removal->old.fd, recover_entry, r) < 0) {
		err_clear(&err);
		err_errno(&err, ERR_SYSTEM, errno, "%s", removal->old.path);
		removing_tell(r, NULL, NULL, NULL, &err);
	}
	r->removal = NULL;
}

int
removing_recover(struct removing *r, struct err *err)
{
	struct removal removal;
	int result;

	if (r->spool->fd < 0)
		return 0;
	result = removal_begin(&removal, r->spool, false, err);
	if (result != 0)
		return result < 0 ? -1 : 0;
	recover(r, &removal);
	removal_end(&removal);
	return 0;
}

int
removing_take(struct removing *r, const struct unit *unit, int64_t *bytes,
    struct err *err)
{
	const char *name = unit->entries[0].job.name;
	struct removal removal;
	int64_t freed = 0;
	int result;

	if (removal_begin(&removal, r->spool, true, err) < 0)
		return -1;
	result = removal_take(&removal, name, err);
	if (result < 0 && (err->sys == EEXIST || err->sys == ENOTEMPTY)) {
		err_clear(err);
		recover(r, &removal);
		result = removal_take(&removal, name, err);
	}
	if (result == 0)
		result =
		    finish(r, &removal, name, unit->count, NULL, &freed, err);
	removal_end(&removal);
	*bytes += freed;
	r->bytes += freed;
	return result;
}
