/*
 * dialect_native.c: journal.json, of jobdir's own jobs and of workers that
 * follow spool-layout/README.md
 *
 * Invariant: one job a directory, whatever else is in it.
 */
#include "base/compat.h"
#include "spool/dialect.h"

#include <string.h>

#include "spool/spool.h"

static enum dialect_mark
mark(const char *file)
{
	return strcmp(file, JOB_JOURNAL) == 0 ? MARK_JOURNAL : MARK_NONE;
}

static void
claim(struct buf *id, const char *dirname, const char *journal)
{
	const char *tag = spool_name_tag(dirname);

	(void)journal;
	if (spool_name_is_own(tag)) /* that is a name, and never an id */
		tag = dirname;
	dialect_escape(id, tag, strlen(tag));
}

static bool
owns_pid(int jobdir, const char *journal)
{
	(void)jobdir;
	(void)journal;
	return true;
}

static void
cancel(struct buf *name, const char *journal, bool shared)
{
	(void)journal;
	(void)shared;
	buf_addstr(name, JOB_CANCEL);
}

const struct dialect dialect_native = {
	.kind = "job",
	.mark = mark,
	.lone_journal = JOB_JOURNAL,
	.pid_file = JOB_PID,
	.out_log = JOB_STDOUT,
	.err_log = JOB_STDERR,
	.stamp = spool_name_stamp,
	.claim = claim,
	.owns_pid = owns_pid,
	.cancel = cancel,
	.parse = journal_parse,
};
