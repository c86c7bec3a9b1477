/*
 * command.h: from arguments to what is executed (for ops_execute.c, and
 * for ops_adopt.c how it is shown)
 *
 * A command line is run by bash, by /bin/sh where there is no bash; with `args`
 * or on the command line of jobdir itself a program is executed directly; with
 * an allow-list a command line is split into words and executed directly, so
 * that `git status; rm -rf .` does not pass a rule for git.
 */
#ifndef VERBS_COMMAND_H
#define VERBS_COMMAND_H

#include "verbs/internal.h"

struct command {
	char *shown;                  /* for people */
	const char *const *argv;      /* NULL-terminated */
	char *cwd;                    /* absolute */
	const char *const *env_names; /* NULL-terminated; NULL: none set */
	char **environment;           /* complete, for the program */
	char **words; /* what argv belongs to; NULL: the call's */
	size_t word_count;
	const char **names; /* what env_names belongs to */
};

/* Is it a command, and allowed?  0, or -1 with the literal error. */
int command_check(const struct ops *ops, const struct op_call *call,
    struct err *err);

/* Fill in all but the environment.  command_release() in every case. */
int command_make(struct command *command, const struct ops *ops,
    const struct op_call *call, struct err *err);

/* The environment: the process's own, `env`, and the job's three variables. */
void command_set_environment(struct command *command, const struct ops *ops,
    const struct op_call *call, const char *id, const char *dirname);

void command_release(struct command *command);

/* Program and arguments as one would type them; malloc'd. */
char *command_words(const char *const *argv);

#endif
