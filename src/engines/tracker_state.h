/*
 * tracker_state.h: what the tracker remembers (for tracker*.c only)
 *
 * A directory with its jobs.  Of jobs that can't change any more very little is
 * kept: there may be a hundred thousand.  Directories go only when they are
 * looked at (tracker_look), never while something points to them.
 */
#ifndef ENGINES_TRACKER_STATE_H
#define ENGINES_TRACKER_STATE_H

#include <string.h>
#include <sys/queue.h>

#include "engines/tracker.h"

/* What stat says of a file, to be compared. */
struct tracker_sight {
	uint64_t inode; /* 0: there is none */
	int64_t size;
	usec_t written;
	usec_t changed;
};

struct tracker_process {
	struct tracker_job *job;
	struct loop_source *source;
	struct proc_id id;
	int pidfd; /* -1: none */
};

/* Of a job that may change. */
struct tracker_live {
	TAILQ_ENTRY(tracker_live) next_due;
	struct tracker_job *job;
	struct tracker_sight dir;
	struct tracker_sight journal;
	struct tracker_sight progress;
	struct tracker_sight logs[2];
	usec_t looked;          /* wall clock, before the last scan */
	int64_t sizes[2];       /* of the logs, as told */
	uint64_t progress_told; /* its print */
	usec_t since;           /* at the start; see tracker_memory */
	/* Monotonic; 0: not. */
	usec_t held;          /* unreadable since */
	usec_t told_progress; /* last */
	usec_t told_output;
	usec_t due;     /* look again then */
	bool uncovered; /* its death would not be told */
	struct tracker_process processes[2];
};

struct tracker_job {
	struct tracker_dir *dir;
	struct tracker_job *next;       /* in its directory */
	struct tracker_job *next_claim; /* in the table of claims */
	uint64_t claim;                 /* hash of the id that it claims */
	const char *journal;            /* malloc'd, unless JOB_JOURNAL */
	struct tracker_live *live;      /* NULL: sealed */
	uint32_t end;
	uint8_t status; /* enum status */
	uint8_t past;   /* enum tracker_past, while not known */
	bool known;     /* its state was taken in once */
	bool unread;    /* sealed by its mode; state not yet derived */
	bool listed;
};

struct tracker_dir {
	struct tracker *tracker;
	struct tracker_dir *next; /* in the table of names */
	TAILQ_ENTRY(tracker_dir) next_queued;
	TAILQ_ENTRY(tracker_dir) next_live;
	struct tracker_job *jobs;
	struct watch_handle *watch; /* NULL: looked at by stat */
	uint64_t inode;
	uint32_t generation; /* of the last listing that had it */
	uint8_t queued;      /* enum tracker_queue */
	bool own;            /* has the form of a name that jobdir gives */
	bool relist;         /* which jobs are in it? */
	bool live;           /* in the list */
	char name[];
};

enum tracker_queue { QUEUE_NONE, QUEUE_URGENT, QUEUE_SLOW };

TAILQ_HEAD(tracker_dirs, tracker_dir);

struct tracker {
	struct tracker_config config;
	struct watch_handle *root;
	uint64_t root_device; /* of the root that is watched */
	uint64_t root_inode;
	bool starting;
	bool root_changed; /* by an event: is it still the root? */
	bool list;         /* list the root again */
	bool no_watch;     /* none to be had, until the next rescan */
	int64_t watches;
	int64_t watches_max;
	int64_t pidfds_left;

	/* Tables; sizes are powers of 2. */
	struct tracker_dir **dirs;
	size_t dirs_size;
	size_t dirs_count;
	struct tracker_job **claims;
	size_t claims_size;
	size_t claims_count;

	struct tracker_dirs queues[3]; /* by enum tracker_queue */
	struct tracker_dirs live;
	size_t unwatched; /* of the live ones */
	TAILQ_HEAD(tracker_due, tracker_live) due;
	struct loop_timer *due_timer;
	usec_t due_first; /* when it fires */

	/* Work to do in the next turns of the loop. */
	struct loop_timer *work;
	struct tracker_dir *pass; /* next one to look at by stat; NULL: none */
	bool pass_all;            /* not only those that are not watched */
	bool pass_found;          /* something changed */
	usec_t pass_cost;

	struct loop_timer *tick; /* every second */
	int ticks;
	struct loop_timer *poll; /* next pass over what is not watched */
	usec_t poll_interval;
	size_t unread_at; /* where in the table the reading of `unread` is */

	uint32_t generation;
	size_t held;     /* jobs whose state is held back */
	usec_t listing;  /* wall clock, when the last listing began */
	usec_t complete; /* see tracker_complete() */
};

/* The tables (tracker_table.c). */

/* The directory of that name; it is made if it is not there. */
struct tracker_dir *tracker_dir_get(struct tracker *t, const char *name);
void tracker_dir_free(struct tracker_dir *dir); /* with its jobs */
struct tracker_job *tracker_job_add(struct tracker_dir *dir,
    const char *journal);
void tracker_job_free(struct tracker_job *job); /* takes it out, too */

/* Its names and id of now; release it. */
void tracker_job_names(const struct tracker_job *job, struct spool_job *names);

/* Is it one that can change?  Keeps the list of live directories. */
void tracker_job_set_live(struct tracker_job *job, bool live);

/* Looking (tracker_look.c, tracker_diff.c). */

/* Look at a directory and all jobs in it, now; it may be gone afterwards. */
void tracker_look(struct tracker_dir *dir);

/* Does stat say of directory and files of a live job what it said before the
 * last scan, and was that long enough after the last change to be trusted? */
bool tracker_looks_same(const struct tracker_job *job, int dirfd);

/* Take in what a scan found, and tell what is news. */
void tracker_take(struct tracker_job *job, const struct record *record,
    const struct tracker_stamps *stamps);
void tracker_take_sealed(struct tracker_job *job,
    const struct tracker_stamps *stamps);
void tracker_tell_removed(struct tracker_job *job);

/* Look again at or after that time (monotonic). */
void tracker_due_at(struct tracker_job *job, usec_t when);
void tracker_due_drop(struct tracker_live *live);
void tracker_held_drop(struct tracker_live *live);

/* Watching (tracker_watch.c). */
void tracker_dir_watch(struct tracker_dir *dir, int dirfd);
void tracker_dir_unwatch(struct tracker_dir *dir);
void tracker_processes_watch(struct tracker_job *job,
    const struct record *record);
void tracker_processes_forget(struct tracker_live *live);
int64_t tracker_watches_default(void);
int64_t tracker_pidfds_default(void);
/* Watch the root that is open now. */
void tracker_root_watch(struct tracker *t);

/* Passes (tracker_pass.c). */

/* Look at one directory of the pass by stat, and closely if it changed. */
void tracker_pass_step(struct tracker *t);
void tracker_pass_begin(struct tracker *t, bool all);

/* Read some of the records that were not read yet. */
void tracker_read_unread(struct tracker *t, size_t count);
void tracker_read_one(struct tracker_job *job);

/* Look again in a while at what is not watched, if there is any. */
void tracker_poll_arm(struct tracker *t);

/* The engine (tracker.c). */
void tracker_enqueue(struct tracker_dir *dir, enum tracker_queue queue);
void tracker_dequeue(struct tracker_dir *dir);
void tracker_wake(struct tracker *t); /* there is work */

#endif
