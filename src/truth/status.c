/*
 * status.c: facts -> state
 *
 * Invariant: pure.  The order of the questions is the order of the evidence:
 * an end record, then processes, then the boot, then the lock.  Success is
 * never guessed: only an end record that says so completes a job.
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
	if (f->has_exit_code && f->exit_code == 0)
		return verdict(STATUS_COMPLETED, REASON_EXIT, RULE_END_RECORD);
	if (f->has_exit_code)
		return verdict(STATUS_FAILED, REASON_EXIT, RULE_END_RECORD);
	return verdict(STATUS_LOST,
	    f->recorded ? f->recorded : REASON_SUPERVISOR_LOST,
	    RULE_END_RECORD);
}

/* (b) The processes that the record names, in the reader's own boot. */
static struct verdict
from_processes(const struct facts *f)
{
	struct verdict v;

	if (f->command == PROC_ALIVE) {
		v = verdict(STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE);
		v.orphaned =
		    f->supervisor == PROC_GONE || f->supervisor == PROC_ZOMBIE;
		return v;
	}
	if (f->supervisor == PROC_ALIVE)
		return verdict(STATUS_RUNNING, REASON_NONE,
		    RULE_SUPERVISOR_ALIVE);
	if (f->command == PROC_UNKNOWN || f->supervisor == PROC_UNKNOWN)
		return verdict(STATUS_UNKNOWN, REASON_UNREADABLE,
		    RULE_NO_EVIDENCE);
	return verdict(STATUS_LOST, REASON_SUPERVISOR_LOST, RULE_NOTHING_LIVES);
}

struct verdict
status_derive(const struct facts *f)
{
	if (!f->readable)
		return verdict(STATUS_UNKNOWN, REASON_UNREADABLE,
		    RULE_UNREADABLE);
	if (f->ended)
		return from_end_record(f);
	if (f->names_command && f->same_boot && f->same_namespace)
		return from_processes(f);
	if (f->other_boot && !f->remote)
		return verdict(STATUS_LOST, REASON_REBOOT, RULE_OTHER_BOOT);
	if (f->lock == FSIO_LOCK_HELD)
		return verdict(STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD);
	if (f->lock == FSIO_LOCK_FREE && f->names_command)
		return verdict(STATUS_UNKNOWN, REASON_FOREIGN_HOST,
		    RULE_LOCK_FREE);
	return verdict(STATUS_UNKNOWN,
	    f->names_command ? REASON_FOREIGN_HOST : REASON_UNREADABLE,
	    RULE_NO_EVIDENCE);
}

bool
status_needs_second_look(const struct verdict *v)
{
	return v->rule != RULE_END_RECORD && v->rule != RULE_COMMAND_ALIVE &&
	    v->rule != RULE_SUPERVISOR_ALIVE && v->rule != RULE_LOCK_HELD;
}
