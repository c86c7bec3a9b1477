/*
 * test_config.c: limits from the environment
 */
#include "base/compat.h"
#include "faces/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = { "MCP_BG_MAX_JOBS",
	"MCP_BG_MAX_OUTPUT_SIZE", "MCP_BG_JOB_TIMEOUT", "MCP_BG_WORKING_DIR",
	"MCP_BG_ALLOWED_COMMANDS", "MCP_BG_CLEANUP_INTERVAL",
	"CLAUDE_PROJECT_DIR" };

static int
clear(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	return 0;
}

/* Load, with one variable set for the time being. */
static int
load(struct config *config, const char *name, const char *value,
    struct err *err)
{
	int result;

	setenv(name, value, 1);
	result = config_load(config, err);
	unsetenv(name);
	return result;
}

static void
expect_bad(const char *name, const char *value, const char *text)
{
	struct err err = ERR_INIT;
	struct config config;

	assert_int_equal(load(&config, name, value, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.text, text);
	assert_null(strchr(err.text, '\n'));
	config_release(&config);
}

static void
test_config__nothing_set(void **state)
{
	struct err err = ERR_INIT;
	struct config config;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		/* empty is unset */
		setenv(names[i], "", 1);
		assert_int_equal(config_load(&config, &err), 0);
		assert_int_equal(config.ops.max_jobs, 0);
		assert_int_equal(config.ops.max_log_bytes, 64 << 20);
		assert_int_equal(config.ops.timeout_seconds, 0);
		assert_null(config.ops.default_cwd);
		assert_null(config.ops.allowed);
		config_release(&config);
	}
}

static void
test_config__max_jobs(void **state)
{
	static const char *const bad[] = { "0", "101", "-1", "ten", "5x", " ",
		"1.5", "99999999999999999999" };
	struct err err = ERR_INIT;
	struct config config;
	char text[100];
	size_t i;

	(void)state;
	assert_int_equal(load(&config, "MCP_BG_MAX_JOBS", " 100 ", &err), 0);
	assert_int_equal(config.ops.max_jobs, 100);
	config_release(&config);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text),
		    "MCP_BG_MAX_JOBS: \"%s\" is not "
		    "a number from 1 to 100",
		    bad[i]);
		expect_bad("MCP_BG_MAX_JOBS", bad[i], text);
	}
	expect_bad("MCP_BG_MAX_JOBS", "1\n2",
	    "MCP_BG_MAX_JOBS: \"1\\n2\" is not a number from 1 to 100");
}

static void
test_config__output_size(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = { { "1024", 65536 }, { "65537", 65537 },
		{ "104857600", 104857600 }, { "1MB", 1 << 20 },
		{ "100mb", 100 << 20 }, { " 5 MB", -1 }, { "0MB", -1 },
		{ "101MB", -1 }, { "MB", -1 }, { "1KB", -1 }, { "1.5MB", -1 },
		{ "1023", -1 }, { "104857601", -1 },
		{ "99999999999999999999MB", -1 } };
	struct config config;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		struct err err = ERR_INIT;
		int result =
		    load(&config, "MCP_BG_MAX_OUTPUT_SIZE", good[i].text, &err);

		assert_int_equal(result, good[i].bytes < 0 ? -1 : 0);
		if (result == 0)
			assert_int_equal(config.ops.max_log_bytes,
			    good[i].bytes);
		config_release(&config);
	}
	expect_bad("MCP_BG_MAX_OUTPUT_SIZE", "big",
	    "MCP_BG_MAX_OUTPUT_SIZE: \"big\" is not a size from 1024 to "
	    "104857600 bytes or 1MB to 100MB");
}

static void
test_config__times(void **state)
{
	struct err err = ERR_INIT;
	struct config config;

	(void)state;
	assert_int_equal(load(&config, "MCP_BG_JOB_TIMEOUT", "60", &err), 0);
	assert_int_equal(config.ops.timeout_seconds, 60);
	config_release(&config);
	/* a time that nobody lives to see, not an overflow */
	assert_int_equal(load(&config, "MCP_BG_JOB_TIMEOUT",
			     "99999999999999999999", &err),
	    0);
	assert_in_range(config.ops.timeout_seconds, INT64_C(3000000000),
	    INT64_C(4000000000));
	config_release(&config);
	expect_bad("MCP_BG_JOB_TIMEOUT", "0",
	    "MCP_BG_JOB_TIMEOUT: \"0\" is "
	    "not a number of seconds, at least 1");
	assert_int_equal(load(&config, "MCP_BG_CLEANUP_INTERVAL", "10", &err),
	    0);
	config_release(&config);
	expect_bad("MCP_BG_CLEANUP_INTERVAL", "9",
	    "MCP_BG_CLEANUP_INTERVAL: "
	    "\"9\" is not a number from 10 to 3600");
}

static void
test_config__directories(void **state)
{
	struct err err = ERR_INIT;
	struct config config;

	(void)state;
	setenv("CLAUDE_PROJECT_DIR", "/", 1);
	assert_int_equal(load(&config, "MCP_BG_WORKING_DIR", "/usr/.", &err),
	    0);
	assert_string_equal(config.ops.default_cwd, "/usr");
	config_release(&config);
	assert_int_equal(config_load(&config, &err), 0);
	assert_string_equal(config.ops.default_cwd, "/");
	config_release(&config);
	/* the project directory is a wish, the other one an order */
	setenv("CLAUDE_PROJECT_DIR", "/dev/null", 1);
	assert_int_equal(config_load(&config, &err), 0);
	assert_null(config.ops.default_cwd);
	config_release(&config);
	expect_bad("MCP_BG_WORKING_DIR", "/dev/null",
	    "MCP_BG_WORKING_DIR: "
	    "\"/dev/null\" is not a readable directory");
}

/* Load a list of patterns; their number, -1 if it is bad. */
static int
count_patterns(const char *list)
{
	struct err err = ERR_INIT;
	struct config config;
	int count = -1;

	if (load(&config, "MCP_BG_ALLOWED_COMMANDS", list, &err) == 0) {
		count = (int)config.pattern_count;
		assert_non_null(config.ops.allowed);
		assert_null(config.ops.allowed[count]);
	}
	config_release(&config);
	return count;
}

static void
test_config__list_of_patterns(void **state)
{
	(void)state;
	assert_int_equal(count_patterns("git"), 1);
	assert_int_equal(count_patterns("git, npm ,,^ls$,"), 3);
	assert_int_equal(count_patterns("a{1,3},b"), 2);
	assert_int_equal(count_patterns("[a,b],[],x],[^],],[[:alpha:],]"), 4);
	assert_int_equal(count_patterns("a\\,b,c"), 2);
	assert_int_equal(count_patterns("a\\\\,b"), 2);
	/* a limit that allows nothing must not allow everything */
	assert_int_equal(count_patterns(","), -1);
	assert_int_equal(count_patterns(" "), -1);
	assert_int_equal(count_patterns("git,("), -1);
	assert_int_equal(count_patterns("git,[a"), -1);
	assert_int_equal(count_patterns("git,(?=x)"), -1);
}

static bool
allows(const char *list, const char *command)
{
	struct err err = ERR_INIT;
	struct config config;
	bool result = false;
	size_t i;

	assert_int_equal(load(&config, "MCP_BG_ALLOWED_COMMANDS", list, &err),
	    0);
	for (i = 0; config.ops.allowed[i]; i++)
		if (pattern_matches(config.ops.allowed[i], command,
			strlen(command)))
			result = true;
	config_release(&config);
	return result;
}

static void
test_config__patterns_match(void **state)
{
	(void)state;
	assert_true(allows("^git ,^npm", "NPM test"));
	assert_false(allows("^git ,^npm", "rm -rf ."));
	assert_true(allows("^a\\,b$", "a,b"));
	assert_true(allows("^a{2,3}$,x", "aaa"));
	assert_false(allows("^a{2,3}$", "aaaa"));
	assert_true(allows("^[a,b]$", ","));
	assert_true(allows("^\\w+\\s\\d$", "ls 1"));
}

static void
test_config__bad_pattern_is_named(void **state)
{
	struct err err = ERR_INIT;
	struct config config;

	(void)state;
	assert_int_equal(load(&config, "MCP_BG_ALLOWED_COMMANDS", "git,r(m",
			     &err),
	    -1);
	assert_ptr_equal(
	    strstr(err.text,
		"MCP_BG_ALLOWED_COMMANDS: \"r(m\" "
		"is not a regular expression (POSIX extended, commas between): "),
	    err.text);
	config_release(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config__nothing_set),
		cmocka_unit_test(test_config__max_jobs),
		cmocka_unit_test(test_config__output_size),
		cmocka_unit_test(test_config__times),
		cmocka_unit_test(test_config__directories),
		cmocka_unit_test(test_config__list_of_patterns),
		cmocka_unit_test(test_config__patterns_match),
		cmocka_unit_test(test_config__bad_pattern_is_named),
	};

	return cmocka_run_group_tests(tests, clear, NULL);
}
