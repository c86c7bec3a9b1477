/*
 * op_stop.c: asking a job to stop
 *
 * A job of ours has a supervisor, which does the rest; one that was killed is
 * replaced first.  A worker has none: a helper of the asker's sees to it, if
 * the process that its record names can be proven to be the job's.
 *
 * Invariant: the asker itself signals nothing, but that a supervisor which was
 * stopped (SIGSTOP) is to go on.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "engines/spawn.h"
#include "engines/worker_stop.h"
#include "spool/tree.h"

void
op_stop_request(const struct op_call *call, struct request *request)
{
	int signo = signal_number(arg_string(call, "signal"));

	request_init(request, call->asker);
	if (signo > 0)
		request->signal = signo;
	request->grace =
	    (usec_t)(arg_number(call, "grace_seconds", REQUEST_GRACE_DEFAULT) *
		USEC_PER_SEC);
}

/* One that was stopped would never see the request. */
static void
wake_supervisor(const struct proc_id *supervisor)
{
	cleanup_close int pidfd = compat_pidfd_open(supervisor->pid);
	struct proc_stat st;

	if (pidfd < 0 || proc_life(supervisor) != PROC_ALIVE ||
	    proc_read_stat(supervisor->pid, &st) < 0 || st.state != 'T' ||
	    !tree_is_supervisor(supervisor->pid))
		return;
	if (compat_pidfd_signal(pidfd, SIGCONT) < 0)
		warn_user("supervisor %ld stands still: %s",
		    (long)supervisor->pid, strerror(errno));
}

/* Who will act on the request?  -1: err. */
static int
ensure_supervisor(const struct ops *ops, const struct record *record,
    const char **note, struct err *err)
{
	if (proc_life(&record->journal.supervisor) == PROC_ALIVE) {
		wake_supervisor(&record->journal.supervisor);
		return 0;
	}
	if (record->verdict.rule == RULE_LOCK_HELD) {
		*note = "it runs where it cannot be seen from here: the "
			"request was written";
		return 0;
	}
	return spawn_take_over(ops->spool, record->job.name, err);
}

static int
stop_own(const struct ops *ops, int dir, const struct record *record,
    const struct request *request, const char **note, struct err *err)
{
	if (ensure_supervisor(ops, record, note, err) < 0)
		return -1;
	return request_write(dir, JOB_CANCEL, request, err) < 0 ? -1 : 0;
}

/* The request can't be written, which `err` says.  Without proof that would not
 * have helped either. */
static int
refuse_unproven(const struct record *record, int dir, struct err *err)
{
	if (named_process_is_proven(&record->named, dir))
		return -1;
	err_clear(err);
	return err_set(err, ERR_REFUSED, ERROR_KILL_UNPROVEN,
	    (long)record->named.pid);
}

static int
stop_worker(const struct ops *ops, int dir, const struct record *record,
    const struct request *request, const char **note, struct err *err)
{
	enum worker_stop result;
	struct buf file = BUF_INIT;
	int held = -1;

	/* Somebody is seeing to it, and it will be no later. */
	if (record->verdict.rule == RULE_STOPPING &&
	    request_is_as_strong(&record->cancel, request))
		return 0;
	record_cancel_file(record, &file);
	if (request_hold(dir, buf_str(&file), request, &held, err) < 0) {
		buf_release(&file);
		return refuse_unproven(record, dir, err);
	}
	result = worker_stop_begin(ops->spool, &record->job, buf_str(&file),
	    held, err);
	if (result == WORKER_STOP_UNPROVEN)
		*note = "its process cannot be proven to be this job: the "
			"request was written, no process was signalled";
	/* After an end no request counts, so none is left there. */
	if (result == WORKER_STOP_ENDED &&
	    unlinkat(dir, buf_str(&file), 0) < 0 && errno != ENOENT)
		warn_user("%s: %s", buf_str(&file), strerror(errno));
	close_fd(&held);
	buf_release(&file);
	return result == WORKER_STOP_FAILED ? -1 : 0;
}

int
op_stop_begin(const struct ops *ops, const struct record *record,
    const struct request *request, const char **note, struct err *err)
{
	cleanup_close int dir = scan_open_dir(ops->spool, record->job.name);

	if (dir < 0)
		return err_sys(err, errno, "directory of job %s",
		    record->job.id);
	return record->foreign
	    ? stop_worker(ops, dir, record, request, note, err)
	    : stop_own(ops, dir, record, request, note, err);
}
