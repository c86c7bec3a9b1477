/*
 * tracker.h: what happens to the jobs of a root, told as it happens
 *
 * Flow A is here: a journal is dropped -> an event -> a scan -> a state ->
 * changed? -> the owner is told.  Events only say where to look; what is told
 * is derived from the disk each time, and a slow rescan finds what no event
 * told (engines/watch.h).
 *
 *	struct tracker_config config = { .loop = loop, .spool = &spool,
 *	    .watch = watch, .tell = tell, .arg = arg };
 *
 *	tracker = tracker_new(&config);
 *	tracker_start(tracker, &err);	-- knows all jobs from now on
 *	loop_run(loop);			-- tell() is called from the loop
 *	tracker_free(tracker);
 *
 * What is told of a job:
 *
 *	created		it is seen first; one that runs by then is not told as
 *			started, one that has ended is told as finished, too
 *	started		it runs, and was known as anything else: a worker may
 *			start again in its directory, which is a new run
 *	progress	phase or progress changed, or its state can't be told
 *			any more
 *	output		a log grew, or was not empty when the job was seen
 *			first; only if the owner asks for it
 *	finished	it is completed, failed, killed or lost; again if it was
 *			another run that ended, or if it ended otherwise (a
 *			worker's record that comes after its death)
 *	removed		its directory is gone
 *
 * Many changes between two turns of the loop are one scan.  Of progress and of
 * output at most one is told per job in TRACKER_PAUSE, the last one always;
 * nothing else waits.  A record that can't be read, as of a worker that writes
 * in place, is taken for what it is only after TRACKER_HOLD.
 *
 * Watched are the directories of all jobs but those of ours that have ended
 * (name of our form, journal of mode 0400: they never change), within a budget;
 * the others are looked at by stat, every 20 ms to 1 s.  A quarter of the
 * descriptors that this process may have is used to be told of the death of
 * running jobs (at most 1024); beyond that the rescan finds them.
 *
 * Ids are those of spool_index_read() at the moment of telling: when a newer
 * directory takes an id over, nothing is told of the older job for that alone.
 */
#ifndef ENGINES_TRACKER_H
#define ENGINES_TRACKER_H

#include "engines/watch.h"
#include "truth/scan.h"

enum {
	TRACKER_PAUSE = 200 * 1000, /* microseconds */
	TRACKER_HOLD = 200 * 1000,
};

/* X(name, word) */
#define TRACKER_TABLE(X)                                                       \
	X(TRACKER_CREATED, "created")                                          \
	X(TRACKER_STARTED, "started")                                          \
	X(TRACKER_PROGRESS, "progress")                                        \
	X(TRACKER_OUTPUT, "output")                                            \
	X(TRACKER_FINISHED, "finished")                                        \
	X(TRACKER_REMOVED, "removed")                                          \
	/* Looked at, and nothing of the above; not for people. */             \
	X(TRACKER_LOOKED, "looked")

#define TRACKER_ENUM(name, word) name,
enum tracker_event { TRACKER_TABLE(TRACKER_ENUM) TRACKER_EVENTS };
#undef TRACKER_ENUM

const char *tracker_event_word(enum tracker_event event);

/* Stamps of a job's directory and journal; microseconds, -1: there is none. */
struct tracker_stamps {
	usec_t dir_changed;
	usec_t dir_written;
	usec_t journal_changed;
	bool sealed; /* of ours, with an end record, by name and mode */
};

struct tracker_news {
	enum tracker_event event;
	usec_t when;      /* as recorded; else when it was seen */
	const char *name; /* of the directory */
	const char *journal;
	enum status status;
	uint32_t end; /* of a final state: stands for it; 24 bits */
	struct tracker_stamps stamps;
	/* Of `removed` only names and the last state.  NULL: `looked` at a
	 * sealed job, whose record was not read. */
	const struct record *record;
};

/* What the owner knows of a job that is there at the start. */
enum tracker_past {
	TRACKER_KNOWN,          /* all of it: tell nothing */
	TRACKER_KNOWN_IF_ENDED, /* the same if it has ended, else nothing */
	TRACKER_NEW,            /* nothing */
	TRACKER_LIVED,          /* it had not ended; see `since` */
	TRACKER_ENDED,          /* an end, see `end` */
};

struct tracker_memory {
	enum tracker_past past;
	usec_t since; /* LIVED: progress and output after that are news */
	uint32_t end; /* ENDED: of the news; -1: none can be the same */
};

struct tracker_config {
	struct loop *loop;
	struct spool *spool; /* opened again where its path changed */
	struct watch *watch;
	bool output; /* tell `output` */
	void (*tell)(void *arg, const struct tracker_news *news);
	/* Asked once for every job at the start; NULL: all are known. */
	struct tracker_memory (*recall)(void *arg, const char *name,
	    const char *journal, const struct tracker_stamps *stamps);
	void *arg;
	/* Most directories watched; 0: three quarters of what the user may. */
	int64_t max_watches;
	usec_t hold; /* 0: TRACKER_HOLD */
};

struct tracker;

struct tracker *tracker_new(const struct tracker_config *config);
void tracker_free(struct tracker *tracker); /* NULL is allowed */

/* Look at every job.  What is told of it is told before this returns, in no
 * order.  0, or -1 with err: the root can't be read. */
int tracker_start(struct tracker *tracker, struct err *err);

/* Wall-clock time; whatever happened before it has been told. */
usec_t tracker_complete(const struct tracker *tracker);

/* Call `each` for every job that is known, with its id of now and its state. */
void tracker_each(struct tracker *tracker,
    void (*each)(void *arg, const struct spool_job *job, enum status status),
    void *arg);

/* What stands for the end of a run in tracker_news: its state, and whatever
 * tells it from another run. */
uint32_t tracker_end_of(const struct record *record);

#endif
