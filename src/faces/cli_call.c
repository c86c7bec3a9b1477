/*
 * cli_call.c: operations that wait, and the user who may interrupt them
 *
 * Invariant: an interrupt ends the waiting and nothing else; no job is stopped
 * by it.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_format.h"
#include "truth/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct cli *cli;
	bool ended;
	json_t *result; /* NULL: failed */
	struct err *err;
};

static void
on_interrupt(void *arg, int signo)
{
	struct cli *cli = arg;

	(void)signo;
	cli->interrupted = true;
	loop_stop(cli->loop, 0);
}

int
cli_catch_interrupt(struct cli *cli, struct err *err)
{
	struct sigaction old;

	if (sigaction(SIGINT, NULL, &old) < 0)
		return err_sys(err, errno, "look at SIGINT");
	if (old.sa_handler == SIG_IGN)
		return 0;
	return loop_signal(cli->loop, SIGINT, on_interrupt, cli, err);
}

static void
on_done(struct op_call *call, json_t *result)
{
	struct waiting *waiting = call->arg;

	waiting->ended = true;
	waiting->result = result;
	loop_stop(waiting->cli->loop, 0);
}

static void
on_failed(struct op_call *call, const struct err *err)
{
	struct waiting *waiting = call->arg;

	waiting->ended = true;
	*waiting->err = *err;
	loop_stop(waiting->cli->loop, 0);
}

int
cli_call(struct cli *cli, const struct op_row *row, struct op_call *call,
    json_t **result, struct err *err)
{
	struct waiting waiting = { .cli = cli, .err = err };

	call->asker = "shell";
	call->done = on_done;
	call->failed = on_failed;
	call->arg = &waiting;
	ops_start(cli->ops, row, call);
	/* A stop may be left over from before: only `ended` counts. */
	while (!waiting.ended && !cli->interrupted)
		loop_run(cli->loop);
	if (!waiting.ended) {
		ops_cancel(call);
		return 1;
	}
	if (!waiting.result)
		return -1;
	*result = waiting.result;
	return 0;
}

int
cli_wait_for(struct cli *cli, json_t *ids, bool any, usec_t timeout,
    int tail_lines, json_t **result, struct err *err)
{
	json_t *args = json_pack("{s:O, s:s, s:i}", "job_ids", ids, "mode",
	    any ? "any" : "all", "tail_lines", tail_lines);
	struct op_call call = { .args = args };
	int ended;

	if (!args)
		die("out of memory");
	if (timeout >= 0)
		json_object_set_new(args, "timeout_seconds",
		    json_real((double)timeout / USEC_PER_SEC));
	ended = cli_call(cli, &op_rows[OP_WAIT], &call, result, err);
	json_decref(args);
	return ended;
}

char *
cli_command_line(const struct cli *cli, const char *verb, const char *job)
{
	struct buf line = BUF_INIT;

	buf_addstr(&line, "jobdir ");
	if (cli->root) {
		buf_addstr(&line, "--root ");
		text_shell_quote(&line, cli->root);
		buf_addch(&line, ' ');
	}
	buf_addf(&line, "%s ", verb);
	text_shell_quote(&line, job);
	return buf_steal(&line);
}

int
cli_say_interrupted(const struct cli *cli, const char *id)
{
	cleanup_free char *line = cli_command_line(cli, "kill", id);

	cli_say("interrupted; job %s runs on, to stop it: %s", id, line);
	return CLI_EXIT_INTERRUPTED;
}

const char *
cli_job_word(struct cli *cli)
{
	return cli->word_count > 0 ? cli->words[0] : RESOLVE_LAST;
}

int
cli_scan(struct cli *cli, const char *word, bool allow_last,
    enum scan_depth depth, struct record *record, struct err *err)
{
	struct spool_job job;

	memset(record, 0, sizeof(*record));
	if (resolve_job(&cli->spool, word, allow_last, &job, err) < 0)
		return -1;
	if (scan_job(&cli->spool, &job, depth, record) < 0)
		err_set(err, ERR_NOT_FOUND, "Job %s not found", job.id);
	spool_job_release(&job);
	return err_is_set(err) ? -1 : 0;
}

int
cli_job_code(struct cli *cli, const char *id)
{
	struct err err = ERR_INIT;
	struct record record;
	int code;

	if (cli_scan(cli, id, false, SCAN_STATE, &record, &err) < 0)
		code = err.kind == ERR_NOT_FOUND /* removed meanwhile */
		    ? CLI_EXIT_LOST
		    : cli_fail(&err);
	else
		code = format_exit_code(record.verdict.status,
		    record.verdict.reason, record.journal.exit_code,
		    record.journal.signal, record.journal.cancel_signal);
	record_release(&record);
	return code;
}
