/*
 * loop.c: one poll loop
 *
 * Invariant: a source or timer that was removed is never called again, also
 * when it is removed by a callback of the same round: removal marks, the end
 * of the round frees.  Signals are blocked except inside ppoll, so a handler
 * only ever sets a flag that the next line looks at.
 */
#include "base/compat.h"
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct loop_source {
	struct loop *loop;
	struct loop_source *next;
	int fd; /* -1: removed */
	int events;
	loop_ready_fn *ready;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	struct loop_timer *next;
	usec_t deadline;
	loop_timer_fn *fire; /* NULL: removed */
	void *arg;
};

struct loop_catch {
	int signo;
	loop_signal_fn *caught;
	void *arg;
};

enum { CATCH_MAX = 8 };

struct loop {
	struct loop_source *sources;
	struct loop_timer *timers;
	struct loop_catch catches[CATCH_MAX];
	size_t catch_count;
	sigset_t old_mask;
	struct pollfd *fds;
	struct loop_source **polled; /* whose descriptor fds[i] is */
	size_t room;
	bool stopping;
	int code;
};

static volatile sig_atomic_t caught_flags[NSIG];

static void
flag_signal(int signo)
{
	caught_flags[signo] = 1;
}

struct loop *
loop_new(struct err *err)
{
	struct loop *loop = xmalloc(sizeof(*loop));

	memset(loop, 0, sizeof(*loop));
	if (sigprocmask(SIG_BLOCK, NULL, &loop->old_mask) < 0) {
		err_sys(err, errno, "signal mask");
		free(loop);
		return NULL;
	}
	return loop;
}

static void
sweep(struct loop *loop, bool all)
{
	struct loop_source **s = &loop->sources;
	struct loop_timer **t = &loop->timers;

	while (*s) {
		struct loop_source *source = *s;

		if (!all && source->fd >= 0) {
			s = &source->next;
			continue;
		}
		*s = source->next;
		free(source);
	}
	while (*t) {
		struct loop_timer *timer = *t;

		if (!all && timer->fire) {
			t = &timer->next;
			continue;
		}
		*t = timer->next;
		free(timer);
	}
}

void
loop_free(struct loop *loop)
{
	size_t i;

	if (!loop)
		return;
	for (i = 0; i < loop->catch_count; i++)
		signal(loop->catches[i].signo, SIG_DFL);
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
	sweep(loop, true);
	free(loop->fds);
	free(loop->polled);
	free(loop);
}

struct loop_source *
loop_add(struct loop *loop, int fd, int events, loop_ready_fn *ready, void *arg)
{
	struct loop_source *source = xmalloc(sizeof(*source));

	*source =
	    (struct loop_source){ loop, loop->sources, fd, events, ready, arg };
	loop->sources = source;
	return source;
}

void
loop_change(struct loop_source *source, int events)
{
	source->events = events;
}

void
loop_remove(struct loop_source *source)
{
	if (source)
		source->fd = -1;
}

struct loop_timer *
loop_timer(struct loop *loop, usec_t deadline, loop_timer_fn *fire, void *arg)
{
	struct loop_timer *timer = xmalloc(sizeof(*timer));

	*timer = (struct loop_timer){ loop, loop->timers, deadline, fire, arg };
	loop->timers = timer;
	return timer;
}

void
loop_timer_cancel(struct loop_timer *timer)
{
	if (timer)
		timer->fire = NULL;
}

int
loop_signal(struct loop *loop, int signo, loop_signal_fn *caught, void *arg,
    struct err *err)
{
	struct sigaction action;
	sigset_t block;

	if (loop->catch_count == CATCH_MAX)
		return err_set(err, ERR_SYSTEM, "too many signals caught");
	sigemptyset(&block);
	sigaddset(&block, signo);
	memset(&action, 0, sizeof(action));
	action.sa_handler = flag_signal;
	sigfillset(&action.sa_mask);
	if (sigprocmask(SIG_BLOCK, &block, NULL) < 0 ||
	    sigaction(signo, &action, NULL) < 0)
		return err_sys(err, errno, "catch signal %d", signo);
	loop->catches[loop->catch_count++] =
	    (struct loop_catch){ signo, caught, arg };
	return 0;
}

/* Fill the poll array; returns the number of entries. */
static size_t
gather(struct loop *loop)
{
	struct loop_source *source;
	size_t count = 0;

	for (source = loop->sources; source; source = source->next)
		count++;
	if (count > loop->room) {
		loop->room = count * 2;
		loop->fds = xrealloc(loop->fds, loop->room, sizeof(*loop->fds));
		loop->polled = xrealloc(loop->polled, loop->room,
		    sizeof(struct loop_source *));
	}
	count = 0;
	for (source = loop->sources; source; source = source->next) {
		loop->fds[count] =
		    (struct pollfd){ source->fd, (short)source->events, 0 };
		loop->polled[count++] = source;
	}
	return count;
}

static int64_t
until_next_timer(const struct loop *loop)
{
	const struct loop_timer *timer;
	usec_t first = INT64_MAX, now;

	for (timer = loop->timers; timer; timer = timer->next)
		if (timer->fire && timer->deadline < first)
			first = timer->deadline;
	if (first == INT64_MAX)
		return -1;
	now = time_mono();
	return first > now ? first - now : 0;
}

static void
run_timers(struct loop *loop)
{
	usec_t now = time_mono();
	struct loop_timer *timer;

	for (timer = loop->timers; timer; timer = timer->next) {
		loop_timer_fn *fire = timer->fire;

		if (!fire || timer->deadline > now)
			continue;
		timer->fire = NULL;
		fire(timer->arg);
	}
}

static void
run_signals(struct loop *loop)
{
	size_t i;

	for (i = 0; i < loop->catch_count; i++) {
		struct loop_catch *catch = &loop->catches[i];

		if (!caught_flags[catch->signo])
			continue;
		caught_flags[catch->signo] = 0;
		catch->caught(catch->arg, catch->signo);
	}
}

static void
run_sources(struct loop *loop, size_t count)
{
	size_t i;

	for (i = 0; i < count && !loop->stopping; i++) {
		struct loop_source *source = loop->polled[i];

		if (loop->fds[i].revents && source->fd == loop->fds[i].fd)
			source->ready(source->arg, loop->fds[i].revents);
	}
}

int
loop_run(struct loop *loop)
{
	sigset_t mask = loop->old_mask;
	size_t i, count;
	int ready;

	for (i = 0; i < loop->catch_count; i++)
		sigdelset(&mask, loop->catches[i].signo);
	while (!loop->stopping) {
		sweep(loop, false);
		count = gather(loop);
		ready = compat_poll(loop->fds, count, until_next_timer(loop),
		    &mask);
		if (ready < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		run_signals(loop);
		if (ready > 0)
			run_sources(loop, count);
		run_timers(loop);
	}
	loop->stopping = false;
	return loop->code;
}

bool
loop_has_caught(int signo)
{
	return caught_flags[signo] != 0;
}

void
loop_stop(struct loop *loop, int code)
{
	loop->stopping = true;
	loop->code = code;
}
