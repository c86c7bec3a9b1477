/*
 * mcp_resources.c: resources/list, resources/templates/list, resources/read
 *
 * Pages of several offers follow one another; a cursor is the number of the
 * offer and that one's own cursor.
 *
 * Invariant: a URI that is nobody's and one whose resource is gone get the same
 * answer, in each era its own; what can't be looked at is not said to be gone.
 */
#include "base/compat.h"
#include "faces/mcp_server.h"

#include <stdlib.h>
#include <string.h>

/* The n-th table of resources over all offers; NULL: there are no more. */
static const struct mcp_resources *
nth(const struct mcp *mcp, size_t n)
{
	const struct mcp_resources *table;
	size_t i;

	for (i = 0; i < MCP_OFFERS && mcp->offers[i]; i++)
		for (table = mcp->offers[i]->resources; table && table->prefix;
		     table++)
			if (n-- == 0)
				return table;
	return NULL;
}

const struct mcp_resources *
mcp_resources_of(const struct mcp *mcp, const char *uri)
{
	const struct mcp_resources *table;
	size_t n;

	for (n = 0; (table = nth(mcp, n)); n++)
		if (strncmp(uri, table->prefix, strlen(table->prefix)) == 0)
			return table;
	return NULL;
}

/* --- lists -------------------------------------------------------------- */

static void
refuse_cursor(const struct mcp_request *r)
{
	rpc_fail(r->rpc, RPC_INVALID_PARAMS, NULL, "Invalid cursor");
}

/* "<n>.<cursor of the n-th table>"; NULL: the beginning.  0 or -1. */
static int
parse_cursor(json_t *value, size_t *n, const char **own)
{
	const char *text = json_string_value(value);
	char *end;

	*n = 0;
	*own = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (!text || strlen(text) != json_string_length(value) || *text < '0' ||
	    *text > '9')
		return -1;
	*n = (size_t)strtoul(text, &end, 10);
	if (*end != '.')
		return -1;
	*own = end[1] ? end + 1 : NULL;
	return 0;
}

/* Where the page after this one begins; malloc'd, NULL: there is none. */
static char *
next_cursor(const struct mcp *mcp, size_t n, const struct mcp_page *page)
{
	if (page->next_cursor)
		return xasprintf("%zu.%s", n, page->next_cursor);
	return nth(mcp, n + 1) ? xasprintf("%zu.", n + 1) : NULL;
}

/* The page that the request's cursor stands for, of the n-th table; 0 or -1. */
static int
find_page(const struct mcp_request *r, size_t *n, struct mcp_page *page,
    struct err *err)
{
	const struct mcp_resources *table;
	const char *cursor;

	if (parse_cursor(json_object_get(r->params, "cursor"), n, &cursor) <
		0 ||
	    !(table = nth(r->mcp, *n)))
		return err_set(err, ERR_INVALID, "no cursor of ours");
	return table->list(r->mcp, cursor, page, err);
}

void
mcp_resources_list(const struct mcp_request *r)
{
	struct mcp_page page = { .entries = json_array() };
	cleanup_free char *next = NULL;
	struct err err = ERR_INIT;
	json_t *result, *entry;
	size_t n, i;

	if (find_page(r, &n, &page, &err) < 0) {
		json_decref(page.entries);
		if (err.kind == ERR_INVALID)
			refuse_cursor(r);
		else
			mcp_fail(r, &err);
		return;
	}
	result = json_array();
	json_array_foreach(page.entries, i, entry)
		json_array_append_new(result,
		    mcp_entry_for(entry, r->revision));
	json_decref(page.entries);
	result = json_pack("{s:o}", "resources", result);
	next = next_cursor(r->mcp, n, &page);
	free(page.next_cursor);
	if (next)
		json_object_set_new(result, "nextCursor", json_string(next));
	if (r->revision < MCP_2026_07_28)
		mcp_listen_to_list(r->mcp);
	mcp_answer(r->rpc, r->revision, result, MCP_LIVE);
}

void
mcp_templates_list(const struct mcp_request *r)
{
	json_t *cursor = json_object_get(r->params, "cursor");
	json_t *list, *some, *entry;
	const struct mcp_resources *table;
	size_t n, i;

	if (cursor && !json_is_null(cursor)) {
		refuse_cursor(r);
		return;
	}
	list = json_array();
	for (n = 0; (table = nth(r->mcp, n)); n++) {
		some = json_loads(table->templates, 0, NULL);
		json_array_foreach(some, i, entry)
			json_array_append_new(list,
			    mcp_entry_for(entry, r->revision));
		json_decref(some);
	}
	mcp_answer(r->rpc, r->revision,
	    json_pack("{s:o}", "resourceTemplates", list), MCP_STATIC);
}

/* --- one ---------------------------------------------------------------- */

void
mcp_resources_read(const struct mcp_request *r)
{
	const char *uri = mcp_string(r, "uri");
	const struct mcp_resources *table;
	json_t *contents = NULL;
	struct err err = ERR_INIT;

	if (!uri)
		return;
	table = mcp_resources_of(r->mcp, uri);
	if (table)
		contents = table->read(r->mcp, uri, &err);
	if (contents)
		mcp_answer(r->rpc, r->revision,
		    json_pack("{s:o}", "contents", contents), MCP_LIVE);
	else if (table && err.kind != ERR_NOT_FOUND)
		mcp_fail(r, &err);
	else
		rpc_fail(r->rpc,
		    r->revision < MCP_2026_07_28 ? MCP_NO_RESOURCE_LEGACY
						 : RPC_INVALID_PARAMS,
		    json_pack("{s:s}", "uri", uri), "Resource not found");
}
