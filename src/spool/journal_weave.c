/*
 * journal_weave.c: reading the journal of a weave run
 *
 * The dialect of an older workflow server, in both forms that it had: with and
 * without `phase`.  Its times are those of a clock on the wall, without offset.
 * It records neither process nor exit code, and overwrites what an earlier run
 * left.
 *
 * Invariant: a run has ended exactly if the journal says that it completed or
 * failed; an error outweighs "completed".
 */
#include "base/compat.h"
#include "spool/journal_fields.h"

#include <jansson.h>
#include <string.h>

#include "spool/journal_keys.h"

static void
read_local_time(struct field_reader *r, const char *key, const char **text,
    usec_t *when)
{
	usec_t read;

	*text = NULL;
	field_string(r, key, text);
	if (!*text)
		return;
	if (time_parse_local(*text, &read) == 0)
		*when = read;
	else
		field_complain(r, key, "no time");
}

/* How many steps, shown as progress, too. */
static void
read_entries(struct field_reader *r)
{
	struct journal *j = r->journal;
	const json_t *entries = field_value(r, WEAVE_KEY_ENTRIES);

	if (!entries)
		return;
	if (json_typeof(entries) != JSON_ARRAY) {
		field_complain(r, WEAVE_KEY_ENTRIES, "no list");
		return;
	}
	j->entries = (int64_t)json_array_size(entries);
	j->progress_doc = json_pack("{s:I,s:s}", "current",
	    (json_int_t)j->entries, "unit", "entries");
	j->progress = j->progress_doc;
}

static void
read_outcome(struct field_reader *r)
{
	struct journal *j = r->journal;
	const char *completed_at = NULL;
	usec_t ended_at = -1;

	field_truth(r, WEAVE_KEY_COMPLETED, &j->weave_completed);
	read_local_time(r, WEAVE_KEY_COMPLETED_AT, &completed_at, &ended_at);
	read_local_time(r, WEAVE_KEY_FAILED_AT, &j->weave_failed, &ended_at);
	field_string(r, WEAVE_KEY_ERROR, &j->weave_error);
	j->error = j->weave_error;
	if (!j->error && j->phase && strncmp(j->phase, "error", 5) == 0)
		j->error = j->phase;
	j->reports_success = j->weave_completed == 1 && !j->error;
	j->ended = j->reports_success || j->error;
	if (j->ended)
		j->finished = ended_at;
}

int
journal_parse_weave(struct journal *journal, const char *text, size_t len,
    struct err *err)
{
	struct field_reader r = { journal, NULL };

	journal->doc = journal_load(text, len, err);
	if (!journal->doc)
		return -1;
	r.object = journal->doc;
	read_local_time(&r, WEAVE_KEY_STARTED, &journal->weave_started,
	    &journal->started);
	field_string(&r, WEAVE_KEY_PHASE, &journal->phase);
	read_entries(&r);
	read_outcome(&r);
	return 0;
}
