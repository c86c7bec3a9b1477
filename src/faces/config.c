/*
 * config.c: limits from the environment
 *
 * Invariant: a variable is unset (or empty), or it has a good value, or loading
 * fails; there is no fourth case in which a limit is silently absent.
 */
#include "base/compat.h"
#include "faces/config.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SHOWN_MAX = 100, /* characters of a value in a text */
	MEBIBYTE = 1 << 20,
	OUTPUT_LEAST = 1024,
	OUTPUT_MOST = 100 * MEBIBYTE,
};

/* A limit of a century is none; beyond it sums of times could overflow. */
static const int64_t timeout_most = INT64_C(100) * 366 * 86400;

/* "<variable>: "<value>" is not <what>" */
static int
bad_value(struct err *err, const char *variable, const char *value,
    const char *what)
{
	struct buf shown = BUF_INIT;

	text_show(&shown, value, SHOWN_MAX);
	err_set(err, ERR_INVALID, "%s: \"%s\" is not %s", variable,
	    buf_str(&shown), what);
	buf_release(&shown);
	return -1;
}

/* The value, NULL if unset or empty. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The text without blanks around it, malloc'd. */
static char *
trimmed(const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return xstrndup(text, len);
}

/* Read digits into `number`, INT64_MAX if they are too many.  0 or -1. */
static int
read_digits(const char *text, int64_t *number)
{
	if (number_parse(text, INT64_MAX, number) == 0)
		return 0;
	*number = INT64_MAX;
	return *text && strspn(text, "0123456789") == strlen(text) ? 0 : -1;
}

/* A number from least to most into `number`, which stays as it is if the
 * variable is unset. */
static int
load_number(const char *name, int64_t least, int64_t most, const char *what,
    int64_t *number, struct err *err)
{
	const char *value = variable(name);
	cleanup_free char *text = NULL;
	int64_t n;

	if (!value)
		return 0;
	text = trimmed(value, strlen(value));
	if (read_digits(text, &n) < 0 || n < least || n > most)
		return bad_value(err, name, value, what);
	*number = n;
	return 0;
}

static int
load_output_size(struct config *config, struct err *err)
{
	static const char name[] = "MCP_BG_MAX_OUTPUT_SIZE";
	const char *value = variable(name);
	cleanup_free char *text = NULL;
	int64_t size, unit = 1;
	size_t len;

	config->ops.max_log_bytes = OPS_MAX_LOG_DEFAULT;
	if (!value)
		return 0;
	text = trimmed(value, strlen(value));
	len = strlen(text);
	if (len > 2 && strcasecmp(text + len - 2, "MB") == 0) {
		unit = MEBIBYTE;
		text[len - 2] = '\0';
	}
	if (read_digits(text, &size) < 0 || size > OUTPUT_MOST / unit ||
	    size * unit < OUTPUT_LEAST)
		return bad_value(err, name, value,
		    "a size from 1024 to 104857600 bytes or 1MB to 100MB");
	size *= unit;
	config->ops.max_log_bytes =
	    size < OPS_MAX_LOG_LEAST ? OPS_MAX_LOG_LEAST : size;
	return 0;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
load_working_dir(struct config *config, struct err *err)
{
	static const char name[] = "MCP_BG_WORKING_DIR";
	const char *value = variable(name);
	const char *project = variable("CLAUDE_PROJECT_DIR");

	if (value) {
		if (!is_directory(value) || access(value, R_OK | X_OK) < 0)
			return bad_value(err, name, value,
			    "a readable directory");
		config->cwd = realpath(value, NULL);
		if (!config->cwd)
			return bad_value(err, name, value,
			    "a readable directory");
	} else if (project && is_directory(project)) {
		config->cwd = xstrdup(project);
	}
	config->ops.default_cwd = config->cwd;
	return 0;
}

/* Length of one member of a bracket expression: a character, an escaped one, or
 * a class such as [:alpha:]. */
static size_t
member_length(const char *text)
{
	const char *end;

	if (text[0] == '\\' && text[1])
		return 2;
	if (text[0] != '[' || !text[1] || !strchr(":.=", text[1]))
		return 1;
	for (end = text + 2; *end; end++)
		if (end[0] == text[1] && end[1] == ']')
			return (size_t)(end - text) + 2;
	return 1;
}

/* Length of the bracket expression that begins at text, the whole rest if it
 * does not end.  A "]" that comes first is a member. */
static size_t
bracket_length(const char *text)
{
	size_t i = 1;

	if (text[i] == '^')
		i++;
	if (text[i] == ']')
		i++;
	while (text[i] && text[i] != ']')
		i += member_length(text + i);
	return text[i] ? i + 1 : i;
}

/*
 * Append the first pattern of the list to `out` and return how many bytes of
 * the list it took, the comma behind it not counted.  Outside of brackets "\,"
 * becomes ",": it has done its work.
 */
static size_t
next_pattern(struct buf *out, const char *list)
{
	size_t i = 0, n;
	int braces = 0;

	while (list[i] && (list[i] != ',' || braces > 0)) {
		n = 1;
		if (list[i] == '\\' && list[i + 1] == ',') {
			i++;
		} else if (list[i] == '\\' && list[i + 1]) {
			n = 2;
		} else if (list[i] == '[') {
			n = bracket_length(list + i);
		} else if (list[i] == '{') {
			braces++;
		} else if (list[i] == '}' && braces > 0) {
			braces--;
		}
		buf_add(out, list + i, n);
		i += n;
	}
	return i;
}

static int
add_pattern(struct config *config, const char *text, struct err *err)
{
	struct err why = ERR_INIT;
	struct pattern *pattern = pattern_new(text, true, &why);
	struct buf shown = BUF_INIT;

	if (!pattern) {
		text_show(&shown, text, SHOWN_MAX);
		err_set(err, ERR_INVALID,
		    "MCP_BG_ALLOWED_COMMANDS: \"%s\" is "
		    "not a regular expression (POSIX extended, commas "
		    "between): %s",
		    buf_str(&shown), why.text);
		buf_release(&shown);
		return -1;
	}
	config->patterns = xrealloc(config->patterns, config->pattern_count + 2,
	    sizeof(struct pattern *));
	config->patterns[config->pattern_count++] = pattern;
	config->patterns[config->pattern_count] = NULL;
	return 0;
}

static int
load_allowed(struct config *config, struct err *err)
{
	static const char name[] = "MCP_BG_ALLOWED_COMMANDS";
	const char *value = variable(name), *rest = value;
	int result = 0;

	if (!value)
		return 0;
	while (result == 0 && *rest) {
		struct buf raw = BUF_INIT;
		cleanup_free char *text = NULL;

		rest += next_pattern(&raw, rest);
		rest += *rest == ',';
		text = trimmed(buf_str(&raw), raw.len);
		buf_release(&raw);
		if (*text)
			result = add_pattern(config, text, err);
	}
	if (result == 0 && config->pattern_count == 0)
		result = bad_value(err, name, value,
		    "a list of regular expressions with commas between");
	config->ops.allowed = config->patterns;
	return result;
}

static int
load_max_jobs(struct config *config, struct err *err)
{
	return load_number("MCP_BG_MAX_JOBS", 1, 100, "a number from 1 to 100",
	    &config->ops.max_jobs, err);
}

static int
load_timeout(struct config *config, struct err *err)
{
	int64_t *seconds = &config->ops.timeout_seconds;

	if (load_number("MCP_BG_JOB_TIMEOUT", 1, INT64_MAX,
		"a number of seconds, at least 1", seconds, err) < 0)
		return -1;
	if (*seconds > timeout_most)
		*seconds = timeout_most;
	return 0;
}

static int
load_interval(struct config *config, struct err *err)
{
	int64_t ignored;

	(void)config;
	return load_number("MCP_BG_CLEANUP_INTERVAL", 10, 3600,
	    "a number from 10 to 3600", &ignored, err);
}

/* In the order in which complaints are made. */
static const struct row {
	const char *variable;
	int (*load)(struct config *config, struct err *err);
	bool has_effect;
} rows[] = {
	{ "MCP_BG_MAX_JOBS", load_max_jobs, true },
	{ "MCP_BG_MAX_OUTPUT_SIZE", load_output_size, true },
	{ "MCP_BG_JOB_TIMEOUT", load_timeout, true },
	{ "MCP_BG_CLEANUP_INTERVAL", load_interval, false },
	{ "MCP_BG_WORKING_DIR", load_working_dir, true },
	{ "MCP_BG_ALLOWED_COMMANDS", load_allowed, true },
};

int
config_load(struct config *config, struct err *err)
{
	size_t i;

	memset(config, 0, sizeof(*config));
	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].load(config, err) < 0)
			return -1;
	return 0;
}

void
config_check(config_told_fn *told, void *arg)
{
	struct config config;
	size_t i;

	memset(&config, 0, sizeof(config));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int result = rows[i].load(&config, &err);

		if (variable(rows[i].variable))
			told(arg, rows[i].variable, rows[i].has_effect,
			    result < 0 ? &err : NULL);
	}
	config_release(&config);
}

void
config_release(struct config *config)
{
	size_t i;

	for (i = 0; i < config->pattern_count; i++)
		pattern_free(config->patterns[i]);
	free(config->patterns);
	free(config->cwd);
	memset(config, 0, sizeof(*config));
}
