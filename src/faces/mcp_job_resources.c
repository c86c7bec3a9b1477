/*
 * mcp_job_resources.c: the record and the output of jobs, to be read by URI
 *
 * Invariant: no path is made of a URI; its id is looked up among the jobs of
 * the root.
 */
#include "base/compat.h"
#include "faces/mcp_jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "faces/mcp_server.h"
#include "spool/names.h"
#include "verbs/json_set.h"
#include "verbs/ops_job.h"

static const struct {
	const char *word;
	const char *title;
	const char *type;
} parts[JOB_PART_COUNT] = {
#define PART_ROW(name, word, title, type) [name] = { word, title, type },
	JOB_PART_TABLE(PART_ROW)
#undef PART_ROW
};

/* --- URIs --------------------------------------------------------------- */

/* What RFC 3986 (section 3.3, pchar) lets stand in a segment. */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c && strchr("-._~!$&'()*+,;=:@", c));
}

void
job_uri_format(struct buf *out, const char *id, enum job_part part)
{
	buf_addstr(out, JOB_URI_PREFIX);
	for (; *id; id++)
		if (is_plain(*id))
			buf_addch(out, *id);
		else
			buf_addf(out, "%%%02X", (unsigned char)*id);
	buf_addf(out, "/%s", parts[part].word);
}

/* The value of a hexadecimal digit; -1: none. */
static int
digit_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *place = c ? strchr(digits, c | 0x20) : NULL;

	return place ? (int)(place - digits) : -1;
}

/* A segment without its escapes; malloc'd; NULL: it is not well formed. */
static char *
unescape(const char *text, size_t length)
{
	struct buf plain = BUF_INIT;
	int high, low;
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] != '%') {
			buf_addch(&plain, text[i]);
			continue;
		}
		high = i + 2 < length ? digit_value(text[i + 1]) : -1;
		low = high >= 0 ? digit_value(text[i + 2]) : -1;
		if (low < 0 || high * 16 + low == 0) {
			buf_release(&plain);
			return NULL;
		}
		buf_addch(&plain, (char)(high * 16 + low));
		i += 2;
	}
	buf_str(&plain);
	return buf_steal(&plain);
}

int
job_uri_parse(struct job_uri *uri, const char *text)
{
	size_t prefix = strlen(JOB_URI_PREFIX);
	const char *slash;
	int part;

	*uri = (struct job_uri){ .id = NULL };
	if (strncmp(text, JOB_URI_PREFIX, prefix) != 0)
		return -1;
	text += prefix;
	slash = strchr(text, '/');
	if (!slash || slash == text)
		return -1;
	for (part = 0; part < JOB_PART_COUNT; part++)
		if (strcmp(slash + 1, parts[part].word) == 0)
			break;
	if (part == JOB_PART_COUNT)
		return -1;
	uri->part = (enum job_part)part;
	uri->id = unescape(text, (size_t)(slash - text));
	return uri->id ? 0 : -1;
}

void
job_uri_release(struct job_uri *uri)
{
	free(uri->id);
	uri->id = NULL;
}

/* --- the list ----------------------------------------------------------- */

const char job_uri_templates[] =
    "[{\"uriTemplate\":\"" JOB_URI_PREFIX "{id}/journal\","
    "\"name\":\"job-journal\",\"title\":\"Journal of a job\","
    "\"description\":\"The record of a job: what was asked and what came of "
    "it\",\"mimeType\":\"application/json\"},"
    "{\"uriTemplate\":\"" JOB_URI_PREFIX "{id}/stdout\","
    "\"name\":\"job-stdout\",\"title\":\"Standard output of a job\","
    "\"description\":\"The last 64 KiB a job wrote to its standard output\","
    "\"mimeType\":\"text/plain\"},"
    "{\"uriTemplate\":\"" JOB_URI_PREFIX "{id}/stderr\","
    "\"name\":\"job-stderr\",\"title\":\"Standard error of a job\","
    "\"description\":\"The last 64 KiB a job wrote to its standard error\","
    "\"mimeType\":\"text/plain\"}]";

const char *
job_part_file(const struct record *record, enum job_part part)
{
	if (part == JOB_PART_JOURNAL)
		return record->job.journal;
	return part == JOB_PART_STDOUT ? record_out_log(record) : JOB_STDERR;
}

/* What an entry of the list is made of: job_id, started, label, and for each
 * part that exists when it was modified. */
static json_t *
make_listed(const struct ops *ops, const struct record *record)
{
	json_t *job = json_object();
	usec_t modified;
	int part;

	json_set_string(job, "job_id", record->job.id);
	json_set_time(job, "started", record->started);
	json_set_string(job, "label",
	    record->journal.name ? record->journal.name
				 : record->journal.command);
	for (part = 0; part < JOB_PART_COUNT; part++) {
		ops_job_part(ops, record,
		    job_part_file(record, (enum job_part)part), &modified);
		json_set_time(job, parts[part].word, modified);
	}
	return job;
}

static void
add_entry(json_t *entries, json_t *job, enum job_part part)
{
	const char *id = json_string_value(json_object_get(job, "job_id"));
	const char *label = json_string_value(json_object_get(job, "label"));
	json_t *modified = json_object_get(job, parts[part].word);
	cleanup_free char *name = xasprintf("%s/%s", id, parts[part].word);
	struct buf text = BUF_INIT;
	json_t *entry;

	if (!modified)
		return;
	job_uri_format(&text, id, part);
	entry = json_pack("{s:s,s:s}", "uri", buf_str(&text), "name", name);
	buf_cut(&text, 0);
	text_show(&text, label ? label : id, JOB_TITLE_MAX);
	buf_addf(&text, ": %s", parts[part].word);
	json_set_string(entry, "title", buf_str(&text));
	json_set_string(entry, "description", parts[part].title);
	json_set_string(entry, "mimeType", parts[part].type);
	json_object_set_new(entry, "annotations",
	    json_pack("{s:O}", "lastModified", modified));
	json_array_append_new(entries, entry);
	buf_release(&text);
}

int
job_resources_list(struct mcp *mcp, const char *cursor, struct mcp_page *page,
    struct err *err)
{
	json_t *jobs, *job;
	size_t i;
	int part;

	jobs = ops_job_page(mcp->ops, cursor, JOB_PAGE, make_listed,
	    &page->next_cursor, err);
	if (!jobs)
		return -1;
	json_array_foreach(jobs, i, job)
		for (part = 0; part < JOB_PART_COUNT; part++)
			add_entry(page->entries, job, (enum job_part)part);
	json_decref(jobs);
	return 0;
}

/* --- one ---------------------------------------------------------------- */

/* Does it say that there is no plain file?  Then there is no resource. */
static bool
is_absence(const struct err *err)
{
	return err->sys == ENOENT || err->sys == ELOOP || err->sys == EISDIR ||
	    err->sys == EINVAL;
}

/* JSON string, or NULL with err. */
static json_t *
read_part(struct mcp *mcp, const struct job_uri *uri, struct err *err)
{
	struct err own = ERR_INIT;
	struct record record;
	json_t *text = NULL;

	if (ops_job(mcp->ops, uri->id, &record, err) == 0) {
		text = uri->part == JOB_PART_JOURNAL
		    ? ops_job_journal(mcp->ops, &record, JOURNAL_MAX, &own)
		    : ops_job_log(mcp->ops, &record,
			  uri->part == JOB_PART_STDERR, JOB_TEXT_MAX, &own);
		if (!text)
			err_set(err,
			    is_absence(&own) ? ERR_NOT_FOUND : own.kind, "%s",
			    own.text);
	}
	record_release(&record);
	return text;
}

json_t *
job_resources_read(struct mcp *mcp, const char *uri, struct err *err)
{
	json_t *text = NULL;
	struct job_uri job;

	if (job_uri_parse(&job, uri) == 0)
		text = read_part(mcp, &job, err);
	else
		err_set(err, ERR_NOT_FOUND, "no URI of a job");
	job_uri_release(&job);
	return text ? json_pack("[{s:s,s:s,s:o}]", "uri", uri, "mimeType",
			  parts[job.part].type, "text", text)
		    : NULL;
}

json_t *
job_resources_complete(struct mcp *mcp, const char *template_uri,
    const char *variable, const char *value)
{
	struct job_uri uri;
	bool ours = job_uri_parse(&uri, template_uri) == 0 &&
	    strcmp(uri.id, "{id}") == 0;

	job_uri_release(&uri);
	return ours && strcmp(variable, "id") == 0
	    ? ops_job_words(mcp->ops, value, false, JOB_COMPLETIONS)
	    : NULL;
}
