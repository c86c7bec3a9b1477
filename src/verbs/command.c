/*
 * command.c: from arguments to what is executed
 *
 * Invariant: nothing of a value with a NUL byte in it, and no blank command,
 * gets past command_check().
 */
#include "base/compat.h"
#include "verbs/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "verbs/words.h"

enum { COMMAND_IN_ERROR = 100 };

static bool
has_nul(json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return strlen(json_string_value(value)) !=
		    json_string_length(value);
	if (json_is_array(value)) {
		json_array_foreach(value, i, item)
			if (has_nul(item))
				return true;
	} else if (json_is_object(value)) {
		json_object_foreach(value, key, item)
			if (has_nul(item))
				return true;
	}
	return false;
}

/* The command without surrounding blanks; malloc'd. */
static char *
stripped(const char *command)
{
	size_t length;

	while (isspace((unsigned char)*command))
		command++;
	length = strlen(command);
	while (length > 0 && isspace((unsigned char)command[length - 1]))
		length--;
	return xstrndup(command, length);
}

static bool
is_allowed(const struct ops *ops, const char *command)
{
	struct pattern **pattern = ops->config.allowed;

	if (!pattern)
		return true;
	for (; *pattern; pattern++)
		if (pattern_matches(*pattern, command, strlen(command)))
			return true;
	return false;
}

int
command_check(const struct ops *ops, const struct op_call *call,
    struct err *err)
{
	cleanup_free char *command = NULL;
	struct buf shown = BUF_INIT;

	if (call->argv)
		return 0;
	if (has_nul(call->args))
		return err_set(err, ERR_INVALID, "%s", ERROR_NUL_BYTE);
	command = stripped(arg_string(call, "command"));
	if (!*command)
		return err_set(err, ERR_INVALID, "%s", ERROR_COMMAND_EMPTY);
	if (is_allowed(ops, command))
		return 0;
	text_show(&shown, command, COMMAND_IN_ERROR);
	err_set(err, ERR_INVALID, ERROR_NOT_ALLOWED, buf_str(&shown));
	buf_release(&shown);
	return -1;
}

static void
add_word(struct command *c, char *word)
{
	c->words = xrealloc(c->words, c->word_count + 2, sizeof(char *));
	c->words[c->word_count++] = word;
	c->words[c->word_count] = NULL;
}

/* Is there a bash on the search path of this process? */
static bool
have_bash(void)
{
	const char *path = getenv("PATH");
	const char *part, *end;

	for (part = path ? path : "/bin:/usr/bin";; part = end + 1) {
		cleanup_free char *file = NULL;

		end = part + strcspn(part, ":");
		file = xasprintf("%.*s/bash", (int)(end - part), part);
		if (end > part && access(file, X_OK) == 0)
			return true;
		if (!*end)
			return false;
	}
}

static void
take_args(struct command *c, const char *program, const json_t *args)
{
	json_t *item;
	size_t i;

	add_word(c, xstrdup(program));
	json_array_foreach(args, i, item)
		add_word(c, xstrdup(json_string_value(item)));
}

char *
command_words(const char *const *argv)
{
	struct buf text = BUF_INIT;

	for (; *argv; argv++) {
		if (text.len)
			buf_addch(&text, ' ');
		text_shell_quote(&text, *argv);
	}
	return buf_steal(&text);
}

static int
make_argv(struct command *c, const struct ops *ops, const struct op_call *call,
    struct err *err)
{
	const json_t *args = json_object_get(call->args, "args");
	cleanup_free char *line = NULL;

	if (call->argv) {
		c->argv = call->argv;
		c->shown = command_words(call->argv);
		return 0;
	}
	line = stripped(arg_string(call, "command"));
	if (json_is_array(args)) {
		take_args(c, line, args);
	} else if (ops->config.allowed) {
		if (words_split(line, &c->words, &c->word_count) < 0)
			return err_set(err, ERR_INVALID, "%s",
			    ERROR_NO_QUOTATION);
		if (c->word_count == 0) /* only a comment, or '' */
			return err_set(err, ERR_INVALID, "%s",
			    ERROR_COMMAND_EMPTY);
	} else {
		add_word(c, xstrdup(have_bash() ? "bash" : "/bin/sh"));
		add_word(c, xstrdup("-c"));
		add_word(c, xstrdup(line));
	}
	c->argv = (const char *const *)c->words;
	c->shown = json_is_array(args) ? command_words(c->argv) : xstrdup(line);
	return 0;
}

/* Is there a part that another spelling would not have? */
static bool
is_roundabout(const char *path)
{
	size_t length = strlen(path);

	return strstr(path, "//") || strstr(path, "/./") ||
	    strstr(path, "/../") || (length > 1 && path[length - 1] == '/') ||
	    (length > 1 && strcmp(path + length - 2, "/.") == 0) ||
	    (length > 2 && strcmp(path + length - 3, "/..") == 0);
}

/* Absolute, as the user spelled it, unless that goes in circles. */
static char *
make_cwd(const struct ops *ops, const struct op_call *call)
{
	const char *cwd = arg_string(call, "cwd");
	const char *base = ops->config.default_cwd ? ops->config.default_cwd
	    : ops->own_cwd                         ? ops->own_cwd
						   : "/";
	char *path, *real;

	if (!*cwd || strcmp(cwd, ".") == 0)
		return xstrdup(base);
	path = *cwd == '/'
	    ? xstrdup(cwd)
	    : xasprintf("%s%s%s", base, strcmp(base, "/") == 0 ? "" : "/", cwd);
	if (!is_roundabout(path))
		return path;
	real = realpath(path, NULL);
	if (!real)
		return path; /* the launch will say why */
	free(path);
	return real;
}

static void
take_names(struct command *c, json_t *env)
{
	size_t count = 0;
	const char *name;
	json_t *value;

	if (json_object_size(env) == 0)
		return;
	c->names = xrealloc(NULL, json_object_size(env) + 1, sizeof(char *));
	json_object_foreach(env, name, value)
		c->names[count++] = name;
	c->names[count] = NULL;
	c->env_names = c->names;
}

int
command_make(struct command *c, const struct ops *ops,
    const struct op_call *call, struct err *err)
{
	if (make_argv(c, ops, call, err) < 0)
		return -1;
	c->cwd = make_cwd(ops, call);
	take_names(c, json_object_get(call->args, "env"));
	return 0;
}

static bool
is_set_by(const char *variable, const json_t *env)
{
	static const char *const own[] = { ENV_ROOT, ENV_DIR, ENV_ID };
	cleanup_free char *name = xstrndup(variable, strcspn(variable, "="));
	size_t i;

	for (i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return json_object_get(env, name) != NULL;
}

void
command_set_environment(struct command *c, const struct ops *ops,
    const struct op_call *call, const char *id, const char *dirname)
{
	json_t *env = json_object_get(call->args, "env");
	size_t room = json_object_size(env) + 4, count = 0, i;
	const char *name;
	json_t *value;

	for (i = 0; environ[i]; i++)
		room++;
	c->environment = xrealloc(NULL, room, sizeof(char *));
	for (i = 0; environ[i]; i++)
		if (!is_set_by(environ[i], env))
			c->environment[count++] = xstrdup(environ[i]);
	json_object_foreach(env, name, value)
		c->environment[count++] =
		    xasprintf("%s=%s", name, json_string_value(value));
	c->environment[count++] = xasprintf(ENV_ROOT "=%s", ops->spool->path);
	c->environment[count++] =
	    xasprintf(ENV_DIR "=%s/%s", ops->spool->path, dirname);
	c->environment[count++] = xasprintf(ENV_ID "=%s", id);
	c->environment[count] = NULL;
}

void
command_release(struct command *c)
{
	size_t i;

	for (i = 0; i < c->word_count; i++)
		free(c->words[i]);
	free(c->words);
	for (i = 0; c->environment && c->environment[i]; i++)
		free(c->environment[i]);
	free(c->environment);
	free(c->names);
	free(c->shown);
	free(c->cwd);
}
