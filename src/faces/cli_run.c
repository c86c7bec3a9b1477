/*
 * cli_run.c: start a command as a job
 *
 * Invariant: once the job has been started its id is told, whatever happens
 * after, and nothing that happens here stops it.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_follow.h"
#include "faces/cli_format.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 64, KEY_MOST = 128, TIMEOUT_MOST = 31536000 };

struct run {
	struct cli *cli;
	json_t *args;
	json_t *env; /* of args */
	int64_t max_log_bytes;
	bool wait;
	bool follow;
	bool json;
};

/* The pattern of `name` in execute_command. */
static bool
name_ok(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    (i == 0 || !strchr("._:+-", name[i])))
			return false;
	return i > 0 && i <= NAME_MOST;
}

bool
cli_check_name(struct cli *cli, const char *name)
{
	if (!name_ok(name))
		cli_usage(cli,
		    "no name: '%s' (letters, digits "
		    "and ._:+- after the first, at most %d)",
		    name, NAME_MOST);
	return !cli_bad(cli);
}

/* NAME=VALUE sets a variable, NAME passes it; of both the name is stored. */
static void
add_variable(struct run *run, char *text)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	if (!*text) {
		cli_usage(run->cli, "-e: a variable has no name");
		return;
	}
	if (value && setenv(text, value, 1) < 0)
		die("set %s: %s", text, strerror(errno));
	/* The job inherits the variable from here.  What is no UTF-8 has no
	 * JSON, so json_string() is NULL and the name is not stored. */
	if (getenv(text))
		json_object_set_new(run->env, text, json_string(getenv(text)));
}

static void
set_timeout(struct run *run, const char *text)
{
	usec_t length;

	if (duration_parse(text, &length) < 0 || length <= 0 ||
	    length > (usec_t)TIMEOUT_MOST * USEC_PER_SEC)
		cli_usage(run->cli, "no time limit: %s", text);
	else if (length % USEC_PER_SEC == 0)
		json_object_set_new(run->args, "timeout_seconds",
		    json_integer(length / USEC_PER_SEC));
	else
		json_object_set_new(run->args, "timeout_seconds",
		    json_real((double)length / USEC_PER_SEC));
}

static void
set_max_log(struct run *run, const char *text)
{
	int64_t bytes;

	if (size_parse(text, &bytes) < 0) {
		cli_usage(run->cli, "no size: %s", text);
		return;
	}
	if (bytes > 0 && bytes < OPS_MAX_LOG_LEAST)
		bytes = OPS_MAX_LOG_LEAST;
	run->cli->config.max_log_bytes = bytes;
	run->max_log_bytes = bytes;
}

static void
set_key(struct run *run, const char *key)
{
	json_t *text = json_string(key);

	if (!text || !*key || strlen(key) > KEY_MOST) {
		json_decref(text);
		cli_usage(run->cli, "-k: a key has 1 to %d bytes of UTF-8",
		    KEY_MOST);
		return;
	}
	json_object_set_new(run->args, "idempotency_key", text);
}

static void
take_option(struct run *run, int c)
{
	switch (c) {
	case 'n':
		if (cli_check_name(run->cli, optarg))
			json_object_set_new(run->args, "name",
			    json_string(optarg));
		break;
	case 'C':
		run->cli->directory = optarg;
		break;
	case 'e':
		add_variable(run, optarg);
		break;
	case 't':
		set_timeout(run, optarg);
		break;
	case 'k':
		set_key(run, optarg);
		break;
	case 'i':
		json_object_set_new(run->args, "interactive", json_true());
		break;
	case 'm':
		json_object_set_new(run->args, "merge_output", json_true());
		break;
	case CLI_MAX_LOG:
		set_max_log(run, optarg);
		break;
	case 'w':
		run->wait = true;
		break;
	case 'f':
		run->follow = true;
		break;
	default:
		run->json = true;
		break;
	}
}

/* Why the command was not executed, and what may have been meant. */
static int
say_no_exec(const struct cli *cli, const struct err *err)
{
	const char *program = cli->words[0];
	struct buf text = BUF_INIT;

	text_shell_quote(&text, program);
	if (err->sys == ENOENT && cli->word_count == 1 &&
	    strpbrk(program, " \t\n|&;<>()$`\"'*?=~")) {
		cli_say("cannot execute %s: %s\n"
			"for a shell line: jobdir run sh -c %s",
		    buf_str(&text), strerror(err->sys), buf_str(&text));
	} else {
		cli_say("cannot execute %s: %s", buf_str(&text),
		    strerror(err->sys));
	}
	buf_release(&text);
	return cli_code_of(err);
}

/* Start the job.  0 with *job (an object of execute_command), or the exit
 * code. */
static int
start(struct run *run, json_t **job)
{
	struct op_call call = {
		.args = run->args,
		.argv = (const char *const *)run->cli->words,
		.from_run = true,
		.id_only = !run->json,
		.max_log_bytes = run->max_log_bytes,
	};
	struct err err = ERR_INIT;

	if (cli_call(run->cli, &op_rows[OP_EXECUTE], &call, job, &err) == 0)
		return 0;
	return err.kind == ERR_NO_EXEC ? say_no_exec(run->cli, &err)
				       : cli_fail(&err);
}

/* The object of execute_command as it is after the end: what the wait tells,
 * then the output. */
static void
put_ended(struct cli *cli, json_t *job, const json_t *result)
{
	static const char *const texts[] = { "truncated", "stdout", "stderr" };
	const json_t *done = json_object_get(result, "done");
	struct err err = ERR_INIT;
	json_t *args, *output = NULL;
	struct op_call call = { 0 };
	size_t i;

	json_object_update(job, json_array_get(done, 0));
	args = json_pack("{s:O, s:i, s:i, s:b}", "job_id",
	    json_object_get(job, "job_id"), "lines", 8192, "max_bytes", 8192,
	    "raw", 0);
	call.args = args;
	if (cli_call(cli, &op_rows[OP_TAIL], &call, &output, &err) < 0)
		cli_fail(&err);
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		json_object_del(job, texts[i]);
		json_object_set(job, texts[i],
		    json_object_get(output, texts[i]));
	}
	cli_put_json(cli, job);
	json_decref(output);
	json_decref(args);
}

static int
wait_for_end(struct run *run, json_t *job, const char *id)
{
	json_t *result = NULL, *ids = json_pack("[s]", id);
	struct err err = ERR_INIT;
	int outcome;

	outcome = cli_wait_for(run->cli, ids, false, -1, 0, &result, &err);
	json_decref(ids);
	if (outcome > 0)
		return cli_say_interrupted(run->cli, id);
	if (outcome < 0)
		return cli_fail(&err);
	if (run->json)
		put_ended(run->cli, job, result);
	json_decref(result);
	return cli_job_code(run->cli, id);
}

static int
follow_to_end(struct run *run, json_t *job, const char *id)
{
	struct cli_log_query query = { .out = true, .err = true, .lines = -1 };
	struct err err = ERR_INIT;
	struct record record;
	int outcome = -1;

	if (cli_scan(run->cli, id, false, SCAN_STATE, &record, &err) == 0)
		outcome = cli_log_show(run->cli, &record, &query, true, &err);
	record_release(&record);
	if (outcome < 0)
		return cli_fail(&err);
	if (outcome == STREAM_INTERRUPTED)
		return cli_say_interrupted(run->cli, id);
	if (run->cli->output_error) {
		cli_say("job %s runs on", id);
		return CLI_EXIT_FAILURE;
	}
	/* Nobody reads its output any more; the exit code is still asked
	 * for. */
	if (outcome == STREAM_GONE)
		return wait_for_end(run, job, id);
	return cli_job_code(run->cli, id);
}

/* Tell the id of the job. */
static void
tell(struct run *run, const json_t *job, const char *id)
{
	struct cli *cli = run->cli;

	if (json_is_true(json_object_get(job, "reused")))
		cli_say("already started");
	if (run->follow)
		cli_say("job %s", id);
	else if (!run->json)
		cli_putf(cli, "%s\n", id);
	else if (!run->wait)
		cli_put_json(cli, job);
	if (cli_flush(cli) < 0 && cli->output_error)
		cli_say("job %s was started", id);
}

/* Start, and do what else was asked for.  Returns the exit code. */
static int
run_job(struct run *run)
{
	struct err err = ERR_INIT;
	cleanup_free char *id = NULL;
	json_t *job = NULL;
	int code = start(run, &job);

	if (code != 0)
		return code;
	id = xstrdup(format_string(job, "job_id"));
	run->cli->has_forked = true;
	tell(run, job, id);
	if ((run->wait || run->follow) &&
	    cli_catch_interrupt(run->cli, &err) < 0)
		code = cli_fail(&err);
	else if (run->follow)
		code = follow_to_end(run, job, id);
	else if (run->wait)
		code = wait_for_end(run, job, id);
	json_decref(job);
	return code;
}

static int
run_run(struct cli *cli)
{
	struct run run = { .cli = cli };
	sigset_t interrupt, before;
	int c, code;

	run.args = json_pack("{s:b, s:b, s:b, s:i, s:{}}", "interactive", 0,
	    "merge_output", 0, "notify", 0, "wait_seconds", 0, "env");
	run.env = json_object_get(run.args, "env");
	while ((c = cli_option(cli)) != CLI_END)
		take_option(&run, c);
	if (!cli_bad(cli) && cli->word_count == 0)
		cli_usage(cli, "which COMMAND?");
	if (!cli_bad(cli) && run.follow && run.json)
		cli_usage(cli, "--follow and --json exclude each other");
	/* From the start of the job until its id is told, nobody may interrupt:
	 * before the loop is made, which keeps what is blocked. */
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	if (sigprocmask(SIG_BLOCK, &interrupt, &before) < 0)
		die("signal mask: %s", strerror(errno));
	code = cli_bad(cli) ? cli->code : cli_open(cli);
	if (code == 0 && !cli_bad(cli))
		code = run_job(&run);
	sigprocmask(SIG_SETMASK, &before, NULL);
	json_decref(run.args);
	return code;
}

static const struct cli_option options[] = {
	{ 'n', "name", "NAME", 0, "a short name to find the job by" },
	{ 'C', "directory", "DIR", 0, "working directory" },
	{ 'e', "env", "NAME[=VALUE]", CLI_MANY,
	    "set a variable or, without =, pass it; only names are stored" },
	{ 't', "timeout", "TIME", 0,
	    "stop the job after TIME; it then reads failed: time limit" },
	{ 'k', "key", "KEY", 0,
	    "idempotency key: if a job of this root has it, print the id of "
	    "that job and start nothing" },
	{ 'i', "interactive", NULL, 0,
	    "keep the job's input open for jobdir send; else it is empty" },
	{ 'm', "merge", NULL, 0, "write the job's stderr into its stdout" },
	{ CLI_MAX_LOG, "max-log", "SIZE", 0,
	    "bytes of each stream kept on disk (default 64M; 0: all)" },
	{ 'w', "wait", NULL, 0,
	    "print the id, then wait for the end; the exit code is the job's" },
	{ 'f', "follow", NULL, CLI_OR,
	    "write the job's output as it comes and the id to stderr; the exit "
	    "code is the job's" },
	{ CLI_JSON, "json", NULL, 0,
	    "print the object of execute_command as one JSON document, with -w "
	    "after the end" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_run = {
	.name = "run",
	.group = "start",
	.operands = "[--] COMMAND [ARG]...",
	.most = -1,
	.summary = "Start COMMAND as a job and print its id",
	.text =
	    "COMMAND is executed directly, without a shell, in the current "
	    "directory with the current environment. For a shell line: "
	    "jobdir run sh -c 'make && make test'. Ctrl-C ends the waiting of "
	    "-w and -f, not the job.",
	.options = options,
	.run = run_run,
};
