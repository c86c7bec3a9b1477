/*
 * loop.h: one poll(2) loop: descriptors, deadlines, signals
 *
 * Everything that waits in this program waits here, so that no call delays
 * another.  Callbacks run from loop_run(), one at a time; they may add and
 * remove sources and timers, their own included.
 *
 *	struct loop *loop = loop_new(&err);
 *
 *	loop_add(loop, fd, POLLIN, on_input, arg);
 *	loop_timer(loop, time_mono() + 5 * USEC_PER_SEC, on_deadline, arg);
 *	loop_run(loop);		-- until loop_stop()
 *	loop_free(loop);
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"
#include "base/util.h"

struct loop;
struct loop_source; /* one watched descriptor */
struct loop_timer;  /* one deadline */

/* `events` are those of poll(2) that happened. */
typedef void loop_ready_fn(void *arg, int events);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

struct loop *loop_new(struct err *err);
void loop_free(struct loop *loop); /* NULL is allowed */

/* Watch `fd`, which stays the caller's.  With `events` 0 only POLLERR, POLLHUP
 * and POLLNVAL are told. */
struct loop_source *loop_add(struct loop *loop, int fd, int events,
    loop_ready_fn *ready, void *arg);
void loop_change(struct loop_source *source, int events);
void loop_remove(struct loop_source *source); /* NULL is allowed */

/* Call `fire` once, at or soon after `deadline` (time_mono()). The timer is
 * gone when it fires. */
struct loop_timer *loop_timer(struct loop *loop, usec_t deadline,
    loop_timer_fn *fire, void *arg);
void loop_timer_cancel(struct loop_timer *timer); /* NULL is allowed */

/* Call `caught` for signal `signo` from the loop, not from a handler.  At most
 * one loop of a process may catch signals. */
int loop_signal(struct loop *loop, int signo, loop_signal_fn *caught, void *arg,
    struct err *err);

/* Run until loop_stop(), which may have come before; returns its code. */
int loop_run(struct loop *loop);
/* Has that signal come, and its function not yet been called?  For who waits
 * outside of the loop with the signal let through. */
bool loop_has_caught(int signo);

void loop_stop(struct loop *loop, int code);

#endif
