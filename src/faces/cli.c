/*
 * cli.c: the verbs, the grammar, and what every verb needs
 *
 * Invariant: nothing is opened or made before all options and the number of
 * operands are known to be right.
 */
#include "base/compat.h"
#include "faces/cli.h"

#include "base/scratch.h"
#include "faces/version.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of the help: start, look, wait, act, tidy, others, system. */
const struct cli_verb *const cli_verbs[] = {
	&cli_verb_run,
	&cli_verb_ls,
	&cli_verb_show,
	&cli_verb_log,
	&cli_verb_path,
	&cli_verb_wait,
	&cli_verb_watch,
	&cli_verb_kill,
	&cli_verb_send,
	&cli_verb_rm,
	&cli_verb_gc,
	&cli_verb_adopt,
	&cli_verb_mcp,
	&cli_verb_doctor,
	&cli_verb_help,
	NULL,
};

enum { OPTIONS_MAX = 24 };

/* The options of one verb in the form of getopt_long(3). */
struct grammar {
	struct option longs[OPTIONS_MAX + 3];
	char letters[2 * OPTIONS_MAX + 8];
	bool seen[OPTIONS_MAX];
};

static struct grammar grammar; /* like getopt's own state: one a process */

const struct cli_verb *
cli_find_verb(const char *name)
{
	size_t i;

	for (i = 0; cli_verbs[i]; i++)
		if (strcmp(cli_verbs[i]->name, name) == 0)
			return cli_verbs[i];
	return NULL;
}

static void
grammar_add(size_t at, int letter, const char *name, const char *arg)
{
	struct option *option = &grammar.longs[at];
	size_t used = strlen(grammar.letters);

	if (at + 1 >= ARRAY_LEN(grammar.longs))
		die("too many options");
	option->name = name;
	option->has_arg = arg ? required_argument : no_argument;
	option->val = letter;
	if (letter < CLI_HELP)
		snprintf(grammar.letters + used, sizeof(grammar.letters) - used,
		    "%c%s", letter, arg ? ":" : "");
}

/* "+": options end at the first word that is none; ":": no messages. */
static void
grammar_make(const struct cli_option *options)
{
	size_t count = 0;

	memset(&grammar, 0, sizeof(grammar));
	snprintf(grammar.letters, sizeof(grammar.letters), "+:h");
	for (; options && options[count].letter; count++)
		grammar_add(count, options[count].letter, options[count].name,
		    options[count].arg);
	grammar_add(count++, CLI_ROOT, "root", "DIR");
	grammar_add(count, CLI_HELP, "help", NULL);
	opterr = 0;
	optind = 0; /* start again; with 1, glibc would not */
}

bool
cli_bad(const struct cli *cli)
{
	return cli->code >= 0;
}

int
cli_usage(struct cli *cli, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	if (cli->verb)
		cli_say("%s: %s", cli->verb->name, text.data);
	else
		cli_say("%s", text.data);
	buf_release(&text);
	cli_usage_of(&text, cli->verb);
	fputs(buf_str(&text), stderr);
	buf_release(&text);
	cli->code = CLI_EXIT_USAGE;
	return cli->code;
}

/* How the user may have written an option, for a message. */
static const char *
written(int letter, char text[4])
{
	size_t i;

	for (i = 0; grammar.longs[i].name; i++)
		if (grammar.longs[i].val == letter && letter >= CLI_HELP)
			return grammar.longs[i].name;
	snprintf(text, 4, "%c", letter);
	return text;
}

static void
refuse_option(struct cli *cli, int c)
{
	const char *word = optind > 0 ? cli->argv[optind - 1] : "";
	char text[4];

	if (c == ':')
		cli_usage(cli, "option %s%s needs an argument",
		    optopt >= CLI_HELP ? "--" : "-", written(optopt, text));
	else if (optopt >= CLI_HELP || (optopt && strncmp(word, "--", 2) == 0))
		cli_usage(cli, "option %s takes no argument", word);
	else if (optopt)
		cli_usage(cli, "unknown option -%c", optopt);
	else
		cli_usage(cli, "unknown or ambiguous option %s", word);
}

/* Note that option `letter` was given; false after a usage error. */
static bool
admit_option(struct cli *cli, int letter)
{
	const struct cli_option *options = cli->verb->options;
	size_t i = 0, first, other;

	while (options[i].letter != letter)
		i++;
	grammar.seen[i] = true;
	for (first = i; options[first].flags & CLI_OR;)
		first--;
	for (other = first; other == first || options[other].flags & CLI_OR;
	     other++) {
		if (other == i || !grammar.seen[other])
			continue;
		cli_usage(cli, "--%s and --%s exclude each other",
		    options[other].name, options[i].name);
		return false;
	}
	return true;
}

static void
show_help(struct cli *cli)
{
	struct buf text = BUF_INIT;

	if (cli->verb)
		cli_help_verb(&text, cli->verb);
	else
		cli_help_all(&text);
	cli_put(cli, buf_str(&text), text.len);
	buf_release(&text);
	cli->code = 0;
}

static void
end_options(struct cli *cli)
{
	const struct cli_verb *verb = cli->verb;

	cli->words = cli->argv + optind;
	cli->word_count = cli->argc - optind;
	if (verb->most >= 0 && cli->word_count > verb->most)
		cli_usage(cli, "too many arguments: %s%s",
		    cli->words[verb->most],
		    cli->words[verb->most][0] == '-'
			? " (options come before the first argument)"
			: "");
}

int
cli_option(struct cli *cli)
{
	int c;

	while (!cli_bad(cli)) {
		c = getopt_long(cli->argc, cli->argv, grammar.letters,
		    grammar.longs, NULL);
		if (c == CLI_END)
			end_options(cli);
		else if (c == CLI_ROOT)
			cli->root = optarg;
		else if (c == CLI_HELP || c == 'h')
			show_help(cli);
		else if (c == '?' || c == ':')
			refuse_option(cli, c);
		else if (admit_option(cli, c))
			return c;
		if (c == CLI_END)
			break;
	}
	return CLI_END;
}

int
cli_open(struct cli *cli)
{
	struct err err = ERR_INIT;

	if (spool_open(&cli->spool, cli->root, &err) < 0)
		return cli_fail(&err);
	/* The root's path is absolute by now. */
	if (cli->directory && chdir(cli->directory) < 0) {
		cli_say("%s: %s", cli->directory, strerror(errno));
		return CLI_EXIT_FAILURE;
	}
	cli->loop = loop_new(&err);
	if (cli->loop)
		cli->ops = ops_new(cli->loop, &cli->spool, &cli->config, &err);
	return cli->ops ? 0 : cli_fail(&err);
}

/* A closed standard descriptor would be given to the next file that is opened.
 * What is put in its place here gives the errors that a closed one would. */
static void
guard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			die("/dev/null: %s", strerror(errno));
}

/* With fewer than these a record could not be read at all, and who waits for a
 * job would be told that its state is unknown. */
enum { DESCRIPTORS_MIN = 16 };

/* Most often one question tells that there are enough. */
static bool
has_descriptors(void)
{
	struct pollfd fds[2 * DESCRIPTORS_MIN];
	size_t i, closed = 0;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = (struct pollfd){ .fd = (int)i };
	/* More of them than the limit: EINVAL. */
	if (compat_poll(fds, ARRAY_LEN(fds), 0, NULL) < 0)
		return false;
	for (i = 0; i < ARRAY_LEN(fds); i++)
		closed += (fds[i].revents & POLLNVAL) != 0;
	return closed >= DESCRIPTORS_MIN;
}

static void
check_descriptors(void)
{
	int fds[DESCRIPTORS_MIN];
	int n;

	if (has_descriptors())
		return;
	for (n = 0; n < DESCRIPTORS_MIN; n++)
		if ((fds[n] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) < 0)
			die("%s: %d descriptors are needed, and there are %d",
			    strerror(errno), DESCRIPTORS_MIN, n);
	while (n > 0)
		close(fds[--n]);
}

/* Options before the verb.  Returns false if cli->code is the end. */
static bool
global_options(struct cli *cli)
{
	static const struct option longs[] = {
		{ "root", required_argument, NULL, CLI_ROOT },
		{ "help", no_argument, NULL, CLI_HELP },
		{ "version", no_argument, NULL, CLI_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(cli->argc, cli->argv, "+:h", longs, NULL)) !=
	    CLI_END) {
		if (c == CLI_ROOT)
			cli->root = optarg;
		else if (c == CLI_HELP || c == 'h')
			show_help(cli);
		else if (c == CLI_VERSION)
			cli_putf(cli, "jobdir %s\n", JOBDIR_VERSION);
		else if (c == ':')
			cli_usage(cli, "option --root needs an argument");
		else
			cli_usage(cli, "unknown option %s",
			    cli->argv[optind - 1]);
		if (c == CLI_VERSION)
			cli->code = 0;
		if (cli_bad(cli))
			return false;
	}
	return true;
}

/* Find the verb and let it have the rest of the command line. */
static int
run_verb(struct cli *cli)
{
	static char default_verb[] = "ls";
	static char *default_argv[] = { default_verb, NULL };
	const char *name;

	if (optind < cli->argc) {
		cli->argc -= optind;
		cli->argv += optind;
	} else {
		cli->argc = 1;
		cli->argv = default_argv;
	}
	name = cli->argv[0];
	cli->verb = cli_find_verb(name);
	if (!cli->verb)
		return cli_usage(cli, "unknown verb '%s'", name);
	grammar_make(cli->verb->options);
	return cli->verb->run(cli);
}

int
cli_main(int argc, char **argv)
{
	static struct cli cli = {
		.code = -1,
		.spool = { .fd = -1 },
		.config = { .max_log_bytes = OPS_MAX_LOG_DEFAULT },
	};
	int code;

	cli.argc = argc;
	cli.argv = argv;
	guard_descriptors();
	check_descriptors();
	/* Without memory jansson would make little of a record, or crash. */
	json_set_alloc_funcs(scratch_malloc, scratch_free);
	/* Else it would read some from a file; with 0 it does. */
	json_object_seed(compat_process_seed());
	/* A reader that went away is told by write(2). */
	signal(SIGPIPE, SIG_IGN);
	cli_io_init(&cli);
	code = global_options(&cli) ? run_verb(&cli) : cli.code;
	if (!cli.has_forked) {
		ops_free(cli.ops);
		loop_free(cli.loop);
		spool_close(&cli.spool);
	}
	code = cli_finish(&cli, code);
	buf_release(&cli.out);
	return code;
}
