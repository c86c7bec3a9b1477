/*
 * watches.h: how many watches of directories the user has, and may have
 *
 * The kernel limits both instances and watches (inotify(7)) for each user, and
 * once more for each user namespace.  Who gets none has to poll.
 */
#ifndef BASE_WATCHES_H
#define BASE_WATCHES_H

#include <stdint.h>

struct watches {
	int64_t instances;      /* in use by processes of this user */
	int64_t instances_most; /* -1: the system does not tell */
	int64_t watches;
	int64_t watches_most;
};

/* Ask every process.  An instance that processes share counts for each of them,
 * one of a process that may not be looked at not at all. */
void watches_count(struct watches *watches);

#endif
