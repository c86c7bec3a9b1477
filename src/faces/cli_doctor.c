/*
 * cli_doctor.c: is everything as jobs need it?
 *
 * Invariant: a line a check, whatever names and variables hold; a root that
 * can't be opened is a finding, no failure of the verb.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/text.h"
#include "faces/cli_format.h"
#include "faces/config.h"
#include "faces/version.h"
#include "verbs/ops_doctor.h"

#include <string.h>

struct settings {
	struct finding *finding;
	struct buf good; /* names */
};

static void
on_variable(void *arg, const char *variable, bool has_effect,
    const struct err *err)
{
	struct settings *settings = arg;

	if (err) {
		finding_say(settings->finding, DOCTOR_FAIL, "%s", err->text);
		finding_advise(settings->finding,
		    "correct or unset %s: jobdir mcp does not start with it",
		    variable);
	} else if (!has_effect) {
		finding_say(settings->finding, DOCTOR_WARN,
		    "%s has no effect: nothing is removed by itself", variable);
		finding_advise(settings->finding,
		    "unset it; jobdir gc removes ended jobs");
	} else {
		buf_addf(&settings->good, "%s%s",
		    settings->good.len ? ", " : "", variable);
	}
}

/* The limits of the server, as far as this process sees them. */
static void
check_settings(struct finding *finding)
{
	struct settings settings = { .finding = finding };

	config_check(on_variable, &settings);
	if (settings.good.len)
		finding_say(finding, DOCTOR_OK,
		    "%s, good; a server that is started without them does "
		    "not see them",
		    settings.good.data);
	else if (finding->text.len == 0)
		finding_say(finding, DOCTOR_OK, "no limit of MCP_BG_ is set");
	buf_release(&settings.good);
}

static const char *
colour_of(const char *status)
{
	if (strcmp(status, doctor_word(DOCTOR_OK)) == 0)
		return "\033[32m";
	return strcmp(status, doctor_word(DOCTOR_WARN)) == 0 ? "\033[33m"
							     : "\033[31m";
}

static void
put_check(struct cli *cli, const json_t *check, int width)
{
	const char *status = format_string(check, "status");
	const char *advice = format_string(check, "advice");
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s%-4s%s  %-*s  ",
	    cli->colours ? colour_of(status) : "", status,
	    cli->colours ? "\033[0m" : "", width, format_string(check, "name"));
	text_show(&line, format_string(check, "text"), 0);
	if (json_is_true(json_object_get(check, "fixed")))
		buf_addstr(&line, " (fixed)");
	if (advice) {
		buf_addstr(&line, " - ");
		text_show(&line, advice, 0);
	}
	buf_addch(&line, '\n');
	cli_put(cli, line.data, line.len);
	buf_release(&line);
}

static void
put_checks(struct cli *cli, const json_t *report)
{
	const json_t *checks = json_object_get(report, "checks"), *check;
	size_t i, width = 0;

	json_array_foreach(checks, i, check) {
		size_t length = strlen(format_string(check, "name"));

		width = length > width ? length : width;
	}
	json_array_foreach(checks, i, check) {
		put_check(cli, check, (int)width);
	}
}

static int
run_doctor(struct cli *cli)
{
	struct doctor_query query = { .version = JOBDIR_VERSION,
		.settings = check_settings };
	struct err err = ERR_INIT;
	bool as_json = false;
	json_t *report;
	int c, code;

	while ((c = cli_option(cli)) != CLI_END) {
		if (c == CLI_FIX)
			query.fix = true;
		else
			as_json = true;
	}
	if (cli_bad(cli))
		return cli->code;
	query.root = cli->root;
	report = doctor_report(&query, &err);
	if (!report)
		return cli_fail(&err);
	if (as_json)
		cli_put_json(cli, report);
	else
		put_checks(cli, report);
	code = json_integer_value(
		   json_object_get(report, doctor_word(DOCTOR_FAIL))) > 0
	    ? CLI_EXIT_SOME
	    : 0;
	json_decref(report);
	return code;
}

static const struct cli_option options[] = {
	{ CLI_FIX, "fix", NULL, 0,
	    "clear in the root what killed processes have left" },
	{ CLI_JSON, "json", NULL, 0,
	    "one JSON document: {\"root\", \"root_from\", \"checks\", "
	    "\"ok\", \"warn\", \"fail\"}" },
	{ 0, NULL, NULL, 0, NULL },
};

const struct cli_verb cli_verb_doctor = {
	.name = "doctor",
	.group = "system",
	.operands = "",
	.most = 0,
	.summary = "Check root and system, and say what to do",
	.text =
	    "A line for each check: ok, warn or fail, what was found, and what "
	    "to do. Changes nothing, in the root or elsewhere, unless --fix is "
	    "given. The exit code is 1 if a check fails.",
	.options = options,
	.run = run_doctor,
};
