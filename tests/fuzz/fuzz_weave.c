/*
 * fuzz_weave.c: STEM.weave_journal.json
 *
 * Holds: a run has ended exactly if it completed without an error or has one;
 * only such a run has a time of its end; a second reading is equal.
 *
 * covers: src/spool/journal_weave.c
 */
#include "base/compat.h"
#include "fuzz.h"
#include "spool/journal.h"
#include "spool/journal_print.h"

static void
check(const struct journal *j)
{
	FUZZ_CHECK(strlen(j->complaint) < JOURNAL_COMPLAINT_MAX);
	FUZZ_CHECK(fuzz_is_printable(j->complaint));
	FUZZ_CHECK(j->weave_completed >= -1 && j->weave_completed <= 1);
	FUZZ_CHECK(
	    !j->reports_success || (j->weave_completed == 1 && !j->error));
	FUZZ_CHECK(j->ended == (j->reports_success || j->error));
	FUZZ_CHECK(j->ended || j->finished == -1);
	FUZZ_CHECK(!j->weave_error || j->error == j->weave_error);
	FUZZ_CHECK(j->entries >= -1);
	FUZZ_CHECK((j->entries >= 0) == (j->progress != NULL));
	/* It records neither. */
	FUZZ_CHECK(j->command_id.pid == 0 && j->exit_code == -1);
	FUZZ_CHECK(!j->name && !j->id && !j->argv && !j->log_file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct journal first, second;
	struct err err = ERR_INIT;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	journal_init(&first);
	journal_init(&second);
	if (journal_parse_weave(&first, text, size, &err) < 0) {
		FUZZ_CHECK(err.kind == ERR_INVALID && err.text[0]);
		FUZZ_CHECK(fuzz_is_printable(err.text));
		journal_release(&first);
		return 0;
	}
	check(&first);
	FUZZ_CHECK(journal_parse_weave(&second, text, size, &err) == 0);
	FUZZ_CHECK(first.started == second.started);
	FUZZ_CHECK(first.finished == second.finished);
	FUZZ_CHECK(first.ended == second.ended);
	FUZZ_CHECK(fuzz_same(first.phase, second.phase));
	FUZZ_CHECK(fuzz_same(first.error, second.error));
	FUZZ_CHECK(fuzz_same(first.weave_started, second.weave_started));
	FUZZ_CHECK(fuzz_same(first.weave_failed, second.weave_failed));
	FUZZ_CHECK(first.entries == second.entries);
	FUZZ_CHECK(
	    journal_progress_print(&first) == journal_progress_print(&second));
	journal_release(&first);
	journal_release(&second);
	return 0;
}
