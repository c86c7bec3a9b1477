/*
 * fuzz_progress.c: progress.json, of a job that has a journal
 *
 * Holds: what is no object changes nothing; what is one takes the place of
 * phase and progress and of nothing else; taking it again is the same.
 *
 * covers: src/spool/journal.c:journal_take_progress,check_progress,journal_load
 */
#include "base/compat.h"
#include "fuzz.h"
#include "spool/journal.h"
#include "spool/journal_print.h"

static const char record[] = "{\"id\": \"a\", \"name\": \"b\", \"phase\": "
			     "\"c\", \"progress\": {\"current\": 1}, "
			     "\"exit_code\": 3}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *phase;
	struct err err = ERR_INIT;
	struct json_t *progress;
	struct journal j;
	uint64_t print;

	journal_init(&j);
	FUZZ_CHECK(journal_parse(&j, record, strlen(record), &err) == 0);
	phase = j.phase;
	progress = j.progress;
	print = journal_progress_print(&j);
	if (journal_take_progress(&j, text, size, &err) < 0) {
		FUZZ_CHECK(err.kind == ERR_INVALID && err.text[0]);
		FUZZ_CHECK(fuzz_is_printable(err.text));
		FUZZ_CHECK(j.phase == phase && j.progress == progress);
		FUZZ_CHECK(journal_progress_print(&j) == print);
	} else {
		FUZZ_CHECK(j.progress && j.progress != progress);
		print = journal_progress_print(&j);
		FUZZ_CHECK(journal_take_progress(&j, text, size, &err) == 0);
		FUZZ_CHECK(j.phase != phase);
		if (!j.phase) /* the first time that of the journal stayed */
			j.phase = "c";
		FUZZ_CHECK(journal_progress_print(&j) == print);
	}
	FUZZ_CHECK(fuzz_is_printable(j.complaint));
	FUZZ_CHECK(strcmp(j.id, "a") == 0 && strcmp(j.name, "b") == 0);
	FUZZ_CHECK(j.exit_code == 3 && j.ended);
	journal_release(&j);
	return 0;
}
