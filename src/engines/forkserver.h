/*
 * forkserver.h: the small process that forks the supervisors of a server
 *
 * A server is large and must not be copied for each job; to execute this
 * program anew costs more than all else of a start.  So with its first job a
 * server executes it once: a process in a session of its own that waits for
 * orders, forks a supervisor for each, and ends with its server.
 *
 *	server                    forkserver               supervisor
 *	  an order --------------> fork -----------------> supervise_run()
 *	  reads the answer <------------------------------
 *
 * It knows nothing of jobs and is never asked: what becomes of a start is told
 * on the answer pipe that went with the order.  If it is killed, that pipe ends
 * with it, and the next order starts another one.
 *
 *	struct forkserver forkserver;
 *
 *	forkserver_init(&forkserver);
 *	sys = forkserver_launch(&forkserver, &args);	-- 0 or errno
 *	forkserver_release(&forkserver);
 *
 * An order is one message of a SOCK_SEQPACKET socket with descriptors in it
 * (unix(7), SCM_RIGHTS): a file in memory, which has all the rest, the root, the
 * answer, and the locks to hold.
 */
#ifndef ENGINES_FORKSERVER_H
#define ENGINES_FORKSERVER_H

#include "base/util.h"
#include "engines/supervise.h"

struct forkserver {
	int orders; /* our end; -1: there is none yet */
};

void forkserver_init(struct forkserver *forkserver);

/* Let it end, once all orders are carried out. */
void forkserver_release(struct forkserver *forkserver);

/* Have a supervisor forked that does supervise_run(args), all descriptors of
 * which stay the caller's.  0, or an errno value: nothing was begun. */
int forkserver_launch(struct forkserver *forkserver,
    const struct supervise *args);

/*
 * The hidden verb `jobdir supervise --fork ROOM`: descriptor SUPERVISE_FD_ORDERS
 * is the other end.  A supervisor writes the name of its job's directory over
 * the last words, from `words` on, `size` bytes, so that ps(1) shows it as
 * `jobdir supervise NAME`.  Returns the exit code.
 */
int forkserver_main(char *words, size_t size);

/*
 * The text of an order: what supervise_run() is to do, but for descriptors.
 * order_read() gives what order_write() was given, with strings that lie in
 * `text`, in `args` and `journal` (of which supervise.h says what matters); its
 * lists are malloc'd, two of them, for the life of the process.  0, or -1 with
 * errno EINVAL if the text is none.
 */
void order_write(const struct supervise *args, struct buf *text);
int order_read(const char *text, size_t length, struct supervise *args,
    struct journal *journal);

#endif
