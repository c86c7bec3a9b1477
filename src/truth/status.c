/*
 * status.c: facts -> state
 *
 * Invariant: pure.  The order of the questions is the order of the evidence:
 * an end record, then processes, then the boot, then the lock.  Success is
 * never guessed: only an end record that says so completes a job.  What is
 * final can't become anything else by a later look: while somebody sees to a
 * request to stop a worker, its end is not decided.
 */
#include "base/compat.h"
#include "truth/status.h"

#include <string.h>

#include "base/util.h"

#define STATUS_WORD(name, word, final) [name] = word,
#define STATUS_FINAL(name, word, final) [name] = final,
static const char *const status_words[] = { STATUS_TABLE(STATUS_WORD) };
static const bool status_finals[] = { STATUS_TABLE(STATUS_FINAL) };

const char *
status_word(enum status status)
{
	return status_words[status];
}

int
status_from_word(const char *word)
{
	int i;

	for (i = 0; i < STATUS_COUNT; i++)
		if (strcmp(status_words[i], word) == 0)
			return i;
	return -1;
}

bool
status_is_final(enum status status)
{
	return status_finals[status];
}

static struct verdict
verdict(enum status status, enum reason reason, enum rule rule)
{
	struct verdict v = { status, reason, rule, false };

	return v;
}

/* (a) The end record decides, and nothing else counts. */
static struct verdict
from_end_record(const struct facts *f)
{
	if (f->recorded == REASON_TIMEOUT)
		return verdict(STATUS_FAILED, REASON_TIMEOUT, RULE_END_RECORD);
	if (f->cancelled)
		return verdict(STATUS_KILLED, REASON_CANCELLED,
		    RULE_END_RECORD);
	if (f->signal)
		return verdict(STATUS_FAILED, REASON_SIGNAL, RULE_END_RECORD);
	if (f->reports_error)
		return verdict(STATUS_FAILED, REASON_ERROR, RULE_END_RECORD);
	if (f->reports_success || (f->has_exit_code && f->exit_code == 0))
		return verdict(STATUS_COMPLETED, REASON_EXIT, RULE_END_RECORD);
	if (f->has_exit_code)
		return verdict(STATUS_FAILED, REASON_EXIT, RULE_END_RECORD);
	return verdict(STATUS_LOST,
	    f->recorded ? f->recorded : REASON_SUPERVISOR_LOST,
	    RULE_END_RECORD);
}

/* What a worker's journal says about an error counts once it is dead. */
static struct verdict
dead_or(const struct facts *f, struct verdict v)
{
	if (f->reports_error && !f->end_is_old)
		return verdict(STATUS_FAILED, REASON_ERROR, RULE_REPORTS_ERROR);
	return v;
}

/* (b) The processes that the record names, in the reader's own boot. */
static struct verdict
from_processes(const struct facts *f)
{
	struct verdict v;

	if (f->command == PROC_ALIVE) {
		v = verdict(STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE);
		v.orphaned = f->names_supervisor &&
		    (f->supervisor == PROC_GONE ||
			f->supervisor == PROC_ZOMBIE);
		return v;
	}
	if (f->supervisor == PROC_ALIVE)
		return verdict(STATUS_RUNNING, REASON_NONE,
		    RULE_SUPERVISOR_ALIVE);
	if (f->command == PROC_UNKNOWN || f->supervisor == PROC_UNKNOWN)
		return verdict(STATUS_UNKNOWN, REASON_UNREADABLE,
		    RULE_NO_EVIDENCE);
	return dead_or(f,
	    verdict(STATUS_LOST,
		f->adopted ? REASON_ADOPTED : REASON_SUPERVISOR_LOST,
		RULE_NOTHING_LIVES));
}

/* A number is weak evidence: of a process that does not exist it proves the
 * death, of one that does maybe nothing. */
static struct verdict
from_name(const struct facts *f)
{
	if (f->named == NAMED_ALIVE)
		return verdict(STATUS_RUNNING, REASON_NONE, RULE_NAMED_ALIVE);
	if (f->named == NAMED_DOUBTFUL)
		return dead_or(f,
		    verdict(STATUS_UNKNOWN, REASON_UNREADABLE,
			RULE_NAMED_DOUBTFUL));
	return dead_or(f,
	    verdict(STATUS_LOST, REASON_SUPERVISOR_LOST, RULE_NAMED_GONE));
}

/* (d) Nothing can be seen from here. */
static struct verdict
from_afar(const struct facts *f)
{
	if (f->other_boot && !f->remote)
		return dead_or(f,
		    verdict(STATUS_LOST, REASON_REBOOT, RULE_OTHER_BOOT));
	if (f->lock == FSIO_LOCK_HELD)
		return verdict(STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD);
	if (f->lock == FSIO_LOCK_FREE && f->names_command)
		return verdict(STATUS_UNKNOWN, REASON_FOREIGN_HOST,
		    RULE_LOCK_FREE);
	return dead_or(f,
	    verdict(STATUS_UNKNOWN,
		f->names_command ? REASON_FOREIGN_HOST : REASON_UNREADABLE,
		RULE_NO_EVIDENCE));
}

struct verdict
status_derive(const struct facts *f)
{
	if (!f->readable && f->named == NAMED_ALIVE)
		return verdict(STATUS_RUNNING, REASON_NONE, RULE_NAMED_ALIVE);
	if (!f->readable)
		return verdict(STATUS_UNKNOWN, REASON_UNREADABLE,
		    RULE_UNREADABLE);
	if (f->stop_ended)
		return verdict(STATUS_KILLED, REASON_CANCELLED, RULE_STOPPED);
	if (f->stop_held)
		return verdict(STATUS_RUNNING, REASON_NONE, RULE_STOPPING);
	if (f->ended && !f->end_is_old)
		return from_end_record(f);
	if (f->names_command && f->same_boot && f->same_namespace)
		return from_processes(f);
	if (f->named != NAMED_NONE)
		return from_name(f);
	return from_afar(f);
}

bool
status_needs_second_look(const struct verdict *v)
{
	return v->status != STATUS_RUNNING && v->rule != RULE_END_RECORD &&
	    v->rule != RULE_STOPPED;
}
