/*
 * fixture.c: jobdir with what the official conformance suite expects to find
 *
 * The suite calls tools, prompts and resources of certain names (test_*, greet,
 * slow_compute, …), which a product has no reason to offer.  Here is nothing
 * but those: linked with every object of the program except main.o this is a
 * server whose protocol is that of the program.
 *
 * Invariant: no protocol is made here; what a fixture has to say goes through
 * mcp_answer(), rpc_fail(), rpc_notify() and the tables of mcp_offer.h.
 */
#include "base/compat.h"
#include "fixture.h"

#include "base/util.h"
#include "engines/supervise.h"
#include "faces/mcp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS = 3,
	STEP_PAUSE = 50000, /* microseconds between two */
};

#define JSON(...) #__VA_ARGS__

/* The smallest picture and the shortest sound. */
#define PNG                                                                    \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAF" \
	"AAH/q842iQAAAABJRU5ErkJggg=="
#define WAV "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA=="
#define IMAGE_BLOCK                                                            \
	"{\"type\":\"image\",\"mimeType\":\"image/png\",\"data\":\"" PNG "\"}"

void
fixture_answer(const struct mcp_request *r, json_t *result)
{
	mcp_answer(r->rpc, r->revision, result, MCP_UNCACHED);
}

json_t *
fixture_text(const char *text)
{
	return json_pack("{s:[{s:s,s:s}]}", "content", "type", "text", "text",
	    text);
}

/* --- tools with an answer that is known --------------------------------- */

/* tool->arg: the result. */
static void
call_fixed(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	(void)args;
	fixture_answer(r, json_loads(tool->arg, 0, NULL));
}

static void
call_greet(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "name"));
	cleanup_free char *text = xasprintf("Hello, %s!", name);

	(void)tool;
	fixture_answer(r, fixture_text(text));
}

/* A job of the program, by the path that all jobs take. */
static void
call_slow(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	int64_t seconds = json_integer_value(json_object_get(args, "seconds"));
	cleanup_free char *command = xasprintf("sleep %" PRId64, seconds);
	json_t *job = json_pack("{s:s,s:b,s:i}", "command", command, "notify",
	    1, "wait_seconds", 50); /* for who takes no tasks */

	mcp_call_operation(r, tool, job);
	json_decref(job);
}

/* --- tools that take their time ----------------------------------------- */

static const char *const levels[] = { "debug", "info", "notice", "warning",
	"error", "critical", "alert", "emergency" };
static const char *level = "debug"; /* of a client with handshake */

/* Does a client that wants `least` and worse want to hear of `info`? */
static bool
wants_info(const char *least)
{
	return least &&
	    (strcmp(least, levels[0]) == 0 || strcmp(least, levels[1]) == 0);
}

static void
set_level(const struct mcp_request *r)
{
	const char *wanted = mcp_string(r, "level");
	size_t i;

	if (!wanted)
		return;
	for (i = 0; i < ARRAY_LEN(levels); i++)
		if (strcmp(levels[i], wanted) == 0)
			break;
	if (i == ARRAY_LEN(levels)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: no such level");
		return;
	}
	level = levels[i];
	fixture_answer(r, json_object());
}

struct steps {
	struct mcp *mcp;
	struct rpc_request *rpc;
	enum mcp_revision revision;
	json_t *token; /* for progress; NULL: none wanted */
	bool logs;
	int done;
};

static void
end_steps(struct steps *steps)
{
	mcp_answer(steps->rpc, steps->revision, fixture_text("Took its time."),
	    MCP_UNCACHED);
	json_decref(steps->token);
	free(steps);
}

static void
on_step(void *arg)
{
	static const char *const words[STEPS] = { "Tool execution started",
		"Tool processing data", "Tool execution completed" };
	struct steps *steps = arg;
	struct rpc *rpc = steps->mcp->rpc;

	if (steps->done == STEPS || steps->rpc->cancelled) {
		end_steps(steps);
		return;
	}
	if (steps->token)
		rpc_notify(rpc, "notifications/progress",
		    json_pack("{s:O,s:i,s:i}", "progressToken", steps->token,
			"progress", steps->done * 50, "total", 100),
		    false);
	if (steps->logs)
		rpc_notify(rpc, "notifications/message",
		    json_pack("{s:s,s:s}", "level", "info", "data",
			words[steps->done]),
		    false);
	steps->done++;
	loop_timer(steps->mcp->loop, time_mono() + STEP_PAUSE, on_step, steps);
}

/* tool->arg: not NULL if it logs. */
static void
call_steps(const struct mcp_request *r, const struct mcp_tool *tool,
    json_t *args)
{
	struct steps *steps = xmalloc(sizeof(*steps));
	const char *least = r->revision < MCP_2026_07_28
	    ? level
	    : json_string_value(json_object_get(r->meta, MCP_META "logLevel"));

	(void)args;
	*steps = (struct steps){ .mcp = r->mcp,
		.rpc = r->rpc,
		.revision = r->revision,
		.token = json_incref(json_object_get(r->meta, "progressToken")),
		.logs = tool->arg && wants_info(least) };
	on_step(steps);
}

/* --- prompts ------------------------------------------------------------ */

static json_t *
make_message(json_t *content)
{
	return json_pack("{s:s,s:o}", "role", "user", "content", content);
}

static json_t *
make_words(const char *text)
{
	return make_message(
	    json_pack("{s:s,s:s}", "type", "text", "text", text));
}

/* `first` and `second` (NULL: none) are taken over. */
static void
answer_prompt(const struct mcp_request *r, json_t *first, json_t *second)
{
	json_t *messages = json_pack("[o]", first);

	if (second)
		json_array_append_new(messages, second);
	fixture_answer(r, json_pack("{s:o}", "messages", messages));
}

static void
prompt_simple(const struct mcp_request *r, json_t *args)
{
	(void)args;
	answer_prompt(r, make_words("This is a simple prompt for testing."),
	    NULL);
}

static void
prompt_arguments(const struct mcp_request *r, json_t *args)
{
	cleanup_free char *text =
	    xasprintf("Prompt with arguments: arg1='%s', arg2='%s'",
		json_string_value(json_object_get(args, "arg1")),
		json_string_value(json_object_get(args, "arg2")));

	answer_prompt(r, make_words(text), NULL);
}

static json_t *
complete_argument(struct mcp *mcp, const char *argument, const char *value)
{
	static const char *const words[] = { "paris", "park", "party", "test" };
	json_t *values = json_array();
	size_t i;

	(void)mcp;
	for (i = 0; strcmp(argument, "arg1") == 0 && i < ARRAY_LEN(words); i++)
		if (strncmp(words[i], value, strlen(value)) == 0)
			json_array_append_new(values, json_string(words[i]));
	return values;
}

static void
prompt_resource(const struct mcp_request *r, json_t *args)
{
	json_t *resource = json_pack("{s:O,s:s,s:s}", "uri",
	    json_object_get(args, "resourceUri"), "mimeType", "text/plain",
	    "text", "Embedded resource content for testing.");

	answer_prompt(r,
	    make_message(json_pack("{s:s,s:o}", "type", "resource", "resource",
		resource)),
	    make_words("Please process the embedded resource above."));
}

static void
prompt_image(const struct mcp_request *r, json_t *args)
{
	(void)args;
	answer_prompt(r, make_message(json_loads(IMAGE_BLOCK, 0, NULL)),
	    make_words("Please analyze the image above."));
}

static void
done_prompt(const struct mcp_request *r, const char *text)
{
	answer_prompt(r, make_words(text), NULL);
}

static void
done_tool(const struct mcp_request *r, const char *text)
{
	fixture_answer(r, fixture_text(text));
}

static void
prompt_ask(const struct mcp_request *r, json_t *args)
{
	static const struct fixture_ask ask = {
		{ "{" ELICIT("user_context", "In which context?", "context",
		    "string") "}" },
		false,
		done_prompt,
	};

	(void)args;
	fixture_run_ask(r, &ask);
}

/* clang-format off */

static const struct mcp_prompt prompts[] = {
	{ .name = "test_simple_prompt", .get = prompt_simple,
	    .json = JSON({"name": "test_simple_prompt",
		"description": "A prompt without arguments"}) },
	{ .name = "test_prompt_with_arguments", .get = prompt_arguments,
	    .complete = complete_argument,
	    .json = JSON({"name": "test_prompt_with_arguments",
		"description": "A prompt with two arguments", "arguments": [
		{"name": "arg1", "description": "One", "required": true},
		{"name": "arg2", "description": "Two", "required": true}]}) },
	{ .name = "test_prompt_with_embedded_resource",
	    .get = prompt_resource,
	    .json = JSON({"name": "test_prompt_with_embedded_resource",
		"description": "A prompt with a resource", "arguments": [
		{"name": "resourceUri", "description": "Of the resource",
		"required": true}]}) },
	{ .name = "test_prompt_with_image", .get = prompt_image,
	    .json = JSON({"name": "test_prompt_with_image",
		"description": "A prompt with a picture"}) },
	{ .name = "test_input_required_result_prompt", .get = prompt_ask,
	    .json = JSON({"name": "test_input_required_result_prompt",
		"description": "A prompt that asks first"}) },
	{ .name = NULL },
};

/* --- resources ---------------------------------------------------------- */

#define URIS "test://"
#define TEMPLATE_BEGIN URIS "template/"
#define TEMPLATE_END "/data"

static const struct {
	const char *uri;
	const char *entry;
	const char *contents;
} resources_fixed[] = {
	{ URIS "static-text",
	    JSON({"uri": "test://static-text", "name": "static-text",
		"description": "Words", "mimeType": "text/plain"}),
	    JSON([{"uri": "test://static-text", "mimeType": "text/plain",
		"text": "This is the content of the static text resource."}]) },
	{ URIS "static-binary",
	    JSON({"uri": "test://static-binary", "name": "static-binary",
		"description": "A picture", "mimeType": "image/png"}),
	    "[{\"uri\":\"" URIS "static-binary\",\"mimeType\":\"image/png\","
	    "\"blob\":\"" PNG "\"}]" },
};

/* clang-format on */

static int
list_resources(struct mcp *mcp, const char *cursor, struct mcp_page *page,
    struct err *err)
{
	size_t i;

	(void)mcp;
	if (cursor)
		return err_set(err, ERR_INVALID, "there is one page");
	for (i = 0; i < ARRAY_LEN(resources_fixed); i++)
		json_array_append_new(page->entries,
		    json_loads(resources_fixed[i].entry, 0, NULL));
	return 0;
}

/* test://template/{id}/data; NULL: it is none. */
static json_t *
read_template(const char *uri)
{
	size_t begin = strlen(TEMPLATE_BEGIN), end = strlen(TEMPLATE_END);
	size_t length = strlen(uri);
	cleanup_free char *text = NULL;

	if (length <= begin + end || strncmp(uri, TEMPLATE_BEGIN, begin) != 0 ||
	    strcmp(uri + length - end, TEMPLATE_END) != 0)
		return NULL;
	text = xasprintf("Data for ID: %.*s", (int)(length - begin - end),
	    uri + begin);
	return json_pack("[{s:s,s:s,s:s}]", "uri", uri, "mimeType",
	    "text/plain", "text", text);
}

static json_t *
read_resource(struct mcp *mcp, const char *uri, struct err *err)
{
	json_t *contents;
	size_t i;

	(void)mcp;
	for (i = 0; i < ARRAY_LEN(resources_fixed); i++)
		if (strcmp(resources_fixed[i].uri, uri) == 0)
			return json_loads(resources_fixed[i].contents, 0, NULL);
	contents = read_template(uri);
	if (!contents)
		err_set(err, ERR_NOT_FOUND, "no such resource");
	return contents;
}

static const struct mcp_resources resources[] = {
	{ .prefix = URIS,
	    .templates =
		"[{\"uriTemplate\":\"" TEMPLATE_BEGIN "{id}" TEMPLATE_END "\","
		"\"name\":\"template\",\"description\":\"Data of an id\","
		"\"mimeType\":\"text/plain\"}]",
	    .list = list_resources,
	    .read = read_resource },
	{ .prefix = NULL },
};

/* --- tools -------------------------------------------------------------- */

#define AUDIO_BLOCK                                                            \
	"{\"type\":\"audio\",\"mimeType\":\"audio/wav\",\"data\":\"" WAV "\"}"
#define RESOURCE_BLOCK(uri, mime, text)                                        \
	"{\"type\":\"resource\",\"resource\":{\"uri\":\"" uri "\","            \
	"\"mimeType\":\"" mime "\",\"text\":\"" text "\"}}"
#define CONTENT(blocks) "{\"content\":[" blocks "]}"
#define NAME ELICIT("user_name", "What is your name?", "name", "string")
#define CONFIRM(key) ELICIT(key, "Please confirm", "ok", "boolean")

/* An entry of a table of tools; `schema` is that of its arguments. */
#define TOOL(word, does, schema, function, data)                               \
	{                                                                      \
		.name = word,                                                  \
		.json = "{\"name\":\"" word "\",\"description\":\"" does       \
			"\",\"inputSchema\":" schema "}",                      \
		.call = function, .arg = data                                  \
	}
#define FIXED(word, does, result) TOOL(word, does, NOTHING, call_fixed, result)
#define ASK(word, does, seals, finish, ...)                                    \
	ASK_TOOL(word, does, NOTHING, fixture_call_ask, seals, finish,         \
	    __VA_ARGS__)
#define ASK_TOOL(word, does, schema, function, seals, finish, ...)             \
	TOOL(word, does, schema, function,                                     \
	    (&(const struct fixture_ask){ { __VA_ARGS__ }, seals, finish }))
#define NOTHING "{\"type\":\"object\"}"

/* clang-format off */

static const struct mcp_tool tools[] = {
	FIXED("test_simple_text", "Says something", CONTENT(
	    TEXT_BLOCK("This is a simple text response for testing."))),
	FIXED("test_image_content", "Shows a picture", CONTENT(IMAGE_BLOCK)),
	FIXED("test_audio_content", "Plays a sound", CONTENT(AUDIO_BLOCK)),
	FIXED("test_embedded_resource", "Has a resource in it", CONTENT(
	    RESOURCE_BLOCK(URIS "embedded-resource", "text/plain",
	    "This is an embedded resource content."))),
	FIXED("test_multiple_content_types", "Has all in it", CONTENT(
	    TEXT_BLOCK("Multiple content types test:") "," IMAGE_BLOCK ","
	    RESOURCE_BLOCK(URIS "mixed-content-resource", "text/plain",
	    "Mixed"))),
	FIXED("test_error_handling", "Fails", "{\"isError\":true,\"content\":["
	    TEXT_BLOCK("This tool intentionally returns an error for testing")
	    "]}"),
	TOOL("json_schema_2020_12_tool", "Has a schema that uses much",
	    JSON({"$schema": "https://json-schema.org/draft/2020-12/schema",
	    "type": "object", "$defs": {"address": {"$anchor": "addressDef",
	    "type": "object", "properties": {"street": {"type": "string"},
	    "city": {"type": "string"}}}}, "properties": {
	    "name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
	    "contactMethod": {"type": "string", "enum": ["phone", "email"]},
	    "phone": {"type": "string"}, "email": {"type": "string"}},
	    "allOf": [{"anyOf": [{"required": ["phone"]},
	    {"required": ["email"]}]}], "if": {"properties": {
	    "contactMethod": {"const": "phone"}},
	    "required": ["contactMethod"]}, "then": {"required": ["phone"]},
	    "else": {"required": ["email"]}, "additionalProperties": false}),
	    call_fixed, CONTENT(TEXT_BLOCK("Well."))),
	TOOL("test_tool_with_progress", "Takes its time", NOTHING, call_steps,
	    NULL),
	TOOL("test_tool_with_logging", "Takes its time and tells of it",
	    NOTHING, call_steps, "logs"),
	TOOL("test_logging_tool", "The same", NOTHING, call_steps, "logs"),

	ASK("test_missing_capability", "Wants sampling", false, done_tool,
	    "{" SAMPLE("any", "Say anything") "}"),
	ASK("test_streaming_elicitation", "Asks for a name", false, done_tool,
	    "{" NAME "}"),
	ASK("test_input_required_result_elicitation", "Asks for a name",
	    false, done_tool, "{" NAME "}"),
	ASK("test_input_required_result_sampling", "Asks the model",
	    false, done_tool, "{" SAMPLE("capital_question",
	    "What is the capital of France?") "}"),
	ASK("test_input_required_result_list_roots", "Asks for roots",
	    false, done_tool, "{" ROOTS("client_roots") "}"),
	ASK("test_input_required_result_request_state", "Keeps a state",
	    true, done_tool, "{" CONFIRM("confirm") "}"),
	ASK("test_input_required_result_tampered_state", "Keeps a state",
	    true, done_tool, "{" CONFIRM("confirm") "}"),
	ASK("test_input_required_result_multiple_inputs", "Asks for much",
	    true, done_tool, "{" NAME "," SAMPLE("greeting",
	    "Generate a greeting") "," ROOTS("client_roots") "}"),
	ASK("test_input_required_result_multi_round", "Asks twice",
	    true, done_tool, "{" ELICIT("step1", "Step 1: What is your name?",
	    "name", "string") "}", "{" ELICIT("step2",
	    "Step 2: What is your favorite color?", "color", "string") "}"),
	ASK("test_input_required_result_capabilities", "Asks whom it can",
	    false, done_tool, "{" NAME "," SAMPLE("any", "Say anything") "}"),

	TOOL("greet", "Greets", JSON({"type": "object", "properties": {
	    "name": {"type": "string"}}, "required": ["name"]}), call_greet,
	    NULL),
	TOOL("slow_compute", "Is a job", JSON({"type": "object", "properties": {
	    "seconds": {"type": "integer", "minimum": 0}, "label":
	    {"type": "string"}}, "required": ["seconds"]}), call_slow,
	    &op_rows[OP_EXECUTE]),
	TOOL("failing_job", "Is a task that fails", NOTHING, fixture_call_task,
	    JSON({"status": "completed", "result": {"resultType": "complete",
	    "isError": true, "content": [{"type": "text", "text": "No."}]}})),
	TOOL("protocol_error_job", "Is a task that breaks", NOTHING,
	    fixture_call_task, JSON({"status": "failed", "error":
	    {"code": -32603, "message": "Internal error: broken"}})),
	ASK_TOOL("confirm_delete", "Is a task that asks",
	    JSON({"type": "object", "properties": {"filename":
	    {"type": "string"}}}), fixture_call_asking_task, false, done_tool,
	    "{" CONFIRM("confirm") "}"),
	ASK_TOOL("multi_input", "Is a task that asks for two things", NOTHING,
	    fixture_call_asking_task, false, done_tool,
	    "{" NAME "," CONFIRM("confirm") "}"),
	ASK("test_tool_with_task", "Asks, then is a task", true,
	    fixture_done_task, "{" NAME "}"),
	{ .name = NULL },
};

/* clang-format on */

/* --- the program -------------------------------------------------------- */

int
main(int argc, char **argv)
{
	static const struct mcp_method methods[] = {
		{ "logging/setLevel", MCP_LEGACY, set_level },
		{ NULL, 0, NULL },
	};
	static const struct mcp_offer offer = {
		.tools = tools,
		.prompts = prompts,
		.resources = resources,
		.methods = methods,
		.tasks = &fixture_tasks,
		.capabilities = JSON({ "logging" : {} }),
	};
	const struct mcp_options options = { .more = &offer };

	/* Its jobs have supervisors, as in main.c. */
	if (argc > 1 && strcmp(argv[1], SUPERVISE_VERB) == 0)
		return supervise_main(argc, argv);
	return mcp_main(&options);
}
