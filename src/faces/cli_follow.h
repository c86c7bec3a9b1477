/*
 * cli_follow.h: a job's output, as it is or as it comes
 */
#ifndef FACES_CLI_FOLLOW_H
#define FACES_CLI_FOLLOW_H

#include "faces/cli_stream.h"

struct cli_log_query {
	bool out;      /* the job's stdout, to stdout */
	bool err;      /* the job's stderr, to stderr */
	bool raw;      /* as it is on a terminal, too */
	int64_t lines; /* the last lines only; -1: all */
};

/*
 * Write what is there and, if `follow`, what comes, until the job has ended
 * (or its state can't be told) and all of it was written.  Of `record` only
 * the names are used.
 * 0, STREAM_INTERRUPTED, STREAM_GONE, or -1 with err.
 */
int cli_log_show(struct cli *cli, const struct record *record,
    const struct cli_log_query *query, bool follow, struct err *err);

#endif
