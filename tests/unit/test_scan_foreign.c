/*
 * test_scan_foreign.c: truth/scan.h of records by workers: processes that are
 * named by a number, ends of earlier runs, requests to stop
 *
 * The living process is the test itself; times of files are set relative to its
 * start.
 */
#include "base/compat.h"
#include "truth/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan_fixture.h"

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define GONE "999999999" /* beyond what a pid can be */

static usec_t
own_start(void)
{
	struct proc_id self;

	assert_int_equal(proc_identify(getpid(), &self), 0);
	return proc_started_at(self.start);
}

/* Write a file whose time is `seconds` after the start of this process. */
static void
write_at(const struct scan_fixture *f, const char *path, const char *text,
    int seconds)
{
	usec_t when = own_start() + SECONDS(seconds);
	const struct timespec times[2] = { { when / USEC_PER_SEC, 0 },
		{ when / USEC_PER_SEC, 0 } };

	unlinkat(f->tmp->fd, path, 0);
	tmpdir_write(f->tmp->fd, path, text);
	assert_int_equal(utimensat(f->tmp->fd, path, times, 0), 0);
}

static void
assert_job(const struct scan_fixture *f, const char *journal,
    enum status status, enum rule rule)
{
	struct spool_job job;
	struct record record;

	spool_job_native(&job, "job");
	free(job.journal);
	job.journal = xstrdup(journal);
	assert_int_equal(scan_job(&f->spool, &job, SCAN_FULL, &record), 0);
	if (record.verdict.status != status || record.verdict.rule != rule)
		fail_msg("%s, rule %d: %s", status_word(record.verdict.status),
		    (int)record.verdict.rule, evidence_of(&record));
	record_release(&record);
	spool_job_release(&job);
}

#define NATIVE "journal.json"
#define WEAVE "a.weave_journal.json"

static void
test_scan_foreign__a_number_in_the_journal(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *alive = xasprintf("{\"pid\": %ld}", (long)getpid());
	cleanup_free char *ended =
	    xasprintf("{\"pid\": %ld, \"finished\": \"2026-11-22T17:00:00Z\", "
		      "\"exit_code\": 0}",
		(long)getpid());

	tmpdir_mkdir(f->tmp->fd, "job");
	write_at(f, "job/" NATIVE, alive, 60);
	assert_job(f, NATIVE, STATUS_RUNNING, RULE_NAMED_ALIVE);
	write_at(f, "job/" NATIVE, alive, -1);
	assert_job(f, NATIVE, STATUS_RUNNING, RULE_NAMED_ALIVE);
	write_at(f, "job/" NATIVE, alive, -4);
	assert_job(f, NATIVE, STATUS_UNKNOWN, RULE_NAMED_DOUBTFUL);
	/* Its number was given away right after its end. */
	write_at(f, "job/" NATIVE, ended, -1);
	assert_job(f, NATIVE, STATUS_COMPLETED, RULE_END_RECORD);
	write_at(f, "job/" NATIVE, ended, 60);
	assert_job(f, NATIVE, STATUS_COMPLETED, RULE_END_RECORD);
	write_at(f, "job/" NATIVE, "{\"pid\": " GONE "}", 0);
	assert_job(f, NATIVE, STATUS_LOST, RULE_NAMED_GONE);
	write_at(f, "job/" NATIVE, "{\"pid\": " GONE ", \"error\": \"x\"}", 0);
	assert_job(f, NATIVE, STATUS_FAILED, RULE_REPORTS_ERROR);
}

static void
test_scan_foreign__a_number_in_a_file(void **state)
{
	struct scan_fixture *f = *state;
	char self[32];

	snprintf(self, sizeof(self), "%ld", (long)getpid());
	tmpdir_mkdir(f->tmp->fd, "job");
	write_at(f, "job/.weave.pid", self, 60);
	assert_job(f, WEAVE, STATUS_RUNNING, RULE_NAMED_ALIVE);
	/* An earlier run had failed before this process was there. */
	write_at(f, "job/" WEAVE, "{\"last_run_error\": \"x\"}", -1);
	assert_job(f, WEAVE, STATUS_RUNNING, RULE_NAMED_ALIVE);
	/* This one has failed, and is about to end. */
	write_at(f, "job/" WEAVE, "{\"last_run_error\": \"x\"}", 61);
	assert_job(f, WEAVE, STATUS_FAILED, RULE_END_RECORD);
	/* A short run left its number, which was given away at once. */
	write_at(f, "job/.weave.pid", self, -1);
	write_at(f, "job/" WEAVE, "{\"last_run_error\": \"x\"}", 0);
	assert_job(f, WEAVE, STATUS_FAILED, RULE_END_RECORD);
	/* Torn: alive or not told. */
	write_at(f, "job/" WEAVE, "{\"last_run", 0);
	assert_job(f, WEAVE, STATUS_RUNNING, RULE_NAMED_ALIVE);
	write_at(f, "job/.weave.pid", GONE, 0);
	assert_job(f, WEAVE, STATUS_UNKNOWN, RULE_UNREADABLE);
}

static void
test_scan_foreign__a_dead_run_after_another(void **state)
{
	struct scan_fixture *f = *state;

	tmpdir_mkdir(f->tmp->fd, "job");
	write_at(f, "job/" WEAVE, "{\"last_run_completed\": true}", 0);
	write_at(f, "job/.weave.pid", GONE, 1);
	assert_job(f, WEAVE, STATUS_COMPLETED, RULE_END_RECORD);
	write_at(f, "job/.weave.pid", GONE, 5);
	assert_job(f, WEAVE, STATUS_LOST, RULE_NAMED_GONE);
}

/* What is in the request decides, if it is of this run. */
static void
test_scan_foreign__a_concluded_request(void **state)
{
	static const char request[] = "signal SIGTERM\nat %s\nended %s\n";
	struct scan_fixture *f = *state;
	char at[TIME_TEXT_MAX], ended[TIME_TEXT_MAX];
	cleanup_free char *text = NULL;

	time_format(own_start() + SECONDS(10), at);
	time_format(own_start() + SECONDS(12), ended);
	text = xasprintf(request, at, ended);
	tmpdir_mkdir(f->tmp->fd, "job");
	write_at(f, "job/" NATIVE, "{\"pid\": " GONE "}", 0);
	write_at(f, "job/cancel", text, 12);
	assert_job(f, NATIVE, STATUS_KILLED, RULE_STOPPED);
	/* It wrote its end when it was asked. */
	write_at(f, "job/" NATIVE, "{\"exit_code\": 0}", 11);
	assert_job(f, NATIVE, STATUS_KILLED, RULE_STOPPED);
	/* It had ended before. */
	write_at(f, "job/" NATIVE, "{\"exit_code\": 0}", 9);
	assert_job(f, NATIVE, STATUS_COMPLETED, RULE_END_RECORD);
	/* Something was written after that death: another run. */
	write_at(f, "job/" NATIVE, "{\"exit_code\": 0}", 13);
	assert_job(f, NATIVE, STATUS_COMPLETED, RULE_END_RECORD);
	write_at(f, "job/" NATIVE, "{\"pid\": " GONE "}", 13);
	assert_job(f, NATIVE, STATUS_LOST, RULE_NAMED_GONE);
}

static void
test_scan_foreign__a_held_request(void **state)
{
	struct scan_fixture *f = *state;
	int fd;

	tmpdir_mkdir(f->tmp->fd, "job");
	write_at(f, "job/" NATIVE, "{\"pid\": " GONE "}", 0);
	tmpdir_write(f->tmp->fd, "job/cancel", "");
	assert_job(f, NATIVE, STATUS_LOST, RULE_NAMED_GONE);
	fd = openat(f->tmp->fd, "job/cancel", O_RDWR);
	assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	assert_job(f, NATIVE, STATUS_RUNNING, RULE_STOPPING);
	/* An end on record before the request was there is one. */
	write_at(f, "job/" NATIVE, "{\"exit_code\": 7}", 0);
	assert_job(f, NATIVE, STATUS_FAILED, RULE_END_RECORD);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_scan_foreign__a_number_in_the_journal),
		WITH_ROOT(test_scan_foreign__a_number_in_a_file),
		WITH_ROOT(test_scan_foreign__a_dead_run_after_another),
		WITH_ROOT(test_scan_foreign__a_concluded_request),
		WITH_ROOT(test_scan_foreign__a_held_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
