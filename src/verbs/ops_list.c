/*
 * ops_list.c: pages of jobs
 *
 * Invariant: a cursor is a position in the order of listing.h,
 * "<start>:<id>"; it means the same to every process.
 */
#include "base/compat.h"
#include "verbs/listing.h"

#include <stdlib.h>

enum { PAGE_BYTES = 16 * 1024, PAGE_JOBS = 20 };

int
ops_list(struct ops *ops, const struct ops_list_query *query,
    int (*each)(void *arg, const struct ops_listed *job), void *arg,
    struct err *err)
{
	struct listing l = { .ops = ops,
		.query = query,
		.each = each,
		.arg = arg };

	return listing_run(&l, err);
}

int
ops_list_text(struct ops *ops, const struct ops_list_query *query,
    int (*each)(void *arg, const struct ops_listed *job), void *arg,
    struct err *err)
{
	struct listing l = { .ops = ops,
		.query = query,
		.as_text = true,
		.each = each,
		.arg = arg };

	return listing_run(&l, err);
}

/* What a page is made of, until it is full. */
struct filling {
	json_t *jobs;
	size_t bytes;
	size_t most_bytes;
	int64_t limit;
	bool more;
};

static int
add_to_page(void *arg, const struct ops_listed *listed)
{
	struct filling *page = arg;
	size_t bytes = json_dumpb(listed->job, NULL, 0, JSON_COMPACT) + 1;

	if ((int64_t)json_array_size(page->jobs) == page->limit ||
	    (json_array_size(page->jobs) > 0 &&
		page->bytes + bytes > page->most_bytes)) {
		page->more = true;
		return 1;
	}
	page->bytes += bytes;
	json_array_append(page->jobs, listed->job);
	return 0;
}

static const char *
optional_string(const struct op_call *call, const char *name)
{
	return json_string_value(json_object_get(call->args, name));
}

int
op_list_page(struct ops *ops, const struct op_call *call,
    const struct ops_list_query *query, int64_t limit, size_t bytes,
    struct op_page *page, struct err *err)
{
	const char *text = optional_string(call, "cursor");
	struct filling filling = { .limit = (int64_t)arg_number(call, "limit",
				       (double)limit),
		.most_bytes = bytes };
	struct listing l = { .ops = ops,
		.query = query,
		.page = true,
		.each = add_to_page,
		.arg = &filling };
	struct cursor cursor = { 0 };
	int result;

	if (text && cursor_parse(&cursor, text) < 0)
		return err_set(err, ERR_INVALID, ERROR_PARAMETER, "cursor");
	l.after = text ? &cursor : NULL;
	filling.jobs = json_array();
	result = listing_run(&l, err);
	cursor_release(&cursor);
	if (result < 0) {
		json_decref(filling.jobs);
		return -1;
	}
	page->jobs = filling.jobs;
	page->total = l.total;
	page->next_cursor = NULL;
	if (filling.more)
		page->next_cursor = cursor_format(json_array_get(filling.jobs,
		    json_array_size(filling.jobs) - 1));
	return 0;
}

static unsigned
wanted_statuses(const struct op_call *call)
{
	const json_t *list = json_object_get(call->args, "status");
	unsigned statuses = 0;
	size_t i;
	int status;

	for (i = 0; i < json_array_size(list); i++) {
		status = status_from_word(
		    json_string_value(json_array_get(list, i)));
		if (status >= 0)
			statuses |= 1u << status;
	}
	return statuses;
}

void
op_list(struct ops *ops, struct op_call *call)
{
	struct ops_list_query query = { .statuses = wanted_statuses(call),
		.name = optional_string(call, "name"),
		.cwd = optional_string(call, "cwd"),
		.limit = -1,
		.newest_ended = -1,
		.command_characters = OPS_COMMAND_LISTED };
	struct err err = ERR_INIT;
	struct op_page page = { 0 };
	json_t *result;

	if (op_list_page(ops, call, &query, PAGE_JOBS, PAGE_BYTES, &page,
		&err) < 0) {
		op_failed_at(call, &err);
		return;
	}
	result = json_object();
	json_set_string(result, "root", ops->spool->path);
	json_set_string(result, "next_cursor", page.next_cursor);
	json_object_set_new(result, "jobs", page.jobs);
	free(page.next_cursor);
	op_done(call, result);
}
