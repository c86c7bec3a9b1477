/*
 * listing.h: walking over the jobs of a root, newest first (for verbs/)
 *
 * The order is by start, ties by id.  A name of ours carries the second at
 * which its job was made, so records are read from the newest name on and given
 * out as soon as no later one can come before them: a page costs what it shows.
 * Who wants all gets them from all processors.
 */
#ifndef VERBS_LISTING_H
#define VERBS_LISTING_H

#include "verbs/cursor.h"
#include "verbs/internal.h"

/* A job on its way out. */
struct candidate {
	usec_t started;
	const char *id; /* of the index; NULL: it is not wanted */
	bool ended;
	json_t *job;
	struct buf text; /* instead, if the listing is one of texts */
};

struct listing {
	/* Filled by the caller. */
	struct ops *ops;
	const struct ops_list_query *query;
	const struct cursor *after; /* NULL: from the beginning */
	bool as_text;
	bool page; /* it ends soon */
	int (*each)(void *arg, const struct ops_listed *job);
	void *arg;

	/* The listing's own; all zero at first. */
	const struct spool_index *index;
	struct candidate *waiting; /* not given out yet */
	size_t count;
	size_t room;
	struct candidate *slots; /* made by others, to be taken */
	bool *ended;             /* seen by others, to be taken */
	int64_t given;
	int64_t given_ended;
	int result;   /* non-zero: stop */
	size_t total; /* jobs of the root */
};

/* 0, or -1 with err. */
int listing_run(struct listing *listing, struct err *err);

#endif
