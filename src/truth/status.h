/*
 * status.h: facts on disk -> the state of a job
 *
 * One pure function: no input or output, no clock, no memory.  scan.h gathers
 * the facts; nobody stores a state.  The order of the evidence is that of
 * spool-layout/README.md, "How a status is derived".
 */
#ifndef TRUTH_STATUS_H
#define TRUTH_STATUS_H

#include <stdbool.h>

#include "base/fsio.h"
#include "base/proc.h"
#include "spool/liveness.h"
#include "spool/reason.h"

/* X(name, word, final) */
#define STATUS_TABLE(X)                                                        \
	X(STATUS_QUEUED, "queued", false)                                      \
	X(STATUS_RUNNING, "running", false)                                    \
	X(STATUS_COMPLETED, "completed", true)                                 \
	X(STATUS_FAILED, "failed", true)                                       \
	X(STATUS_KILLED, "killed", true)                                       \
	X(STATUS_LOST, "lost", true)                                           \
	X(STATUS_UNKNOWN, "unknown", false)

#define STATUS_ENUM(name, word, final) name,
enum status { STATUS_TABLE(STATUS_ENUM) STATUS_COUNT };
#undef STATUS_ENUM

const char *status_word(enum status status);

/* The state of that word; -1 if it is none. */
int status_from_word(const char *word);

/* completed, failed, killed, lost: it will not change any more. */
bool status_is_final(enum status status);

/* Everything that decides.  What was not looked at because something before it
 * decides is zero. */
struct facts {
	bool readable; /* the journal could be read and parsed */

	/* (a) the end record */
	bool ended;
	bool has_exit_code;
	int exit_code;
	int signal;           /* 0: none */
	enum reason recorded; /* word of the end record */
	bool cancelled;       /* it says that a stop had been asked for */
	bool reports_error;   /* a worker's own journal names an error */
	bool reports_success; /* it says that all went well */
	bool end_is_old;      /* that end is of an earlier run */

	/* A worker that has no supervisor: what its asker made of a request
	 * to stop it, made before the end record was written. */
	bool stop_held;  /* somebody is seeing to it just now */
	bool stop_ended; /* it died of it */

	/* Where the pids of the record mean something. */
	bool same_boot;
	bool other_boot; /* both are known, and they differ */
	bool same_namespace;
	bool remote; /* the directory is shared between hosts */

	/* (b) processes; PROC_UNKNOWN if the record names none */
	bool names_command;
	bool names_supervisor;
	bool adopted; /* it ran before it was a job */
	enum proc_life command;
	enum proc_life supervisor;

	/* (c) a process that is named by its number alone */
	enum named_life named;

	/* (d) the lock on `pid` */
	enum fsio_lock lock;
};

/* Which rule of the order decided; the words for people are made by
 * evidence_write(). */
enum rule {
	RULE_UNREADABLE,
	RULE_END_RECORD,
	RULE_COMMAND_ALIVE,
	RULE_SUPERVISOR_ALIVE,
	RULE_NOTHING_LIVES,
	RULE_NAMED_ALIVE,
	RULE_NAMED_GONE,
	RULE_NAMED_DOUBTFUL,
	RULE_STOPPING,
	RULE_STOPPED,
	RULE_REPORTS_ERROR,
	RULE_OTHER_BOOT,
	RULE_LOCK_HELD,
	RULE_LOCK_FREE,
	RULE_NO_EVIDENCE,
};

struct verdict {
	enum status status;
	enum reason reason;
	enum rule rule;
	bool orphaned; /* running, and its supervisor is gone */
};

struct verdict status_derive(const struct facts *facts);

/* A dead verdict must be confirmed by reading the journal once more: between
 * the first reading and the look at the processes the end may have been
 * recorded. */
bool status_needs_second_look(const struct verdict *verdict);

#endif
