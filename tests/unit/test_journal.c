/*
 * test_journal.c: writing records (spool/journal.h)
 *
 * What is written is read back by journal_parse(); what it makes of texts that
 * others wrote is in test_journal_read.c.
 */
#include "base/compat.h"
#include "spool/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FFFD "\xef\xbf\xbd"

static const char *const words[] = { "sh", "-c", "a \"b\"\n\\c", NULL };
static const char *const names[] = { "CI", "PORT", NULL };

static struct journal
full_journal(void)
{
	struct journal j;

	journal_init(&j);
	j.id = "0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34";
	j.name = "build";
	j.command = "make -j8";
	j.argv = words;
	j.cwd = "/srv/src/app";
	j.env_names = names;
	j.key = "once";
	j.started_by = "client 1.0";
	j.host = "build7";
	j.from_run = j.interactive = j.merge_output = j.adopted = true;
	j.log_file = "/var/log/build.log";
	j.timeout_usec = 90 * USEC_PER_SEC;
	j.max_log_bytes = 65536;
	j.created = 1763800000000001;
	j.started = 1763800000999999;
	strcpy(j.place.boot_id, "5e0b7c1a-3f1d-4a56-9d0e-2f6b8c4a1e77");
	j.place.pid_namespace = 4026531836;
	j.supervisor = (struct proc_id){ 4241, 417858 };
	j.command_id = (struct proc_id){ 4242, UINT64_C(1) << 40 };
	return j;
}

/* The text of a start record, complete. */
static char *
start_of(const struct journal *j)
{
	struct err err = ERR_INIT;
	cleanup_free char *text = journal_start_text(j, &err);

	assert_non_null(text);
	return xasprintf("%s\n}\n", text);
}

static void
parse(struct journal *j, const char *text)
{
	struct err err = ERR_INIT;

	journal_init(j);
	if (journal_parse(j, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", err.text, text);
}

static void
assert_list(const char *const *list, const char *const *expected)
{
	size_t i;

	for (i = 0; expected[i]; i++)
		assert_string_equal(list[i], expected[i]);
	assert_null(list[i]);
}

static void
test_journal__start_is_read_back(void **state)
{
	struct journal in = full_journal(), j;
	cleanup_free char *text = start_of(&in);

	(void)state;
	parse(&j, text);
	assert_string_equal(j.complaint, "");
	assert_string_equal(j.id, in.id);
	assert_string_equal(j.name, in.name);
	assert_string_equal(j.command, in.command);
	assert_list(j.argv, words);
	assert_string_equal(j.cwd, in.cwd);
	assert_list(j.env_names, names);
	assert_string_equal(j.key, in.key);
	assert_string_equal(j.started_by, in.started_by);
	assert_string_equal(j.host, in.host);
	assert_true(j.from_run && j.interactive && j.merge_output && j.adopted);
	assert_string_equal(j.log_file, in.log_file);
	assert_int_equal(j.timeout_usec, in.timeout_usec);
	assert_int_equal(j.max_log_bytes, in.max_log_bytes);
	assert_int_equal(j.created, in.created);
	assert_int_equal(j.started, in.started);
	assert_string_equal(j.place.boot_id, in.place.boot_id);
	assert_int_equal(j.place.pid_namespace, in.place.pid_namespace);
	assert_int_equal(j.supervisor.pid, in.supervisor.pid);
	assert_int_equal(j.supervisor.start, in.supervisor.start);
	assert_int_equal(j.command_id.pid, in.command_id.pid);
	assert_int_equal(j.command_id.start, in.command_id.start);
	assert_false(j.ended);
	journal_release(&j);
}

static void
test_journal__what_is_not_told_is_absent(void **state)
{
	struct journal in, j;
	cleanup_free char *text = NULL;

	(void)state;
	journal_init(&in);
	in.id = "x";
	in.argv = words;
	text = start_of(&in);
	assert_string_equal(text,
	    "{\n  \"jobdir\": 1,\n  \"id\": \"x\",\n"
	    "  \"argv\": [\"sh\", \"-c\", \"a \\\"b\\\"\\n\\\\c\"],\n"
	    "  \"interactive\": false,\n  \"merge_output\": false\n}\n");
	parse(&j, text);
	assert_null(j.name);
	assert_null(j.env_names);
	assert_int_equal(j.timeout_usec, -1);
	assert_int_equal(j.max_log_bytes, -1);
	assert_int_equal(j.created, -1);
	assert_int_equal(j.started, -1);
	assert_int_equal(j.finished, -1);
	assert_int_equal(j.exit_code, -1);
	assert_int_equal(j.command_id.pid, 0);
	assert_false(j.from_run);
	journal_release(&j);
}

static void
test_journal__a_key_a_line(void **state)
{
	struct journal in = full_journal();
	cleanup_free char *text = start_of(&in);
	const char *line = text;
	size_t lines = 0;

	(void)state;
	for (; *line; line = strchr(line, '\n') + 1, lines++)
		if (lines > 0 && *line != '}')
			assert_memory_equal(line, "  \"", 3);
	assert_int_equal(lines, 26); /* 24 keys and two braces */
}

static void
test_journal__bytes_that_are_no_text(void **state)
{
	static const char *const argv[] = { "/bin/\xff", "\xc3", "ok", NULL };
	struct journal in, j;
	cleanup_free char *text = NULL;

	(void)state;
	journal_init(&in);
	in.id = "x";
	in.argv = argv;
	in.cwd = "/tmp/\xed\xa0\x80";
	text = start_of(&in);
	parse(&j, text);
	assert_string_equal(j.argv[0], "/bin/" FFFD);
	assert_string_equal(j.argv[1], FFFD);
	assert_string_equal(j.argv[2], "ok");
	assert_memory_equal(j.cwd, "/tmp/" FFFD, 8);
	journal_release(&j);
}

static void
test_journal__start_needs_id_and_argv(void **state)
{
	static const char *const nothing[] = { NULL };
	struct err err = ERR_INIT;
	struct journal j;

	(void)state;
	journal_init(&j);
	j.id = "x";
	assert_null(journal_start_text(&j, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	j.argv = nothing;
	assert_null(journal_start_text(&j, &err));
	j.argv = words;
	j.id = NULL;
	assert_null(journal_start_text(&j, &err));
}

static void
test_journal__time_limit_keeps_its_fraction(void **state)
{
	static const struct {
		usec_t limit;
		const char *line;
	} rows[] = {
		{ 0, "\"timeout_seconds\": 0\n" },
		{ 90 * USEC_PER_SEC, "\"timeout_seconds\": 90\n" },
		{ 1500000, "\"timeout_seconds\": 1.500000\n" },
		{ 1, "\"timeout_seconds\": 0.000001\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *text = NULL;
		struct journal in, j;

		journal_init(&in);
		in.id = "x";
		in.argv = words;
		in.timeout_usec = rows[i].limit;
		text = start_of(&in);
		assert_non_null(strstr(text, rows[i].line));
		parse(&j, text);
		assert_int_equal(j.timeout_usec, rows[i].limit);
		journal_release(&j);
	}
}

static void
test_journal__supervisor_line(void **state)
{
	static const struct proc_id id = { 4241, 417858 };
	struct journal in = full_journal();
	cleanup_free char *text = NULL;
	char line[128], *at;
	size_t length;

	(void)state;
	length = journal_supervisor_line(&id, line, sizeof(line));
	assert_string_equal(line,
	    "\"supervisor\": {\"pid\": 4241, \"start_time\": 417858}");
	assert_int_equal(length, strlen(line));
	/* These bytes stand once, even if a value tries to say the same. */
	in.command = "\"supervisor\": {\"pid\": 4241, \"start_time\": 417858}";
	text = start_of(&in);
	at = strstr(text, line);
	assert_non_null(at);
	assert_null(strstr(at + 1, line));
	assert_int_equal(journal_supervisor_line(&id, line, 10), 0);
}

static int64_t
micro(double seconds)
{
	return (int64_t)(seconds * USEC_PER_SEC + 0.5);
}

/* An end record: the start of `in` and the lines of `end`. */
static void
parse_ended(struct journal *j, const struct journal *in,
    const struct journal_end *end)
{
	struct err err = ERR_INIT;
	cleanup_free char *start = journal_start_text(in, &err);
	cleanup_free char *whole = NULL;
	char text[JOURNAL_END_MAX];
	size_t length = journal_end_text(end, text);

	assert_int_equal(strlen(text), length);
	assert_string_equal(text + length - 3, "\n}\n");
	whole = xasprintf("%s%s", start, text);
	parse(j, whole);
	assert_string_equal(j->complaint, "");
	assert_string_equal(j->name, "build");
	assert_true(j->ended);
}

static void
test_journal__end_by_exit(void **state)
{
	struct journal_end end = { .finished = 1763800010000000,
		.duration = 9000001,
		.wait_status = 7 << 8,
		.has_status = true,
		.reason = "exit",
		.has_usage = true,
		.usage = { .ru_utime = { 1, 500000 },
		    .ru_stime = { 0, 250000 },
		    .ru_maxrss = 1024 },
		.out = { .bytes = 10 },
		.err = { .bytes = 20 },
		.has_err = true };
	struct journal in = full_journal(), j;

	(void)state;
	parse_ended(&j, &in, &end);
	assert_int_equal(j.finished, end.finished);
	assert_int_equal(micro(j.duration), 9000001);
	assert_int_equal(j.exit_code, 7);
	assert_int_equal(j.signal, 0);
	assert_string_equal(j.reason, "exit");
	assert_false(j.cancelled);
	assert_true(j.has_usage);
	assert_int_equal(micro(j.user_seconds), 1500000);
	assert_int_equal(micro(j.system_seconds), 250000);
	assert_int_equal(j.max_rss_bytes, 1024 * 1024);
	assert_true(j.out.known && j.err.known);
	assert_int_equal(j.out.bytes, 10);
	assert_int_equal(j.err.bytes, 20);
	journal_release(&j);
}

static void
test_journal__end_on_request(void **state)
{
	struct journal_end end = { .finished = 1763800010000000,
		.wait_status = SIGKILL,
		.has_status = true,
		.reason = "cancelled",
		.cancelled = true,
		.cancel_at = 1763800009000000,
		.cancel_by = "somebody",
		.cancel_signal = SIGTERM,
		.out = { .bytes = 1 << 20,
		    .dropped_offset = 16384,
		    .dropped_bytes = 983040,
		    .truncated = 2 } };
	struct journal in = full_journal(), j;

	(void)state;
	parse_ended(&j, &in, &end);
	assert_int_equal(j.exit_code, -1);
	assert_int_equal(j.signal, SIGKILL);
	assert_true(j.cancelled);
	assert_int_equal(j.cancel_at, end.cancel_at);
	assert_string_equal(j.cancel_by, "somebody");
	assert_int_equal(j.cancel_signal, SIGTERM);
	assert_false(j.has_usage);
	assert_false(j.err.known); /* merged */
	assert_int_equal(j.out.bytes, 1 << 20);
	assert_int_equal(j.out.dropped_offset, 16384);
	assert_int_equal(j.out.dropped_bytes, 983040);
	assert_int_equal(j.out.truncated, 2);
	journal_release(&j);
}

static void
test_journal__end_with_its_cause(void **state)
{
	struct journal_end end = { .finished = 1763800010000000,
		.wait_status = SIGKILL | 0x80,
		.has_status = true,
		.reason = "timeout",
		.oom_kills = 3,
		.oom_counter = JOURNAL_OOM_CGROUP,
		.escalated = true,
		.sigkill_after = 5000001 };
	struct journal in = full_journal(), j;
	char text[JOURNAL_END_MAX];

	(void)state;
	parse_ended(&j, &in, &end);
	assert_int_equal(j.signal, SIGKILL);
	assert_true(j.core_dumped);
	assert_int_equal(j.oom_kills, 3);
	assert_string_equal(j.oom_counter, "cgroup");
	assert_int_equal(micro(j.sigkill_after), 5000001);
	journal_forget_run(&j);
	assert_false(j.core_dumped);
	assert_int_equal(j.oom_kills, 0);
	assert_true(j.sigkill_after < 0);
	journal_release(&j);

	/* What was not so is not told. */
	end.wait_status = SIGKILL;
	end.oom_kills = 0;
	end.escalated = false;
	parse_ended(&j, &in, &end);
	assert_false(j.core_dumped);
	assert_int_equal(j.oom_kills, 0);
	assert_null(j.oom_counter);
	assert_true(j.sigkill_after < 0);
	journal_release(&j);
	journal_end_text(&end, text);
	assert_null(strstr(text, "core_dumped"));
	assert_null(strstr(text, "oom"));
	assert_null(strstr(text, "sigkill"));
}

static void
test_journal__end_without_a_code(void **state)
{
	struct journal_end end = { .finished = 1763800010000000,
		.reason = "adopted" };
	struct journal in = full_journal(), j;

	(void)state;
	parse_ended(&j, &in, &end);
	assert_int_equal(j.exit_code, -1);
	assert_int_equal(j.signal, 0);
	assert_string_equal(j.reason, "adopted");
	journal_release(&j);
}

/* Signals that have no name here are read back by number. */
static void
test_journal__end_by_any_signal(void **state)
{
	struct journal in = full_journal(), j;
	int signo;

	(void)state;
	for (signo = 1; signo <= 64; signo++) {
		struct journal_end end = { .wait_status = signo,
			.has_status = true,
			.reason = "signal" };

		parse_ended(&j, &in, &end);
		assert_int_equal(j.signal, signo);
		journal_release(&j);
	}
}

static void
test_journal__the_longest_end_fits(void **state)
{
	const struct journal_log log = { true, INT64_MAX, INT64_MAX, INT64_MAX,
		INT64_MAX };
	struct journal_end end = { .finished = 253402300799999999,
		.duration = INT64_MAX,
		.wait_status = 35 | 0x80,
		.has_status = true,
		.reason = "supervisor_lost",
		.oom_kills = INT64_MAX,
		.oom_counter = JOURNAL_OOM_SYSTEM,
		.escalated = true,
		.sigkill_after = INT64_MAX,
		.cancelled = true,
		.cancel_at = 253402300799999999,
		.cancel_signal = 35,
		.usage = { .ru_utime = { INT64_MAX, 999999 },
		    .ru_stime = { INT64_MAX, 999999 },
		    .ru_maxrss = INT64_MAX / 1024 },
		.has_usage = true,
		.out = log,
		.err = log,
		.has_err = true };
	struct journal in = full_journal(), j;
	char by[128];

	(void)state;
	memset(by, 'x', sizeof(by) - 1);
	by[sizeof(by) - 1] = '\0';
	end.cancel_by = by;
	parse_ended(&j, &in, &end);
	assert_string_equal(j.cancel_by, by);
	assert_int_equal(j.err.truncated, INT64_MAX);
	assert_int_equal(j.oom_kills, INT64_MAX);
	journal_release(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal__start_is_read_back),
		cmocka_unit_test(test_journal__what_is_not_told_is_absent),
		cmocka_unit_test(test_journal__a_key_a_line),
		cmocka_unit_test(test_journal__bytes_that_are_no_text),
		cmocka_unit_test(test_journal__start_needs_id_and_argv),
		cmocka_unit_test(test_journal__time_limit_keeps_its_fraction),
		cmocka_unit_test(test_journal__supervisor_line),
		cmocka_unit_test(test_journal__end_by_exit),
		cmocka_unit_test(test_journal__end_on_request),
		cmocka_unit_test(test_journal__end_with_its_cause),
		cmocka_unit_test(test_journal__end_without_a_code),
		cmocka_unit_test(test_journal__end_by_any_signal),
		cmocka_unit_test(test_journal__the_longest_end_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
