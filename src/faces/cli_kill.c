/*
 * cli_kill.c: stop jobs, all of them at the same time
 *
 * Invariant: every job named gets its request before any is waited for, and a
 * line each, whatever becomes of the others.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "faces/cli_format.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct killing {
	struct cli *cli;
	struct target *targets;
	int waiting; /* calls that have not ended */
	int form;    /* 'q', CLI_JSON; 0: lines */
	int code;
};

struct target {
	struct killing *killing;
	const char *word;
	struct op_call call;
	json_t *answer;
};

/* Does anything of an ended job still live? */
static bool
has_leftover(struct cli *cli, const char *id)
{
	struct err ignored = ERR_INIT;
	struct record record;
	bool left;

	left = cli_scan(cli, id, false, SCAN_FULL, &record, &ignored) == 0 &&
	    record.leftover > 0;
	record_release(&record);
	return left;
}

/* The worst wins: no such job, then could not be stopped. */
static void
worsen(struct killing *killing, int code)
{
	if (killing->code != CLI_EXIT_NO_JOB)
		killing->code = code;
}

static void
end_one(struct target *target)
{
	struct killing *killing = target->killing;

	if (--killing->waiting == 0)
		loop_stop(killing->cli->loop, 0);
}

static void
on_killed(struct op_call *call, json_t *result)
{
	struct target *target = call->arg;
	struct killing *killing = target->killing;
	const char *status = format_string(result, "status");
	const char *id = format_string(result, "job_id");
	const char *message = format_string(result, "message");

	target->answer = result;
	if (status && strcmp(status, "not_found") == 0) {
		cli_say("Job %s not found", target->word);
		worsen(killing, CLI_EXIT_NO_JOB);
		json_object_set_new(result, "job_id",
		    json_string(target->word));
	} else {
		if (killing->form == 0)
			cli_putf(killing->cli, "%s %s\n",
			    id ? id : target->word, status ? status : "");
		cli_flush(killing->cli);
		if (message)
			cli_say("%s: %s", id ? id : target->word, message);
		if (!status || strcmp(status, "terminating") == 0 ||
		    (message && id && has_leftover(killing->cli, id)))
			worsen(killing, CLI_EXIT_SOME);
	}
	end_one(target);
}

static void
on_failed(struct op_call *call, const struct err *err)
{
	struct target *target = call->arg;
	int code = cli_code_of(err);

	if (target->killing->cli->word_count > 1)
		cli_say("%s: %s", target->word, err->text);
	else
		cli_fail(err);
	worsen(target->killing, code == CLI_EXIT_NO_JOB ? code : CLI_EXIT_SOME);
	target->answer = json_pack("{s:s*, s:s}", "job_id", target->word,
	    "error", err->text);
	end_one(target);
}

static void
start_all(struct killing *killing, const char *signal, double grace)
{
	struct cli *cli = killing->cli;
	int i, count = cli->word_count;

	killing->targets = xmalloc((size_t)count * sizeof(struct target));
	killing->waiting = count;
	for (i = 0; i < count; i++) {
		struct target *target = &killing->targets[i];

		memset(target, 0, sizeof(*target));
		target->killing = killing;
		target->word = cli->words[i];
		target->call.args = json_pack("{s:s, s:f}", "signal", signal,
		    "grace_seconds", grace);
		json_object_set_new(target->call.args, "job_id",
		    json_stringn_nocheck(target->word, strlen(target->word)));
		target->call.asker = "shell";
		target->call.allow_last = true;
		target->call.wait_without_limit = true;
		target->call.done = on_killed;
		target->call.failed = on_failed;
		target->call.arg = target;
		ops_start(cli->ops, &op_rows[OP_KILL], &target->call);
	}
	while (killing->waiting > 0)
		loop_run(cli->loop);
}

static void
end_all(struct killing *killing)
{
	json_t *jobs = json_array(), *all;
	int i;

	for (i = 0; i < killing->cli->word_count; i++) {
		json_array_append_new(jobs, killing->targets[i].answer);
		json_decref(killing->targets[i].call.args);
	}
	free(killing->targets);
	all = json_pack("{s:o}", "jobs", jobs);
	if (killing->form == CLI_JSON)
		cli_put_json(killing->cli, all);
	json_decref(all);
}

static int
run_kill(struct cli *cli)
{
	struct killing killing = { .cli = cli };
	usec_t grace = 5 * USEC_PER_SEC;
	int c, code, signo = SIGTERM;
	char name[16];

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == 's') {
			signo = signal_number(optarg);
			if (signo < 0)
				cli_usage(cli, "no signal: %s", optarg);
		} else if (c == 'g') {
			if (duration_parse(optarg, &grace) < 0)
				cli_usage(cli, "no time: %s", optarg);
		} else {
			killing.form = c;
		}
	}
	if (!cli_bad(cli) && cli->word_count == 0)
		cli_usage(cli, "which JOB?");
	if (cli_bad(cli))
		return cli->code;
	if ((code = cli_open(cli)) != 0)
		return code;
	start_all(&killing, signal_name(signo, name),
	    (double)grace / USEC_PER_SEC);
	end_all(&killing);
	return killing.code;
}

static const struct cli_option options[] = {
	{ 's', "signal", "SIGNAL", 0,
	    "first signal: TERM (default), SIGTERM or 15" },
	{ 'g', "grace", "TIME", 0,
	    "time from the first signal to SIGKILL (default 5s)" },
	{ 'q', "quiet", NULL, 0, "print nothing" },
	{ CLI_JSON, "json", NULL, CLI_OR,
	    "one JSON document: {\"jobs\"}, an object of kill_job for each" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_kill = {
	.name = "kill",
	.group = "act",
	.operands = "JOB...",
	.most = -1,
	.summary =
	    "Stop jobs: a signal to the whole process tree, then SIGKILL",
	.text =
	    "Of an ended job the processes it left behind are stopped. "
	    "Returns when they are dead, at the latest 2 s after the grace. "
	    "Prints for each: id killed, already_terminated or terminating.",
	.options = options,
	.run = run_kill,
};
