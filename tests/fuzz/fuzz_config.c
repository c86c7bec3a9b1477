/*
 * fuzz_config.c: limits from the environment
 *
 * The input is a value a line.
 *
 * Holds: limits are within their bounds, or refused by a text that names the
 * variable; nothing is allowed because a list could not be read; a second
 * reading is equal.
 *
 * covers: src/faces/config.c
 */
#include "base/compat.h"
#include "base/pattern.h"
#include "faces/config.h"
#include "fuzz.h"

static const char *const names[] = { "MCP_BG_MAX_JOBS",
	"MCP_BG_MAX_OUTPUT_SIZE", "MCP_BG_JOB_TIMEOUT", "MCP_BG_WORKING_DIR",
	"MCP_BG_ALLOWED_COMMANDS", "MCP_BG_CLEANUP_INTERVAL",
	"CLAUDE_PROJECT_DIR" };

static void
set_environment(char *text)
{
	char *line = text, *next;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		next = line ? strchr(line, '\n') : NULL;
		if (next)
			*next++ = '\0';
		if (line)
			setenv(names[i], line, 1);
		else
			unsetenv(names[i]);
		line = next;
	}
}

static void
check_refusal(const struct err *err)
{
	const char *colon = strchr(err->text, ':');
	size_t i, len = colon ? (size_t)(colon - err->text) : 0;

	FUZZ_CHECK(err->kind == ERR_INVALID && fuzz_is_printable(err->text));
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len &&
		    strncmp(names[i], err->text, len) == 0)
			return;
	FUZZ_CHECK(!"no variable is named");
}

static void
check_limits(const struct config *config)
{
	const struct ops_config *ops = &config->ops;
	const char *allowed = getenv("MCP_BG_ALLOWED_COMMANDS");
	size_t i;

	FUZZ_CHECK(ops->max_jobs >= 0 && ops->max_jobs <= 100);
	FUZZ_CHECK(ops->max_log_bytes >= 65536);
	FUZZ_CHECK(ops->max_log_bytes <= 104857600);
	FUZZ_CHECK(ops->default_cwd == config->cwd);
	FUZZ_CHECK(!allowed || !*allowed || config->pattern_count > 0);
	for (i = 0; i < config->pattern_count; i++)
		pattern_matches(config->patterns[i], "ls -l", 5);
	FUZZ_CHECK(!config->patterns || !config->patterns[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT, again_err = ERR_INIT;
	char *text = fuzz_text(data, size);
	struct config config, again;
	int rc;

	set_environment(text);
	rc = config_load(&config, &err);
	FUZZ_CHECK(config_load(&again, &again_err) == rc);
	FUZZ_CHECK(strcmp(err.text, again_err.text) == 0);
	if (rc < 0) {
		check_refusal(&err);
	} else {
		check_limits(&config);
		FUZZ_CHECK(fuzz_same(config.cwd, again.cwd));
		FUZZ_CHECK(config.pattern_count == again.pattern_count);
		FUZZ_CHECK(config.ops.max_log_bytes == again.ops.max_log_bytes);
	}
	config_release(&config);
	config_release(&again);
	free(text);
	return 0;
}
