/*
 * config.h: the variables that limit what clients of the server may do
 *
 *	MCP_BG_MAX_JOBS		1..100, most jobs alive
 *	MCP_BG_MAX_OUTPUT_SIZE	1024..104857600 bytes, or 1MB..100MB, kept of
 *				each stream of a job (64 KiB at least)
 *	MCP_BG_JOB_TIMEOUT	seconds, the default time limit of a job
 *	MCP_BG_WORKING_DIR	where jobs run by default; then
 *				CLAUDE_PROJECT_DIR if that is a directory
 *	MCP_BG_ALLOWED_COMMANDS	regular expressions (pattern.h) with commas
 *				between, one of which a command has to match
 *	MCP_BG_CLEANUP_INTERVAL	10..3600, checked and without effect
 *
 * Empty means unset.  A comma inside [] or {} or after a backslash does not
 * separate patterns.  A bad value is an error: nothing is ever allowed because
 * a limit could not be read.
 */
#ifndef FACES_CONFIG_H
#define FACES_CONFIG_H

#include "verbs/ops.h"

struct config {
	struct ops_config ops; /* points into the rest */
	char *cwd;
	size_t pattern_count;
	struct pattern **patterns; /* NULL-terminated; NULL: none */
};

/* Read the environment.  0, or -1 with ERR_INVALID and one line that names the
 * variable, its value and what it may be.  To be released in either case. */
int config_load(struct config *config, struct err *err);
/*
 * Call `told` for each of the variables that is set: `err` is what
 * config_load() says of it, NULL if it is good; `has_effect` is false of one
 * that is only checked.
 */
typedef void config_told_fn(void *arg, const char *variable, bool has_effect,
    const struct err *err);
void config_check(config_told_fn *told, void *arg);

void config_release(struct config *config);

#endif
