/*
 * mcp.c: start and end of the MCP server
 *
 * Invariant: stdout carries nothing but messages: from the first moment on the
 * client's descriptors have high numbers that no child inherits, 0 is empty and
 * 1 is stderr.  Whatever ends the connection ends the process, and no job.
 */
#include "base/compat.h"
#include "faces/mcp.h"

#include "base/text.h"
#include "engines/watch.h"
#include "faces/mcp_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	EXIT_BAD_CONFIGURATION = 2,
	SAFE_FD = 10, /* the client's descriptors get numbers from here on */
	/* After end of file a launch may still be answered; microseconds. */
	LAST_WAIT = 50000,
};

void
mcp_say(const struct mcp *mcp, const char *fmt, ...)
{
	struct buf shown = BUF_INIT;
	char text[1024];
	va_list ap;

	if (!mcp->verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_show(&shown, text, 0);
	warn_user("mcp: %s", buf_str(&shown));
	buf_release(&shown);
}

/* --- the end ------------------------------------------------------------ */

static void
on_gone(void *arg, const char *why)
{
	struct mcp *mcp = arg;

	mcp_say(mcp, "ends: %s", why);
	loop_timer_cancel(mcp->last_wait);
	mcp->last_wait = NULL;
	mcp_cancel_all(mcp);
	loop_stop(mcp->loop, 0);
}

static void
on_signal(void *arg, int signo)
{
	struct mcp *mcp = arg;
	char name[16];

	mcp_listen_finish(mcp);
	rpc_close(mcp->rpc, signal_name(signo, name));
}

static void
on_last_wait(void *arg)
{
	struct mcp *mcp = arg;

	mcp->last_wait = NULL;
	mcp_cancel_all(mcp);
	mcp_idle(mcp);
}

void
mcp_idle(struct mcp *mcp)
{
	if (!mcp->eof || mcp->calls)
		return;
	loop_timer_cancel(mcp->last_wait);
	mcp->last_wait = NULL;
	mcp_listen_finish(mcp);
	rpc_finish(mcp->rpc);
}

/* The client sends no more.  What only takes a moment may end. */
static void
on_eof(void *arg)
{
	struct mcp *mcp = arg;

	mcp->eof = true;
	if (mcp->calls)
		mcp->last_wait = loop_timer(mcp->loop, time_mono() + LAST_WAIT,
		    on_last_wait, mcp);
	else
		mcp_idle(mcp);
}

/* --- the start ---------------------------------------------------------- */

/* Move the client's descriptors away.  0 or -1. */
static int
take_descriptors(int *in, int *out, struct err *err)
{
	cleanup_close int null = -1;

	*in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, SAFE_FD);
	if (*in < 0)
		return err_sys(err, errno, "standard input");
	*out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, SAFE_FD);
	if (*out < 0)
		return err_sys(err, errno, "standard output");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return err_sys(err, errno, "/dev/null");
	if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
		return err_sys(err, errno, "standard error");
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(err, errno, "standard error");
	return 0;
}

static int
catch_signals(struct mcp *mcp, struct err *err)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_sys(err, errno, "SIGPIPE");
	for (i = 0; i < ARRAY_LEN(ends); i++)
		if (loop_signal(mcp->loop, ends[i], on_signal, mcp, err) < 0)
			return -1;
	return 0;
}

/* All but the connection.  0 or -1. */
static int
set_up(struct mcp *mcp, const struct mcp_options *options, struct err *err)
{
	int watcher = options->watcher ? watch_kind_from_word(options->watcher)
				       : WATCH_AUTO;

	if (watcher < 0)
		return err_set(err, ERR_INVALID,
		    "--watcher: \"%.100s\" is not auto, inotify or poll",
		    options->watcher);
	if (config_load(&mcp->config, err) < 0 ||
	    spool_open(&mcp->spool, options->root, err) < 0)
		return -1;
	mcp->config.ops.watcher = (enum watch_kind)watcher;
	mcp->loop = loop_new(err);
	if (!mcp->loop || catch_signals(mcp, err) < 0)
		return -1;
	mcp->ops = ops_new(mcp->loop, &mcp->spool, &mcp->config.ops, err);
	if (!mcp->ops)
		return -1;
	mcp->offers[0] = &mcp_offer_jobs;
	mcp->offers[1] = options->more;
	mcp_tools_load(mcp);
	return 0;
}

static void
tear_down(struct mcp *mcp)
{
	mcp_tools_release(mcp);
	mcp_listen_release(mcp);
	rpc_free(mcp->rpc);
	ops_free(mcp->ops);
	loop_free(mcp->loop);
	spool_close(&mcp->spool);
	config_release(&mcp->config);
	free(mcp->client);
}

static int
serve(struct mcp *mcp, int in, int out)
{
	static const struct rpc_hooks hooks = {
		.request = mcp_on_request,
		.notified = mcp_on_notification,
		.batches = mcp_takes_batches,
		.eof = on_eof,
		.gone = on_gone,
	};

	mcp->rpc = rpc_new(mcp->loop, in, out, &hooks, mcp);
	mcp_say(mcp, "serves %s", mcp->spool.path);
	return loop_run(mcp->loop);
}

int
mcp_main(const struct mcp_options *options)
{
	struct mcp mcp = { .verbose = options->verbose,
		.negotiated = MCP_2025_11_25,
		.spool = { .fd = -1 } };
	cleanup_close int in = -1, out = -1;
	struct err err = ERR_INIT;
	int code;

	if (take_descriptors(&in, &out, &err) == 0 &&
	    set_up(&mcp, options, &err) == 0) {
		code = serve(&mcp, in, out);
	} else {
		warn_user("%s", err.text);
		code = err.kind == ERR_INVALID ? EXIT_BAD_CONFIGURATION
					       : EXIT_OWN_FAILURE;
	}
	tear_down(&mcp);
	return code;
}
