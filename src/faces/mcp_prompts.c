/*
 * mcp_prompts.c: prompts/list, prompts/get and completion/complete
 *
 * Invariant: a prompt is asked only with strings, and with all that it
 * requires.
 */
#include "base/compat.h"
#include "faces/mcp_server.h"

#include <string.h>

enum { COMPLETIONS_MAX = 100 }; /* 2026-07-28, server/utilities/completion */

static const struct mcp_prompt *
find_prompt(const struct mcp *mcp, const char *name)
{
	const struct mcp_prompt *prompt;
	size_t i;

	for (i = 0; i < MCP_OFFERS && mcp->offers[i]; i++)
		for (prompt = mcp->offers[i]->prompts; prompt && prompt->name;
		     prompt++)
			if (strcmp(prompt->name, name) == 0)
				return prompt;
	return NULL;
}

void
mcp_prompts_list(const struct mcp_request *r)
{
	json_t *cursor = json_object_get(r->params, "cursor");
	const struct mcp_prompt *prompt;
	json_t *list, *entry;
	size_t i;

	if (cursor && !json_is_null(cursor)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Invalid cursor");
		return;
	}
	list = json_array();
	for (i = 0; i < MCP_OFFERS && r->mcp->offers[i]; i++)
		for (prompt = r->mcp->offers[i]->prompts;
		     prompt && prompt->name; prompt++) {
			entry = json_loads(prompt->json, 0, NULL);
			json_array_append_new(list,
			    mcp_entry_for(entry, r->revision));
			json_decref(entry);
		}
	mcp_answer(r->rpc, r->revision, json_pack("{s:o}", "prompts", list),
	    MCP_STATIC);
}

/* All strings, and all that is required?  False: refused. */
static bool
check_arguments(const struct mcp_request *r, const struct mcp_prompt *prompt,
    json_t *args)
{
	json_t *entry = json_loads(prompt->json, 0, NULL);
	const char *name, *why = NULL;
	json_t *known, *value;
	size_t i;

	json_object_foreach(args, name, value)
		if (!json_is_string(value))
			why = "arguments must be strings";
	json_array_foreach(json_object_get(entry, "arguments"), i, known) {
		name = json_string_value(json_object_get(known, "name"));
		if (json_is_true(json_object_get(known, "required")) &&
		    !json_object_get(args, name))
			why = "a required argument is missing";
	}
	json_decref(entry);
	if (why)
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Invalid params: %s",
		    why);
	return !why;
}

void
mcp_prompts_get(const struct mcp_request *r)
{
	json_t *args = json_object_get(r->params, "arguments");
	const char *name = mcp_string(r, "name");
	const struct mcp_prompt *prompt;

	if (!name)
		return;
	prompt = find_prompt(r->mcp, name);
	if (!prompt) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Unknown prompt: %.*s", MCP_SHOWN_MAX, name);
		return;
	}
	if (args && !json_is_object(args) && !json_is_null(args)) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: arguments must be an object");
		return;
	}
	args = json_is_object(args) ? json_incref(args) : json_object();
	if (check_arguments(r, prompt, args))
		prompt->get(r, args);
	json_decref(args);
}

/* --- completion --------------------------------------------------------- */

static const char *
plain_string(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* Values for what `ref` means; NULL: it means nothing here. */
static json_t *
find_values(struct mcp *mcp, json_t *ref, const char *argument,
    const char *value)
{
	const char *type = plain_string(ref, "type");
	const char *name = plain_string(ref, "name");
	const char *uri = plain_string(ref, "uri");
	const struct mcp_resources *resources;
	const struct mcp_prompt *prompt;
	json_t *values = NULL;

	if (!type)
		return NULL;
	if (strcmp(type, "ref/prompt") == 0 && name) {
		prompt = find_prompt(mcp, name);
		if (!prompt)
			return NULL;
		if (prompt->complete)
			values = prompt->complete(mcp, argument, value);
		return values ? values : json_array();
	}
	if (strcmp(type, "ref/resource") != 0 || !uri)
		return NULL;
	resources = mcp_resources_of(mcp, uri);
	return resources && resources->complete
	    ? resources->complete(mcp, uri, argument, value)
	    : NULL;
}

void
mcp_complete(const struct mcp_request *r)
{
	json_t *argument = json_object_get(r->params, "argument");
	json_t *ref = json_object_get(r->params, "ref");
	const char *name = plain_string(argument, "name");
	const char *value = plain_string(argument, "value");
	json_t *values;
	size_t total;

	if (!json_is_object(ref) || !name || !value) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: ref, argument.name and argument.value "
		    "are required");
		return;
	}
	values = find_values(r->mcp, ref, name, value);
	if (!values) {
		rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL,
		    "Invalid params: nothing of that ref can be completed");
		return;
	}
	total = json_array_size(values);
	while (json_array_size(values) > COMPLETIONS_MAX)
		json_array_remove(values, json_array_size(values) - 1);
	mcp_answer(r->rpc, r->revision,
	    json_pack("{s:{s:o,s:b}}", "completion", "values", values,
		"hasMore", total > COMPLETIONS_MAX),
	    MCP_UNCACHED);
}
