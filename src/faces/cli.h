/*
 * cli.h: the command line
 *
 * A verb is a row (struct cli_verb) in a file of its own, cli_<verb>.c, and a
 * line in the table of cli.c.  Grammar, --help, the manual's synopsis and
 * dispatch are made from the rows:
 *
 *	static int
 *	run_path(struct cli *cli)
 *	{
 *		int code;
 *
 *		while (cli_option(cli) != CLI_END)
 *			continue;
 *		if (cli_bad(cli) || (code = cli_open(cli)) != 0)
 *			return cli->code;
 *		...
 *		return 0;	-- exit code
 *	}
 *
 * stdout carries data only and goes through cli_put(); everything for people
 * goes to stderr through cli_say().  Output that can't be written makes the
 * exit code 125, a reader that went away does not.  Exit codes are listed in
 * the manual, EXIT STATUS.
 */
#ifndef FACES_CLI_H
#define FACES_CLI_H

#include <jansson.h>

#include "base/err.h"
#include "base/loop.h"
#include "spool/spool.h"
#include "truth/scan.h"
#include "truth/status.h"
#include "verbs/ops.h"

enum {
	CLI_EXIT_SOME = 1, /* at least one could not be done */
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_NO_JOB = 3,
	CLI_EXIT_LOST = 4,
	CLI_EXIT_TIME = 124,
	CLI_EXIT_FAILURE = 125,
	CLI_EXIT_NO_EXEC = 126,
	CLI_EXIT_NOT_FOUND = 127,
	CLI_EXIT_SIGNAL = 128, /* plus the number of the signal */
	CLI_EXIT_INTERRUPTED = 130,
};

/* Options that have no letter. */
enum {
	CLI_END = -1,
	CLI_HELP = 256,
	CLI_ROOT,
	CLI_VERSION,
	CLI_JSON,
	CLI_JSONL,
	CLI_MAX_LOG,
	CLI_ANY,
	CLI_STDOUT,
	CLI_STDERR,
	CLI_RAW,
	CLI_NO_NEWLINE,
	CLI_EOF,
	CLI_DRY_RUN,
	CLI_OLDER_THAN,
	CLI_FAILED,
	CLI_WATCHER,
	CLI_AFTER,
	CLI_LOG,
	CLI_FIX,
	CLI_MANUAL,
};

enum {
	CLI_OR = 1,     /* excludes the option above it */
	CLI_MANY = 2,   /* may be given more than once */
	CLI_ASIDE = 4,  /* the row's `operands` show it in the synopsis */
	CLI_HIDDEN = 8, /* neither help nor manual know it */
};

struct cli_option {
	int letter;       /* what cli_option() returns */
	const char *name; /* long form */
	const char *arg;  /* what its argument is called; NULL: it has none */
	unsigned flags;
	const char *text; /* one sentence, no full stop */
};

struct cli;

struct cli_verb {
	const char *name;
	const char *group;    /* heading in the list of verbs */
	const char *operands; /* end of the synopsis */
	int most;             /* operands allowed at most; -1: any number */
	const char *summary;  /* one line */
	const char *text;     /* more lines for --help; may be "" */
	const struct cli_option *options; /* ends with letter 0; may be NULL */
	int (*run)(struct cli *cli);      /* returns the exit code */
};

extern const struct cli_verb *const cli_verbs[];        /* ends with NULL */
const struct cli_verb *cli_find_verb(const char *name); /* NULL: none */

/* One run of the program. */
struct cli {
	const struct cli_verb *verb;
	int argc;
	char **argv;  /* argv[0] is the verb */
	char **words; /* after CLI_END: what follows the options */
	int word_count;
	const char *root;      /* --root or NULL */
	const char *directory; /* where cli_open() goes to, or NULL */
	int code;              /* exit code of what went wrong, see cli_bad() */

	struct spool spool;       /* after cli_open() */
	struct ops_config config; /* may be changed before cli_open() */
	struct loop *loop;
	struct ops *ops;
	bool interrupted; /* Ctrl-C, after cli_catch_interrupt() */
	/* A supervisor shares this process's pages until one of both writes to
	 * them, so what is left at the end is left to the exit. */
	bool has_forked;

	bool terminal;    /* stdout is one */
	bool colours;     /* and may be coloured */
	size_t columns;   /* its width */
	bool reader_gone; /* stdout: nobody reads on */
	int output_error; /* stdout: errno of a failed write */
	struct buf out;   /* not yet written */
};

/* The program but for the hidden verb `supervise`.  Returns the exit code. */
int cli_main(int argc, char **argv);

/*
 * The next option of the verb: its letter or number, its argument in optarg
 * (getopt_long(3)); CLI_END after the last.  --root and --help are dealt with
 * here.  After a usage error or --help it returns CLI_END, too, and
 * cli_bad() is true.
 */
int cli_option(struct cli *cli);

/* Is there nothing left to do but return cli->code? */
bool cli_bad(const struct cli *cli);

/* Say what is wrong and the verb's synopsis.  Returns CLI_EXIT_USAGE and makes
 * cli_bad() true. */
int cli_usage(struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Open the root, change to cli->directory, and make loop and operations.  0, or
 * the exit code after the reason was told. */
int cli_open(struct cli *cli);

/* Help (cli_help.c), appended to `out`. */
void cli_synopsis_of(struct buf *out, const struct cli_verb *verb);
void cli_help_verb(struct buf *out, const struct cli_verb *verb);
void cli_help_all(struct buf *out);

/* "usage: …", folded, for a usage error; NULL: of the whole program. */
void cli_usage_of(struct buf *out, const struct cli_verb *verb);

/* What the manual must say, too, a line each: "jobdir ls [-a | …" for every
 * verb, and "ls: -a, --all: text" for every option. */
void cli_manual(struct buf *out);

/* Output (cli_io.c). */
void cli_io_init(struct cli *cli);

/* Data for stdout. */
void cli_put(struct cli *cli, const void *data, size_t len);
void cli_putf(struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON document and a newline, at once; `value` is borrowed. */
void cli_put_json(struct cli *cli, const json_t *value);

/* Write out what was put.  0, or -1 if nothing more can be written. */
int cli_flush(struct cli *cli);

/*
 * Write to a descriptor, however slow its reader is, but give up when the user
 * interrupts (cli->interrupted).  0 or -1 with errno (EINTR: interrupted).
 */
int cli_write(struct cli *cli, int fd, const void *data, size_t len);

/* Write the rest; returns `code`, or 125 if output was lost (and says so). */
int cli_finish(struct cli *cli, int code);

/* "jobdir: …" on stderr, control characters shown; lines stay lines. */
void cli_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Say what the error says, return the exit code that belongs to its kind. */
int cli_fail(const struct err *err);
int cli_code_of(const struct err *err);

/* Calls that wait (cli_call.c). */

/* From now on Ctrl-C sets cli->interrupted and ends cli_call(), unless it is
 * ignored (nohup). */
int cli_catch_interrupt(struct cli *cli, struct err *err);

/*
 * Start the operation and run the loop until it has ended.  The caller has set
 * the arguments of `call`; done, failed and arg are set here.
 * 0 with *result; 1: interrupted, the call is cancelled; -1 with err.
 */
int cli_call(struct cli *cli, const struct op_row *row, struct op_call *call,
    json_t **result, struct err *err);

/* Wait with OP_WAIT for the jobs in `ids` (borrowed).  `timeout` in
 * microseconds, -1: no limit.  Returns like cli_call(). */
int cli_wait_for(struct cli *cli, json_t *ids, bool any, usec_t timeout,
    int tail_lines, json_t **result, struct err *err);

/* "jobdir [--root DIR] VERB JOB", as one would type it; malloc'd. */
char *cli_command_line(const struct cli *cli, const char *verb,
    const char *job);

/* Say that the job runs on and how to stop it.  Returns 130. */
int cli_say_interrupted(const struct cli *cli, const char *id);

/* Can a job be called that?  If not, this is a usage error. */
bool cli_check_name(struct cli *cli, const char *name);

/* The word that names a job: the only operand, or @last.  NULL after a usage
 * error. */
const char *cli_job_word(struct cli *cli);

/* The job that `word` names, and its record.  0, or -1 with err; release the
 * record in both cases. */
int cli_scan(struct cli *cli, const char *word, bool allow_last,
    enum scan_depth depth, struct record *record, struct err *err);

/* The exit code that tells of the end of that job (format_exit_code()). */
int cli_job_code(struct cli *cli, const char *id);

extern const struct cli_verb cli_verb_run;
extern const struct cli_verb cli_verb_ls;
extern const struct cli_verb cli_verb_show;
extern const struct cli_verb cli_verb_log;
extern const struct cli_verb cli_verb_path;
extern const struct cli_verb cli_verb_wait;
extern const struct cli_verb cli_verb_watch;
extern const struct cli_verb cli_verb_kill;
extern const struct cli_verb cli_verb_send;
extern const struct cli_verb cli_verb_rm;
extern const struct cli_verb cli_verb_gc;
extern const struct cli_verb cli_verb_adopt;
extern const struct cli_verb cli_verb_mcp;
extern const struct cli_verb cli_verb_doctor;
extern const struct cli_verb cli_verb_help;

#endif
