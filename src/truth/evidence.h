/*
 * evidence.h: how a state was derived, in words (for truth/ and the faces)
 */
#ifndef TRUTH_EVIDENCE_H
#define TRUTH_EVIDENCE_H

#include "truth/scan.h"

/* Fill record->evidence, one line, from the rule that decided. */
void evidence_write(struct record *record);

/* How it ended or why it is so, for people: "exit code 7", "signal SIGSEGV",
 * "time limit, signal SIGTERM"; "" while it runs. */
void evidence_outcome(const struct record *record, char *text, size_t size);

#endif
