/*
 * op_watch.h: the operation behind `jobdir watch`
 *
 *	struct ops_watch *watch;
 *
 *	watch = ops_watch_new(ops, &query, each, arg, &err);
 *	loop_run(loop);			-- each() is called from the loop, and
 *	ops_watch_free(watch);		-- before ops_watch_new() returns
 *
 * What is told when, is said in engines/tracker.h; what a cursor holds, in
 * watch_cursor.h.
 */
#ifndef VERBS_OP_WATCH_H
#define VERBS_OP_WATCH_H

#include "engines/tracker.h"
#include "verbs/ops.h"

struct ops_watch;

struct ops_event {
	struct ops_watch *watch; /* for its cursor */
	enum tracker_event event;
	usec_t when;
	json_t *job; /* as in list_jobs; borrowed */
};

struct ops_watch_query {
	char *const *jobs; /* words that name jobs; @last too */
	int job_count;     /* 0: all jobs */
	const char *after; /* a cursor: first what was missed; NULL: none */
	size_t command_characters; /* longer commands are cut; 0: none */
};

typedef void ops_event_fn(void *arg, const struct ops_event *event);

/* NULL with err: ERR_INVALID if `after` is no cursor, ERR_NOT_FOUND,
 * ERR_AMBIGUOUS. */
struct ops_watch *ops_watch_new(struct ops *ops,
    const struct ops_watch_query *query, ops_event_fn *each, void *arg,
    struct err *err);
void ops_watch_free(struct ops_watch *watch); /* NULL is allowed */

/* In each(): the cursor after this event, in pieces; ASCII letters, digits,
 * '-' and '_'. */
void ops_watch_cursor(struct ops_watch *watch,
    void (*put)(void *arg, const char *data, size_t length), void *arg);

#endif
