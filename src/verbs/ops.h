/*
 * ops.h: the operations, one for each thing that can be done with jobs
 *
 * Both faces, MCP and the command line, call these; they return data (JSON
 * objects with the members of the tools' output schemas), never text for
 * people.  Operations that wait do so in the event loop and never delay
 * another.
 *
 *	struct op_call call = { .args = args, .asker = "shell", .done = …,
 *	    .failed = …, .arg = … };
 *
 *	ops_start(ops, &op_rows[OP_KILL], &call);
 *	-- done() or failed() is called exactly once, maybe before ops_start()
 *	-- returns, unless ops_cancel() comes first
 *
 * Of a failure the first line of err.text is literally the text of the
 * interface (errors.h); a second line may say what to do.
 */
#ifndef VERBS_OPS_H
#define VERBS_OPS_H

#include <jansson.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/pattern.h"
#include "engines/watch.h"
#include "spool/spool.h"

struct ops;
struct record;

/* Limits and defaults that a face hands to the operations. */
struct ops_config {
	const char *default_cwd;  /* NULL: the process's own */
	int64_t max_jobs;         /* most live jobs; 0: no limit */
	int64_t max_log_bytes;    /* of each stream; 0: no bound */
	int64_t timeout_seconds;  /* default time limit; 0: none */
	struct pattern **allowed; /* NULL-terminated; NULL: everything */
	enum watch_kind watcher;  /* how changes are seen */
};

enum { OPS_MAX_LOG_DEFAULT = 64 << 20, OPS_MAX_LOG_LEAST = 64 << 10 };

/* `loop`, `spool` and `config` stay the caller's and must outlive the ops. */
struct ops *ops_new(struct loop *loop, struct spool *spool,
    const struct ops_config *config, struct err *err);
void ops_free(struct ops *ops);

struct op_call {
	json_t *args;      /* checked and complete (args.h); the caller's */
	const char *asker; /* "claude-code 2.1.317", "shell" */
	/* The call has ended.  `result` is a new reference for the callee. */
	void (*done)(struct op_call *call, json_t *result);
	void (*failed)(struct op_call *call, const struct err *err);
	/* NULL, or told every 5 s while waiting; `total` in seconds. */
	void (*progress)(struct op_call *call, double waited, double total,
	    const char *message);
	void *arg;
	/* execute: a task, which its client hears of by itself; on disk before
	 * the answer */
	bool durable;

	/* For the command line only; zero over MCP. */
	const char *const *argv; /* execute: program and arguments */
	bool from_run;           /* execute: counts for @last */
	bool id_only;            /* execute: of a new job only job_id */
	int64_t max_log_bytes;   /* execute: 0 = that of the config */
	bool allow_last;         /* @last names a job */
	bool wait_without_limit; /* kill: wait for any grace */

	/* The operation's own. */
	const struct op_row *row;
	void (*cancel)(struct op_call *call); /* NULL: not waiting */
	void *state;
};

/* One operation = one tool. */
struct op_row {
	const char *tool;   /* name over MCP */
	const char *phrase; /* "Failed to <phrase>: …" */
	bool in_band; /* errors are results, too: {"success": false, …} */
	void (*start)(struct ops *ops, struct op_call *call);
};

/* Sorted by name, as tools/list shows them.  X(index, name, phrase, start) */
#define OPS_TABLE(X)                                                           \
	X(OP_EXECUTE, execute_command, "execute command", op_execute)          \
	X(OP_OUTPUT, get_job_output, "get job output", op_output)              \
	X(OP_STATUS, get_job_status, "get job status", op_status)              \
	X(OP_INTERACT, interact_with_job, "interact with job", op_interact)    \
	X(OP_KILL, kill_job, "kill job", op_kill)                              \
	X(OP_LIST, list_jobs, "list jobs", op_list)                            \
	X(OP_MCP_CANCEL, mcp_cancel_job, "cancel job", op_mcp_cancel)          \
	X(OP_MCP_STATUS, mcp_job_status, "get job status", op_mcp_status)      \
	X(OP_TAIL, tail_job_output, "tail job output", op_tail)                \
	X(OP_WAIT, wait_for_jobs, "wait for jobs", op_wait)

#define OPS_INDEX(index, name, phrase, start) index,
enum op_index { OPS_TABLE(OPS_INDEX) OP_COUNT };
#undef OPS_INDEX

extern const struct op_row op_rows[OP_COUNT];

void ops_start(struct ops *ops, const struct op_row *row, struct op_call *call);

/* Stop waiting; neither done nor failed will be called.  Nothing happens to the
 * job.  Allowed on a call that has ended. */
void ops_cancel(struct op_call *call);

/* What the command line needs beyond the tools. */

struct ops_list_query {
	unsigned statuses;    /* bit 1 << enum status; 0: all */
	const char *name;     /* pattern with * and ?; NULL: all */
	const char *cwd;      /* in or below; NULL: all */
	int64_t limit;        /* most jobs; -1: all */
	int64_t newest_ended; /* all that live and so many others; -1: off */
	bool leftover;        /* count what ended jobs left behind, too */
	bool kind;            /* tell the dialect of jobs by others */
	size_t command_characters; /* longer commands are cut; 0: none */
	/* What is made of a job, maybe by another thread; NULL: the members of
	 * list_jobs. */
	json_t *(*make)(const struct ops *ops, const struct record *record);
	bool ids_only; /* nothing is made of it */
};

/* A job of a list, borrowed. */
struct ops_listed {
	const char *id;
	json_t *job;      /* ops_list(): members as in list_jobs */
	const char *text; /* ops_list_text(): the same as one line of JSON */
	size_t length;    /* of the text */
};

/*
 * Call `each` with the jobs, newest first, until it returns non-zero.  All
 * processors look for them; `each` is called by the caller's thread.
 */
int ops_list(struct ops *ops, const struct ops_list_query *query,
    int (*each)(void *arg, const struct ops_listed *job), void *arg,
    struct err *err);
int ops_list_text(struct ops *ops, const struct ops_list_query *query,
    int (*each)(void *arg, const struct ops_listed *job), void *arg,
    struct err *err);

/* The object of get_job_status for a record of SCAN_FULL. */
json_t *ops_show(const struct ops *ops, const struct record *record);

/* The error of a call as the result of an operation whose errors are in band:
 * {"success": false, "error", "code"}; a new reference. */
json_t *ops_error_in_band(const struct err *err);

/*
 * Write raw bytes to a job's input, as much as it takes at this moment; never
 * blocks.
 * word		names the job; @last too
 * data, len	any bytes, NUL and invalid UTF-8 too
 * written	receives how many were taken, 0 to len; 0 and success mean that
 *		the job does not read now: try again later
 * 0, or -1 with ERR_NOT_FOUND, ERR_AMBIGUOUS, or ERR_REFUSED (not running, no
 * input, input closed).
 */
int ops_send_bytes(struct ops *ops, const char *word, const void *data,
    size_t len, size_t *written, struct err *err);

/* Ask for the end of a job's input; what was written before comes first.
 * Asking twice is no error.  Errors as above. */
int ops_send_eof(struct ops *ops, const char *word, struct err *err);

/* What runs already and is to be a job. */
struct ops_adoption {
	pid_t pid;            /* at least 2 */
	const char *name;     /* of the job; NULL: none */
	const char *log_file; /* shown as its stdout; NULL: none */
	const char *asker;    /* as in struct op_call */
};

/*
 * Make a job of a process of the same user; takes a few milliseconds.  The
 * object of execute_command, without output, or NULL with err: ERR_REFUSED
 * where this process or that file can't be taken (nothing is left behind).
 */
json_t *ops_adopt(struct ops *ops, const struct ops_adoption *what,
    struct err *err);

/* What became of a job that was to be removed (ops_remove, ops_gc). */
struct ops_removal {
	const char *word; /* as it was named; NULL: it was not */
	const char *id;   /* NULL: no such job */
	/* {job_id, status, finished, bytes} of one that is gone now; NULL: it
	 * stays.  The bytes of a directory that held several jobs stand at the
	 * first of them. */
	const json_t *job;
	const struct err *err; /* why it stays, or what else went wrong */
};

typedef void ops_removal_fn(void *arg, const struct ops_removal *removal);

/*
 * Remove the directories of ended jobs.
 * words	name the jobs; @last too
 * told		is called for each word, in their order, and without a word for
 *		what a removal that was killed has left; errors: ERR_NOT_FOUND,
 *		ERR_AMBIGUOUS, ERR_REFUSED (it may live, has left processes
 *		behind, shares its directory with jobs that are not named),
 *		ERR_SYSTEM
 * 0, or -1 with err if nothing at all can be removed.
 */
int ops_remove(struct ops *ops, char *const *words, size_t count,
    ops_removal_fn *told, void *arg, struct err *err);

struct ops_gc_query {
	usec_t older_than; /* ended so long ago: removable_since() */
	bool failed;       /* also `failed` and `lost` */
	bool dry_run;      /* tell, but remove nothing */
};

/*
 * Remove what ended long ago, and what killed launches, requests, supervisors
 * and removals have left.  `told` is called for each job that is gone now, and
 * for what went wrong; what may live is passed over.  `bytes` receives what
 * became free.  0, or -1 with err if nothing more can be removed.
 */
int ops_gc(struct ops *ops, const struct ops_gc_query *query,
    ops_removal_fn *told, void *arg, int64_t *bytes, struct err *err);

#endif
