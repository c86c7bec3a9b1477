/*
 * names.h: every name on disk and in a job's environment, spelled once
 *
 * spool-layout/README.md says of each file who writes it, when, and what its
 * absence means.  Names that begin with '.' are never jobs.
 */
#ifndef SPOOL_NAMES_H
#define SPOOL_NAMES_H

/* In the root. */
#define ROOT_NEW ".new"         /* job directories being built */
#define ROOT_KEYS ".keys"       /* claims of idempotency keys */
#define ROOT_KEYS_LIMIT "limit" /* lock: counting live jobs */
#define ROOT_OLD ".old"         /* job directories being removed */
#define OLD_GONE ".gone-"       /* in there, judged; a number appended */

/* In a job's directory. */
#define JOB_JOURNAL "journal.json"
#define JOB_PID "pid"
#define JOB_STDOUT "stdout.log"
#define JOB_STDERR "stderr.log"
#define JOB_CANCEL "cancel"
#define JOB_PROGRESS "progress.json"
#define JOB_STDIN ".stdin"    /* FIFO; unlinking it asks for end of file */
#define JOB_END ".end"        /* reserved room for the end record */
#define JOB_REQUEST ".cancel" /* a request being written; pid appended */

/* In a directory of the weave dialect. */
#define WEAVE_JOURNAL_SUFFIX ".weave_journal.json"
#define WEAVE_ENCHANTED "enchanted_terrain"
#define WEAVE_PID ".weave.pid"
#define WEAVE_LOG ".weave.log"
#define WEAVE_CANCEL_SUFFIX ".cancel"

/* In the environment of a job. */
#define ENV_ROOT "JOBDIR_ROOT"
#define ENV_DIR "JOBDIR_DIR"
#define ENV_ID "JOBDIR_ID"

/* "20261122T173012Z__" + id: the name of a job's directory. */
#define NAME_STAMP_SHAPE "ddddddddTddddddZ__"

/* "2026-11-22_18-40-00__" + tag: a weave run, in local time. */
#define WEAVE_STAMP_SHAPE "dddd-dd-dd_dd-dd-dd__"

enum {
	JOB_ID_MAX = 2048,     /* bytes of an id, NUL included */
	JOB_NAME_MAX = 256,    /* bytes of a directory's name, NUL included */
	JOURNAL_MAX = 8 << 20, /* most bytes of a journal that are read */
	PID_FILE_MAX = 64,
	CANCEL_MAX = 4096,
	PROGRESS_MAX = 65536,
};

#endif
