/*
 * test_evidence.c: what ended a job whose end is on record, and from what that
 * is known, in words (truth/evidence.h)
 */
#include "base/compat.h"
#include "evidence_fixture.h"

#define COMPLETED                                                              \
	{                                                                      \
		STATUS_COMPLETED, REASON_EXIT, RULE_END_RECORD, false          \
	}
#define FAILED(reason)                                                         \
	{                                                                      \
		STATUS_FAILED, reason, RULE_END_RECORD, false                  \
	}
#define KILLED                                                                 \
	{                                                                      \
		STATUS_KILLED, REASON_CANCELLED, RULE_END_RECORD, false        \
	}
#define UNKNOWN_SENDER                                                         \
	"; nobody asked jobdir for it, and the kernel does not tell who sent it"

static void
exit_0(struct record *r)
{
	r->journal.exit_code = 0;
}

static void
exit_7(struct record *r)
{
	r->journal.exit_code = 7;
}

static void
exit_126(struct record *r)
{
	r->journal.exit_code = 126;
}

static void
exit_127(struct record *r)
{
	r->journal.exit_code = 127;
}

static void
exit_139(struct record *r)
{
	r->journal.exit_code = 128 + SIGSEGV;
}

static void
exit_255(struct record *r)
{
	r->journal.exit_code = 255;
}

static void
test_evidence__exit_code(void **state)
{
	static const struct row rows[] = {
		{ COMPLETED, exit_0, "exit code 0", HAS_END "exit code 0" },
		{ FAILED(REASON_EXIT), exit_7, "exit code 7",
		    HAS_END "exit code 7" },
		{ FAILED(REASON_EXIT), exit_126, "exit code 126",
		    HAS_END
		    "exit code 126 (of a shell: could not be executed)" },
		{ FAILED(REASON_EXIT), exit_127, "exit code 127",
		    HAS_END "exit code 127 (of a shell: command not found)" },
		{ FAILED(REASON_EXIT), exit_139, "exit code 139",
		    HAS_END "exit code 139 (of a shell: something it ran ended "
			    "by SIGSEGV)" },
		{ FAILED(REASON_EXIT), exit_255, "exit code 255",
		    HAS_END "exit code 255" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
by_sigterm(struct record *r)
{
	r->journal.signal = SIGTERM;
}

static void
by_sigkill(struct record *r)
{
	r->journal.signal = SIGKILL;
}

static void
by_sigsegv(struct record *r)
{
	r->journal.signal = SIGSEGV;
}

static void
by_sigabrt_with_core(struct record *r)
{
	r->journal.signal = SIGABRT;
	r->journal.core_dumped = true;
}

static void
foreign_signal(struct record *r)
{
	r->journal.signal = SIGTERM;
	r->foreign = true;
}

static void
test_evidence__signal(void **state)
{
	static const struct row rows[] = {
		{ FAILED(REASON_SIGNAL), by_sigterm, "signal SIGTERM",
		    HAS_END "signal SIGTERM" UNKNOWN_SENDER },
		{ FAILED(REASON_SIGNAL), by_sigkill, "signal SIGKILL",
		    HAS_END "signal SIGKILL" UNKNOWN_SENDER },
		{ FAILED(REASON_SIGNAL), by_sigsegv, "signal SIGSEGV",
		    HAS_END "signal SIGSEGV (usually its own access to memory "
			    "that it does not have)" UNKNOWN_SENDER },
		{ FAILED(REASON_SIGNAL), by_sigabrt_with_core,
		    "signal SIGABRT, core dumped",
		    HAS_END "signal SIGABRT, core dumped (usually its own "
			    "abort())" UNKNOWN_SENDER },
		{ FAILED(REASON_SIGNAL), foreign_signal, "signal SIGTERM",
		    HAS_END "signal SIGTERM" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
oom_of_cgroup(struct record *r)
{
	r->journal.signal = SIGKILL;
	r->journal.oom_kills = 1;
	r->journal.oom_counter = "cgroup";
}

static void
oom_somewhere(struct record *r)
{
	r->journal.signal = SIGKILL;
	r->journal.oom_kills = 2;
	r->journal.oom_counter = "system";
}

static void
oom_of_a_child(struct record *r)
{
	r->journal.exit_code = 137;
	r->journal.oom_kills = 1;
	r->journal.oom_counter = "cgroup";
}

/* Whose they were is not told: the weaker word. */
static void
oom_without_counter(struct record *r)
{
	r->journal.signal = SIGKILL;
	r->journal.oom_kills = 1;
}

/* What ended it was another signal. */
static void
oom_and_sigterm(struct record *r)
{
	r->journal.signal = SIGTERM;
	r->journal.oom_kills = 1;
	r->journal.oom_counter = "cgroup";
}

static void
oom_and_success(struct record *r)
{
	r->journal.exit_code = 0;
	r->journal.oom_kills = 1;
	r->journal.oom_counter = "cgroup";
}

#define KERNEL(n, whose)                                                       \
	"the kernel killed " n " " whose " for lack of memory while it ran"
#define NOBODY "; nobody asked jobdir for it, and "

static void
test_evidence__out_of_memory(void **state)
{
	static const struct row rows[] = {
		{ FAILED(REASON_SIGNAL), oom_of_cgroup,
		    "signal SIGKILL, likely out of memory (" KERNEL("1 process",
			"of its cgroup") ")",
		    HAS_END "signal SIGKILL" NOBODY KERNEL("1 process",
			"of its cgroup") },
		{ FAILED(REASON_SIGNAL), oom_somewhere,
		    "signal SIGKILL, perhaps out of memory (" KERNEL(
			"2 processes", "somewhere") ")",
		    HAS_END "signal SIGKILL" NOBODY KERNEL("2 processes",
			"somewhere") },
		{ FAILED(REASON_SIGNAL), oom_without_counter,
		    "signal SIGKILL, perhaps out of memory (" KERNEL(
			"1 process", "somewhere") ")",
		    HAS_END
		    "signal SIGKILL" NOBODY KERNEL("1 process", "somewhere") },
		{ FAILED(REASON_EXIT), oom_of_a_child,
		    "exit code 137 (" KERNEL("1 process", "of its cgroup") ")",
		    HAS_END
		    "exit code 137 (of a shell: something it ran ended "
		    "by SIGKILL); " KERNEL("1 process", "of its cgroup") },
		{ FAILED(REASON_SIGNAL), oom_and_sigterm,
		    "signal SIGTERM (" KERNEL("1 process", "of its cgroup") ")",
		    HAS_END "signal SIGTERM" NOBODY KERNEL("1 process",
			"of its cgroup") },
		{ COMPLETED, oom_and_success, "exit code 0",
		    HAS_END "exit code 0" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
limit_of_2s(struct record *r)
{
	r->journal.signal = SIGTERM;
	r->journal.timeout_usec = 2 * USEC_PER_SEC;
	r->duration = 2.04;
}

static void
limit_ignored(struct record *r)
{
	r->journal.signal = SIGKILL;
	r->journal.timeout_usec = 1500000;
	r->journal.sigkill_after = 5.0003;
	r->duration = 6.54;
}

static void
limit_obeyed(struct record *r)
{
	r->journal.exit_code = 0;
	r->journal.timeout_usec = 3600 * (int64_t)USEC_PER_SEC;
	r->duration = 3600.2;
}

static void
test_evidence__time_limit(void **state)
{
	static const struct row rows[] = {
		{ FAILED(REASON_TIMEOUT), limit_of_2s,
		    "time limit of 2 s, signal SIGTERM",
		    HAS_END "signal SIGTERM; reason timeout, the limit was 2 "
			    "s, it ended after 2 s" },
		{ FAILED(REASON_TIMEOUT), limit_ignored,
		    "time limit of 1.5 s, signal SIGKILL after 5 s of grace",
		    HAS_END "signal SIGKILL; reason timeout, the limit was 1.5 "
			    "s, it ended after 6.5 s" },
		{ FAILED(REASON_TIMEOUT), limit_obeyed,
		    "time limit of 3600 s, exit code 0",
		    HAS_END "exit code 0; reason timeout, the limit was 3600 "
			    "s, it ended after 3600.2 s" },
		{ FAILED(REASON_TIMEOUT), by_sigterm,
		    "time limit, signal SIGTERM",
		    HAS_END "signal SIGTERM; reason timeout" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
asked(struct record *r)
{
	r->journal.cancelled = true;
	r->journal.cancel_by = "shell";
	r->journal.cancel_at = THEN;
	r->journal.cancel_signal = SIGTERM;
}

static void
asked_and_obeyed(struct record *r)
{
	asked(r);
	r->journal.signal = SIGTERM;
}

static void
asked_and_exited(struct record *r)
{
	asked(r);
	r->journal.exit_code = 0;
}

static void
asked_and_ignored(struct record *r)
{
	asked(r);
	r->journal.signal = SIGKILL;
	r->journal.sigkill_after = 5.0007;
}

/* SIGKILL, and not the supervisor's. */
static void
asked_and_killed_at_once(struct record *r)
{
	asked(r);
	r->journal.signal = SIGKILL;
}

static void
asked_with_sigkill(struct record *r)
{
	asked(r);
	r->journal.signal = r->journal.cancel_signal = SIGKILL;
}

static void
asked_without_a_code(struct record *r)
{
	asked(r);
}

static void
asked_by_whomever(struct record *r)
{
	r->journal.cancelled = true;
	r->journal.signal = SIGTERM;
}

#define ASKED                                                                  \
	"; shell had asked for a stop with SIGTERM at 2026-11-22T17:31:39Z"

static void
test_evidence__on_request(void **state)
{
	static const struct row rows[] = {
		{ KILLED, asked_and_obeyed,
		    "on request of shell, signal SIGTERM",
		    HAS_END "signal SIGTERM" ASKED },
		{ KILLED, asked_and_exited,
		    "on request of shell, exit code 0 after SIGTERM",
		    HAS_END "exit code 0" ASKED },
		{ KILLED, asked_and_ignored,
		    "on request of shell, signal SIGKILL after SIGTERM and 5 s "
		    "of grace",
		    HAS_END "signal SIGKILL" ASKED
			    ", the supervisor sent SIGKILL 5 s after it" },
		{ KILLED, asked_and_killed_at_once,
		    "on request of shell, signal SIGKILL after SIGTERM",
		    HAS_END "signal SIGKILL" ASKED },
		{ KILLED, asked_with_sigkill,
		    "on request of shell, signal SIGKILL",
		    HAS_END "signal SIGKILL; shell had asked for a stop with "
			    "SIGKILL at 2026-11-22T17:31:39Z" },
		{ KILLED, asked_without_a_code,
		    "on request of shell, no exit code after SIGTERM",
		    HAS_END "no exit code" ASKED },
		{ KILLED, asked_by_whomever, "on request, signal SIGTERM",
		    HAS_END "signal SIGTERM; somebody had asked for a stop" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
worker_stopped(struct record *r)
{
	r->foreign = true;
	request_init(&r->cancel, "claude-code 2.1.317");
	r->cancel.at = THEN;
	r->cancel.ended = THEN + USEC_PER_SEC;
}

static void
test_evidence__on_request_of_a_worker(void **state)
{
	static const struct row rows[] = {
		{ { STATUS_KILLED, REASON_CANCELLED, RULE_STOPPED, false },
		    worker_stopped,
		    "on request of claude-code 2.1.317, with SIGTERM",
		    "the request to stop it (claude-code 2.1.317, SIGTERM at "
		    "2026-11-22T17:31:39Z) says that it ended of that at "
		    "2026-11-22T17:31:40Z" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

static void
reports_error(struct record *r)
{
	r->foreign = true;
	r->journal.error = "disk\nfull \x1b[31m";
}

static void
reports_error_and_code(struct record *r)
{
	reports_error(r);
	r->journal.exit_code = 1;
}

static void
test_evidence__error_of_a_worker(void **state)
{
	static const char outcome[] =
	    "it reports an error: disk\\nfull \\x1b[31m";
	static const struct row rows[] = {
		{ FAILED(REASON_ERROR), reports_error, outcome,
		    HAS_END "an error" },
		{ FAILED(REASON_ERROR), reports_error_and_code, outcome,
		    HAS_END "exit code 1, and an error" },
		{ { STATUS_FAILED, REASON_ERROR, RULE_REPORTS_ERROR, false },
		    reports_error, outcome,
		    "no end record, it does not live, and journal.json reports "
		    "an error" },
	};

	(void)state;
	assert_lines(rows, ARRAY_LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence__exit_code),
		cmocka_unit_test(test_evidence__signal),
		cmocka_unit_test(test_evidence__out_of_memory),
		cmocka_unit_test(test_evidence__time_limit),
		cmocka_unit_test(test_evidence__on_request),
		cmocka_unit_test(test_evidence__on_request_of_a_worker),
		cmocka_unit_test(test_evidence__error_of_a_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
