/*
 * test_evidence_lost.c: what is known of a job whose end is not on record, in
 * words; and that no text of others breaks them (truth/evidence.h)
 */
#include "base/compat.h"
#include "evidence_fixture.h"

#define LOST(reason, rule)                                                     \
	{                                                                      \
		STATUS_LOST, reason, rule, false                               \
	}
#define UNKNOWN(reason, rule)                                                  \
	{                                                                      \
		STATUS_UNKNOWN, reason, rule, false                            \
	}
static void
wrote_last(struct record *r)
{
	r->out.grown = THEN - USEC_PER_SEC;
	r->err.grown = THEN;
}

static void
a_worker(struct record *r)
{
	r->foreign = true;
	r->journal.supervisor.pid = 0;
}

static void
a_named_worker(struct record *r)
{
	a_worker(r);
	r->named.pid = 77;
	wrote_last(r);
}

#define NEITHER                                                                \
	"no end record, and neither process 4242 nor its supervisor 4241 lives"
#define BOTH_GONE                                                              \
	"it and its supervisor are gone without an end on record, the exit "   \
	"code is not known"
#define GONE "it is gone without an end on record, the exit code is not known"

static void
test_evidence_lost__lost(void **state)
{
	static const struct row rows[] = {
		{ LOST(REASON_SUPERVISOR_LOST, RULE_NOTHING_LIVES),
		    fill_nothing, BOTH_GONE, NEITHER },
		{ LOST(REASON_SUPERVISOR_LOST, RULE_NOTHING_LIVES), wrote_last,
		    BOTH_GONE,
		    NEITHER "; last output at 2026-11-22T17:31:39Z" },
		{ LOST(REASON_SUPERVISOR_LOST, RULE_NOTHING_LIVES), a_worker,
		    GONE, "no end record, and process 4242 does not live" },
		{ LOST(REASON_SUPERVISOR_LOST, RULE_NAMED_GONE), a_named_worker,
		    GONE,
		    "no end record, and there is no process 77; last output at "
		    "2026-11-22T17:31:39Z" },
		{ LOST(REASON_SUPERVISOR_LOST, RULE_END_RECORD), a_worker,
		    "its record says that it ended, but not how",
		    HAS_END "no exit code" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
adopted(struct record *r)
{
	r->journal.adopted = true;
}

static void
test_evidence_lost__adopted(void **state)
{
	static const char seen[] =
	    HAS_END "no exit code; who saw the end was not its parent";
	static const struct row rows[] = {
		{ LOST(REASON_ADOPTED, RULE_END_RECORD), adopted,
		    "adopted, the kernel did not tell the exit code", seen },
		{ LOST(REASON_ADOPTED, RULE_END_RECORD), fill_nothing,
		    "its first supervisor was killed, and the kernel did not "
		    "tell the exit code to the second one",
		    seen },
		{ LOST(REASON_ADOPTED, RULE_NOTHING_LIVES), adopted,
		    "adopted, and it and its supervisor are gone without an "
		    "end on record",
		    NEITHER },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

/* Its text has the time at which this machine was started. */
static void
test_evidence_lost__reboot(void **state)
{
	static const struct row row = { LOST(REASON_REBOOT, RULE_OTHER_BOOT),
		wrote_last, NULL, NULL };
	static const char before[] =
	    "no end record, and its record is of boot 5e0b7c1a, this one began "
	    "at ";
	static const char after[] = "; last output at 2026-11-22T17:31:39Z";
	struct record r = record_of(&row);
	char outcome[OUTCOME_MAX], evidence[EVIDENCE_MAX];
	usec_t begun;

	(void)state;
	strcpy(r.journal.place.boot_id, "5e0b7c1a");
	evidence_outcome(&r, outcome);
	assert_string_equal(outcome,
	    "the machine was started anew, and no end is on record");
	evidence_write(&r, evidence);
	assert_memory_equal(evidence, before, strlen(before));
	assert_string_equal(evidence + strlen(evidence) - strlen(after), after);
	evidence[strlen(evidence) - strlen(after)] = '\0';
	assert_int_equal(time_parse(evidence + strlen(before), &begun), 0);
	assert_true(begun > 0 && begun < time_wall());
}

static void
of_host(struct record *r)
{
	r->journal.host = "build7";
}

#define NOT_SEEN                                                               \
	"no end record; its processes (of host build7) cannot be seen from "   \
	"here, "

static void
test_evidence_lost__elsewhere(void **state)
{
	static const char outcome[] =
	    "it belongs to another host or namespace (host build7)";
	static const struct row rows[] = {
		{ UNKNOWN(REASON_FOREIGN_HOST, RULE_LOCK_FREE), of_host,
		    outcome, NOT_SEEN "and a free lock proves nothing" },
		{ UNKNOWN(REASON_FOREIGN_HOST, RULE_NO_EVIDENCE), of_host,
		    outcome, NOT_SEEN "and there is no lock to be tested" },
		{ UNKNOWN(REASON_FOREIGN_HOST, RULE_LOCK_FREE), fill_nothing,
		    "it belongs to another host or namespace",
		    "no end record; its processes cannot be seen from here, "
		    "and a free lock proves nothing" },
		{ { STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD, false },
		    of_host, "", NOT_SEEN "but the lock on pid is held" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
torn(struct record *r)
{
	strcpy(r->journal_error, "journal.json: is empty");
}

static void
test_evidence_lost__not_decided(void **state)
{
	static const struct row rows[] = {
		{ UNKNOWN(REASON_UNREADABLE, RULE_UNREADABLE), torn,
		    "its record cannot be read: journal.json: is empty",
		    "the record cannot be read: journal.json: is empty" },
		{ UNKNOWN(REASON_UNREADABLE, RULE_NO_EVIDENCE), fill_nothing,
		    "nothing decides",
		    "no end record, and nothing that decides" },
		{ UNKNOWN(REASON_UNREADABLE, RULE_NAMED_DOUBTFUL),
		    a_named_worker,
		    "its process cannot be told from another one",
		    "no end record; a process 77 exists, but nothing shows "
		    "that it is the one that the record means" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
test_evidence_lost__running(void **state)
{
	static const struct row rows[] = {
		{ { STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, false },
		    fill_nothing, "",
		    "process 4242 lives (same start time, this boot)" },
		{ { STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, true },
		    fill_nothing, "",
		    "process 4242 lives (same start time, this boot); its "
		    "supervisor was killed, and with it went the time limit, "
		    "the log bound and open input" },
		{ { STATUS_RUNNING, REASON_NONE, RULE_SUPERVISOR_ALIVE, false },
		    fill_nothing, "",
		    "process 4242 has ended, its supervisor 4241 lives and is "
		    "about to record the end" },
		{ { STATUS_RUNNING, REASON_NONE, RULE_STOPPING, false },
		    a_worker, "",
		    "somebody asked it to stop and is seeing to it" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

/* Whatever a record holds, each is one line that fits, cut between letters. */
static void
test_evidence_lost__hostile_texts(void **state)
{
	static const struct row rows[] = {
		{ { STATUS_FAILED, REASON_ERROR, RULE_END_RECORD, false },
		    fill_nothing, NULL, NULL },
		{ UNKNOWN(REASON_UNREADABLE, RULE_UNREADABLE), fill_nothing,
		    NULL, NULL },
		{ UNKNOWN(REASON_FOREIGN_HOST, RULE_LOCK_FREE), fill_nothing,
		    NULL, NULL },
		{ { STATUS_KILLED, REASON_CANCELLED, RULE_END_RECORD, false },
		    fill_nothing, NULL, NULL },
		{ { STATUS_FAILED, REASON_TIMEOUT, RULE_END_RECORD, false },
		    fill_nothing, NULL, NULL },
	};
	char huge[2000], outcome[OUTCOME_MAX], evidence[EVIDENCE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(huge) - 1; i++)
		huge[i] = "\xc3\xa4\n\x1b"[i % 4];
	huge[sizeof(huge) - 1] = '\0';
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct record r = record_of(&rows[i]);

		r.journal.error = r.journal.host = huge;
		r.journal.cancel_by = huge;
		r.journal.timeout_usec = INT64_MAX;
		r.journal.sigkill_after = r.duration = 9e18;
		r.job.journal = huge;
		memcpy(r.journal_error, huge, sizeof(r.journal_error) - 1);
		evidence_outcome(&r, outcome);
		evidence_write(&r, evidence);
		assert_null(strpbrk(outcome, "\n\x1b"));
		assert_null(strpbrk(evidence, "\n\x1b"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence_lost__lost),
		cmocka_unit_test(test_evidence_lost__adopted),
		cmocka_unit_test(test_evidence_lost__reboot),
		cmocka_unit_test(test_evidence_lost__elsewhere),
		cmocka_unit_test(test_evidence_lost__not_decided),
		cmocka_unit_test(test_evidence_lost__running),
		cmocka_unit_test(test_evidence_lost__hostile_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
