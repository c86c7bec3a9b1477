/*
 * mcp_jobs.c: what a server offers of jobs
 *
 * Invariant: every operation is a tool, under its name; its entry of tools/list
 * is the file of that name in verbs/tools.
 */
#include "base/compat.h"
#include "faces/mcp_jobs.h"

#include "faces/mcp_server.h"
#include "tools.h"

#define TOOL_ROW(index, tool, phrase, start)                                   \
	{ .name = #tool,                                                       \
		.json = tool_json_##tool,                                      \
		.call = mcp_call_operation,                                    \
		.refuse = mcp_refuse_operation,                                \
		.arg = &op_rows[index] },

static const struct mcp_tool tools[] = { OPS_TABLE(TOOL_ROW){ .name = NULL } };

static const struct mcp_resources resources[] = {
	{ .prefix = JOB_URI_PREFIX,
	    .templates = job_uri_templates,
	    .list = job_resources_list,
	    .read = job_resources_read,
	    .complete = job_resources_complete },
	{ .prefix = NULL },
};

static const struct mcp_prompt prompts[] = {
	{ .name = JOB_PROMPT,
	    .json = job_prompt_json,
	    .get = job_prompt_get,
	    .complete = job_prompt_complete },
	{ .name = NULL },
};

const struct mcp_offer mcp_offer_jobs = { .tools = tools,
	.resources = resources,
	.prompts = prompts };
