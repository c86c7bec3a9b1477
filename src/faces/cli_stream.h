/*
 * cli_stream.h: the bytes of one log to one descriptor
 *
 * Bytes go out as the job wrote them; on a terminal escape sequences other than
 * colours are shown instead (text_show_coloured()).  A part that is no longer
 * on disk is replaced by one line "[jobdir: N bytes dropped here]".
 */
#ifndef FACES_CLI_STREAM_H
#define FACES_CLI_STREAM_H

#include "engines/logs.h"
#include "faces/cli.h"

/* Why writing ended, besides 0 (all was written) and -1 (err). */
enum { STREAM_INTERRUPTED = 1, STREAM_GONE = 2 };

struct stream {
	struct log log;
	bool wanted;
	bool shown; /* escapes are made visible: on a terminal */
	int fd;
	int64_t offset;   /* next byte to write */
	struct buf carry; /* unfinished character or escape sequence */
	char last;        /* last byte written */
};

/* Open both logs of a job.  `record` says their shapes; SCAN_STATE will do.
 * 0 or -1 with err; close both in either case. */
int cli_logs_open(struct cli *cli, const struct record *record,
    struct log logs[2], struct err *err);

/* Write from the stream's offset to the log's size; with `last` also what was
 * held back because more may come. */
int stream_pump(struct cli *cli, struct stream *s, bool last, struct err *err);

/* The logical offset at which the last `lines` lines of a log begin.  -1 with
 * err. */
int64_t cli_log_tail_offset(struct log *log, int64_t lines, struct err *err);

#endif
