/*
 * mcp_jobs.h: jobs as resources and in prompts (for the table in mcp_jobs.c)
 *
 * A job has up to three resources, in which ID is its full id, with the octets
 * that RFC 3986 does not let stand in a path segment written %XX:
 *
 *	job:///ID/journal	its record, as it stands in its file
 *	job:///ID/stdout	the end of its output, at most JOB_TEXT_MAX bytes
 *	job:///ID/stderr	likewise
 *
 *	struct job_uri uri;
 *
 *	if (job_uri_parse(&uri, "job:///0f9c…/stdout") == 0)
 *		…uri.id, uri.part
 *	job_uri_release(&uri);		-- in every case
 */
#ifndef FACES_MCP_JOBS_H
#define FACES_MCP_JOBS_H

#include "base/util.h"
#include "faces/mcp_offer.h"

#define JOB_URI_PREFIX "job:///"

/* X(name, word, title, type) */
#define JOB_PART_TABLE(X)                                                      \
	X(JOB_PART_JOURNAL, "journal", "Journal", "application/json")          \
	X(JOB_PART_STDOUT, "stdout", "Standard output", "text/plain")          \
	X(JOB_PART_STDERR, "stderr", "Standard error", "text/plain")

#define JOB_PART_ENUM(name, word, title, type) name,
enum job_part { JOB_PART_TABLE(JOB_PART_ENUM) JOB_PART_COUNT };
#undef JOB_PART_ENUM

enum {
	JOB_TEXT_MAX = 64 << 10, /* bytes of a log or journal in one answer */
	JOB_PAGE = 33,           /* jobs on a page of resources/list */
	JOB_COMPLETIONS = 101,   /* one more than are told */
	JOB_TITLE_MAX = 80,      /* characters of a title */
};

struct job_uri {
	char *id;
	enum job_part part;
};

/* 0, or -1: it can't be the URI of a job's resource. */
int job_uri_parse(struct job_uri *uri, const char *text);
void job_uri_release(struct job_uri *uri);

/* Append the URI. */
void job_uri_format(struct buf *out, const char *id, enum job_part part);

struct record;

/* The file of a job's directory that has that part; or an absolute path. */
const char *job_part_file(const struct record *record, enum job_part part);

/* As in mcp_offer.h. */
extern const char job_uri_templates[];
int job_resources_list(struct mcp *mcp, const char *cursor,
    struct mcp_page *page, struct err *err);
json_t *job_resources_read(struct mcp *mcp, const char *uri, struct err *err);
json_t *job_resources_complete(struct mcp *mcp, const char *template_uri,
    const char *variable, const char *value);

#define JOB_PROMPT "diagnose_job"

extern const char job_prompt_json[];
void job_prompt_get(const struct mcp_request *r, json_t *args);
json_t *job_prompt_complete(struct mcp *mcp, const char *argument,
    const char *value);

#endif
