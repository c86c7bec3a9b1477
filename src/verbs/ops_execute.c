/*
 * ops_execute.c: execute_command and `jobdir run`
 *
 * Flow B begins here: arguments -> record -> locks -> supervisor -> answer.
 *
 * Invariant: of any number of calls with one key exactly one starts a job; the
 * locks are held until the launch is over, also by its supervisor.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engines/spawn.h"
#include "spool/ident.h"
#include "spool/job.h"
#include "spool/keys.h"
#include "verbs/command.h"

enum {
	LOCK_RETRY = 2 * 1000,
	LOCK_PATIENCE = 30 * USEC_PER_SEC,
	HOST_MAX = 256,
};

struct execution {
	struct ops *ops;
	struct op_call *call;
	struct command command; /* argv, environment, cwd */
	struct journal journal;
	char id[IDENT_MAX];
	char host[HOST_MAX];
	const char *key; /* NULL: none */
	int locks[2];    /* of the key, of the limit */
	usec_t locking_since;
	struct loop_timer *retry;
	struct spawn spawn;
	struct loop_source *answer;
	struct job_watch *watch;
	struct op_timer timer;
	struct spool_job job;
	bool reused;
	bool waiting;
};

static void
execution_free(struct execution *x)
{
	op_timer_stop(&x->timer);
	loop_timer_cancel(x->retry);
	loop_remove(x->answer);
	job_watch_free(x->watch);
	spawn_end(&x->spawn);
	close_fd(&x->locks[0]);
	close_fd(&x->locks[1]);
	command_release(&x->command);
	spool_job_release(&x->job);
	free(x);
}

static void
fail(struct execution *x, const struct err *err)
{
	struct op_call *call = x->call;

	execution_free(x);
	op_failed(call, err);
}

/* A launch that is under way goes on without its asker: its supervisor holds
 * the locks, too. */
static void
cancel_execution(struct op_call *call)
{
	execution_free(call->state);
}

static void
add_hint(struct execution *x, const struct record *record, json_t *result)
{
	if (x->waiting && !status_is_final(record->verdict.status))
		json_set_string(result, "hint",
		    "still running: wait_for_jobs "
		    "waits for the end, tail_job_output shows its output");
	else if (arg_bool(x->call, "notify") && !x->call->durable)
		json_set_string(result, "hint",
		    "notify has no effect: this "
		    "client takes no tasks; use wait_for_jobs");
}

/* It was started, and its directory is gone already: whoever hears "not found"
 * would start it once more.  What is known of it is what was asked for. */
static json_t *
removed_at_once(struct execution *x, struct record *record)
{
	json_t *result;

	record->verdict = (struct verdict){ STATUS_UNKNOWN, REASON_REMOVED,
		RULE_UNREADABLE, false };
	record->started = x->journal.created;
	result = record_json_started(x->ops, record);
	json_set_command(result, x->journal.command, SIZE_MAX,
	    OPS_COMMAND_SHOWN);
	json_set_string(result, "cwd", x->journal.cwd);
	return result;
}

static void
answer(struct execution *x)
{
	struct op_call *call = x->call;
	struct err err = ERR_INIT;
	struct record record;
	json_t *result;

	if (call->id_only && !x->reused) {
		result = json_pack("{s:s}", "job_id", x->job.id);
		execution_free(x);
		op_done(call, result);
		return;
	}
	if (op_scan(x->ops, &x->job, &record, &err) == 0) {
		result = record_json_started(x->ops, &record);
	} else if (!x->reused) {
		err_clear(&err);
		result = removed_at_once(x, &record);
	} else {
		record_release(&record);
		op_failed_at(call, &err);
		execution_free(x);
		return;
	}
	if (x->reused)
		json_object_set_new(result, "reused", json_true());
	add_hint(x, &record, result);
	if (x->waiting)
		op_add_last_output(x->ops, &record, result);
	record_release(&record);
	execution_free(x);
	op_done(call, result);
}

static void
answer_late(struct op_call *call)
{
	answer(call->state);
}

/* Is there nothing to wait for any more? */
static bool
is_over(struct execution *x, struct record *record)
{
	return record_cache_scan(x->ops->cache, x->ops->spool, &x->job,
		   SCAN_STATE, record) < 0 ||
	    status_is_final(record->verdict.status);
}

static void
look(void *arg)
{
	struct execution *x = arg;
	struct record record;
	bool over = is_over(x, &record);

	record_release(&record);
	if (over)
		answer(x);
}

static void
describe(struct op_call *call, char *text, size_t size)
{
	const struct execution *x = call->state;

	snprintf(text, size, "%s running",
	    x->journal.name ? x->journal.name : x->job.id);
}

/* The job is there: wait for its end if that was asked for, and answer. */
static void
arrive(struct execution *x)
{
	double wait = arg_number(x->call, "wait_seconds", 0);
	struct record record;

	close_fd(&x->locks[0]);
	close_fd(&x->locks[1]);
	if (wait <= 0) {
		answer(x);
		return;
	}
	x->waiting = true;
	op_timer_start(&x->timer, x->ops, x->call, wait, answer_late, describe);
	/* Short ones have ended by now; others are watched before the look that
	 * counts. */
	if (!is_over(x, &record))
		x->watch = job_watch_new(x->ops, x->job.name, &record,
		    WATCH_NAMES, look, x);
	record_release(&record);
	look(x);
}

static void
on_answer(void *arg, int events)
{
	struct execution *x = arg;
	struct err err = ERR_INIT;
	int more;

	(void)events;
	more = spawn_read(&x->spawn, x->ops->spool, &err);
	if (more > 0)
		return;
	if (more == 0) {
		loop_remove(x->answer);
		x->answer = NULL;
		spool_job_native(&x->job, x->spawn.name);
		spawn_end(&x->spawn);
		arrive(x);
		return;
	}
	err_wrap(&err, "%s",
	    x->spawn.stage == SUPERVISE_PROGRAM ||
		    x->spawn.stage == SUPERVISE_CWD
		? ERROR_EXECUTE
		: ERROR_START);
	fail(x, &err);
}

static void
launch(struct execution *x)
{
	struct spawn_plan plan = { .journal = &x->journal,
		.environment = x->command.environment,
		.holds = { x->locks[0], x->locks[1] },
		.durable = x->call->durable,
		.forkserver = x->call->argv ? NULL : &x->ops->forkserver };
	struct err err = ERR_INIT;

	job_sweep_new(x->ops->spool);
	if (spawn_begin(&x->spawn, x->ops->spool, &plan, &err) < 0) {
		err_wrap(&err, ERROR_START);
		fail(x, &err);
		return;
	}
	/* What comes before its end is no news yet. */
	x->answer = loop_add(x->ops->loop, x->spawn.answer, 0, on_answer, x);
}

static int
count_live(void *arg, const struct ops_listed *job)
{
	int64_t *live = arg;

	(void)job;
	(*live)++;
	return 0;
}

/* Under the lock: is there room for one more?  -1: err. */
static int
check_limit(struct execution *x, struct err *err)
{
	struct ops_list_query query = { .statuses = 1u << STATUS_RUNNING |
		    1u << STATUS_QUEUED,
		.limit = -1,
		.newest_ended = -1,
		.ids_only = true };
	int64_t live = 0;

	if (ops_list(x->ops, &query, count_live, &live, err) < 0)
		return -1;
	if (live < x->ops->config.max_jobs)
		return 0;
	return err_set(err, ERR_REFUSED, ERROR_LIMIT,
	    (long long)x->ops->config.max_jobs);
}

/* Whoever started it may not have waited for the disk. */
static int
sync_reused(struct execution *x, struct err *err)
{
	cleanup_close int dir = -1;

	if (!x->call->durable)
		return 0;
	dir = scan_open_dir(x->ops->spool, x->job.name);
	if (dir < 0 || job_sync(x->ops->spool->fd, dir) < 0)
		return err_sys(err, errno, "%s", x->job.name);
	return 0;
}

/* Take what locks are missing: 1: have them; 0: try again; -1: err. */
static int
take_locks(struct execution *x, struct err *err)
{
	char *existing = NULL;
	int result;

	if (x->key && x->locks[0] < 0) {
		result = key_try(x->ops->spool, x->key, &x->locks[0], &existing,
		    err);
		if (result <= 0)
			return result;
		if (existing) {
			spool_job_native(&x->job, existing);
			free(existing);
			x->reused = true;
			return sync_reused(x, err) < 0 ? -1 : 1;
		}
	}
	if (x->ops->config.max_jobs > 0 && x->locks[1] < 0) {
		result = key_try_limit(x->ops->spool, &x->locks[1], err);
		if (result <= 0)
			return result;
		if (check_limit(x, err) < 0)
			return -1;
	}
	if (x->key) {
		char name[JOB_NAME_MAX];

		spool_make_name(x->journal.created, x->journal.id, name);
		return key_assign(x->locks[0], x->key, name, err) < 0 ? -1 : 1;
	}
	return 1;
}

static void
proceed(void *arg)
{
	struct execution *x = arg;
	struct err err = ERR_INIT;
	int result;

	x->retry = NULL;
	result = take_locks(x, &err);
	if (result == 0 && time_mono() - x->locking_since > LOCK_PATIENCE)
		result = err_set(&err, ERR_SYSTEM,
		    "another launch with the "
		    "same key or under the same limit does not end");
	if (result < 0) {
		if (err.kind == ERR_SYSTEM)
			err_wrap(&err, ERROR_START);
		fail(x, &err);
	} else if (result == 0) {
		x->retry = loop_timer(x->ops->loop, time_mono() + LOCK_RETRY,
		    proceed, x);
	} else if (x->reused) {
		arrive(x);
	} else {
		launch(x);
	}
}

/* What goes into the record, besides identities. */
static void
fill_journal(struct execution *x)
{
	double timeout = arg_number(x->call, "timeout_seconds",
	    (double)x->ops->config.timeout_seconds);
	struct journal *j = &x->journal;

	ident_new(x->id);
	if (gethostname(x->host, sizeof(x->host)) < 0)
		x->host[0] = '\0';
	x->host[sizeof(x->host) - 1] = '\0';
	j->id = x->id;
	j->name = json_string_value(json_object_get(x->call->args, "name"));
	j->command = x->command.shown;
	j->argv = x->command.argv;
	j->cwd = x->command.cwd;
	j->env_names = x->command.env_names;
	j->key = x->key;
	j->started_by = x->call->asker;
	j->host = x->host[0] ? x->host : NULL;
	j->from_run = x->call->from_run;
	j->interactive = arg_bool(x->call, "interactive");
	j->merge_output = arg_bool(x->call, "merge_output");
	j->timeout_usec = timeout > 0 ? (int64_t)(timeout * USEC_PER_SEC) : -1;
	j->max_log_bytes = x->call->max_log_bytes
	    ? x->call->max_log_bytes
	    : x->ops->config.max_log_bytes;
	j->created = time_wall();
}

static int
prepare(struct execution *x, struct err *err)
{
	char name[JOB_NAME_MAX];

	if (command_check(x->ops, x->call, err) < 0)
		return -1;
	if (spool_recheck(x->ops->spool, err) < 0 ||
	    spool_create(x->ops->spool, err) < 0)
		return err_wrap(err, ERROR_START);
	if (command_make(&x->command, x->ops, x->call, err) < 0)
		return -1;
	fill_journal(x);
	spool_make_name(x->journal.created, x->id, name);
	command_set_environment(&x->command, x->ops, x->call, x->id, name);
	return 0;
}

void
op_execute(struct ops *ops, struct op_call *call)
{
	struct execution *x = xmalloc(sizeof(*x));
	struct err err = ERR_INIT;

	memset(x, 0, sizeof(*x));
	journal_init(&x->journal);
	x->ops = ops;
	x->call = call;
	x->locks[0] = x->locks[1] = -1;
	x->spawn.answer = -1;
	x->key =
	    json_string_value(json_object_get(call->args, "idempotency_key"));
	x->locking_since = time_mono();
	call->state = x;
	call->cancel = cancel_execution;
	if (prepare(x, &err) < 0)
		fail(x, &err);
	else
		proceed(x);
}
