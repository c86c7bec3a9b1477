/*
 * test_status.c: facts -> state (truth/status.h, spool/reason.h)
 *
 * Each table below is one question of the order of evidence; the last test
 * tries every combination of facts and looks for lies.
 */
#include "base/compat.h"
#include "truth/status.h"

#include "base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *what;
	struct facts facts;
	enum status status;
	enum reason reason;
	enum rule rule;
	bool orphaned;
};

static void
assert_rows(const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct verdict v = status_derive(&rows[i].facts);

		if (v.status != rows[i].status || v.reason != rows[i].reason ||
		    v.rule != rows[i].rule || v.orphaned != rows[i].orphaned)
			fail_msg("%s: %s, %s, rule %d, orphaned %d",
			    rows[i].what, status_word(v.status),
			    reason_word(v.reason), (int)v.rule, v.orphaned);
	}
}

#define ENDED .readable = true, .ended = true
#define CODE(n) .has_exit_code = true, .exit_code = (n)
#define ALIVE_HERE                                                             \
	.names_supervisor = true, .names_command = true, .same_boot = true,    \
	.same_namespace = true, .command = PROC_ALIVE,                         \
	.supervisor = PROC_ALIVE

static void
test_status__unreadable_is_unknown(void **state)
{
	static const struct row rows[] = {
		{ "nothing known", { .readable = false }, STATUS_UNKNOWN,
		    REASON_UNREADABLE, RULE_UNREADABLE, false },
		{ "whatever else is claimed", { .ended = true, CODE(0) },
		    STATUS_UNKNOWN, REASON_UNREADABLE, RULE_UNREADABLE, false },
		{ "also if it lives", { ALIVE_HERE }, STATUS_UNKNOWN,
		    REASON_UNREADABLE, RULE_UNREADABLE, false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
test_status__end_record_decides(void **state)
{
	static const struct row rows[] = {
		{ "exit 0", { ENDED, CODE(0), .recorded = REASON_EXIT },
		    STATUS_COMPLETED, REASON_EXIT, RULE_END_RECORD, false },
		{ "exit 7", { ENDED, CODE(7), .recorded = REASON_EXIT },
		    STATUS_FAILED, REASON_EXIT, RULE_END_RECORD, false },
		{ "signal", { ENDED, .signal = 11, .recorded = REASON_SIGNAL },
		    STATUS_FAILED, REASON_SIGNAL, RULE_END_RECORD, false },
		{ "timeout by signal",
		    { ENDED, .signal = 15, .recorded = REASON_TIMEOUT },
		    STATUS_FAILED, REASON_TIMEOUT, RULE_END_RECORD, false },
		{ "timeout with exit 0",
		    { ENDED, CODE(0), .recorded = REASON_TIMEOUT },
		    STATUS_FAILED, REASON_TIMEOUT, RULE_END_RECORD, false },
		{ "timeout first, request later",
		    { ENDED, CODE(0), .recorded = REASON_TIMEOUT,
			.cancelled = true },
		    STATUS_FAILED, REASON_TIMEOUT, RULE_END_RECORD, false },
		{ "killed by signal",
		    { ENDED, .signal = 9, .recorded = REASON_CANCELLED,
			.cancelled = true },
		    STATUS_KILLED, REASON_CANCELLED, RULE_END_RECORD, false },
		{ "killed with exit 0",
		    { ENDED, CODE(0), .recorded = REASON_CANCELLED,
			.cancelled = true },
		    STATUS_KILLED, REASON_CANCELLED, RULE_END_RECORD, false },
		{ "killed, code not known",
		    { ENDED, .recorded = REASON_CANCELLED, .cancelled = true },
		    STATUS_KILLED, REASON_CANCELLED, RULE_END_RECORD, false },
		{ "no word of reason", { ENDED, CODE(0) }, STATUS_COMPLETED,
		    REASON_EXIT, RULE_END_RECORD, false },
		{ "nothing else counts",
		    { ENDED, CODE(0), ALIVE_HERE, .lock = FSIO_LOCK_HELD },
		    STATUS_COMPLETED, REASON_EXIT, RULE_END_RECORD, false },
		{ "signal wins over a code", { ENDED, CODE(0), .signal = 9 },
		    STATUS_FAILED, REASON_SIGNAL, RULE_END_RECORD, false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
test_status__adopted(void **state)
{
	static const struct row rows[] = {
		{ "nothing of it lives",
		    { .readable = true,
			.names_command = true,
			.same_boot = true,
			.same_namespace = true,
			.names_supervisor = true,
			.adopted = true,
			.command = PROC_GONE,
			.supervisor = PROC_GONE },
		    STATUS_LOST, REASON_ADOPTED, RULE_NOTHING_LIVES, false },
		{ "it lives",
		    { .readable = true,
			.names_command = true,
			.same_boot = true,
			.same_namespace = true,
			.names_supervisor = true,
			.adopted = true,
			.command = PROC_ALIVE,
			.supervisor = PROC_GONE },
		    STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, true },
		{ "an end record decides", { ENDED, CODE(7), .adopted = true },
		    STATUS_FAILED, REASON_EXIT, RULE_END_RECORD, false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
test_status__end_without_code(void **state)
{
	static const struct row rows[] = {
		{ "error of a worker", { ENDED, .reports_error = true },
		    STATUS_FAILED, REASON_ERROR, RULE_END_RECORD, false },
		{ "error wins over exit 0",
		    { ENDED, CODE(0), .reports_error = true }, STATUS_FAILED,
		    REASON_ERROR, RULE_END_RECORD, false },
		{ "adopted", { ENDED, .recorded = REASON_ADOPTED }, STATUS_LOST,
		    REASON_ADOPTED, RULE_END_RECORD, false },
		{ "supervisor lost",
		    { ENDED, .recorded = REASON_SUPERVISOR_LOST }, STATUS_LOST,
		    REASON_SUPERVISOR_LOST, RULE_END_RECORD, false },
		{ "finished, and nothing more", { ENDED }, STATUS_LOST,
		    REASON_SUPERVISOR_LOST, RULE_END_RECORD, false },
		{ "an error, and nothing that lives",
		    { .readable = true, .reports_error = true }, STATUS_FAILED,
		    REASON_ERROR, RULE_REPORTS_ERROR, false },
		{ "it says that all went well",
		    { ENDED, .reports_success = true }, STATUS_COMPLETED,
		    REASON_EXIT, RULE_END_RECORD, false },
		{ "all went well, and an error",
		    { ENDED, .reports_success = true, .reports_error = true },
		    STATUS_FAILED, REASON_ERROR, RULE_END_RECORD, false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

/* Command (rows) and supervisor in the reader's own boot and namespace: all 16
 * pairs.  R running, O running and orphaned, S running by its supervisor, L
 * lost, ? unknown. */
static const char *const pairs[] = {
	[PROC_ALIVE] = "ROOR",
	[PROC_ZOMBIE] = "SLL?",
	[PROC_GONE] = "SLL?",
	[PROC_UNKNOWN] = "S???",
};

static const struct {
	char letter;
	struct verdict verdict;
} meanings[] = {
	{ 'R', { STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, false } },
	{ 'O', { STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, true } },
	{ 'S', { STATUS_RUNNING, REASON_NONE, RULE_SUPERVISOR_ALIVE, false } },
	{ 'L',
	    { STATUS_LOST, REASON_SUPERVISOR_LOST, RULE_NOTHING_LIVES,
		false } },
	{ '?', { STATUS_UNKNOWN, REASON_UNREADABLE, RULE_NO_EVIDENCE, false } },
};

static struct row
row_of_pair(int command, int supervisor)
{
	struct row row = { "pair",
		.facts = { .readable = true,
		    ALIVE_HERE,
		    .lock = FSIO_LOCK_HELD /* never revives the dead */ } };
	char letter = pairs[command][supervisor];
	size_t i = 0;

	row.facts.command = (enum proc_life)command;
	row.facts.supervisor = (enum proc_life)supervisor;
	while (meanings[i].letter != letter)
		i++;
	row.status = meanings[i].verdict.status;
	row.reason = meanings[i].verdict.reason;
	row.rule = meanings[i].verdict.rule;
	row.orphaned = meanings[i].verdict.orphaned;
	return row;
}

static void
test_status__processes(void **state)
{
	/* Nobody watched over it from the beginning. */
	static const struct row alone = { "no supervisor named",
		{ .readable = true,
		    .names_command = true,
		    .same_boot = true,
		    .same_namespace = true,
		    .command = PROC_ALIVE,
		    .supervisor = PROC_GONE },
		STATUS_RUNNING, REASON_NONE, RULE_COMMAND_ALIVE, false };
	int command, supervisor;

	(void)state;
	for (command = PROC_ALIVE; command <= PROC_UNKNOWN; command++)
		for (supervisor = PROC_ALIVE; supervisor <= PROC_UNKNOWN;
		     supervisor++) {
			struct row row = row_of_pair(command, supervisor);

			assert_rows(&row, 1);
		}
	assert_rows(&alone, 1);
}

#define ELSEWHERE                                                              \
	.readable = true, .names_command = true, .names_supervisor = true

static void
test_status__elsewhere(void **state)
{
	static const struct row rows[] = {
		{ "another boot", { ELSEWHERE, .other_boot = true },
		    STATUS_LOST, REASON_REBOOT, RULE_OTHER_BOOT, false },
		{ "another boot, lock held",
		    { ELSEWHERE, .other_boot = true, .lock = FSIO_LOCK_HELD },
		    STATUS_LOST, REASON_REBOOT, RULE_OTHER_BOOT, false },
		{ "another boot, no process named",
		    { .readable = true, .other_boot = true }, STATUS_LOST,
		    REASON_REBOOT, RULE_OTHER_BOOT, false },
		{ "another boot, shared, held",
		    { ELSEWHERE, .other_boot = true, .remote = true,
			.lock = FSIO_LOCK_HELD },
		    STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD, false },
		{ "another boot, shared, free",
		    { ELSEWHERE, .other_boot = true, .remote = true,
			.lock = FSIO_LOCK_FREE },
		    STATUS_UNKNOWN, REASON_FOREIGN_HOST, RULE_LOCK_FREE,
		    false },
		{ "another namespace, held",
		    { ELSEWHERE, .same_boot = true, .lock = FSIO_LOCK_HELD },
		    STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD, false },
		{ "another namespace, free",
		    { ELSEWHERE, .same_boot = true, .lock = FSIO_LOCK_FREE },
		    STATUS_UNKNOWN, REASON_FOREIGN_HOST, RULE_LOCK_FREE,
		    false },
		{ "boot not known, no locks here",
		    { ELSEWHERE, .same_namespace = true,
			.lock = FSIO_LOCK_UNKNOWN },
		    STATUS_UNKNOWN, REASON_FOREIGN_HOST, RULE_NO_EVIDENCE,
		    false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
test_status__no_process_named(void **state)
{
	static const struct row rows[] = {
		{ "lock held",
		    { .readable = true,
			.same_boot = true,
			.same_namespace = true,
			.lock = FSIO_LOCK_HELD },
		    STATUS_RUNNING, REASON_NONE, RULE_LOCK_HELD, false },
		{ "lock free",
		    { .readable = true,
			.same_boot = true,
			.same_namespace = true,
			.lock = FSIO_LOCK_FREE },
		    STATUS_UNKNOWN, REASON_UNREADABLE, RULE_NO_EVIDENCE,
		    false },
		{ "no lock", { .readable = true, .lock = FSIO_LOCK_UNKNOWN },
		    STATUS_UNKNOWN, REASON_UNREADABLE, RULE_NO_EVIDENCE,
		    false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

#define NAMED(life) .readable = true, .named = (life)

static void
test_status__named_by_number(void **state)
{
	static const struct row rows[] = {
		{ "alive", { NAMED(NAMED_ALIVE) }, STATUS_RUNNING, REASON_NONE,
		    RULE_NAMED_ALIVE, false },
		{ "alive, with an error",
		    { NAMED(NAMED_ALIVE), .reports_error = true },
		    STATUS_RUNNING, REASON_NONE, RULE_NAMED_ALIVE, false },
		{ "alive, its journal torn", { .named = NAMED_ALIVE },
		    STATUS_RUNNING, REASON_NONE, RULE_NAMED_ALIVE, false },
		{ "gone, its journal torn", { .named = NAMED_GONE },
		    STATUS_UNKNOWN, REASON_UNREADABLE, RULE_UNREADABLE, false },
		{ "gone", { NAMED(NAMED_GONE) }, STATUS_LOST,
		    REASON_SUPERVISOR_LOST, RULE_NAMED_GONE, false },
		{ "gone, with an error",
		    { NAMED(NAMED_GONE), .reports_error = true }, STATUS_FAILED,
		    REASON_ERROR, RULE_REPORTS_ERROR, false },
		{ "maybe another one", { NAMED(NAMED_DOUBTFUL) },
		    STATUS_UNKNOWN, REASON_UNREADABLE, RULE_NAMED_DOUBTFUL,
		    false },
		{ "an earlier run completed, alive",
		    { NAMED(NAMED_ALIVE), .ended = true,
			.reports_success = true, .end_is_old = true },
		    STATUS_RUNNING, REASON_NONE, RULE_NAMED_ALIVE, false },
		{ "an earlier run failed, gone",
		    { NAMED(NAMED_GONE), .ended = true, .reports_error = true,
			.end_is_old = true },
		    STATUS_LOST, REASON_SUPERVISOR_LOST, RULE_NAMED_GONE,
		    false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
test_status__stopped_by_an_asker(void **state)
{
	static const struct row rows[] = {
		{ "being seen to, alive",
		    { NAMED(NAMED_ALIVE), .stop_held = true }, STATUS_RUNNING,
		    REASON_NONE, RULE_STOPPING, false },
		{ "being seen to, dead",
		    { NAMED(NAMED_GONE), .stop_held = true }, STATUS_RUNNING,
		    REASON_NONE, RULE_STOPPING, false },
		{ "being seen to, ended since",
		    { ENDED, CODE(0), .stop_held = true }, STATUS_RUNNING,
		    REASON_NONE, RULE_STOPPING, false },
		{ "died of it", { NAMED(NAMED_GONE), .stop_ended = true },
		    STATUS_KILLED, REASON_CANCELLED, RULE_STOPPED, false },
		{ "died of it with exit code 0",
		    { ENDED, CODE(0), .stop_ended = true }, STATUS_KILLED,
		    REASON_CANCELLED, RULE_STOPPED, false },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

/* What lives, and what a record decides, needs none. */
static void
test_status__second_look(void **state)
{
	struct verdict v = { .status = STATUS_RUNNING };
	int rule;

	(void)state;
	for (rule = RULE_UNREADABLE; rule <= RULE_NO_EVIDENCE; rule++) {
		v.rule = (enum rule)rule;
		assert_false(status_needs_second_look(&v));
	}
	v.status = STATUS_LOST;
	for (rule = RULE_UNREADABLE; rule <= RULE_NO_EVIDENCE; rule++) {
		v.rule = (enum rule)rule;
		assert_int_equal(status_needs_second_look(&v),
		    rule != RULE_END_RECORD && rule != RULE_STOPPED);
	}
}

static void
test_status__words(void **state)
{
	static const char *const words[] = { "queued", "running", "completed",
		"failed", "killed", "lost", "unknown" };
	static const bool finals[] = { false, false, true, true, true, true,
		false };
	size_t i;

	(void)state;
	assert_int_equal(ARRAY_LEN(words), STATUS_COUNT);
	for (i = 0; i < ARRAY_LEN(words); i++) {
		assert_int_equal(status_from_word(words[i]), i);
		assert_string_equal(status_word((enum status)i), words[i]);
		assert_int_equal(status_is_final((enum status)i), finals[i]);
	}
	assert_int_equal(status_from_word(""), -1);
	assert_int_equal(status_from_word("Running"), -1);
	assert_int_equal(status_from_word("cancelled"), -1);
}

static void
test_status__words_of_reasons(void **state)
{
	static const char *const words[] = { "", "exit", "signal", "timeout",
		"cancelled", "supervisor_lost", "reboot", "adopted", "error",
		"unreadable", "foreign_host", "removed" };
	size_t i;

	(void)state;
	assert_int_equal(ARRAY_LEN(words), REASON_COUNT);
	for (i = 0; i < ARRAY_LEN(words); i++) {
		assert_string_equal(reason_word((enum reason)i), words[i]);
		assert_int_equal(reason_from_word(words[i]),
		    i == REASON_NONE ? -1 : (int)i);
	}
	assert_int_equal(reason_from_word("exited"), -1);
}

/* The bits of a number as facts. */
static struct facts
facts_of(unsigned bits)
{
	static const enum reason reasons[] = { REASON_NONE, REASON_EXIT,
		REASON_TIMEOUT, REASON_ADOPTED };
	struct facts f = { .readable = bits & 1,
		.ended = bits & 2,
		.has_exit_code = bits & 4,
		.exit_code = bits & 8 ? 1 : 0,
		.signal = bits & 16 ? 9 : 0,
		.cancelled = bits & 32,
		.reports_error = bits & 64,
		.same_boot = bits & 128,
		.same_namespace = bits & 256,
		.remote = bits & 512,
		.names_command = bits & 1024 };

	f.other_boot = !f.same_boot && bits & 2048;
	f.recorded = reasons[bits >> 12 & 3];
	f.command = (enum proc_life)(bits >> 14 & 3);
	f.supervisor = (enum proc_life)(bits >> 16 & 3);
	f.lock = (enum fsio_lock)(bits >> 18 & 3);
	if (f.lock > FSIO_LOCK_UNKNOWN)
		f.lock = FSIO_LOCK_UNKNOWN;
	f.names_supervisor = f.names_command;
	if (f.names_command)
		return f;
	/* A worker's own record: other facts in the place of processes. */
	f.named = (enum named_life)(bits >> 14 & 3);
	f.reports_success = bits & 1 << 16;
	f.end_is_old = bits & 1 << 17;
	f.stop_held = (bits >> 18 & 3) == 1;
	f.stop_ended = (bits >> 18 & 3) == 2;
	return f;
}

static void
test_status__no_combination_lies(void **state)
{
	unsigned bits;

	(void)state;
	for (bits = 0; bits < 1u << 20; bits++) {
		struct facts f = facts_of(bits);
		struct verdict v = status_derive(&f);
		bool final = status_is_final(v.status);
		bool ended = f.readable && f.ended && !f.end_is_old;

		/* Success only by a record that says so. */
		if (v.status == STATUS_COMPLETED)
			assert_true(ended && !f.signal && !f.cancelled &&
			    ((f.has_exit_code && f.exit_code == 0) ||
				f.reports_success));
		if (v.status == STATUS_KILLED)
			assert_true(f.stop_ended || (ended && f.cancelled));
		/* Alive only by something that lives now. */
		if (v.status == STATUS_RUNNING)
			assert_true(f.stop_held ||
			    (!ended &&
				(f.command == PROC_ALIVE ||
				    f.supervisor == PROC_ALIVE ||
				    f.named == NAMED_ALIVE ||
				    f.lock == FSIO_LOCK_HELD)));
		/* Dead without a record only in the reader's own place, or
		 * after another boot of this machine. */
		if (v.status == STATUS_LOST && !ended)
			assert_true(f.named == NAMED_GONE ||
			    (f.same_boot && f.same_namespace) ||
			    (f.other_boot && !f.remote));
		assert_true(!ended || final || f.stop_held);
		assert_true(v.status != STATUS_QUEUED);
		assert_true(!v.orphaned || v.status == STATUS_RUNNING);
		assert_int_equal(v.reason == REASON_NONE,
		    v.status == STATUS_RUNNING);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status__unreadable_is_unknown),
		cmocka_unit_test(test_status__end_record_decides),
		cmocka_unit_test(test_status__adopted),
		cmocka_unit_test(test_status__end_without_code),
		cmocka_unit_test(test_status__processes),
		cmocka_unit_test(test_status__elsewhere),
		cmocka_unit_test(test_status__no_process_named),
		cmocka_unit_test(test_status__named_by_number),
		cmocka_unit_test(test_status__stopped_by_an_asker),
		cmocka_unit_test(test_status__second_look),
		cmocka_unit_test(test_status__words),
		cmocka_unit_test(test_status__words_of_reasons),
		cmocka_unit_test(test_status__no_combination_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
