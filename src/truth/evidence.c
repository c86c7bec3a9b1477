/*
 * evidence.c: how a state was derived, in words
 *
 * Invariant: words only; no state is decided here.
 */
#include "base/compat.h"
#include "truth/evidence.h"

#include "base/text.h"

#include <signal.h>
#include <string.h>

/* "2026-11-22T17:31:39Z": whole seconds are enough for people. */
static void
add_time(usec_t when, struct buf *out)
{
	char text[TIME_TEXT_MAX];

	time_format(when, text);
	buf_addf(out, "%.*sZ", (int)strcspn(text, ".Z"), text);
}

/* What that signal usually means if nobody else sent it. */
static const char *
usual_cause(int signo)
{
	switch (signo) {
	case SIGSEGV:
	case SIGBUS:
		return "its own access to memory that it does not have";
	case SIGABRT:
		return "its own abort()";
	case SIGILL:
		return "an instruction of its own that the processor lacks";
	case SIGFPE:
		return "a division by zero of its own";
	case SIGPIPE:
		return "its own writing to a pipe that nobody reads";
	case SIGXCPU:
		return "its limit of processor time";
	case SIGXFSZ:
		return "its limit on the size of files";
	case SIGSYS:
		return "a system call that is forbidden to it";
	default:
		return NULL;
	}
}

/* What shells mean by that exit code; other programs may mean anything. */
static void
add_meaning(int code, struct buf *out)
{
	char name[16];

	if (code == 126)
		buf_addstr(out, " (of a shell: could not be executed)");
	else if (code == 127)
		buf_addstr(out, " (of a shell: command not found)");
	else if (code > 128 && code <= 128 + SIGSYS)
		buf_addf(out, " (of a shell: something it ran ended by %s)",
		    signal_name(code - 128, name));
}

static void
add_stop(const struct journal *j, struct buf *out)
{
	char name[16];

	buf_addstr(out, "; ");
	if (j->cancel_by && *j->cancel_by)
		evidence_add_text(j->cancel_by, out);
	else
		buf_addstr(out, "somebody");
	buf_addstr(out, " had asked for a stop");
	if (j->cancel_signal)
		buf_addf(out, " with %s", signal_name(j->cancel_signal, name));
	if (j->cancel_at >= 0) {
		buf_addstr(out, " at ");
		add_time(j->cancel_at, out);
	}
	if (j->signal == SIGKILL && j->sigkill_after >= 0) {
		buf_addstr(out, ", the supervisor sent SIGKILL ");
		evidence_add_seconds(j->sigkill_after, out);
		buf_addstr(out, " after it");
	}
}

static void
add_limit(const struct record *record, struct buf *out)
{
	buf_addstr(out, "; reason timeout");
	if (record->journal.timeout_usec >= 0) {
		buf_addstr(out, ", the limit was ");
		evidence_add_seconds((double)record->journal.timeout_usec /
			USEC_PER_SEC,
		    out);
	}
	if (record->duration >= 0) {
		buf_addstr(out, ", it ended after ");
		evidence_add_seconds(record->duration, out);
	}
}

/* Of a signal that did not come from the supervisor. */
static void
add_sender(const struct record *record, struct buf *out)
{
	const struct journal *j = &record->journal;
	const char *cause = usual_cause(j->signal);

	if (record->foreign)
		return;
	if (cause)
		buf_addf(out, " (usually %s)", cause);
	buf_addstr(out, "; nobody asked jobdir for it");
	if (j->oom_kills > 0) {
		buf_addstr(out, ", and ");
		evidence_add_memory(j, out);
	} else {
		buf_addstr(out, ", and the kernel does not tell who sent it");
	}
}

static void
add_end_record(const struct record *record, struct buf *out)
{
	const struct journal *j = &record->journal;
	enum reason reason = record->verdict.reason;

	evidence_add_text(record->job.journal, out);
	buf_addstr(out, " has an end record: ");
	evidence_add_ending(j, out);
	if (reason == REASON_EXIT && j->exit_code > 0) {
		add_meaning(j->exit_code, out);
		if (j->oom_kills > 0) {
			buf_addstr(out, "; ");
			evidence_add_memory(j, out);
		}
	} else if (reason == REASON_SIGNAL) {
		add_sender(record, out);
	} else if (reason == REASON_TIMEOUT) {
		add_limit(record, out);
	} else if (reason == REASON_CANCELLED) {
		add_stop(j, out);
	} else if (reason == REASON_ERROR && j->exit_code >= 0) {
		buf_addstr(out, ", and an error");
	} else if (reason == REASON_ADOPTED) {
		buf_addstr(out, "; who saw the end was not its parent");
	}
}

static void
add_running(const struct record *record, struct buf *out)
{
	const struct journal *j = &record->journal;

	buf_addf(out, "process %ld lives (same start time, this boot)",
	    (long)j->command_id.pid);
	if (record->verdict.orphaned)
		buf_addstr(out,
		    "; its supervisor was killed, and with it went the time "
		    "limit, the log bound and open input");
}

/* It still lived then, or something that it left behind. */
static void
add_last_sign(const struct record *record, struct buf *out)
{
	usec_t last = record->out.grown > record->err.grown ? record->out.grown
							    : record->err.grown;

	if (last < 0)
		return;
	buf_addstr(out, "; last output at ");
	add_time(last, out);
}

/* Processes that its record tells apart for good. */
static void
add_identified(const struct record *record, struct buf *out)
{
	long command = record->journal.command_id.pid;
	long supervisor = record->journal.supervisor.pid;

	if (supervisor > 0)
		buf_addf(out,
		    "no end record, and neither process %ld nor its supervisor "
		    "%ld lives",
		    command, supervisor);
	else
		buf_addf(out, "no end record, and process %ld does not live",
		    command);
	add_last_sign(record, out);
}

/* A process that its record names by a number. */
static void
add_named(const struct record *record, struct buf *out)
{
	long pid = record->named.pid;

	if (record->verdict.rule == RULE_NAMED_ALIVE) {
		buf_addf(out,
		    "process %ld lives, and started before the file that names "
		    "it was written%s",
		    pid,
		    record->journal.doc ? "" : "; its journal cannot be read");
	} else if (record->verdict.rule == RULE_NAMED_GONE) {
		buf_addf(out, "no end record, and there is no process %ld",
		    pid);
		add_last_sign(record, out);
	} else {
		buf_addf(out,
		    "no end record; a process %ld exists, but nothing shows "
		    "that it is the one that the record means",
		    pid);
	}
}

static void
add_other_boot(const struct record *record, struct buf *out)
{
	usec_t begun = proc_started_at(0);

	buf_addstr(out, "no end record, and its record is of boot ");
	evidence_add_text(record->journal.place.boot_id, out);
	if (begun >= 0) {
		buf_addstr(out, ", this one began at ");
		add_time(begun, out);
	}
	add_last_sign(record, out);
}

static void
add_stopped(const struct record *record, struct buf *out)
{
	const struct request *r = &record->cancel;
	char name[16];

	buf_addf(out, "the request to stop it (%s, %s at ",
	    r->by[0] ? r->by : "somebody", signal_name(r->signal, name));
	add_time(r->at, out);
	buf_addstr(out, ") says that it ended of that");
	if (r->ended >= 0) {
		buf_addstr(out, " at ");
		add_time(r->ended, out);
	}
}

/* Nothing can be seen from here. */
static void
add_afar(const struct record *record, struct buf *out)
{
	const char *host = record->journal.host;

	if (record->verdict.rule == RULE_NO_EVIDENCE &&
	    record->verdict.reason != REASON_FOREIGN_HOST) {
		buf_addstr(out, "no end record, and nothing that decides");
		return;
	}
	buf_addstr(out, "no end record; its processes ");
	if (host && *host) {
		buf_addstr(out, "(of host ");
		evidence_add_text(host, out);
		buf_addstr(out, ") ");
	}
	buf_addf(out, "cannot be seen from here, %s",
	    record->verdict.rule == RULE_LOCK_HELD
		? "but the lock on pid is held"
		: record->verdict.rule == RULE_LOCK_FREE
		? "and a free lock proves nothing"
		: "and there is no lock to be tested");
}

static void
add_evidence(const struct record *record, struct buf *out)
{
	const struct journal *j = &record->journal;

	switch (record->verdict.rule) {
	case RULE_UNREADABLE:
		buf_addstr(out, "the record cannot be read: ");
		text_show(out, record->journal_error, 0);
		break;
	case RULE_END_RECORD:
		add_end_record(record, out);
		break;
	case RULE_REPORTS_ERROR:
		buf_addstr(out, "no end record, it does not live, and ");
		evidence_add_text(record->job.journal, out);
		buf_addstr(out, " reports an error");
		break;
	case RULE_COMMAND_ALIVE:
		add_running(record, out);
		break;
	case RULE_SUPERVISOR_ALIVE:
		buf_addf(out,
		    "process %ld has ended, its supervisor %ld lives and is "
		    "about to record the end",
		    (long)j->command_id.pid, (long)j->supervisor.pid);
		break;
	case RULE_NOTHING_LIVES:
		add_identified(record, out);
		break;
	case RULE_NAMED_ALIVE:
	case RULE_NAMED_GONE:
	case RULE_NAMED_DOUBTFUL:
		add_named(record, out);
		break;
	case RULE_STOPPING:
		buf_addstr(out,
		    "somebody asked it to stop and is seeing to it");
		break;
	case RULE_STOPPED:
		add_stopped(record, out);
		break;
	case RULE_OTHER_BOOT:
		add_other_boot(record, out);
		break;
	case RULE_LOCK_HELD:
	case RULE_LOCK_FREE:
	case RULE_NO_EVIDENCE:
	default:
		add_afar(record, out);
		break;
	}
}

void
evidence_write(const struct record *record, char text[EVIDENCE_MAX])
{
	struct buf out = BUF_INIT;

	add_evidence(record, &out);
	evidence_put(&out, text, EVIDENCE_MAX);
}
