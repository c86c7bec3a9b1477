/*
 * tree.c: the processes of a job
 *
 * Invariant: no process is listed twice, none of another job's is listed, and
 * nothing is allocated.
 */
#include "base/compat.h"
#include "spool/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/util.h"
#include "spool/journal.h"
#include "spool/names.h"

/* The line stands in the first part of a record, before what grows. */
enum { RECORD_PART = 16384, LINE_MAX_BYTES = 128 };

bool
tree_is_supervisor(pid_t pid)
{
	char line[LINE_MAX_BYTES], part[RECORD_PART];
	cleanup_close int fd = -1;
	size_t length, kept = 0;
	struct proc_id id;
	ssize_t n;

	fd = proc_open_below(pid, SUPERVISOR_DIR_FD, JOB_JOURNAL);
	if (fd < 0 || proc_identify(pid, &id) < 0)
		return false;
	length = journal_supervisor_line(&id, line, sizeof(line));
	/* Long commands come first, so read on, keeping what may be a part. */
	while ((n = read_full(fd, part + kept, sizeof(part) - kept)) > 0) {
		if (compat_find(part, kept + (size_t)n, line, length))
			return true;
		if (kept + (size_t)n < sizeof(part))
			return false;
		kept = length;
		for (size_t i = 0; i < kept; i++)
			part[i] = part[sizeof(part) - kept + i];
	}
	return false;
}

static bool
is_living(pid_t pid)
{
	struct proc_stat st;

	return proc_read_stat(pid, &st) == 0 && !st.ended;
}

static bool
is_listed(const pid_t *pids, int count, pid_t pid)
{
	int i;

	for (i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int
tree_below(pid_t supervisor, pid_t *pids, int max)
{
	int count = 0, parent = -1, found, i;

	/* Breadth first, the list itself being the queue. */
	do {
		found = proc_children(parent < 0 ? supervisor : pids[parent],
		    pids + count, max - count);
		for (i = 0; i < found; i++) {
			pid_t pid = pids[count + i];

			/* count only grows up to count + i: no overtaking */
			if (is_listed(pids, count, pid) || !is_living(pid) ||
			    tree_is_supervisor(pid)) {
				pids[count + i] = pids[count + found - 1];
				found--;
				i--;
			}
		}
		count += found > 0 ? found : 0;
		parent++;
	} while (parent < count && count < max);
	return count;
}

int
tree_marked(const char *id, int jobdir, pid_t *pids, int max)
{
	char assignment[JOB_ID_MAX + 32];
	int count, kept = 0, i;
	struct stat st;
	bool has_file;

	snprintf(assignment, sizeof(assignment), ENV_ID "=%s", id);
	has_file = fstatat(jobdir, JOB_PID, &st, AT_SYMLINK_NOFOLLOW) == 0;
	count = proc_all(pids, max);
	for (i = 0; i < count; i++) {
		pid_t pid = pids[i];

		if (pid == getpid() ||
		    !(proc_has_environment(pid, assignment) ||
			(has_file &&
			    proc_holds_lock(pid, st.st_dev, st.st_ino))))
			continue;
		if (is_living(pid) && !tree_is_supervisor(pid))
			pids[kept++] = pid;
	}
	return kept;
}

bool
tree_has_children(pid_t parent, pid_t *pids, int max)
{
	int count = proc_all(pids, max), i;
	struct proc_stat st;

	for (i = 0; i < count; i++)
		if (proc_read_stat(pids[i], &st) == 0 && st.parent == parent &&
		    !tree_is_supervisor(pids[i]))
			return true;
	return false;
}
