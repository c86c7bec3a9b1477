/*
 * cli_help.c: help and synopsis, made from the rows of the verbs
 *
 * Invariant: no synopsis and no text of an option is written down twice, but
 * for the manual, which scripts/check-manual compares with cli_manual().
 */
#include "base/compat.h"
#include "faces/cli.h"

#include <string.h>

enum { WIDTH = 78, OPTION_COLUMN = 26 };

static const char program_synopsis[] = "jobdir [--root DIR] [VERB [ARG...]]";

static const struct cli_option program_options[] = {
	{ CLI_ROOT, "root", "DIR", 0,
	    "the runs root; default $JOBDIR_ROOT, else "
	    "~/.local/state/jobdir/runs; also accepted after the verb" },
	{ CLI_HELP, "help", NULL, 0,
	    "help; after a verb, the help of that verb" },
	{ CLI_VERSION, "version", NULL, 0, "print the version" },
	{ 0, NULL, NULL, 0, NULL },
};

static void
add_option_short(struct buf *out, const struct cli_option *option)
{
	if (option->letter < CLI_HELP)
		buf_addf(out, "-%c", option->letter);
	else
		buf_addf(out, "--%s", option->name);
	if (option->arg)
		buf_addf(out, " %s", option->arg);
}

void
cli_synopsis_of(struct buf *out, const struct cli_verb *verb)
{
	const struct cli_option *option = verb->options;

	buf_addf(out, "jobdir %s", verb->name);
	for (; option && option->letter; option++) {
		if (option->flags & (CLI_HIDDEN | CLI_ASIDE))
			continue;
		buf_addstr(out, option->flags & CLI_OR ? " | " : " [");
		add_option_short(out, option);
		if (!(option[1].flags & CLI_OR))
			buf_addch(out, ']');
		if (option->flags & CLI_MANY)
			buf_addstr(out, "...");
	}
	if (*verb->operands)
		buf_addf(out, " %s", verb->operands);
}

/* Length of the next piece of a text that must not be broken: a word, or all of
 * a bracket. */
static size_t
piece(const char *text)
{
	size_t len;
	int depth = 0;

	for (len = 0; text[len] && (text[len] != ' ' || depth > 0); len++)
		depth += (text[len] == '[') - (text[len] == ']');
	return len;
}

/* Append the text, folded; `column` is where the line is now. */
static void
fold(struct buf *out, const char *text, size_t column, size_t indent)
{
	bool first = true;
	size_t len;

	for (; *text; text += len) {
		while (*text == ' ')
			text++;
		len = piece(text);
		if (!first && column + 1 + len > WIDTH) {
			buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		if (!first) {
			buf_addch(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		first = false;
	}
	buf_addch(out, '\n');
}

static void
add_option_heading(struct buf *out, const struct cli_option *option)
{
	if (option->letter < CLI_HELP)
		buf_addf(out, "-%c, ", option->letter);
	buf_addf(out, "--%s", option->name);
	if (option->arg)
		buf_addf(out, " %s", option->arg);
}

static void
add_options(struct buf *out, const struct cli_option *option)
{
	size_t start;

	for (; option && option->letter; option++) {
		if (option->flags & CLI_HIDDEN)
			continue;
		start = out->len;
		buf_addf(out, "  %s", option->letter < CLI_HELP ? "" : "    ");
		add_option_heading(out, option);
		if (out->len - start + 2 > OPTION_COLUMN) {
			buf_addch(out, '\n');
			start = out->len;
		}
		buf_addf(out, "%*s", (int)(OPTION_COLUMN - (out->len - start)),
		    "");
		fold(out, option->text, OPTION_COLUMN, OPTION_COLUMN);
	}
}

void
cli_usage_of(struct buf *out, const struct cli_verb *verb)
{
	struct buf text = BUF_INIT;
	size_t i, lead;

	buf_addstr(out, "usage: ");
	if (verb) {
		cli_synopsis_of(&text, verb);
		lead = strlen("usage: jobdir ") + strlen(verb->name) + 1;
		fold(out, buf_str(&text), strlen("usage: "), lead);
		buf_release(&text);
		return;
	}
	buf_addf(out, "%s\nverbs: ", program_synopsis);
	for (i = 0; cli_verbs[i]; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", cli_verbs[i]->name);
	buf_addstr(out, "; see `jobdir help`\n");
}

void
cli_help_verb(struct buf *out, const struct cli_verb *verb)
{
	cli_usage_of(out, verb);
	buf_addf(out, "\n%s.\n", verb->summary);
	if (*verb->text)
		fold(out, verb->text, 0, 0);
	if (!verb->options || !verb->options->letter)
		return;
	buf_addch(out, '\n');
	add_options(out, verb->options);
}

void
cli_help_all(struct buf *out)
{
	const char *group = "";
	size_t i;

	buf_addf(out, "usage: %s\n\n", program_synopsis);
	fold(out,
	    "Runs commands as background jobs that outlive terminal and "
	    "login. Every job is a directory under the runs root: plain files, "
	    "readable with any tool.",
	    0, 0);
	for (i = 0; cli_verbs[i]; i++) {
		if (strcmp(group, cli_verbs[i]->group) != 0)
			buf_addf(out, "\n%s:\n", cli_verbs[i]->group);
		group = cli_verbs[i]->group;
		buf_addf(out, "  %-8s %s\n", cli_verbs[i]->name,
		    cli_verbs[i]->summary);
	}
	buf_addch(out, '\n');
	add_options(out, program_options);
	buf_addch(out, '\n');
	fold(out,
	    "JOB is an id, a unique prefix of one (at least 4 "
	    "characters), a name (its newest job), a directory's name, or "
	    "@last: the newest job started with `jobdir run`. Without a verb: "
	    "ls. `jobdir help VERB` and jobdir(1) tell more.",
	    0, 0);
}

static void
manual_options(struct buf *out, const char *where,
    const struct cli_option *option)
{
	for (; option && option->letter; option++) {
		if (option->flags & CLI_HIDDEN)
			continue;
		buf_addf(out, "%s: ", where);
		add_option_heading(out, option);
		buf_addf(out, ": %s\n", option->text);
	}
}

void
cli_manual(struct buf *out)
{
	size_t i;

	buf_addf(out, "%s\n", program_synopsis);
	for (i = 0; cli_verbs[i]; i++) {
		cli_synopsis_of(out, cli_verbs[i]);
		buf_addch(out, '\n');
	}
	manual_options(out, "OPTIONS", program_options);
	for (i = 0; cli_verbs[i]; i++)
		manual_options(out, cli_verbs[i]->name, cli_verbs[i]->options);
}

static const struct cli_option help_options[] = {
	{ CLI_MANUAL, "manual", NULL, CLI_HIDDEN, "" },
	{ 0, NULL, NULL, 0, NULL },
};

static int
run_help(struct cli *cli)
{
	const struct cli_verb *verb = NULL;
	struct buf text = BUF_INIT;
	bool manual = false;

	while (cli_option(cli) != CLI_END)
		manual = true;
	if (cli_bad(cli))
		return cli->code;
	if (cli->word_count > 0) {
		verb = cli_find_verb(cli->words[0]);
		if (!verb)
			return cli_usage(cli, "unknown verb '%s'",
			    cli->words[0]);
	}
	if (manual)
		cli_manual(&text);
	else if (verb)
		cli_help_verb(&text, verb);
	else
		cli_help_all(&text);
	cli_put(cli, buf_str(&text), text.len);
	buf_release(&text);
	return 0;
}

const struct cli_verb cli_verb_help = {
	.name = "help",
	.group = "system",
	.operands = "[VERB]",
	.most = 1,
	.summary = "Print this list, or the help of a verb",
	.text = "",
	.options = help_options,
	.run = run_help,
};
