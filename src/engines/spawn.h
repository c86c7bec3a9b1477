/*
 * spawn.h: the launcher's side of a start
 *
 *	struct spawn spawn;
 *
 *	if (spawn_begin(&spawn, spool, &plan, &err) < 0)
 *		...
 *	-- when the other end of spawn.answer is closed (POLLHUP):
 *	switch (spawn_read(&spawn, spool, &err)) {
 *	case 1: more to come; case 0: started; case -1: err
 *	}
 *	spawn_end(&spawn);
 *
 * "Started" means executed: the directory is in sight and its record complete.
 * After -1 nothing is left behind.
 */
#ifndef ENGINES_SPAWN_H
#define ENGINES_SPAWN_H

#include "base/err.h"
#include "engines/forkserver.h"
#include "engines/supervise.h"
#include "spool/spool.h"

struct spawn_plan {
	const struct journal *journal; /* id, argv, created … of the job */
	char *const *environment;      /* complete, of the command */
	int holds[2]; /* locks that the launch keeps even if this process dies;
		       * -1: none */
	/* Who forks the supervisor; NULL: this process does, as a child: right
	 * for a small program that is about to end and has no threads then. */
	struct forkserver *forkserver;
	bool durable; /* "started" includes that the record is on disk */
};

struct spawn {
	int answer; /* read end, non-blocking; -1 after spawn_end */
	char name[JOB_NAME_MAX]; /* of the directory */
	bool seen_start;
	unsigned char buffer[sizeof(struct supervise_failure) + 1];
	size_t filled;
	enum supervise_stage stage; /* of a failure */
	const struct journal *journal;
};

int spawn_begin(struct spawn *spawn, const struct spool *spool,
    const struct spawn_plan *plan, struct err *err);

/*
 * Take what came.  1: more to come; 0: started; -1: failed, with a text of the
 * form "[Errno 2] No such file or directory: 'prog'" and spawn->stage; the kind
 * is ERR_NO_EXEC if the program could not be executed, else ERR_SYSTEM.
 */
int spawn_read(struct spawn *spawn, const struct spool *spool, struct err *err);

/* Release what a spawn holds; nothing happens to the job. */
void spawn_end(struct spawn *spawn);

enum { SPAWN_WORDS_MAX = 8 };

/*
 * Execute this program again.
 * argv		NULL-terminated, at most SPAWN_WORDS_MAX words
 * environment	of the new process
 * from		what becomes its descriptors 3 and 4; -1: none
 * pid		receives its pid; the caller waits for it
 * 0 or an errno value.
 */
int spawn_self(const char *const *argv, char *const *environment,
    const int from[2], pid_t *pid);

/* This process's environment without the mark of the job that it may be in, for
 * a process that is no part of that one's tree.  malloc'd, its strings are
 * not. */
char **spawn_unmarked_environment(void);

/*
 * Start a new supervisor for the job in directory `name`, whose own was killed,
 * and wait until it has taken over (a few milliseconds).  The job runs, or has
 * ended and left processes behind.  0 also if there is nothing to take over, or
 * another process was faster; -1 with err.
 */
int spawn_take_over(const struct spool *spool, const char *name,
    struct err *err);

/*
 * Start a supervisor for the process that runs already and that the record in
 * .new/<name> describes (supervise.h), and wait until it has put the job into
 * sight.  `hold` is a lock that is kept so long even if this process dies.
 * 0: in sight; 1: that process has ended meanwhile; -1: err.  After 1 and -1
 * the directory is gone, or goes with the next sweep.
 */
int spawn_adopt(const struct spool *spool, const char *name, int hold,
    struct err *err);

#endif
