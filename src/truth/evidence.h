/*
 * evidence.h: how a state was derived, in words (for truth/ and the faces)
 *
 * Two lines for people.  The outcome says what ended a job, the evidence from
 * what that is known.  Neither claims more than the record and the kernel tell:
 * who sent a signal the kernel tells only to the process that gets it, and of a
 * lack of memory it tells that something was killed, not what.
 *
 * Texts of others in them (an error, a host) are shown as text_show() does, and
 * cut; times are UTC.
 */
#ifndef TRUTH_EVIDENCE_H
#define TRUTH_EVIDENCE_H

#include "truth/scan.h"

enum { OUTCOME_MAX = 320, EVIDENCE_MAX = 320 };

/* How the state was derived, one line, from the rule that decided.  After
 * SCAN_FULL it also tells when a job whose end is not known last wrote. */
void evidence_write(const struct record *record, char text[EVIDENCE_MAX]);

/* What ended it or why it is so: "exit code 7", "signal SIGSEGV, core dumped",
 * "time limit of 2 s, signal SIGTERM"; "" while it runs. */
void evidence_outcome(const struct record *record, char text[OUTCOME_MAX]);

/* How the command ended, as its record says: "exit code 7", "signal SIGSEGV,
 * core dumped", "no exit code". */
void evidence_add_ending(const struct journal *journal, struct buf *out);

/* "the kernel killed 1 process of its cgroup for lack of memory while it ran",
 * of a record that says so. */
void evidence_add_memory(const struct journal *journal, struct buf *out);

/* "5 s", "0.3 s". */
void evidence_add_seconds(double seconds, struct buf *out);

/* The text of somebody else, cut. */
void evidence_add_text(const char *text, struct buf *out);

/* Move the text into a fixed buffer, cut at a character, and release it. */
void evidence_put(struct buf *from, char *text, size_t size);

#endif
