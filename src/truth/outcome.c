/*
 * outcome.c: what ended a job, in words
 *
 * Invariant: words only; no state is decided here.
 */
#include "base/compat.h"
#include "truth/evidence.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { TEXT_SHOWN = 120 };

void
evidence_add_text(const char *text, struct buf *out)
{
	text_show(out, text, TEXT_SHOWN);
}

void
evidence_add_seconds(double seconds, struct buf *out)
{
	char number[32];
	size_t len;

	snprintf(number, sizeof(number), "%.1f", seconds < 1e15 ? seconds : 0);
	len = strlen(number);
	if (strcmp(number + len - 2, ".0") == 0)
		number[len - 2] = '\0';
	buf_addf(out, "%s s", number);
}

void
evidence_put(struct buf *from, char *text, size_t size)
{
	snprintf(text, size, "%.*s",
	    (int)text_utf8_fit(buf_str(from), from->len, size - 1),
	    buf_str(from));
	buf_release(from);
}

void
evidence_add_ending(const struct journal *j, struct buf *out)
{
	char name[16];

	if (j->signal)
		buf_addf(out, "signal %s%s", signal_name(j->signal, name),
		    j->core_dumped ? ", core dumped" : "");
	else if (j->exit_code >= 0)
		buf_addf(out, "exit code %d", j->exit_code);
	else
		buf_addstr(out,
		    j->error                 ? "an error"
			: j->reports_success ? "it completed"
					     : "no exit code");
}

static bool
is_of_cgroup(const struct journal *j)
{
	return j->oom_counter &&
	    strcmp(j->oom_counter, JOURNAL_OOM_CGROUP) == 0;
}

void
evidence_add_memory(const struct journal *j, struct buf *out)
{
	buf_addf(out,
	    "the kernel killed %lld process%s %s for lack of memory while it "
	    "ran",
	    (long long)j->oom_kills, j->oom_kills == 1 ? "" : "es",
	    is_of_cgroup(j) ? "of its cgroup" : "somewhere");
}

/* Nobody asked for that end.  A counter that rose does not say who was killed,
 * so with SIGKILL it makes a lack of memory likely, and with anything else it
 * is but told. */
static void
add_own_end(const struct journal *j, struct buf *out)
{
	evidence_add_ending(j, out);
	if (j->oom_kills <= 0 || (j->signal == 0 && j->exit_code == 0))
		return;
	if (j->signal == SIGKILL)
		buf_addf(out, ", %s out of memory (",
		    is_of_cgroup(j) ? "likely" : "perhaps");
	else
		buf_addstr(out, " (");
	evidence_add_memory(j, out);
	buf_addstr(out, ")");
}

static void
add_timeout(const struct journal *j, struct buf *out)
{
	buf_addstr(out, "time limit");
	if (j->timeout_usec >= 0) {
		buf_addstr(out, " of ");
		evidence_add_seconds((double)j->timeout_usec / USEC_PER_SEC,
		    out);
	}
	buf_addstr(out, ", ");
	evidence_add_ending(j, out);
	if (j->signal == SIGKILL && j->sigkill_after >= 0) {
		buf_addstr(out, " after ");
		evidence_add_seconds(j->sigkill_after, out);
		buf_addstr(out, " of grace");
	}
}

/* How it ended after it had been asked to. */
static void
add_obedience(const struct journal *j, struct buf *out)
{
	char name[16];

	evidence_add_ending(j, out);
	if (!j->cancel_signal || j->signal == j->cancel_signal)
		return;
	buf_addf(out, " after %s", signal_name(j->cancel_signal, name));
	if (j->signal == SIGKILL && j->sigkill_after >= 0) {
		buf_addstr(out, " and ");
		evidence_add_seconds(j->sigkill_after, out);
		buf_addstr(out, " of grace");
	}
}

static void
add_cancelled(const struct record *record, struct buf *out)
{
	bool stopped = record->verdict.rule == RULE_STOPPED;
	const struct journal *j = &record->journal;
	const char *by = stopped ? record->cancel.by : j->cancel_by;
	char name[16];

	buf_addstr(out, "on request");
	if (by && *by) {
		buf_addstr(out, " of ");
		evidence_add_text(by, out);
	}
	buf_addstr(out, ", ");
	if (stopped) /* its journal may say anything, of that it says nothing */
		buf_addf(out, "with %s",
		    signal_name(record->cancel.signal, name));
	else
		add_obedience(j, out);
}

static void
add_lost(const struct record *record, struct buf *out)
{
	if (record->verdict.rule == RULE_END_RECORD)
		buf_addstr(out, "its record says that it ended, but not how");
	else if (record->foreign)
		buf_addstr(out,
		    "it is gone without an end on record, the exit code is "
		    "not known");
	else
		buf_addstr(out,
		    "it and its supervisor are gone without an end on record, "
		    "the exit code is not known");
}

static void
add_adopted(const struct record *record, struct buf *out)
{
	if (record->verdict.rule != RULE_END_RECORD)
		buf_addstr(out,
		    "adopted, and it and its supervisor are gone without an "
		    "end on record");
	else if (record->journal.adopted)
		buf_addstr(out,
		    "adopted, the kernel did not tell the exit code");
	else
		buf_addstr(out,
		    "its first supervisor was killed, and the kernel did not "
		    "tell the exit code to the second one");
}

static void
add_unreadable(const struct record *record, struct buf *out)
{
	if (record->verdict.rule == RULE_UNREADABLE) {
		buf_addstr(out, "its record cannot be read");
		if (record->journal_error[0]) {
			buf_addstr(out, ": ");
			evidence_add_text(record->journal_error, out);
		}
	} else {
		buf_addstr(out,
		    record->verdict.rule == RULE_NAMED_DOUBTFUL
			? "its process cannot be told from another one"
			: "nothing decides");
	}
}

static void
add_error(const struct journal *j, struct buf *out)
{
	buf_addstr(out, "it reports an error");
	if (j->error && *j->error) {
		buf_addstr(out, ": ");
		evidence_add_text(j->error, out);
	}
}

static void
add_host(const struct journal *j, struct buf *out)
{
	buf_addstr(out, "it belongs to another host or namespace");
	if (j->host && *j->host) {
		buf_addstr(out, " (host ");
		evidence_add_text(j->host, out);
		buf_addstr(out, ")");
	}
}

static void
add_outcome(const struct record *record, struct buf *out)
{
	const struct journal *j = &record->journal;

	switch (record->verdict.reason) {
	case REASON_EXIT:
	case REASON_SIGNAL:
		add_own_end(j, out);
		break;
	case REASON_TIMEOUT:
		add_timeout(j, out);
		break;
	case REASON_CANCELLED:
		add_cancelled(record, out);
		break;
	case REASON_ERROR:
		add_error(j, out);
		break;
	case REASON_SUPERVISOR_LOST:
		add_lost(record, out);
		break;
	case REASON_REBOOT:
		buf_addstr(out,
		    "the machine was started anew, and no end is on record");
		break;
	case REASON_ADOPTED:
		add_adopted(record, out);
		break;
	case REASON_UNREADABLE:
		add_unreadable(record, out);
		break;
	case REASON_FOREIGN_HOST:
		add_host(j, out);
		break;
	case REASON_REMOVED:
		buf_addstr(out, "its directory was removed");
		break;
	case REASON_NONE:
	case REASON_COUNT:
	default:
		break;
	}
}

void
evidence_outcome(const struct record *record, char text[OUTCOME_MAX])
{
	struct buf out = BUF_INIT;

	add_outcome(record, &out);
	evidence_put(&out, text, OUTCOME_MAX);
}
