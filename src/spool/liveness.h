/*
 * liveness.h: a process that a stranger's record names by its number
 *
 * A number alone proves little: it is reused.  It counts as life only if that
 * process is no zombie and started no later than 2 s after the file that names
 * it was written.  Before anything is signalled more is asked: it must have the
 * uid of that file's owner, and the job's directory, or a file in it, open or
 * as its working directory.  A record that truthfully names somebody's editor
 * gets it no signal.
 */
#ifndef SPOOL_LIVENESS_H
#define SPOOL_LIVENESS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/util.h"
#include "spool/journal.h"
#include "spool/spool.h"

struct named_process {
	pid_t pid;      /* below 2: none is named */
	uint64_t start; /* clock ticks since boot; 0: not told */
	usec_t written; /* when the file that names it was written */
	uid_t owner;    /* of that file */
};

enum named_life {
	NAMED_NONE,     /* no process is named */
	NAMED_ALIVE,    /* it lives, as far as a number can tell */
	NAMED_GONE,     /* no process has that number */
	NAMED_DOUBTFUL, /* one has, but maybe another one, or a zombie */
};

/* Read a pid file: decimal, with or without newline.  What is no such file, or
 * holds no number of a process, names none. */
void named_process_read(struct named_process *process, int jobdir,
    const char *file);

/* Fill from a record that names `pid`: `st` is that of the record's file. */
void named_process_set(struct named_process *process, pid_t pid, uint64_t start,
    const struct stat *st);

/* Which process does the record of `job` name: its journal, else a file?
 * `process` was set from the stat of the journal. */
void named_process_find(struct named_process *process, int jobdir,
    const struct spool_job *job, const struct journal *journal);

/* `start` receives its start time if it lives; may be NULL. */
enum named_life named_process_life(const struct named_process *process,
    uint64_t *start);

/* Is the process proven to be that of the job in `jobdir`?  Hold a pidfd of it
 * while asking, so that its number can't pass on to another. */
bool named_process_is_proven(const struct named_process *process, int jobdir);

#endif
