/*
 * supervise_stop.c: stopping the whole tree of a job
 *
 * The first signal goes once to every process of the tree, then SIGCONT; after
 * the grace each of the supervisor's own children is killed and reaped until
 * there are none: as subreaper it inherits the children of what it kills, so
 * this ends even against jobs that fork as they die, and the kernel itself says
 * when nothing is left.
 *
 * Invariant: only what is proven to be the job's is signalled: an own child, a
 * descendant through a pidfd, or (taken over) a process that carries the job's
 * mark, or (adopted) one that descended from the command when it was to be
 * stopped.  Supervisors of other jobs, and what is below them, never.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

enum {
	PASS_PAUSE = 5 * 1000,
	STUBBORN_PAUSE = 1000 * 1000,
	GRACE_PAUSE_LEAST = 20 * 1000,
	GRACE_PAUSE_MOST = 1000 * 1000,
};

/* Too large for a stack, and nothing may be allocated now. */
static pid_t members[TREE_MAX];

static int
list_members(struct supervisor *s)
{
	if (s->own_child)
		return tree_below(getpid(), members, TREE_MAX);
	if (s->adopted)
		return adopted_look(s);
	return tree_marked(s->id, s->jobdir, members, TREE_MAX);
}

/* All that descends from an own command is, or becomes, a child of this process:
 * to look at every process of the machine would tell no more. */
static bool
has_no_child(void)
{
	struct rusage usage;
	int status;

	return compat_wait_peek(-1, &status, &usage) < 0 && errno == ECHILD;
}

bool
stop_is_tree_empty(struct supervisor *s)
{
	if (s->own_child && has_no_child())
		return true;
	if (list_members(s) > 0)
		return false;
	return !s->own_child || !tree_has_children(getpid(), members, TREE_MAX);
}

static bool
is_member(int count, pid_t pid)
{
	int i;

	for (i = 0; i < count; i++)
		if (members[i] == pid)
			return true;
	return false;
}

/*
 * Signal members[i] unless its number was given to a stranger meanwhile.  That
 * of an own child can't be: it is reaped here.  Any other process a pidfd pins,
 * and then it must still descend from the tree.
 */
static bool
signal_member(const struct supervisor *s, int i, int count, int signo)
{
	cleanup_close int pidfd = -1;
	struct proc_stat st;

	if (proc_read_stat(members[i], &st) == 0 && st.parent == getpid())
		return kill(members[i], signo) == 0;
	pidfd = compat_pidfd_open(members[i]);
	if (pidfd < 0 || proc_read_stat(members[i], &st) < 0)
		return false;
	if (s->own_child && st.parent != getpid() &&
	    !is_member(count, st.parent))
		return false;
	return compat_pidfd_signal(pidfd, signo) == 0;
}

static int
signal_all(struct supervisor *s, int signo)
{
	int count, sent = 0, i;

	if (s->adopted)
		return adopted_signal(s, signo);
	count = list_members(s);
	for (i = 0; i < count; i++)
		if (signal_member(s, i, count, signo))
			sent++;
	return sent;
}

/* SIGKILL every own child that is no supervisor of another job; the reaping is
 * the main loop's.  Returns how many there were, *killed how many took it. */
static int
kill_children(int *killed)
{
	int count = proc_children(getpid(), members, TREE_MAX), mine = 0, i;

	*killed = 0;
	for (i = 0; i < count; i++) {
		if (tree_is_supervisor(members[i]))
			continue;
		mine++;
		if (kill(members[i], SIGKILL) == 0)
			(*killed)++;
	}
	return mine;
}

void
stop_request(struct supervisor *s, const struct request *request,
    enum stop_cause cause)
{
	usec_t kill_at = time_boot() + request->grace;

	if (s->phase != STOP_NONE) {
		/* Only a stronger request changes anything. */
		if (request->signal == SIGKILL)
			s->kill_boot = 0;
		else if (kill_at < s->kill_boot)
			s->kill_boot = kill_at;
		return;
	}
	s->phase = STOP_GRACE;
	s->stop_boot = time_boot();
	s->kill_boot = request->signal == SIGKILL ? 0 : kill_at;
	if (s->cause == STOP_NOT) {
		s->request = *request;
		if (!s->recorded) /* later ones only end what is left behind */
			s->cause = cause;
	}
	if (request->signal == SIGKILL)
		return;
	signal_all(s, request->signal);
	signal_all(s, SIGCONT);
}

/* How soon to look whether the rest of a tree has ended that is not of own
 * children, whose end nobody tells: ever more slowly. */
static usec_t
grace_pause(const struct supervisor *s, usec_t now)
{
	usec_t pause = (now - s->stop_boot) / 8, rest = s->kill_boot - now;

	if (s->own_child || !s->has_ended)
		return rest;
	if (pause < GRACE_PAUSE_LEAST)
		pause = GRACE_PAUSE_LEAST;
	if (pause > GRACE_PAUSE_MOST)
		pause = GRACE_PAUSE_MOST;
	return pause < rest ? pause : rest;
}

usec_t
stop_step(struct supervisor *s)
{
	int left, killed;
	usec_t now;

	if (s->phase == STOP_NONE)
		return -1;
	now = time_boot();
	if (s->phase == STOP_GRACE && now < s->kill_boot) {
		if (!s->has_ended || !stop_is_tree_empty(s))
			return grace_pause(s, now);
		s->phase = STOP_NONE;
		return -1;
	}
	if (s->phase == STOP_GRACE && !s->has_ended &&
	    s->request.signal != SIGKILL) {
		s->end.escalated = true;
		s->end.sigkill_after = now - s->stop_boot;
	}
	s->phase = STOP_KILLING;
	if (s->own_child) {
		left = kill_children(&killed);
	} else {
		left = list_members(s);
		killed = s->adopted ? adopted_kill(s) : signal_all(s, SIGKILL);
	}
	if (left == 0 && s->has_ended && stop_is_tree_empty(s)) {
		s->phase = STOP_NONE;
		return -1;
	}
	/* What may not be signalled (setuid), or has ended and waits to be
	 * recorded, is tried again without haste. */
	if (s->has_ended && !s->recorded)
		return STUBBORN_PAUSE;
	return killed > 0 ? PASS_PAUSE : STUBBORN_PAUSE;
}
