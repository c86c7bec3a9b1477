/*
 * ops_job.h: one job by its full id, for handles that clients keep
 *
 * Tasks, resources and subscriptions name jobs by full ids only, answer from
 * the directory each time, and so mean the same to every server for ever.
 *
 *	struct record record;
 *
 *	if (ops_job(ops, id, &record, &err) == 0)
 *		result = ops_job_result(ops, &record);
 *	record_release(&record);	-- in every case
 */
#ifndef VERBS_OPS_JOB_H
#define VERBS_OPS_JOB_H

#include "engines/watch.h"
#include "truth/scan.h"
#include "verbs/ops.h"

/*
 * The record (SCAN_FULL) of the job with that very id.  0, or -1 with err:
 * ERR_NOT_FOUND, or ERR_SYSTEM if root or job can't be looked at.
 */
int ops_job(struct ops *ops, const char *id, struct record *record,
    struct err *err);

/* The same for a word that names a job (truth/resolve.h); ERR_AMBIGUOUS, too. */
int ops_job_named(struct ops *ops, const char *word, struct record *record,
    struct err *err);

/* What execute_command answers after a wait: the members of its output schema,
 * with the last output of both streams.  A new object. */
json_t *ops_job_result(struct ops *ops, const struct record *record);

/* When something of it changed last: its end, else output, progress or start.
 * Taken from record and files, so every process says the same. */
usec_t ops_job_changed(const struct record *record);

/*
 * One line for people: "running 28 s; last line: epoch 3/10", "stopping",
 * "exit code 7 after 1.2 s", "killed on request of claude-code: SIGTERM, exit
 * code 0 after 1.2 s".  Valid UTF-8 without control characters.
 */
void ops_job_message(struct ops *ops, const struct record *record,
    struct buf *text);

/*
 * Ask it to stop, as kill_job does with its defaults, and do not wait.  Of an
 * ended job what it left behind.  `asker` as in struct op_call.  0, or -1 with
 * err.
 */
int ops_job_stop(struct ops *ops, const struct record *record,
    const char *asker, struct err *err);

/*
 * The last `max` bytes of a log as text: a note in the first line says what was
 * left out or dropped, and where to get it.  A JSON string, or NULL with err.
 */
json_t *ops_job_log(struct ops *ops, const struct record *record, bool is_err,
    size_t max, struct err *err);

/* The journal as it stands in its file, as text, at most `max` bytes of it.  A
 * JSON string, or NULL with err. */
json_t *ops_job_journal(struct ops *ops, const struct record *record,
    size_t max, struct err *err);

/*
 * A page of all jobs, newest first; each is what `make` makes of its record
 * (SCAN_STATE), an object with the members job_id and started.
 * cursor	NULL: from the newest
 * limit	jobs of a page
 * next		receives where to go on, malloc'd; NULL: that was all
 * A new array; or NULL with err, ERR_INVALID: no cursor of ours.
 */
json_t *ops_job_page(struct ops *ops, const char *cursor, int64_t limit,
    json_t *(*make)(const struct ops *ops, const struct record *record),
    char **next, struct err *err);

/* Size of the plain file `part` of a job's directory, and when it was last
 * modified; -1 if there is no such file. */
int64_t ops_job_part(const struct ops *ops, const struct record *record,
    const char *part, usec_t *modified);

/*
 * Read the root once for many questions (ops_census_has): 0, or -1 with err.
 * What is answered is of that moment.
 */
int ops_census(struct ops *ops, struct err *err);

/* Does the id mean that very job; or if its members are NULL, none? */
bool ops_census_has(struct ops *ops, const char *id,
    const struct spool_job *job);

/*
 * Call `changed` when jobs were made or removed, by whomever; not more often
 * than the loop turns.  Reads the whole root once.  NULL with err if that can't
 * be.
 */
struct ops_list_watch;

struct ops_list_watch *ops_list_watch_new(struct ops *ops,
    watch_changed_fn *changed, void *arg, struct err *err);
void ops_list_watch_free(struct ops_list_watch *watch); /* NULL is allowed */

/*
 * Ids that begin with `prefix`, the newest job's first, and with `names` first
 * the names that do, of the newest OPS_JOB_NAMED jobs; at most `max` words.  A
 * new array of strings; none if the root can't be read.
 */
json_t *ops_job_words(struct ops *ops, const char *prefix, bool names,
    size_t max);

enum { OPS_JOB_NAMED = 200 };

#endif
