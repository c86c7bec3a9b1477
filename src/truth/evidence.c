/*
 * evidence.c: how a state was derived, in words
 *
 * Invariant: words only; no state is decided here.
 */
#include "base/compat.h"
#include "truth/evidence.h"

#include <stdio.h>

#define SAY(...) snprintf(text, size, __VA_ARGS__)

/* "exit code 7", "signal SIGKILL" or how else the command ended. */
static void
say_ending(const struct journal *j, char *text, size_t size)
{
	char name[16];

	if (j->signal)
		SAY("signal %s", signal_name(j->signal, name));
	else if (j->exit_code >= 0)
		SAY("exit code %d", j->exit_code);
	else
		SAY("%s",
		    j->error                 ? "an error"
			: j->reports_success ? "it completed"
					     : "no exit code");
}

void
evidence_outcome(const struct record *record, char *text, size_t size)
{
	const struct journal *j = &record->journal;
	const char *by = j->cancel_by ? j->cancel_by : "";
	char ending[64];

	say_ending(j, ending, sizeof(ending));
	switch (record->verdict.reason) {
	case REASON_EXIT:
	case REASON_SIGNAL:
		SAY("%s", ending);
		break;
	case REASON_TIMEOUT:
		SAY("time limit, %s", ending);
		break;
	case REASON_CANCELLED:
		if (record->verdict.rule == RULE_STOPPED)
			SAY("on request of %s", record->cancel.by);
		else
			SAY("on request%s%s, %s", *by ? " of " : "", by,
			    ending);
		break;
	case REASON_ERROR:
		SAY("it reports an error");
		break;
	case REASON_SUPERVISOR_LOST:
		SAY("%s, the exit code is not known",
		    record->foreign ? "it is gone without an end on record"
				    : "its supervisor was killed");
		break;
	case REASON_REBOOT:
		SAY("the machine went down while it ran");
		break;
	case REASON_ADOPTED:
		SAY("adopted, the exit code is not known");
		break;
	case REASON_UNREADABLE:
		SAY("%s",
		    record->verdict.rule == RULE_UNREADABLE
			? "its record cannot be read"
			: record->verdict.rule == RULE_NAMED_DOUBTFUL
			? "its process cannot be told from another one"
			: "nothing decides");
		break;
	case REASON_FOREIGN_HOST:
		SAY("it belongs to another host or namespace");
		break;
	case REASON_REMOVED:
		SAY("its directory was removed");
		break;
	case REASON_NONE:
	case REASON_COUNT:
	default:
		text[0] = '\0';
		break;
	}
}

static void
say_running(const struct record *record, char *text, size_t size)
{
	const struct journal *j = &record->journal;

	if (record->verdict.orphaned)
		SAY("process %ld lives (same start time, this boot); its "
		    "supervisor was killed, and with it went the time limit, "
		    "the log bound and open input",
		    (long)j->command_id.pid);
	else
		SAY("process %ld lives (same start time, this boot)",
		    (long)j->command_id.pid);
}

/* Rules that need no names or numbers. */
static const char *
plain_words(enum rule rule)
{
	if (rule == RULE_STOPPING)
		return "somebody asked it to stop and is seeing to it";
	if (rule == RULE_STOPPED)
		return "the request to stop it says that it ended after that";
	if (rule == RULE_OTHER_BOOT)
		return "no end record, and the machine was started anew since";
	if (rule == RULE_LOCK_HELD)
		return "no end record; its processes cannot be seen from here, "
		       "but the lock on pid is held";
	if (rule == RULE_LOCK_FREE)
		return "no end record; its processes cannot be seen from here, "
		       "and a free lock proves nothing";
	return "no end record, and nothing that decides";
}

/* Processes that its record tells apart for good. */
static void
say_identified(const struct record *record, char *text, size_t size)
{
	long command = record->journal.command_id.pid;
	long supervisor = record->journal.supervisor.pid;

	if (record->verdict.rule == RULE_COMMAND_ALIVE)
		say_running(record, text, size);
	else if (record->verdict.rule == RULE_SUPERVISOR_ALIVE)
		SAY("process %ld has ended, its supervisor %ld lives and is "
		    "about to record the end",
		    command, supervisor);
	else if (supervisor > 0)
		SAY("no end record, and neither process %ld nor its supervisor "
		    "%ld lives",
		    command, supervisor);
	else
		SAY("no end record, and process %ld does not live", command);
}

/* A process that its record names by a number. */
static void
say_named(const struct record *record, char *text, size_t size)
{
	long pid = record->named.pid;

	if (record->verdict.rule == RULE_NAMED_ALIVE)
		SAY("process %ld lives, and started before the file that names "
		    "it was written%s",
		    pid,
		    record->journal.doc ? "" : "; its journal cannot be read");
	else if (record->verdict.rule == RULE_NAMED_GONE)
		SAY("no end record, and there is no process %ld", pid);
	else
		SAY("no end record; a process %ld exists, but nothing shows "
		    "that it is the one that the record means",
		    pid);
}

void
evidence_write(struct record *record)
{
	size_t size = sizeof(record->evidence);
	char *text = record->evidence;
	char ending[64];

	switch (record->verdict.rule) {
	case RULE_UNREADABLE:
		SAY("the record cannot be read: %s", record->journal_error);
		break;
	case RULE_END_RECORD:
		say_ending(&record->journal, ending, sizeof(ending));
		SAY("%s has an end record: %s%s", record->job.journal, ending,
		    record->journal.cancelled ? ", a stop had been asked for"
					      : "");
		break;
	case RULE_REPORTS_ERROR:
		SAY("no end record, it does not live, and %s reports an error",
		    record->job.journal);
		break;
	case RULE_COMMAND_ALIVE:
	case RULE_SUPERVISOR_ALIVE:
	case RULE_NOTHING_LIVES:
		say_identified(record, text, size);
		break;
	case RULE_NAMED_ALIVE:
	case RULE_NAMED_GONE:
	case RULE_NAMED_DOUBTFUL:
		say_named(record, text, size);
		break;
	case RULE_STOPPING:
	case RULE_STOPPED:
	case RULE_OTHER_BOOT:
	case RULE_LOCK_HELD:
	case RULE_LOCK_FREE:
	case RULE_NO_EVIDENCE:
	default:
		SAY("%s", plain_words(record->verdict.rule));
		break;
	}
}
