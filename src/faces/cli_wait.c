/*
 * cli_wait.c: wait for the end of jobs
 *
 * Invariant: every end is told once, in the order of the ends, as soon as it is
 * known; a job that was named and has been removed counts as one.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "faces/cli_format.h"
#include "truth/resolve.h"

#include <getopt.h>
#include <string.h>

/* Of output, with --json; the default of wait_for_jobs. */
enum { TAIL_LINES = 10 };

struct wait {
	struct cli *cli;
	bool any;
	bool all;       /* -a */
	usec_t timeout; /* -1: none */
	usec_t until;   /* time_mono() */
	int form;       /* 'q', CLI_JSON; 0: lines */
	int failed;     /* jobs that ended and are not completed */
	int code;       /* of the last one that ended */
};

static void
tell_end(struct wait *wait, const json_t *job)
{
	const char *status = format_string(job, "status");
	const char *id = format_string(job, "job_id");
	char text[FORMAT_MAX];

	format_exit(job, text);
	if (wait->form == 0)
		cli_putf(wait->cli, "%s %s %s\n", id ? id : "?",
		    status ? status : "?", text);
	cli_flush(wait->cli);
	if (!status || strcmp(status, "completed") != 0)
		wait->failed++;
	wait->code = id ? cli_job_code(wait->cli, id) : CLI_EXIT_LOST;
}

/* Of the ids, take those that were removed: they have ended, too. */
static void
tell_removed(struct wait *wait, json_t *ids)
{
	struct err ignored = ERR_INIT;
	struct spool_job job;
	json_t *ended;
	size_t i = 0;

	while (i < json_array_size(ids)) {
		const char *id = json_string_value(json_array_get(ids, i));

		err_clear(&ignored);
		if (resolve_job(&wait->cli->spool, id, false, &job, &ignored) ==
		    0) {
			spool_job_release(&job);
			i++;
			continue;
		}
		ended =
		    json_pack("{s:s, s:s}", "job_id", id, "status", "unknown");
		tell_end(wait, ended);
		json_decref(ended);
		json_array_remove(ids, i);
	}
}

/* What is left to wait; -1: for ever. */
static usec_t
time_left(const struct wait *wait)
{
	usec_t left;

	if (wait->timeout < 0)
		return -1;
	left = wait->until - time_mono();
	return left > 0 ? left : 0;
}

/* Tell of the ends in an answer; returns what is pending (new reference). */
static json_t *
tell_ends(struct wait *wait, const json_t *result)
{
	const json_t *done = json_object_get(result, "done");
	size_t i;

	for (i = 0; i < json_array_size(done); i++)
		tell_end(wait, json_array_get(done, i));
	return json_incref(json_object_get(result, "pending"));
}

static int
interrupted(struct wait *wait, const json_t *ids)
{
	struct buf line = BUF_INIT;
	size_t i;

	if (json_array_size(ids) == 1)
		return cli_say_interrupted(wait->cli,
		    json_string_value(json_array_get(ids, 0)));
	for (i = 0; i < json_array_size(ids); i++)
		buf_addf(&line, " %s",
		    json_string_value(json_array_get(ids, i)));
	cli_say("interrupted; these jobs run on, jobdir kill stops them:%s",
	    buf_str(&line));
	buf_release(&line);
	return CLI_EXIT_INTERRUPTED;
}

/* Wait for `ids` (a reference is taken over).  Returns the exit code. */
static int
wait_for(struct wait *wait, json_t *ids)
{
	bool whole = wait->form == CLI_JSON, timed_out = false;
	size_t count = json_array_size(ids), before;
	struct err err = ERR_INIT;
	json_t *result, *pending;
	int outcome = 0;

	while (json_array_size(ids) > 0 && !timed_out) {
		outcome = cli_wait_for(wait->cli, ids, wait->any || !whole,
		    time_left(wait), whole ? TAIL_LINES : 0, &result, &err);
		if (outcome < 0 && err.kind == ERR_NOT_FOUND && !whole) {
			err_clear(&err);
			outcome = 0;
			before = json_array_size(ids);
			tell_removed(wait, ids);
			if (wait->any && json_array_size(ids) < before)
				break;
			continue;
		}
		if (outcome != 0)
			break;
		timed_out = json_is_true(json_object_get(result, "timed_out"));
		pending = tell_ends(wait, result);
		if (whole)
			cli_put_json(wait->cli, result);
		json_decref(result);
		json_decref(ids);
		ids = pending;
		if (whole || wait->any)
			break;
	}
	if (outcome > 0)
		outcome = interrupted(wait, ids);
	else if (outcome < 0)
		outcome = cli_fail(&err);
	else if (timed_out)
		outcome = CLI_EXIT_TIME;
	else if (count == 1 && !wait->all)
		outcome = wait->code;
	else
		outcome = wait->failed ? CLI_EXIT_SOME : 0;
	json_decref(ids);
	return outcome;
}

static int
add_live(void *arg, const struct ops_listed *job)
{
	return json_array_append_new(arg, json_string(job->id));
}

static bool
has_id(const json_t *ids, const char *id)
{
	size_t i;

	for (i = 0; i < json_array_size(ids); i++)
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return true;
	return false;
}

/* The ids of the jobs that are meant, each once.  0 or -1 with err. */
static int
gather(struct wait *wait, json_t *ids, struct err *err)
{
	struct ops_list_query live = {
		.statuses = 1U << STATUS_RUNNING | 1U << STATUS_QUEUED,
		.limit = -1,
		.newest_ended = -1,
		.ids_only = true,
	};
	struct cli *cli = wait->cli;
	struct spool_job job;
	int i;

	if (wait->all)
		return ops_list(cli->ops, &live, add_live, ids, err);
	for (i = 0; i < cli->word_count || i == 0; i++) {
		const char *word =
		    cli->word_count > 0 ? cli->words[i] : RESOLVE_LAST;

		if (resolve_job(&cli->spool, word, true, &job, err) < 0)
			return -1;
		if (!has_id(ids, job.id))
			json_array_append_new(ids, json_string(job.id));
		spool_job_release(&job);
	}
	return 0;
}

static void
parse_options(struct cli *cli, struct wait *wait)
{
	int c;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_ANY)
			wait->any = true;
		else if (c == 'a')
			wait->all = true;
		else if (c != 't')
			wait->form = c;
		else if (duration_parse(optarg, &wait->timeout) < 0)
			cli_usage(cli, "no time: %s", optarg);
	}
	if (!cli_bad(cli) && wait->all && cli->word_count > 0)
		cli_usage(cli, "--all and JOB exclude each other");
}

static int
run_wait(struct cli *cli)
{
	struct wait wait = { .cli = cli, .timeout = -1 };
	struct err err = ERR_INIT;
	json_t *ids;
	int code;

	parse_options(cli, &wait);
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	ids = json_array();
	if (gather(&wait, ids, &err) < 0 ||
	    cli_catch_interrupt(cli, &err) < 0) {
		json_decref(ids);
		return cli_fail(&err);
	}
	wait.until = time_mono() + wait.timeout;
	if (json_array_size(ids) > 0)
		return wait_for(&wait, ids);
	/* Only with -a: nothing lives, so all have ended. */
	if (wait.form == CLI_JSON) {
		json_t *none = json_pack("{s:b, s:f, s:[], s:[]}", "timed_out",
		    0, "waited_seconds", 0.0, "pending", "done");

		cli_put_json(cli, none);
		json_decref(none);
	}
	json_decref(ids);
	return 0;
}

static const struct cli_option options[] = {
	{ CLI_ANY, "any", NULL, 0, "return as soon as one has ended, not all" },
	{ 't', "timeout", "TIME", 0,
	    "wait at most TIME (then exit code 124); 0 looks only" },
	{ 'q', "quiet", NULL, 0, "print nothing" },
	{ CLI_JSON, "json", NULL, CLI_OR,
	    "the object of wait_for_jobs as one JSON document" },
	{ 'a', "all", NULL, CLI_ASIDE, "all jobs that live now" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_wait = {
	.name = "wait",
	.group = "wait",
	.operands = "[-a | JOB...]",
	.most = -1,
	.summary = "Wait until jobs have ended",
	.text = "Prints a line for each end: id status exit. The exit code is "
		"that of the job if one is named, else 0 if every one is "
		"completed and 1 if not. Ctrl-C ends the wait, not the job.",
	.options = options,
	.run = run_wait,
};
