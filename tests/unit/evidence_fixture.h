/*
 * evidence_fixture.h: records, and the two lines that people read of them (for
 * test_evidence*.c)
 */
#ifndef TESTS_EVIDENCE_FIXTURE_H
#define TESTS_EVIDENCE_FIXTURE_H

#include "truth/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A way to end: what the record and the kernel say, and the lines. */
struct row {
	struct verdict verdict;
	void (*fill)(struct record *record);
	const char *outcome;
	const char *evidence;
};

/* 2026-11-22T17:31:39.5Z */
#define THEN (INT64_C(1795368699) * USEC_PER_SEC + 500000)

static char journal_name[] = "journal.json";

static inline void
fill_nothing(struct record *r)
{
	(void)r;
}

static struct record
record_of(const struct row *row)
{
	struct record r;

	memset(&r, 0, sizeof(r));
	journal_init(&r.journal);
	r.job.journal = journal_name;
	r.verdict = row->verdict;
	r.duration = -1;
	r.out.grown = r.err.grown = -1;
	r.journal.command_id.pid = 4242;
	r.journal.supervisor.pid = 4241;
	row->fill(&r);
	return r;
}

static void
assert_lines(const struct row *rows, size_t count)
{
	char outcome[OUTCOME_MAX], evidence[EVIDENCE_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		struct record r = record_of(&rows[i]);

		evidence_outcome(&r, outcome);
		evidence_write(&r, evidence);
		assert_string_equal(outcome, rows[i].outcome);
		assert_string_equal(evidence, rows[i].evidence);
	}
}

#define HAS_END "journal.json has an end record: "

#endif
