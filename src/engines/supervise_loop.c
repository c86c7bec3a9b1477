/*
 * supervise_loop.c: the main loop of a supervisor
 *
 * Everything that can happen sets a flag or makes a deadline; each turn looks
 * at all of it and sleeps until the next.  An idle job costs no wake-up.
 *
 * Invariant: notifications are armed before the look they announce, so nothing
 * falls between; the command is reaped only when its end is on record.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/names.h"

enum {
	TICK_LOCAL = 1000 * 1000,        /* without notification */
	TICK_REMOTE = 5 * 1000 * 1000,   /* a request on a shared filesystem */
	TICK_LEFTOVER = 5 * 1000 * 1000, /* is only another job left by now? */
	TICK_RETRY = 1000 * 1000,        /* the end could not be recorded */
	TICK_ZOMBIE = 20 * 1000,         /* taken over, ended, not reaped */
	ZOMBIE_PATIENCE = 10 * 1000 * 1000,
	STOPPED_PATIENCE = 1500 * 1000,  /* after the grace, as askers have */
	INIT_PATIENCE = 3 * 1000 * 1000, /* until orphans are reaped */
};

struct supervisor_signals supervisor_signals;

int
supervisor_signal_names(void)
{
	return SIGRTMIN + 2;
}

int
supervisor_signal_content(void)
{
	return SIGRTMIN + 3;
}

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	/* SIGCHLD and a change of names only have to end the sleep. */
	if (signo == SIGTERM) {
		supervisor_signals.sender_pid = info->si_pid;
		supervisor_signals.sender_uid = (int)info->si_uid;
		supervisor_signals.terminate = 1;
	} else if (signo == supervisor_signal_content() || signo == SIGIO) {
		/* SIGIO: the queue of signals was full. */
		supervisor_signals.content = 1;
	}
}

int
supervisor_catch_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE };
	int caught[] = { SIGCHLD, SIGTERM, SIGIO, supervisor_signal_names(),
		supervisor_signal_content() };
	struct sigaction action;
	sigset_t all;
	size_t i;

	memset(&action, 0, sizeof(action));
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return -1;
	action.sa_handler = SIG_IGN;
	for (i = 0; i < ARRAY_LEN(ignored); i++)
		if (sigaction(ignored[i], &action, NULL) < 0)
			return -1;
	action.sa_sigaction = on_signal;
	action.sa_flags = SA_SIGINFO;
	action.sa_mask = all;
	for (i = 0; i < ARRAY_LEN(caught); i++)
		if (sigaction(caught[i], &action, NULL) < 0)
			return -1;
	return 0;
}

void
supervisor_arm(struct supervisor *s)
{
	s->notified = s->names_fd >= 0 && s->content_fd >= 0 &&
	    compat_notify_names(s->names_fd, supervisor_signal_names()) == 0;
	s->content_armed = false;
	s->tick = -1;
}

/* Each try writes into the job's directory, and so wakes us: without a pause
 * one that fails would be followed by the next. */
static void
record_end(struct supervisor *s)
{
	usec_t now = time_boot();

	if (s->recorded || now < s->retry_boot)
		return;
	if (supervisor_record_end(s) < 0)
		s->retry_boot = now + TICK_RETRY;
}

/* The command has ended: record, then let the reaping go on. */
static void
on_command_end(struct supervisor *s, int status, const struct rusage *usage)
{
	if (!s->has_ended)
		supervisor_note_end(s, status, true, usage);
	record_end(s);
}

static void
close_input(struct supervisor *s)
{
	struct stat st;

	close_fd(&s->input_fd);
	if (s->recorded &&
	    fstatat(s->jobdir, JOB_STDIN, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISFIFO(st.st_mode) && unlinkat(s->jobdir, JOB_STDIN, 0) < 0 &&
	    errno == EIO)
		s->remote = true;
}

/*
 * See what has ended.  The command is only looked at until its end is on
 * record: as a zombie it keeps its pid, so that no reader meets another process
 * under it.  Returns false when there are no children at all.
 */
static bool
reap(struct supervisor *s)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (!s->has_ended || !s->recorded) {
		pid = compat_wait_peek(s->command, &status, &usage);
		if (pid == s->command) {
			on_command_end(s, status, &usage);
			if (!s->recorded)
				return true;
			close_input(s);
		}
	}
	do {
		pid = compat_wait_peek(-1, &status, &usage);
		if (pid > 0 && pid == s->command && !s->recorded)
			return true; /* ended since the look above */
		if (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == ECHILD)
			return false;
	} while (pid > 0);
	return pid == 0;
}

/* Until when is a command that has ended waited for to be reaped, which tells
 * its exit code?  An orphan is init's, who may be slow, or (in a container) do
 * that as little as another parent; and who asked for a stop must hear of it. */
static usec_t
patience_end(const struct supervisor *s)
{
	usec_t end = s->zombie_since + ZOMBIE_PATIENCE;
	usec_t asked = s->stop_boot + s->request.grace + STOPPED_PATIENCE;

	if (s->cause == STOP_NOT)
		return end;
	if (!s->adopted && asked < s->zombie_since + INIT_PATIENCE)
		asked = s->zombie_since + INIT_PATIENCE;
	return asked < end ? asked : end;
}

/*
 * A command that was taken over is no child: its pidfd tells of its end, and of
 * its exit code once its parent has reaped it.  Returns false when nothing of
 * the tree is left.
 */
static bool
look_at_adopted(struct supervisor *s)
{
	struct pollfd fd = { s->pidfd, POLLIN, 0 };
	int status = 0;

	while (waitpid(-1, &status, WNOHANG) > 0)
		continue; /* orphans of the job that became children */
	if (!s->has_ended && compat_poll(&fd, 1, 0, NULL) > 0) {
		if (s->zombie_since == 0)
			s->zombie_since = time_boot();
		if (compat_pidfd_status(s->pidfd, &status) == 0)
			supervisor_note_end(s, status, true, NULL);
		else if (errno != EAGAIN || time_boot() > patience_end(s))
			supervisor_note_end(s, 0, false, NULL);
		if (s->has_ended) { /* it ended when that was first seen */
			s->end.finished -= time_boot() - s->zombie_since;
			s->end.duration = s->zombie_since - s->started_boot;
		}
	}
	if (s->has_ended)
		record_end(s);
	if (s->recorded)
		close_input(s);
	return !s->has_ended || !stop_is_tree_empty(s);
}

/* SIGTERM asks, too, and of this one the kernel tells who sent it: the pid, 0
 * of a process that has none here, and its program while it still lives. */
static void
request_of_signal(struct request *request)
{
	pid_t pid = supervisor_signals.sender_pid;
	unsigned uid = (unsigned)supervisor_signals.sender_uid;
	char by[REQUEST_BY_MAX];
	struct proc_stat st;
	uid_t owner;

	/* Its number may be another one's by now. */
	if (pid > 0 && proc_read_stat(pid, &st) == 0 &&
	    proc_owner(pid, &owner) == 0 && owner == uid)
		snprintf(by, sizeof(by),
		    "pid %ld (%.32s, uid %u, SIGTERM to the supervisor)",
		    (long)pid, st.name, uid);
	else if (pid > 0)
		snprintf(by, sizeof(by),
		    "pid %ld (uid %u, SIGTERM to the supervisor)", (long)pid,
		    uid);
	else
		snprintf(by, sizeof(by),
		    "a process of another pid namespace (SIGTERM to the "
		    "supervisor)");
	request_init(request, by);
}

static void
look_at_requests(struct supervisor *s)
{
	struct request request;
	struct stat st;

	if (supervisor_signals.terminate) {
		supervisor_signals.terminate = 0;
		request_of_signal(&request);
		stop_request(s, &request, STOP_REQUEST);
	}
	if (request_read(s->jobdir, JOB_CANCEL, &request) == 1)
		stop_request(s, &request, STOP_REQUEST);
	/* Unlinking the FIFO asks for end of file. */
	if (s->input_fd >= 0 &&
	    fstatat(s->jobdir, JOB_STDIN, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT)
		close_fd(&s->input_fd);
}

static usec_t
look_at_limit(struct supervisor *s)
{
	struct request request;
	usec_t now;

	if (s->deadline_boot < 0 || s->has_ended)
		return -1;
	now = time_boot();
	if (now < s->deadline_boot)
		return s->deadline_boot - now;
	s->deadline_boot = -1;
	request_init(&request, "time limit");
	stop_request(s, &request, STOP_TIMEOUT);
	return -1;
}

static usec_t
sooner(usec_t a, usec_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* Keep the logs in bound; returns when to look again, -1: at a write. */
static usec_t
look_at_logs(struct supervisor *s)
{
	bounded_log_look(&s->out);
	bounded_log_look(&s->err);
	s->tick = sooner(bounded_log_tick(&s->out, s->tick),
	    bounded_log_tick(&s->err, s->tick));
	if (s->tick >= 0)
		return s->tick;
	if (!s->notified)
		return s->out.bound || s->err.bound ? TICK_LOCAL : -1;
	if (s->content_armed && !supervisor_signals.content)
		return -1;
	supervisor_signals.content = 0;
	s->content_armed = compat_notify_content(s->content_fd,
			       supervisor_signal_content()) == 0;
	return s->content_armed ? 0 : TICK_LOCAL; /* 0: armed, look once more */
}

static void
sleep_until_something(struct supervisor *s, usec_t timeout)
{
	struct pollfd fd = { s->pidfd, POLLIN, 0 };
	sigset_t none;
	int ready;

	sigemptyset(&none);
	ready = compat_poll(&fd, s->pidfd >= 0 && !s->zombie_since ? 1 : 0,
	    timeout, &none);
	if (ready < 0 && errno != EINTR)
		s->notified = false; /* tick from now on */
}

/* One turn; false when nothing of the job is left. */
static bool
turn(struct supervisor *s, usec_t *timeout)
{
	bool children;

	look_at_requests(s);
	children = s->own_child ? reap(s) : look_at_adopted(s);
	*timeout = look_at_limit(s);
	*timeout = sooner(*timeout, stop_step(s));
	if (s->recorded && (!children || stop_is_tree_empty(s)))
		return false;
	*timeout = sooner(*timeout, look_at_logs(s));
	if (s->zombie_since && !s->has_ended)
		*timeout = sooner(*timeout, TICK_ZOMBIE);
	if (s->has_ended && !s->recorded)
		*timeout = sooner(*timeout, TICK_RETRY);
	else if (s->recorded)
		*timeout = sooner(*timeout, TICK_LEFTOVER);
	if (!s->notified)
		*timeout =
		    sooner(*timeout, s->remote ? TICK_REMOTE : TICK_LOCAL);
	else if (s->remote)
		*timeout = sooner(*timeout, TICK_REMOTE);
	return true;
}

void
supervisor_loop(struct supervisor *s)
{
	usec_t timeout = 0;

	while (turn(s, &timeout))
		sleep_until_something(s, timeout);
	bounded_log_collapse(&s->out, &s->end.out);
	bounded_log_collapse(&s->err, &s->end.err);
}
