/*
 * cursor.c: a position in the list of jobs
 *
 * Invariant: what cursor_format makes, cursor_parse reads; all else is refused.
 */
#include "base/compat.h"
#include "verbs/cursor.h"

#include <stdlib.h>
#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *
encode(const char *data, size_t length)
{
	struct buf out = BUF_INIT;
	unsigned bits = 0;
	int have = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		bits = bits << 8 | (unsigned char)data[i];
		for (have += 8; have >= 6; have -= 6)
			buf_addch(&out, alphabet[bits >> (have - 6) & 63]);
	}
	if (have > 0)
		buf_addch(&out, alphabet[bits << (6 - have) & 63]);
	return buf_steal(&out);
}

static int
decode(const char *text, struct buf *out)
{
	unsigned bits = 0;
	const char *at;
	int have = 0;

	for (; *text; text++) {
		at = strchr(alphabet, *text);
		if (!at)
			return -1;
		bits = bits << 6 | (unsigned)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buf_addch(out, (char)(bits >> have & 255));
	}
	return 0;
}

int
cursor_parse(struct cursor *cursor, const char *text)
{
	struct buf plain = BUF_INIT;
	int result = -1;
	char *colon;

	cursor->id = NULL;
	if (decode(text, &plain) == 0 && plain.len > 0 &&
	    strlen(plain.data) == plain.len) {
		colon = strchr(plain.data, ':');
		if (colon && colon[1]) {
			*colon = '\0';
			result = number_parse(plain.data, INT64_MAX,
			    &cursor->started);
			if (result == 0)
				cursor->id = xstrdup(colon + 1);
		}
	}
	buf_release(&plain);
	return result;
}

void
cursor_release(struct cursor *cursor)
{
	free(cursor->id);
	cursor->id = NULL;
}

char *
cursor_format(const json_t *job)
{
	const char *id = json_string_value(json_object_get(job, "job_id"));
	const char *started =
	    json_string_value(json_object_get(job, "started"));
	cleanup_free char *plain = NULL;
	usec_t when = 0;

	if (!started) /* as mcp_job_status calls it */
		started = json_string_value(json_object_get(job, "started_at"));
	if (started && time_parse(started, &when) < 0)
		when = 0;
	plain = xasprintf("%lld:%s", (long long)when, id ? id : "");
	return encode(plain, strlen(plain));
}
