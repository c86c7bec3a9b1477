/*
 * scan.h: one job directory -> one record, with its state
 *
 * The only gatherer of facts.  Reading changes nothing and never fails for the
 * caller: what is wrong with a job is part of its record.
 */
#ifndef TRUTH_SCAN_H
#define TRUTH_SCAN_H

#include "spool/dialect.h"
#include "spool/journal.h"
#include "spool/liveness.h"
#include "spool/request.h"
#include "spool/spool.h"
#include "truth/status.h"

enum scan_depth {
	SCAN_STATE, /* state, times, names: what lists show */
	SCAN_FULL,  /* and what is left behind, sizes of logs */
};

struct record_log {
	bool exists;
	int64_t size;      /* bytes ever written */
	int64_t truncated; /* times the job truncated it */
	int64_t dropped;   /* bytes no longer on disk */
	usec_t grown;      /* when it last grew */
};

struct record {
	struct spool_job job;
	const struct dialect *dialect;
	struct journal journal;
	char *label;  /* what journal.name points to, where names give it */
	bool foreign; /* no supervisor: a worker's own record */
	struct named_process named; /* foreign: what names its process */
	usec_t journal_written;     /* modification time; -1: not known */
	struct verdict verdict;
	char journal_error[JOURNAL_COMPLAINT_MAX]; /* "" if all is well */
	int starved;    /* errno of what the reader itself lacked; 0: nothing */
	usec_t started; /* as recorded, else in the name, else of the file */
	usec_t finished;       /* -1 while it lives or if not known */
	double duration;       /* seconds, so far or in total; < 0: not known */
	bool cancel_requested; /* running, and asked to stop */
	struct request cancel; /* the request */

	/* SCAN_FULL only */
	int leftover;    /* processes that an ended job left behind */
	bool input_open; /* it takes input now */
	struct record_log out;
	struct record_log err;
};

/*
 * Gather record and state of `job`, which is copied.  Returns 0, or -1 if there
 * is no such directory (any more).  The record must be released in both cases.
 */
int scan_job(const struct spool *spool, const struct spool_job *job,
    enum scan_depth depth, struct record *record);
void record_release(struct record *record);

/* A second record that says the same. */
void record_copy(struct record *record, const struct record *from);

/* What SCAN_FULL adds, for a record of SCAN_STATE; -1 if the directory is gone.
 * And back: drop it. */
int scan_look(const struct spool *spool, struct record *record);
void scan_forget_look(struct record *record);

/* The name of the log that views show as its stdout: below the job's directory,
 * or of an adopted job an absolute path that its adopter named. */
const char *record_out_log(const struct record *record);

/* Append the name of the job's file `cancel`. */
void record_cancel_file(const struct record *record, struct buf *name);

/* Open the directory of a job for reading: a descriptor or -1 with errno. */
int scan_open_dir(const struct spool *spool, const char *name);

#endif
