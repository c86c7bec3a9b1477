/*
 * reason.h: why a job ended or can't be judged: the words of `reason`
 *
 * Written by supervisors into end records, derived by truth/status.c, and shown
 * by every face.
 */
#ifndef SPOOL_REASON_H
#define SPOOL_REASON_H

#define REASON_TABLE(X)                                                        \
	X(REASON_NONE, "")                                                     \
	X(REASON_EXIT, "exit")                                                 \
	X(REASON_SIGNAL, "signal")                                             \
	X(REASON_TIMEOUT, "timeout")                                           \
	X(REASON_CANCELLED, "cancelled")                                       \
	X(REASON_SUPERVISOR_LOST, "supervisor_lost")                           \
	X(REASON_REBOOT, "reboot")                                             \
	X(REASON_ADOPTED, "adopted")                                           \
	X(REASON_ERROR, "error")                                               \
	X(REASON_UNREADABLE, "unreadable")                                     \
	X(REASON_FOREIGN_HOST, "foreign_host")                                 \
	X(REASON_REMOVED, "removed")

#define REASON_ENUM(name, word) name,
enum reason { REASON_TABLE(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

const char *reason_word(enum reason reason); /* "" for REASON_NONE */

/* The reason of that word; -1 if it is none. */
int reason_from_word(const char *word);

#endif
