/*
 * op_timer.c: the time of a call that waits
 *
 * Invariant: after op_timer_stop() nothing fires.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <string.h>

static void progress(void *arg);

static void
arm_progress(struct op_timer *timer)
{
	timer->progress = loop_timer(timer->ops->loop,
	    time_mono() + OPS_PROGRESS_EVERY, progress, timer);
}

static void
progress(void *arg)
{
	struct op_timer *timer = arg;
	char text[256] = "";

	arm_progress(timer);
	if (timer->describe)
		timer->describe(timer->call, text, sizeof(text));
	timer->call->progress(timer->call, op_timer_waited(timer), timer->limit,
	    text);
}

static void
expire(void *arg)
{
	struct op_timer *timer = arg;

	timer->deadline = NULL;
	timer->expired(timer->call);
}

void
op_timer_start(struct op_timer *timer, struct ops *ops, struct op_call *call,
    double limit, void (*expired)(struct op_call *call),
    void (*describe)(struct op_call *call, char *text, size_t size))
{
	memset(timer, 0, sizeof(*timer));
	timer->ops = ops;
	timer->call = call;
	timer->begun = time_mono();
	timer->limit = limit;
	timer->expired = expired;
	timer->describe = describe;
	if (limit >= 0)
		timer->deadline = loop_timer(ops->loop,
		    timer->begun + (usec_t)(limit * USEC_PER_SEC), expire,
		    timer);
	if (call->progress)
		arm_progress(timer);
}

void
op_timer_stop(struct op_timer *timer)
{
	loop_timer_cancel(timer->deadline);
	loop_timer_cancel(timer->progress);
	timer->deadline = timer->progress = NULL;
}

double
op_timer_waited(const struct op_timer *timer)
{
	return (double)(time_mono() - timer->begun) / USEC_PER_SEC;
}
