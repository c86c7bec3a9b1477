/*
 * supervisor.h: the state of a running supervisor (for supervise*.c only)
 *
 * Phase rule: once there is a command, nothing may allocate, exit early or
 * block.  Everything needed later is in this struct.
 */
#ifndef ENGINES_SUPERVISOR_H
#define ENGINES_SUPERVISOR_H

#include <signal.h>

#include "base/oom.h"
#include "engines/supervise.h"
#include "spool/request.h"
#include "spool/tree.h"

/* A log and its bound. */
struct bounded_log {
	int fd;            /* -1: there is none */
	int64_t bound;     /* bytes on disk; 0: none */
	int64_t size;      /* at the last look */
	int64_t grown;     /* bytes between the last two looks */
	int64_t truncated; /* times the job truncated it */
	char head[64];     /* its first bytes, to see a truncation that grew */
	size_t head_len;
	bool unbounded; /* the file system can't punch holes */
};

enum stop_phase {
	STOP_NONE,    /* nobody asked */
	STOP_GRACE,   /* first signal sent, waiting */
	STOP_KILLING, /* SIGKILL until nothing is left */
};

enum stop_cause { STOP_NOT, STOP_REQUEST, STOP_TIMEOUT };

struct supervisor {
	int jobdir;     /* SUPERVISOR_DIR_FD */
	int names_fd;   /* the same directory, armed for names */
	int content_fd; /* the same directory, armed for content */
	int end_fd;     /* .end: room for the end record */
	int lock_fd;
	int input_fd; /* write end of .stdin; -1: none or closed */
	struct bounded_log out;
	struct bounded_log err;
	bool has_err; /* stderr.log is a file of its own */

	char *record;    /* text of the start record, with room for all of it */
	size_t head_len; /* of what is known before the command is a process */
	size_t record_len;

	pid_t command;
	bool own_child;         /* false: taken over, or adopted */
	bool adopted;           /* it ran before it was a job */
	uint64_t command_start; /* taken over: with the pid, its identity */
	int pidfd;              /* taken over: of the command; else -1 */
	const char *id;         /* taken over: marks the tree; else NULL */
	const char *log_file;   /* adopted: of its output; NULL: not known */
	usec_t zombie_since; /* taken over: when its end was seen; 0: not yet */
	usec_t started_boot;
	usec_t deadline_boot; /* of the time limit; -1: none */

	struct oom_counter oom; /* from before the command runs */

	bool has_ended;    /* the command; its end may not be recorded yet */
	bool recorded;     /* the end record is in place */
	usec_t retry_boot; /* it could not be: when to try again */
	struct journal_end end;

	enum stop_phase phase;
	enum stop_cause cause;  /* the first */
	struct request request; /* why it is being stopped */
	usec_t stop_boot;       /* STOP_GRACE: since when */
	usec_t kill_boot;       /* STOP_GRACE: when SIGKILL follows */

	bool remote;   /* on a file system of others: ticks, too */
	bool notified; /* dnotify works */
	bool content_armed;
	usec_t tick; /* until the next look at the logs; -1: none */
};

/* Signals, as flags that the main loop looks at. */
struct supervisor_signals {
	volatile sig_atomic_t content;
	volatile sig_atomic_t terminate;
	volatile sig_atomic_t sender_pid;
	volatile sig_atomic_t sender_uid;
};

extern struct supervisor_signals supervisor_signals;

/* Handlers and ignored signals of a supervisor; all blocked except in its
 * poll. */
int supervisor_catch_signals(void);

/* Real-time signals that dnotify sends. */
int supervisor_signal_names(void);
int supervisor_signal_content(void);

/* When and as what the command began; what its record says after the head. */
struct child_birth {
	char mark; /* SUPERVISE_BORN */
	usec_t started;
	usec_t started_boot;
	struct proc_id supervisor;
	struct proc_id id;
};

enum { SUPERVISE_BORN = 'B' };

/*
 * The child's side of a launch (supervise_child.c).  It runs between vfork(2)
 * and execve(2), in memory that may be its supervisor's (Linux, the BSDs) or a
 * copy (valgrind): what the other side must know goes through `status`, as a
 * struct child_birth before the directory is put into sight, SUPERVISE_STARTED
 * after that, and a struct supervise_failure if it could not be executed.
 */
struct child_plan {
	struct supervisor *s;
	const struct journal *journal;
	char *const *environment;
	int root;    /* descriptor of the runs root */
	int new_dir; /* descriptor of ROOT_NEW */
	const char *name;
	int pid_fd; /* of `pid`, for writing */
	int input, output, error;
	int status;          /* write end, to the supervisor */
	int answer;          /* write end, to the launcher */
	struct proc_id self; /* the supervisor */
	char *program;       /* made by the child; NULL: nothing to free */
	char **argv;         /* the same */
};

void child_run(struct child_plan *plan) __attribute__((noreturn));

/* Note what the birth says, also in the start record, which has room for it. */
void supervisor_note_birth(struct supervisor *s,
    const struct child_birth *birth);

/* The run (supervise_loop.c): returns when nothing of the job is left. */
void supervisor_loop(struct supervisor *s);

/* Arm notifications, or find out that there are none (supervise_loop.c). */
void supervisor_arm(struct supervisor *s);

/* Stopping (supervise_stop.c). */
void stop_request(struct supervisor *s, const struct request *request,
    enum stop_cause cause);
/* Do the next step; returns microseconds until the one after, -1: none. */
usec_t stop_step(struct supervisor *s);
/* Has the tree anything left that belongs to this job? */
bool stop_is_tree_empty(struct supervisor *s);

/* The tree of an adopted process (supervise_adopted.c), which has no mark: from
 * the first of these calls on, the command and what descends from it.
 * Returns how many live. */
int adopted_look(struct supervisor *s);
/* Signal them all; returns how many took it. */
int adopted_signal(struct supervisor *s, int signo);
/* SIGKILL to them all, none of them being able to fork meanwhile. */
int adopted_kill(struct supervisor *s);

/* Become the supervisor of what runs already (supervise_take.c); returns the
 * exit code of the process in between. */
int supervisor_take(const char *name, bool is_adoption);

/* Logs (supervise_logs.c): what is in one already is found at the first look.
 * `remote` as of struct supervisor. */
void bounded_log_init(struct bounded_log *log, int fd, int64_t bound,
    bool remote);
void bounded_log_look(struct bounded_log *log);
/* What the end record says of it. */
struct journal_log bounded_log_facts(const struct bounded_log *log);
/* Take the hole out, if nothing was written since the end record. */
void bounded_log_collapse(struct bounded_log *log,
    const struct journal_log *recorded);
/* Microseconds until the next look is due; -1: when something is written. */
usec_t bounded_log_tick(const struct bounded_log *log, usec_t last_tick);

/* Recording the end (supervise_end.c): make its file, and, once the record is
 * complete, take the room in it. */
int supervisor_make_end(struct supervisor *s);
int supervisor_reserve_end(const struct supervisor *s);
void supervisor_note_end(struct supervisor *s, int wait_status, bool has_status,
    const struct rusage *usage);
int supervisor_record_end(struct supervisor *s);

#endif
