/*
 * ops_kill.c: kill_job
 *
 * The asker leaves a request (op_stop.c) and waits for what becomes of it.
 *
 * Invariant: the answer is read from the record, so `killed` means the same
 * here and for ever after.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <stdlib.h>
#include <string.h>

#include "engines/spawn.h"
#include "truth/evidence.h"

/* How long after the grace the end must be on record. */
enum { AFTER_LOCAL = 2, AFTER_REMOTE = 7, WAIT_MOST = 50 };

struct killing {
	struct ops *ops;
	struct op_call *call;
	struct spool_job job;
	struct record record;
	struct job_watch *watch;
	struct op_timer timer;
	bool replaced;  /* its supervisor, which was killed after the request */
	bool had_ended; /* only what it left behind is to be stopped */
	int leftover;
	const char *note; /* of the message; NULL: none */
};

static void
killing_free(struct killing *k)
{
	op_timer_stop(&k->timer);
	job_watch_free(k->watch);
	record_release(&k->record);
	spool_job_release(&k->job);
	free(k);
}

static void
cancel_killing(struct op_call *call)
{
	killing_free(call->state);
}

static void
killing_fail(struct killing *k, struct err *err)
{
	struct op_call *call = k->call;

	killing_free(k);
	op_failed_at(call, err);
}

static void
answer(struct killing *k, const char *status)
{
	const struct journal *j = &k->record.journal;
	struct op_call *call = k->call;
	json_t *result = json_object();
	char name[16], text[128];

	json_set_string(result, "status", status);
	json_set_string(result, "job_id", k->record.job.id);
	json_set_string(result, "job_status",
	    status_word(k->record.verdict.status));
	if (j->ended && j->exit_code >= 0)
		json_object_set_new(result, "exit_code",
		    json_integer(j->exit_code));
	if (j->ended && j->signal)
		json_set_string(result, "signal", signal_name(j->signal, name));
	json_set_time(result, "finished", k->record.finished);
	if (k->leftover > k->record.leftover) {
		snprintf(text, sizeof(text),
		    "%d process%s left behind %s ended",
		    k->leftover - k->record.leftover,
		    k->leftover - k->record.leftover == 1 ? "" : "es",
		    k->leftover - k->record.leftover == 1 ? "was" : "were");
		json_set_string(result, "message", text);
	} else if (k->note) {
		json_set_string(result, "message", k->note);
	}
	killing_free(k);
	op_done(call, result);
}

/* Is nothing left of the job that a request could still end? */
static bool
is_over(const struct record *record)
{
	return status_is_final(record->verdict.status) &&
	    record->leftover == 0 &&
	    proc_life(&record->journal.supervisor) != PROC_ALIVE;
}

static void
answer_from_record(struct killing *k)
{
	if (k->had_ended)
		answer(k, "already_terminated");
	else if (!status_is_final(k->record.verdict.status))
		answer(k, "terminating");
	else if (k->record.verdict.status == STATUS_KILLED)
		answer(k, k->record.leftover ? "terminating" : "killed");
	else
		answer(k, "already_terminated");
}

/* Who was to see to it was killed after it was asked: one more is started, and
 * finds the request.  If that fails it will be told that not all is dead. */
static void
replace_supervisor(struct killing *k)
{
	struct err err = ERR_INIT;

	k->replaced = true;
	if (spawn_take_over(k->ops->spool, k->job.name, &err) < 0)
		err_clear(&err);
}

static void
look(void *arg)
{
	struct killing *k = arg;
	struct err err = ERR_INIT;

	record_release(&k->record);
	if (op_scan(k->ops, &k->job, &k->record, &err) < 0)
		killing_fail(k, &err);
	else if (is_over(&k->record))
		answer_from_record(k);
	else if (k->record.verdict.orphaned && !k->replaced)
		replace_supervisor(k);
}

static void
give_up_waiting(struct op_call *call)
{
	struct killing *k = call->state;

	if (!k->note)
		k->note = "the request stands; not everything of it is dead "
			  "yet";
	answer_from_record(k);
}

static void
describe(struct op_call *call, char *text, size_t size)
{
	const struct killing *k = call->state;

	snprintf(text, size, "stopping; %s",
	    status_word(k->record.verdict.status));
}

static void
begin(struct killing *k)
{
	double limit =
	    arg_number(k->call, "grace_seconds", REQUEST_GRACE_DEFAULT) +
	    (k->ops->spool->remote ? AFTER_REMOTE : AFTER_LOCAL);
	struct err err = ERR_INIT;
	struct request request;

	op_stop_request(k->call, &request);
	if (op_stop_begin(k->ops, &k->record, &request, &k->note, &err) < 0) {
		killing_fail(k, &err);
		return;
	}
	k->call->state = k;
	k->call->cancel = cancel_killing;
	if (!k->call->wait_without_limit && limit > WAIT_MOST)
		limit = WAIT_MOST;
	op_timer_start(&k->timer, k->ops, k->call, limit, give_up_waiting,
	    describe);
	/* The record again: a new supervisor may have put itself into it. */
	record_release(&k->record);
	if (op_scan(k->ops, &k->job, &k->record, &err) < 0) {
		killing_fail(k, &err);
		return;
	}
	k->watch = job_watch_new(k->ops, k->job.name, &k->record, WATCH_NAMES,
	    look, k);
	look(k);
}

void
op_kill(struct ops *ops, struct op_call *call)
{
	struct killing *k = xmalloc(sizeof(*k));
	struct err err = ERR_INIT;
	char why[OUTCOME_MAX];

	memset(k, 0, sizeof(*k));
	journal_init(&k->record.journal);
	k->ops = ops;
	k->call = call;
	if (op_resolve_argument(ops, call, &k->job, &err) < 0 ||
	    op_scan(ops, &k->job, &k->record, &err) < 0) {
		if (err.kind != ERR_NOT_FOUND) {
			killing_fail(k, &err);
			return;
		}
		killing_free(k);
		op_done(call, json_pack("{s:s}", "status", "not_found"));
		return;
	}
	k->leftover = k->record.leftover;
	k->had_ended = status_is_final(k->record.verdict.status);
	if (k->had_ended && is_over(&k->record)) {
		answer(k, "already_terminated");
	} else if (k->record.verdict.status == STATUS_UNKNOWN) {
		evidence_outcome(&k->record, why);
		err_set(&err, ERR_REFUSED, ERROR_KILL_UNKNOWN, why);
		killing_fail(k, &err);
	} else {
		begin(k);
	}
}
