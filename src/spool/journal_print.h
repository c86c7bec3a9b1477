/*
 * journal_print.h: has a job reported anything new?
 */
#ifndef SPOOL_JOURNAL_PRINT_H
#define SPOOL_JOURNAL_PRINT_H

#include "spool/journal.h"

/* A number that stands for phase and progress of a record: the same for the
 * same words and numbers, in whatever order the record has them. */
uint64_t journal_progress_print(const struct journal *journal);

#endif
