/*
 * test_scan.c: job directories -> states (truth/scan.h), with the samples of
 * spool-layout/samples as cases: a directory there and what expected.json says
 * of it is a test here.
 */
#include "base/compat.h"
#include "truth/scan.h"

#include "scan_fixture.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <jansson.h>

static void
copy_file(int from, int to, const char *name)
{
	struct buf text = BUF_INIT;

	assert_int_equal(fsio_read_capped(from, name, JOURNAL_MAX, &text, NULL),
	    0);
	assert_int_equal(fsio_create(to, name, 0600, buf_str(&text), text.len),
	    0);
	buf_release(&text);
}

struct copying {
	int from;
	int to;
};

static int
copy_entry(void *arg, const char *name)
{
	const struct copying *c = arg;

	copy_file(c->from, c->to, name);
	return 0;
}

static int
copy_job(void *arg, const char *name)
{
	const struct copying *c = arg;
	struct copying below;
	struct stat st;

	assert_int_equal(fstatat(c->from, name, &st, 0), 0);
	if (!S_ISDIR(st.st_mode))
		return 0;
	tmpdir_mkdir(c->to, name);
	below.from = openat(c->from, name, O_RDONLY | O_DIRECTORY);
	below.to = openat(c->to, name, O_RDONLY | O_DIRECTORY);
	assert_true(below.from >= 0 && below.to >= 0);
	assert_int_equal(fsio_each(below.from, copy_entry, &below), 0);
	close(below.from);
	close(below.to);
	return 0;
}

static void
assert_number(const json_t *expected, const char *key, int64_t number,
    int64_t none)
{
	const json_t *value = json_object_get(expected, key);

	if (number != (value ? json_integer_value(value) : none))
		fail_msg("%s is %lld", key, (long long)number);
}

static void
assert_sample(const json_t *expected, const struct record *record)
{
	const json_t *signal = json_object_get(expected, "signal");
	const json_t *phase = json_object_get(expected, "phase");
	const struct journal *j = &record->journal;
	char name[16];

	assert_string_equal(status_word(record->verdict.status),
	    json_string_value(json_object_get(expected, "status")));
	assert_string_equal(reason_word(record->verdict.reason),
	    json_string_value(json_object_get(expected, "reason")));
	assert_number(expected, "exit_code", j->exit_code, -1);
	assert_string_equal(j->signal ? signal_name(j->signal, name) : "",
	    signal ? json_string_value(signal) : "");
	assert_string_equal(j->phase ? j->phase : "",
	    phase ? json_string_value(phase) : "");
	assert_number(expected, "stdout_size", record->out.size, 0);
	assert_number(expected, "stderr_size", record->err.size, 0);
	assert_number(expected, "stdout_dropped", record->out.dropped, 0);
	assert_number(expected, "stdout_truncated", record->out.truncated, 0);
	assert_int_equal(record->verdict.rule == RULE_UNREADABLE,
	    record->journal_error[0] != '\0');
	assert_string_not_equal(evidence_of(record), "");
	assert_int_equal(record->leftover, 0);
	assert_false(record->cancel_requested || record->input_open);
	assert_true(record->started >= 0);
}

static void
test_scan__samples(void **state)
{
	json_t *expected = json_load_file(SAMPLES "/expected.json",
	    JSON_REJECT_DUPLICATES, NULL);
	struct scan_fixture *f = *state;
	struct copying c = { .to = f->tmp->fd };
	struct err err = ERR_INIT;
	struct spool_index index;
	size_t i;

	assert_non_null(expected);
	c.from = open(SAMPLES, O_RDONLY | O_DIRECTORY);
	assert_int_equal(fsio_each(c.from, copy_job, &c), 0);
	close(c.from);
	assert_int_equal(spool_index_read(&index, &f->spool, &err), 0);
	assert_int_equal(index.count, json_object_size(expected));
	for (i = 0; i < index.count; i++) {
		const struct spool_entry *entry = &index.entries[i];
		json_t *sample = json_object_get(expected, entry->job.name);
		struct record record;

		print_message("%s\n", entry->job.name);
		assert_non_null(sample);
		assert_string_equal(entry->job.id,
		    json_string_value(json_object_get(sample, "id")));
		assert_int_equal(scan_job(&f->spool, &entry->job, SCAN_FULL,
				     &record),
		    0);
		assert_sample(sample, &record);
		record_release(&record);
	}
	spool_index_release(&index);
	json_decref(expected);
}

static void
test_scan__running_and_its_end(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *start = running_record(&who);
	cleanup_free char *end = ended_record(&who);
	cleanup_close int dir = make_job(f, start);
	struct record record;

	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_RUNNING);
	assert_int_equal(record.verdict.rule, RULE_COMMAND_ALIVE);
	assert_false(record.verdict.orphaned);
	assert_string_equal(record.job.id, JOB_ID);
	assert_true(record.duration >= 0 && record.finished == -1);
	assert_false(record.cancel_requested);
	record_release(&record);

	tmpdir_write(dir, "cancel", "signal INT\nby me\n");
	scan(f, &record);
	assert_true(record.cancel_requested);
	assert_int_equal(record.cancel.signal, SIGINT);
	record_release(&record);

	/* An end record counts, and no request after it. */
	tmpdir_write(dir, "journal.json", end);
	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_COMPLETED);
	assert_false(record.cancel_requested);
	assert_true(record.finished > record.started);
	record_release(&record);
}

static void
test_scan__another_process_under_its_pid(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -1;

	who.command.start--;
	who.supervisor.start--;
	text = running_record(&who);
	dir = make_job(f, text);
	assert_state(f, STATUS_LOST, REASON_SUPERVISOR_LOST);
}

static void
test_scan__orphaned(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -1;
	struct record record;

	who.supervisor.start--;
	text = running_record(&who);
	dir = make_job(f, text);
	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_RUNNING);
	assert_true(record.verdict.orphaned);
	record_release(&record);
}

/* A child that has ended and is not reaped, and its identity. */
static pid_t
zombie(struct proc_id *id)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_identify(pid, id), 0);
	return pid;
}

static void
test_scan__a_zombie_is_dead(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	struct proc_id dead = { 0, 0 };
	pid_t pid = zombie(&dead);
	cleanup_free char *text = NULL;
	cleanup_free char *both = NULL;
	cleanup_close int dir = -1;
	struct record record;

	who.command = dead;
	text = running_record(&who);
	dir = make_job(f, text);
	scan(f, &record); /* its end is being recorded */
	assert_int_equal(record.verdict.rule, RULE_SUPERVISOR_ALIVE);
	record_release(&record);
	who.supervisor = dead;
	both = running_record(&who);
	tmpdir_write(dir, "journal.json", both);
	assert_state(f, STATUS_LOST, REASON_SUPERVISOR_LOST);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
test_scan__another_boot(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -1;
	int lock;

	who.boot_id = "5e0b7c1a-3f1d-4a56-9d0e-2f6b8c4a1e77";
	text = running_record(&who);
	dir = make_job(f, text);
	assert_state(f, STATUS_LOST, REASON_REBOOT);
	/* A stranger's lock revives nothing here ... */
	lock = openat(dir, "pid", O_RDONLY);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_state(f, STATUS_LOST, REASON_REBOOT);
	/* ... but between hosts it is the evidence. */
	f->spool.remote = true;
	assert_state(f, STATUS_RUNNING, REASON_NONE);
	close(lock);
	assert_state(f, STATUS_UNKNOWN, REASON_FOREIGN_HOST);
}

static void
test_scan__another_namespace(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -1;
	struct record record;
	int lock;

	who.pid_namespace++;
	text = running_record(&who);
	dir = make_job(f, text);
	assert_state(f, STATUS_UNKNOWN, REASON_FOREIGN_HOST);
	lock = openat(dir, "pid", O_RDONLY);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	scan(f, &record);
	assert_int_equal(record.verdict.rule, RULE_LOCK_HELD);
	record_release(&record);
	/* Readers do not see each other. */
	assert_int_equal(flock(lock, LOCK_SH), 0);
	assert_state(f, STATUS_UNKNOWN, REASON_FOREIGN_HOST);
	close(lock);
	assert_int_equal(unlinkat(dir, "pid", 0), 0);
	assert_state(f, STATUS_UNKNOWN, REASON_FOREIGN_HOST);
}

static void
test_scan__input(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = running_record(&who);
	char *at = strstr(text, "\"interactive\": false");
	cleanup_close int dir = -1;
	struct record record;

	memcpy(at, "\"interactive\": true ", 20);
	dir = make_job(f, text);
	scan(f, &record);
	assert_false(record.input_open);
	record_release(&record);
	assert_int_equal(mkfifoat(dir, ".stdin", 0600), 0);
	scan(f, &record);
	assert_true(record.input_open);
	record_release(&record);
	assert_int_equal(unlinkat(dir, ".stdin", 0), 0);
	tmpdir_write(dir, ".stdin", "");
	scan(f, &record);
	assert_false(record.input_open);
	record_release(&record);
}

/* This process as the supervisor of an ended job that left a child behind. */
static void
test_scan__leftover(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = NULL;
	cleanup_close int dir = -1;
	struct record record;
	pid_t child;

	who.command.start--;
	text = ended_record(&who);
	dir = make_job(f, text);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_COMPLETED);
	assert_int_equal(record.leftover, 1);
	record_release(&record);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	scan(f, &record);
	assert_int_equal(record.leftover, 0);
	record_release(&record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_scan__samples),
		WITH_ROOT(test_scan__running_and_its_end),
		WITH_ROOT(test_scan__another_process_under_its_pid),
		WITH_ROOT(test_scan__orphaned),
		WITH_ROOT(test_scan__a_zombie_is_dead),
		WITH_ROOT(test_scan__another_boot),
		WITH_ROOT(test_scan__another_namespace),
		WITH_ROOT(test_scan__input),
		WITH_ROOT(test_scan__leftover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
