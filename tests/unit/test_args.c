/*
 * test_args.c: arguments against schemas, and the texts when they do not fit
 */
#include "base/compat.h"
#include "verbs/args.h"

#include "base/util.h"
#include "verbs/repr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the tools' schemas are made of. */
static const char schema_text[] =
    "{'type': 'object', 'properties': {"
    "'job_id': {'type': 'string', 'description': 'Job id'},"
    "'lines': {'type': 'integer', 'minimum': 1, 'maximum': 1000,"
    "  'default': 50, 'description': 'Number of lines'},"
    "'offset': {'type': 'integer', 'minimum': 0},"
    "'wait': {'type': 'number', 'minimum': 0, 'maximum': 50},"
    "'raw': {'type': 'boolean', 'default': false},"
    "'stream': {'type': 'string', 'enum': ['both', 'stdout']},"
    "'name': {'type': 'string', 'pattern': '^[a-z]{1,3}$'},"
    "'key': {'type': 'string', 'minLength': 1, 'maxLength': 3},"
    "'ids': {'type': 'array', 'items': {'type': 'string'},"
    "  'minItems': 1, 'maxItems': 2},"
    "'long': {'type': 'array', 'minItems': 2},"
    "'env': {'type': 'object', 'description': 'Variables',"
    "  'additionalProperties': {'type': 'string'}},"
    "'timeout_seconds': {'type': 'integer', 'minimum': 1}},"
    "'required': ['job_id'], 'additionalProperties': false}";

/* JSON with single quotes for double ones. */
static json_t *
parse(const char *text)
{
	char *json = xstrdup(text), *c;
	json_error_t error;
	json_t *value;

	for (c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (!value)
		fail_msg("%s: %s", json, error.text);
	free(json);
	return value;
}

/* Check and expect what comes out, or "!text". */
static void
expect(const char *args_text, const char *outcome)
{
	json_t *schema = parse(schema_text), *args = parse(args_text);
	json_t *wanted;
	struct err err = ERR_INIT;
	int result = args_check(args, schema, &err);

	if (*outcome == '!') {
		assert_int_equal(result, -1);
		assert_int_equal(err.kind, ERR_INVALID);
		err.text[strcspn(err.text, "\n")] = '\0';
		assert_string_equal(err.text, outcome + 1);
	} else {
		if (result < 0)
			fail_msg("%s", err.text);
		wanted = parse(outcome);
		if (!json_equal(args, wanted))
			fail_msg("%s became %s", args_text,
			    json_dumps(args, 0));
		json_decref(wanted);
	}
	json_decref(schema);
	json_decref(args);
}

/* The second line of the text. */
static void
expect_hint(const char *args_text, const char *hint)
{
	json_t *schema = parse(schema_text), *args = parse(args_text);
	struct err err = ERR_INIT;
	const char *newline;

	assert_int_equal(args_check(args, schema, &err), -1);
	newline = strchr(err.text, '\n');
	assert_string_equal(newline ? newline + 1 : "", hint);
	json_decref(schema);
	json_decref(args);
}

static void
test_args__defaults(void **state)
{
	(void)state;
	expect("{'job_id': 'a'}", "{'job_id': 'a', 'lines': 50, 'raw': false}");
	expect("{'job_id': 'a', 'lines': 7, 'raw': true}",
	    "{'job_id': 'a', 'lines': 7, 'raw': true}");
	/* null is absent: the default comes */
	expect("{'job_id': 'a', 'lines': null, 'offset': null}",
	    "{'job_id': 'a', 'lines': 50, 'raw': false}");
}

static void
test_args__integers(void **state)
{
	(void)state;
	expect("{'job_id': 'a', 'lines': 50.0, 'wait': 2}",
	    "{'job_id': 'a', 'lines': 50, 'raw': false, 'wait': 2}");
	expect("{'job_id': 'a', 'wait': 2.5}",
	    "{'job_id': 'a', 'lines': 50, 'raw': false, 'wait': 2.5}");
	expect("{'job_id': 'a', 'lines': 0}",
	    "!Input validation error: 0 is less than the minimum of 1");
	expect("{'job_id': 'a', 'lines': 1001}",
	    "!Input validation error: 1001 is greater than the maximum of "
	    "1000");
	expect("{'job_id': 'a', 'wait': 50.5}",
	    "!Input validation error: 50.5 is greater than the maximum of 50");
	expect("{'job_id': 'a', 'offset': 1e30}",
	    "!Input validation error: 1e+30 is greater than the maximum of "
	    "9223372036854775807");
	expect("{'job_id': 'a', 'offset': -1e30}",
	    "!Input validation error: -1e+30 is less than the minimum of 0");
}

static void
test_args__types(void **state)
{
	(void)state;
	expect("{'job_id': 5}",
	    "!Input validation error: 5 is not of type 'string'");
	expect("{'job_id': 'a', 'lines': '50'}",
	    "!Input validation error: '50' is not of type 'integer'");
	expect("{'job_id': 'a', 'lines': 1.5}",
	    "!Input validation error: 1.5 is not of type 'integer'");
	expect("{'job_id': 'a', 'lines': true}",
	    "!Input validation error: True is not of type 'integer'");
	expect("{'job_id': 'a', 'raw': 0}",
	    "!Input validation error: 0 is not of type 'boolean'");
	expect("{'job_id': null}",
	    "!Input validation error: None is not of type 'string'");
	expect("{'job_id': 'a', 'ids': 'b'}",
	    "!Input validation error: 'b' is not of type 'array'");
	expect("{'job_id': 'a', 'env': ['b', {'c': false}]}",
	    "!Input validation error: ['b', {'c': False}] is not of type "
	    "'object'");
	expect("[]", "!Input validation error: [] is not of type 'object'");
}

static void
test_args__strings(void **state)
{
	(void)state;
	expect("{'job_id': 'a', 'stream': 'stdin'}",
	    "!Input validation error: 'stdin' is not one of ['both', "
	    "'stdout']");
	expect("{'job_id': 'a', 'name': 'ABC'}",
	    "!Input validation error: 'ABC' does not match '^[a-z]{1,3}$'");
	expect("{'job_id': 'a', 'key': ''}",
	    "!Input validation error: '' should be non-empty");
	expect("{'job_id': 'a', 'key': 'abcd'}",
	    "!Input validation error: 'abcd' is too long");
	/* three characters in six bytes */
	expect("{'job_id': 'a', 'key': 'äöü', 'name': 'abc'}",
	    "{'job_id': 'a', 'key': 'äöü', 'name': 'abc', 'lines': 50, "
	    "'raw': false}");
	/* left to the operation, which has a text of its own for it */
	expect("{'job_id': 'a', 'name': '\\u0000'}",
	    "{'job_id': 'a', 'name': '\\u0000', 'lines': 50, 'raw': false}");
}

static void
test_args__arrays(void **state)
{
	(void)state;
	expect("{'job_id': 'a', 'ids': []}",
	    "!Input validation error: [] should be non-empty");
	expect("{'job_id': 'a', 'ids': ['1', '2', '3']}",
	    "!Input validation error: ['1', '2', '3'] is too long");
	expect("{'job_id': 'a', 'long': [1]}",
	    "!Input validation error: [1] is too short");
	expect("{'job_id': 'a', 'ids': ['1', 2]}",
	    "!Input validation error: 2 is not of type 'string'");
}

static void
test_args__members(void **state)
{
	(void)state;
	expect("{}",
	    "!Input validation error: 'job_id' is a required "
	    "property");
	expect("{'job_id': 'a', 'timeout': 1}",
	    "!Input validation error: Additional properties are not allowed "
	    "('timeout' was unexpected)");
	expect("{'job_id': 'a', 'z': 1, 'b': 2}",
	    "!Input validation error: Additional properties are not allowed "
	    "('b', 'z' were unexpected)");
	expect("{'job_id': 'a', 'env': {'A': 'b'}}",
	    "{'job_id': 'a', 'env': {'A': 'b'}, 'lines': 50, 'raw': false}");
	expect("{'job_id': 'a', 'env': {'A': null}}",
	    "!Input validation error: None is not of type 'string'");
}

static void
test_args__nearest_to_the_root_first(void **state)
{
	(void)state;
	expect("{'lines': 0}",
	    "!Input validation error: 'job_id' is a "
	    "required property");
	expect("{'job_id': 'a', 'lines': 0, 'zzz': 0}",
	    "!Input validation error: Additional properties are not allowed "
	    "('zzz' was unexpected)");
	expect("{'job_id': 'a', 'env': {'A': 1}, 'timeout_seconds': 0}",
	    "!Input validation error: 0 is less than the minimum of 1");
	/* and of two at one level that of the schema's first member */
	expect("{'raw': 1, 'lines': 0, 'job_id': 'a'}",
	    "!Input validation error: 0 is less than the minimum of 1");
}

static void
test_args__hints(void **state)
{
	(void)state;
	expect_hint("{}", "job_id: Job id");
	expect_hint("{'job_id': 'a', 'lines': 0}", "lines: Number of lines");
	expect_hint("{'job_id': 'a', 'ids': ['1', 2]}", "ids[1]");
	expect_hint("{'job_id': 'a', 'env': {'A': 1}}", "env.A: Variables");
	expect_hint("{'job_id': 'a', 'timeout': 1}",
	    "The nearest known argument is \"timeout_seconds\".");
	expect_hint("{'jobId': 'a', 'job_id': 'a'}",
	    "The nearest known argument is \"job_id\".");
}

static void
expect_repr(const char *json, const char *text)
{
	json_t *value = parse(json);
	struct buf out = BUF_INIT;

	repr_add(&out, value, 40);
	assert_string_equal(buf_str(&out), text);
	buf_release(&out);
	json_decref(value);
}

static void
test_args__values_as_python_shows_them(void **state)
{
	(void)state;
	expect_repr("'it\\u0027s'", "\"it's\"");
	expect_repr("'\\u0027\\\"'", "'\\'\"'");
	expect_repr("'a\\n\\t\\u0000\\u001b\\u0085ä\\\\'",
	    "'a\\n\\t\\x00\\x1b\\x85ä\\\\'");
	expect_repr("'\\u2028\\ue000'", "'\\u2028\\ue000'");
	expect_repr("[1, -2.5, 0.1, 1e16, 100000.0, null, true]",
	    "[1, -2.5, 0.1, 1e+16, 100000.0, None, Tr…");
	expect_repr("{'a': {'b': []}}", "{'a': {'b': []}}");
	expect_repr("'äääääääääääääääääääääääää'", "'äääääääääääääääääää…");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args__defaults),
		cmocka_unit_test(test_args__integers),
		cmocka_unit_test(test_args__types),
		cmocka_unit_test(test_args__strings),
		cmocka_unit_test(test_args__arrays),
		cmocka_unit_test(test_args__members),
		cmocka_unit_test(test_args__nearest_to_the_root_first),
		cmocka_unit_test(test_args__hints),
		cmocka_unit_test(test_args__values_as_python_shows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
