/*
 * supervise_adopted.c: the tree of an adopted process
 *
 * What a process started before it was a job carries no mark, and its orphans
 * are inherited by others.  So the tree is noted, process by process, when it
 * is to be stopped: first the command, then each child of what is noted; who
 * was noted stays proven after its parents have ended.
 *
 * Invariant: what is noted was, at that moment, a child of a living process
 * that was noted before; what is signalled is that very process (its number and
 * start time, looked at while a pidfd holds it).  Nothing is allocated.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <signal.h>

#include "base/proc.h"

enum { FREEZE_PASSES = 100 };

/* Too large for a stack. */
static struct proc_id noted[TREE_MAX];
static pid_t children[TREE_MAX];
static int noted_count;
static bool is_begun;

static bool
is_noted(const struct proc_id *id)
{
	int i;

	for (i = 0; i < noted_count; i++)
		if (noted[i].pid == id->pid && noted[i].start == id->start)
			return true;
	return false;
}

static void
note_children(const struct proc_id *parent)
{
	int count = proc_children(parent->pid, children, TREE_MAX), i;
	struct proc_stat st;
	struct proc_id id;

	for (i = 0; i < count && noted_count < TREE_MAX; i++) {
		if (proc_read_stat(children[i], &st) < 0 || st.ended ||
		    st.parent != parent->pid)
			continue;
		id = (struct proc_id){ children[i], st.start };
		if (is_noted(&id) || tree_is_supervisor(id.pid))
			continue;
		/* Only if it still lives was the number its own. */
		if (proc_life(parent) != PROC_ALIVE)
			return;
		noted[noted_count++] = id;
	}
}

int
adopted_look(struct supervisor *s)
{
	int i, kept = 0;

	if (!is_begun && !s->has_ended)
		noted[noted_count++] =
		    (struct proc_id){ s->command, s->command_start };
	is_begun = true;
	for (i = 0; i < noted_count; i++)
		if (proc_life(&noted[i]) == PROC_ALIVE)
			noted[kept++] = noted[i];
	noted_count = kept;
	for (i = 0; i < noted_count; i++) /* grows meanwhile */
		note_children(&noted[i]);
	return noted_count;
}

static int
signal_noted(int signo)
{
	int i, sent = 0;

	for (i = 0; i < noted_count; i++) {
		cleanup_close int pidfd = compat_pidfd_open(noted[i].pid);

		if (pidfd >= 0 && proc_life(&noted[i]) == PROC_ALIVE &&
		    compat_pidfd_signal(pidfd, signo) == 0)
			sent++;
	}
	return sent;
}

int
adopted_signal(struct supervisor *s, int signo)
{
	adopted_look(s);
	return signal_noted(signo);
}

int
adopted_kill(struct supervisor *s)
{
	int before = -1, passes;

	/* Children of what dies would be nobody's: stop them all first, until
	 * there are no more to be found. */
	for (passes = 0; passes < FREEZE_PASSES; passes++) {
		if (adopted_look(s) <= before)
			break;
		before = noted_count;
		signal_noted(SIGSTOP);
	}
	return signal_noted(SIGKILL);
}
