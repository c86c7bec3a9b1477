/*
 * tree.h: the processes of a job
 *
 * A job's tree is what descends from its supervisor, which is a subreaper, so
 * that nothing gets away by forking or setsid(2).  It ends at every supervisor
 * of another job: a job launched from inside a job is its own.  A process is
 * recognised as a supervisor by what only a supervisor has: its job's directory
 * as descriptor SUPERVISOR_DIR_FD, and in it a record that names this very
 * process (pid and start time) as supervisor.
 *
 * Where the supervisor is gone, the tree is what carries JOBDIR_ID=<id> in its
 * environment or holds the lock of the job's `pid` file.
 *
 * Nothing here allocates.
 */
#ifndef SPOOL_TREE_H
#define SPOOL_TREE_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	SUPERVISOR_DIR_FD = 10,
	TREE_MAX = 32768, /* most processes that are looked at */
};

/* Is process `pid` the supervisor of some job? */
bool tree_is_supervisor(pid_t pid);

/*
 * The living processes below `supervisor`, itself and zombies excluded, into
 * `pids`, each once, parents before children.  Returns their number, at most
 * `max`; 0 also if nothing can be read.
 */
int tree_below(pid_t supervisor, pid_t *pids, int max);

/*
 * Has `parent` a child, reaped or not, that is no supervisor?  One that has
 * ended and is not reaped counts: what it left behind may have become a child
 * after the processes were listed.  Asks every process: the kernel's list of
 * children, which tree_below() reads, may leave one out while others come and
 * go (proc(5)), so this is what "nothing is left" must rest on.  `pids` is room
 * for `max` numbers.
 */
bool tree_has_children(pid_t parent, pid_t *pids, int max);

/* The living processes marked as belonging to job `id` whose directory is
 * `jobdir`; supervisors and the caller excluded. */
int tree_marked(const char *id, int jobdir, pid_t *pids, int max);

#endif
