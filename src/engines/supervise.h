/*
 * supervise.h: one small process for each job
 *
 * The supervisor starts the command, records its end, and sees to limits,
 * requests and the log's bound.  It reports a failed start to whoever asked,
 * over a pipe, and talks to nobody afterwards: facts go to the directory.
 *
 *	launcher                     supervisor                  child
 *	  builds .new/NAME
 *	  supervise_run() ---------> lock, logs, place
 *	  reads the answer           vfork ------------------>   checks program
 *	                                                         record: identities
 *	                                                         renames NAME
 *	  end of file: started       waits for the end           into sight, exec
 *
 * The answer, on a pipe that is close-on-exec everywhere: SUPERVISE_STARTED
 * once the directory is in sight, and a struct supervise_failure if the launch
 * failed.  End of file with neither, and the directory not in sight: whoever
 * was to start it was killed.
 */
#ifndef ENGINES_SUPERVISE_H
#define ENGINES_SUPERVISE_H

#include "spool/journal.h"

enum { SUPERVISE_STARTED = 'S', SUPERVISE_FAILED = 'F' };

/* On what a launch failed. */
enum supervise_stage {
	SUPERVISE_PROGRAM, /* the command can't be executed */
	SUPERVISE_CWD,     /* its working directory can't be entered */
	SUPERVISE_RECORD,  /* a file of the job's directory */
	SUPERVISE_LOG,     /* a log can't be made */
	SUPERVISE_PROCESS, /* no process or descriptor to be had */
};

struct supervise_failure {
	char mark; /* SUPERVISE_FAILED */
	unsigned char stage;
	int sys; /* errno */
};

/* Tell whoever reads `fd` so.  0 or -1 with errno. */
int supervise_report(int fd, enum supervise_stage stage, int sys);

struct supervise {
	int root;         /* descriptor of the runs root */
	const char *name; /* of the directory below ROOT_NEW */
	int answer;       /* write end of the launcher's pipe */
	int holds[2];     /* locks to keep until the launch is over; or -1 */
	const char *head; /* of the start record: journal_head_text() */
	const struct journal *journal; /* of it argv, cwd, interactive,
					* merge_output and both limits */
	char *const *environment;      /* of the command */
	bool default_signals; /* supervise_default_signals() was called */
	bool durable; /* close the answer only when the record is on disk */
	void *text;   /* a mapping that all of that lies in, to be unmapped
		       * when the command runs; NULL: none */
	size_t text_size;
};

/* Default dispositions, whatever the caller was left with: a command does not
 * inherit what somebody ignored. */
void supervise_default_signals(void);

/*
 * Become the supervisor: never returns.  The caller has forked, is single-
 * threaded, and gives up all its descriptors, which are closed but for those
 * named.
 */
void supervise_run(const struct supervise *args) __attribute__((noreturn));

/*
 * The hidden verb, of processes that a server or a shell's command leaves
 * behind.  `jobdir supervise --fork` forks supervisors (forkserver.h).
 * `jobdir supervise --take-over NAME` becomes the new supervisor of a job whose
 * own was killed: of a running one, or of one that has ended and left processes
 * behind.  `jobdir supervise --adopt NAME` becomes the supervisor of a process
 * that runs already and puts its job, .new/NAME, into sight; its record, with
 * the identity of that process, names its maker as supervisor.  Both find the
 * root as descriptor SUPERVISE_FD_ROOT, and exit at once with 0 when that is
 * done or there is nothing to be done (any more), 1 when it can't be; descriptor
 * SUPERVISE_FD_HOLD, a lock of the asker, is kept open by --adopt until then.
 */
int supervise_main(int argc, char **argv);

enum {
	SUPERVISE_FD_ROOT = 3,
	SUPERVISE_FD_ORDERS = 3, /* of --fork */
	SUPERVISE_FD_HOLD = 4,
};

#define SUPERVISE_VERB "supervise"
#define SUPERVISE_FORK "--fork"
#define SUPERVISE_TAKE_OVER "--take-over"
#define SUPERVISE_ADOPT "--adopt"

#endif
