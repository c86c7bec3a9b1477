/*
 * liveness.c: a process that a stranger's record names by its number
 *
 * Invariant: without a process table, or a place that the number belongs to,
 * the answer is "doubtful", never "gone".
 */
#include "base/compat.h"
#include "spool/liveness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/proc.h"
#include "spool/dialect.h"

/* A process may start so long after the file that names it was written: clocks
 * have a grain, and some write the number before they execute. */
enum { START_SLACK = 2 * USEC_PER_SEC };

void
named_process_set(struct named_process *process, pid_t pid, uint64_t start,
    const struct stat *st)
{
	process->pid = pid > 1 ? pid : 0;
	process->start = start;
	process->written = fsio_mtime(st);
	process->owner = st->st_uid;
}

/* The number that is all of the text, but for blanks around it; 0: none. */
static pid_t
parse_pid(const char *text)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	end += strspn(end, " \t\r\n");
	if (errno || end == text || *end || number <= 1 || number > INT32_MAX)
		return 0;
	return (pid_t)number;
}

void
named_process_read(struct named_process *process, int jobdir, const char *file)
{
	struct buf text = BUF_INIT;
	struct stat st;

	memset(process, 0, sizeof(*process));
	if (fsio_read_capped(jobdir, file, PID_FILE_MAX, &text, &st) == 0 &&
	    strlen(buf_str(&text)) == text.len)
		named_process_set(process, parse_pid(buf_str(&text)), 0, &st);
	buf_release(&text);
}

void
named_process_find(struct named_process *process, int jobdir,
    const struct spool_job *job, const struct journal *journal)
{
	const struct dialect *dialect = dialect_of(job->journal);

	if (journal->command_id.pid > 1) {
		process->pid = journal->command_id.pid;
		process->start = journal->command_id.start;
	} else if (!job->shared || dialect->owns_pid(jobdir, job->journal)) {
		named_process_read(process, jobdir, dialect->pid_file);
	}
}

enum named_life
named_process_life(const struct named_process *process, uint64_t *start)
{
	struct proc_stat st;

	if (process->pid < 2)
		return NAMED_NONE;
	if (proc_read_stat(process->pid, &st) < 0)
		return errno == ENOENT || errno == ESRCH ? NAMED_GONE
							 : NAMED_DOUBTFUL;
	if (process->start && process->start != st.start)
		return NAMED_GONE; /* its number was given to another one */
	if (st.ended ||
	    proc_started_at(st.start) > process->written + START_SLACK)
		return NAMED_DOUBTFUL;
	if (start)
		*start = st.start;
	return NAMED_ALIVE;
}

bool
named_process_is_proven(const struct named_process *process, int jobdir)
{
	uid_t uid;

	return named_process_life(process, NULL) == NAMED_ALIVE &&
	    proc_owner(process->pid, &uid) == 0 && uid == process->owner &&
	    proc_works_in(process->pid, jobdir);
}
