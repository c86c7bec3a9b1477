/*
 * internal.h: what the operations share (for verbs/ only)
 */
#ifndef VERBS_INTERNAL_H
#define VERBS_INTERNAL_H

#include "engines/forkserver.h"
#include "engines/logs.h"
#include "engines/watch.h"
#include "truth/cache.h"
#include "truth/resolve.h"
#include "truth/scan.h"
#include "verbs/errors.h"
#include "verbs/job_watch.h"
#include "verbs/json_set.h"
#include "verbs/ops.h"

struct ops {
	struct loop *loop;
	struct spool *spool;
	struct ops_config config;
	struct watch *watch;
	struct catalog catalog; /* caches: checked at every use */
	struct record_cache *cache;
	struct forkserver forkserver; /* of a server */
	char *own_cwd; /* of this process when it started; NULL: unknown */
};

enum {
	OPS_PROGRESS_EVERY = 5 * USEC_PER_SEC,
	OPS_COMMAND_SHOWN = 8192, /* bytes of a command outside of lists */
	OPS_COMMAND_LISTED = 200, /* characters in lists */
	OPS_TAIL_BYTES = 4096,    /* of each stream after waiting */
};

/* End a call.  `result` is handed over. */
void op_done(struct op_call *call, json_t *result);
void op_failed(struct op_call *call, const struct err *err);

/* Prefix "Failed to <phrase>: " unless the text is literal (not found …). */
void op_failed_at(struct op_call *call, struct err *err);

/* Arguments of a call: "" / `missing` if absent. */
const char *arg_string(const struct op_call *call, const char *name);
double arg_number(const struct op_call *call, const char *name, double missing);
bool arg_bool(const struct op_call *call, const char *name);

/* Is the root still the root?  If it is another one, caches are dropped.  0 or
 * -1 with err. */
int op_recheck(struct ops *ops, struct err *err);

/* The job that `word` names, after a look whether the root is still the root;
 * and the one that argument `job_id` names. */
int op_resolve(struct ops *ops, const struct op_call *call, const char *word,
    struct spool_job *job, struct err *err);

int op_resolve_argument(struct ops *ops, const struct op_call *call,
    struct spool_job *job, struct err *err);

/* Gather the job's record; a job removed meanwhile is ERR_NOT_FOUND.  Release
 * the record in every case. */
int op_scan(const struct ops *ops, const struct spool_job *job,
    struct record *record, struct err *err);

/* Records as JSON (record_json.c); new references. */
json_t *record_json_listed(const struct record *record,
    size_t command_characters);
json_t *record_json_status(const struct ops *ops, const struct record *record);
/* Members of execute_command's result, without output. */
json_t *record_json_started(const struct ops *ops, const struct record *record);
/* An item of wait_for_jobs' done, without output. */
json_t *record_json_done(const struct record *record);

/* An item of mcp_job_status, and its result for one job (record_workflow.c). */
json_t *record_json_workflow(const struct ops *ops,
    const struct record *record);
/* Members that several objects have. */
void record_json_status_word(json_t *object, const struct record *record);
void record_json_ending(json_t *object, const struct record *record);
void record_json_request(json_t *object, const struct record *record);
void record_json_progress(json_t *object, const struct record *record);
/* `result` as it stands in its journal, unless it is huge. */
void record_json_result(json_t *object, const struct record *record);

/* Logs of a job as the operations need them (op_logs.c). */
struct op_logs {
	struct log out;
	struct log err;
};

int op_logs_open(struct op_logs *logs, const struct ops *ops,
    const struct record *record, struct err *err);
void op_logs_close(struct op_logs *logs);
struct log_shape op_log_shape(const struct journal *journal,
    const struct journal_log *log);

/* Both views into `object`: <stream>_size, _next, _omitted, _dropped of each,
 * then truncated, complete, lossy; texts last (op_view_texts). */
struct op_views {
	struct log_view out;
	struct log_view err;
	bool has_out; /* the stream was asked for */
	bool has_err;
};

void op_views_init(struct op_views *views);
void op_views_release(struct op_views *views);
void op_views_numbers(json_t *object, const struct op_logs *logs,
    const struct op_views *views, bool ended);
void op_views_texts(json_t *object, const struct op_views *views);

/* The last lines of both streams, together at most max_bytes of text; what one
 * leaves the other gets. */
int op_views_tail(struct op_logs *logs, int64_t lines, size_t max_bytes,
    bool raw, struct op_views *views, struct err *err);

/* The last `max_each` bytes of each stream, whatever the other has. */
int op_views_last(struct op_logs *logs, size_t max_each, struct op_views *views,
    struct err *err);

/* The end of both streams as members of `result`: truncated, stdout, stderr;
 * none of them if the logs can't be read. */
void op_add_last_output(const struct ops *ops, const struct record *record,
    json_t *result);

/* From both offsets on; for interact_with_job and get_job_output. */
int op_views_range(struct op_logs *logs, int64_t out_offset, int64_t err_offset,
    size_t max_bytes, bool raw, struct op_views *views, struct err *err);

/* A page of jobs, newest first. */
struct op_page {
	json_t *jobs;
	char *next_cursor; /* NULL: there are no more */
	size_t total;      /* jobs of the root */
};

/*
 * The page that the arguments `cursor` and `limit` ask for (op_list_page()
 * frees nothing on success: jobs and next_cursor are the caller's).
 * limit	if the argument is absent
 * bytes	at most of JSON
 * 0, or -1 with err, ERR_INVALID: a bad cursor.
 */
int op_list_page(struct ops *ops, const struct op_call *call,
    const struct ops_list_query *query, int64_t limit, size_t bytes,
    struct op_page *page, struct err *err);

/* The request that the arguments `signal` and `grace_seconds` describe, made by
 * call->asker. */
void op_stop_request(const struct op_call *call, struct request *request);

/*
 * Ask a job to stop (op_stop.c): leave the request, and see that somebody acts
 * on it.  *note receives what is to be told besides, a constant; or stays.
 * 0 or -1 with err.
 */
int op_stop_begin(const struct ops *ops, const struct record *record,
    const struct request *request, const char **note, struct err *err);

/*
 * The time of a call that waits (op_timer.c): progress every 5 s, and its
 * limit.
 */
struct op_timer {
	struct ops *ops;
	struct op_call *call;
	usec_t begun;
	double limit; /* seconds; < 0: none */
	struct loop_timer *deadline;
	struct loop_timer *progress;
	void (*expired)(struct op_call *call);
	/* Fill in what is waited for, e.g. "2 of 5 done". */
	void (*describe)(struct op_call *call, char *text, size_t size);
};

void op_timer_start(struct op_timer *timer, struct ops *ops,
    struct op_call *call, double limit, void (*expired)(struct op_call *call),
    void (*describe)(struct op_call *call, char *text, size_t size));
void op_timer_stop(struct op_timer *timer);
double op_timer_waited(const struct op_timer *timer); /* seconds */

/* Start functions of the table. */
void op_execute(struct ops *ops, struct op_call *call);
void op_output(struct ops *ops, struct op_call *call);
void op_status(struct ops *ops, struct op_call *call);
void op_interact(struct ops *ops, struct op_call *call);
void op_kill(struct ops *ops, struct op_call *call);
void op_list(struct ops *ops, struct op_call *call);
void op_mcp_cancel(struct ops *ops, struct op_call *call);
void op_mcp_status(struct ops *ops, struct op_call *call);
void op_tail(struct ops *ops, struct op_call *call);
void op_wait(struct ops *ops, struct op_call *call);

#endif
