/*
 * supervise_main.c: the hidden verb `jobdir supervise`
 *
 * The ways in: a launch for a server, taking over a job whose supervisor was
 * killed, adopting a process, and stopping a worker.
 *
 * Invariant: only descriptors that were handed over on purpose are kept.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "engines/worker_stop.h"
#include "spool/names.h"

/* Leave session and process group of whoever started us; the caller learns by
 * the exit of the process in between that there is a supervisor. */
static int
detach(void)
{
	pid_t pid;

	if (setsid() < 0 && errno != EPERM)
		return -1;
	pid = fork();
	if (pid > 0)
		_exit(0);
	return pid;
}

static int
read_record(int jobdir, struct journal *journal, struct buf *text)
{
	struct err err = ERR_INIT;

	journal_init(journal);
	if (fsio_read_capped(jobdir, JOB_JOURNAL, JOURNAL_MAX, text, NULL) < 0)
		return -1;
	return journal_parse(journal, buf_str(text), text->len, &err);
}

static int
launch(const char *name, bool durable)
{
	struct supervise args = { .root = SUPERVISE_FD_ROOT,
		.name = name,
		.answer = SUPERVISE_FD_ANSWER,
		.holds = { SUPERVISE_FD_HOLD, SUPERVISE_FD_HOLD + 1 },
		.environment = environ,
		.durable = durable };
	struct buf text = BUF_INIT;
	struct journal journal;
	cleanup_close int new_dir = -1;
	cleanup_close int jobdir = -1;
	int i;

	if (detach() < 0) {
		supervise_report(args.answer, SUPERVISE_PROCESS, errno);
		return 1;
	}
	for (i = 0; i < 2; i++)
		if (fcntl(args.holds[i], F_GETFD) < 0)
			args.holds[i] = -1;
	errno = 0;
	new_dir = fsio_open_dir(args.root, ROOT_NEW, false);
	if (new_dir >= 0)
		jobdir = fsio_open_dir(new_dir, name, false);
	if (jobdir < 0 || read_record(jobdir, &journal, &text) < 0 ||
	    !journal.argv) {
		supervise_report(args.answer, SUPERVISE_RECORD,
		    errno ? errno : EINVAL);
		return 1;
	}
	args.journal = &journal;
	supervise_run(&args);
}

int
supervise_main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], SUPERVISE_TAKE_OVER) == 0 &&
	    fsio_name_ok(argv[3]))
		return supervisor_take(argv[3], false);
	if (argc == 4 && strcmp(argv[2], SUPERVISE_ADOPT) == 0 &&
	    fsio_name_ok(argv[3]))
		return supervisor_take(argv[3], true);
	if (argc == 3 && fsio_name_ok(argv[2]))
		return launch(argv[2], false);
	if (argc == 4 && strcmp(argv[2], SUPERVISE_DURABLE) == 0 &&
	    fsio_name_ok(argv[3]))
		return launch(argv[3], true);
	if (argc == 6 && strcmp(argv[2], WORKER_STOP_OPTION) == 0 &&
	    fsio_name_ok(argv[3]) && fsio_name_ok(argv[4]) &&
	    fsio_name_ok(argv[5]))
		return worker_stop_main(argv + 3);
	warn_user("%s is for jobdir itself", SUPERVISE_VERB);
	return 2;
}
