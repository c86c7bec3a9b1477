/*
 * fuzz_args.c: arguments of tools
 *
 * The first byte of the input says of which tool, or that it is the schema
 * below, which has what no tool's has; the rest is JSON.
 *
 * Holds: what is accepted has the types, ranges and members that the schema
 * names, and is accepted again without a change; what is refused is so by a
 * text of at most two lines that can be shown.  A value as it is shown is one
 * line and no longer than asked for.
 *
 * covers: src/verbs/args.c src/verbs/repr.c
 */
#include "base/compat.h"
#include "verbs/args.h"
#include "fuzz.h"
#include "tools.h"
#include "verbs/ops.h"
#include "verbs/repr.h"

static const char odd_schema[] =
    "{\"inputSchema\": {\"type\": \"object\", \"properties\": {"
    "\"job_id\": {\"type\": \"string\", \"description\": \"Job id\"},"
    "\"lines\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000,"
    "  \"default\": 50, \"description\": \"Number of lines\"},"
    "\"wait\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 50},"
    "\"raw\": {\"type\": \"boolean\", \"default\": false},"
    "\"stream\": {\"type\": \"string\", \"enum\": [\"both\", \"stdout\"]},"
    "\"name\": {\"type\": \"string\", \"pattern\": \"^[a-z]{1,3}$\"},"
    "\"key\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 3},"
    "\"none\": {\"type\": \"string\", \"maxLength\": 0},"
    "\"offset\": {\"type\": \"integer\"},"
    "\"list\": {\"type\": \"array\", \"items\": {\"type\": \"integer\"},"
    "  \"minItems\": 2, \"maxItems\": 3},"
    "\"env\": {\"type\": \"object\", \"description\": \"Variables\","
    "  \"additionalProperties\": {\"type\": \"string\"}},"
    "\"deep\": {\"type\": \"object\", \"properties\": {\"a\": {\"type\":"
    "  \"object\", \"properties\": {\"b\": {\"type\": \"integer\"}}}},"
    "  \"additionalProperties\": false}},"
    "\"required\": [\"job_id\"], \"additionalProperties\": false}}";

#define TOOL_TEXT(index, name, phrase, start) tool_json_##name,
static const char *const texts[] = { OPS_TABLE(TOOL_TEXT) odd_schema };

/* Schemas are read once; they stay until the end. */
static json_t *
schema_of(size_t number)
{
	static json_t *tools[ARRAY_LEN(texts)];

	number %= ARRAY_LEN(tools);
	if (!tools[number])
		tools[number] = json_loads(texts[number], 0, NULL);
	FUZZ_CHECK(tools[number]);
	return json_object_get(tools[number], "inputSchema");
}

static bool
is_of_type(json_t *value, const char *type)
{
	static const char *const names[] = { "object", "array", "string",
		"integer", "number", "boolean", "boolean", "null" };

	/* Neither 50.0 for an integer nor true for 1. */
	return strcmp(names[json_typeof(value)], type) == 0 ||
	    (strcmp(type, "number") == 0 && json_is_number(value));
}

static void
check_member(json_t *value, json_t *rule)
{
	const char *type = json_string_value(json_object_get(rule, "type"));
	json_t *least = json_object_get(rule, "minimum");
	json_t *most = json_object_get(rule, "maximum");
	json_t *options = json_object_get(rule, "enum"), *item;
	bool listed = !options;
	size_t i;

	FUZZ_CHECK(!type || is_of_type(value, type));
	FUZZ_CHECK(
	    !least || json_number_value(value) >= json_number_value(least));
	FUZZ_CHECK(
	    !most || json_number_value(value) <= json_number_value(most));
	json_array_foreach(options, i, item)
		listed = listed || json_equal(item, value);
	FUZZ_CHECK(listed);
	if (json_is_array(value) && json_object_get(rule, "items"))
		json_array_foreach(value, i, item)
			check_member(item, json_object_get(rule, "items"));
}

static void
check_accepted(json_t *args, json_t *schema)
{
	json_t *rules = json_object_get(schema, "properties"), *rule, *value;
	const char *key;
	size_t i;

	json_object_foreach(rules, key, rule)
		FUZZ_CHECK(!json_object_get(rule, "default") ||
		    json_object_get(args, key));
	json_array_foreach(json_object_get(schema, "required"), i, value)
		FUZZ_CHECK(json_object_get(args, json_string_value(value)));
	json_object_foreach(args, key, value) {
		rule = json_object_get(rules, key);
		FUZZ_CHECK(rule);
		check_member(value, rule);
	}
}

static void
check_text(const struct err *err)
{
	static const char begin[] = "Input validation error: ";
	char *text = xstrdup(err->text);
	char *newline = strchr(text, '\n');

	FUZZ_CHECK(err->kind == ERR_INVALID);
	FUZZ_CHECK(strncmp(text, begin, strlen(begin)) == 0);
	if (newline) {
		*newline = '\0';
		FUZZ_CHECK(newline[1] && fuzz_is_printable(newline + 1));
	}
	FUZZ_CHECK(fuzz_is_printable(text));
	free(text);
}

static void
check_shown(const struct buf *out, size_t max)
{
	/* One character or mark more, and the "…". */
	FUZZ_CHECK(out->len <= max + 32 && fuzz_is_printable(buf_str(out)));
	FUZZ_CHECK(strlen(buf_str(out)) == out->len);
}

static void
check_repr(json_t *value, const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct buf out = BUF_INIT;

	repr_add(&out, value, data[0]);
	check_shown(&out, data[0]);
	buf_cut(&out, 0);
	repr_add_string(&out, text, data[0]);
	check_shown(&out, data[0]);
	buf_release(&out);
	free(text);
}

static void
check_args(json_t *args, json_t *schema)
{
	struct err err = ERR_INIT, again_err = ERR_INIT;
	json_t *copy = json_deep_copy(args);
	int rc = args_check(args, schema, &err);

	FUZZ_CHECK(args_check(copy, schema, &again_err) == rc);
	FUZZ_CHECK(strcmp(err.text, again_err.text) == 0);
	if (rc < 0) {
		check_text(&err);
	} else {
		FUZZ_CHECK(json_equal(args, copy));
		check_accepted(args, schema);
		FUZZ_CHECK(args_check(copy, schema, &again_err) == 0);
		FUZZ_CHECK(json_equal(args, copy));
	}
	json_decref(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *value;

	if (size == 0)
		return 0;
	value = json_loadb((const char *)data + 1, size - 1,
	    JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	if (value)
		check_repr(value, data, size);
	if (json_is_object(value))
		check_args(value, schema_of(data[0]));
	json_decref(value);
	return 0;
}
