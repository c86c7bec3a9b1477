/*
 * crew.h: the same work on many things, on all processors
 *
 *	crew_each(count, work, take, &arg);
 *
 * `work` is called once for each number below `count`, by several threads at a
 * time and in no order; `take` by the caller's alone, in order, after the
 * number's work is done.  Workers run only so far ahead of `take` that results
 * of CREW_AHEAD numbers wait.  If threads can't be had, the caller does it all.
 *
 * `work` must write to nothing that the work on another number touches, and
 * read nothing that `take` writes.
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stdbool.h>
#include <stddef.h>

enum { CREW_AHEAD = 4096 };

/*
 * work		makes the result of a number
 * take		uses it; non-zero: no more are wanted, though some may be made
 * Returns what the last `take` returned.
 */
int crew_each(size_t count, void (*work)(void *arg, size_t number),
    int (*take)(void *arg, size_t number), void *arg);

#endif
