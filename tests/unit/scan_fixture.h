/*
 * scan_fixture.h: a runs root with jobs from files (for test_scan*.c)
 *
 * The samples of spool-layout/samples, copied, and records of running jobs made
 * of running.json.in with identities of this very process.  Tests run from the
 * top of the source tree.
 */
#ifndef TESTS_SCAN_FIXTURE_H
#define TESTS_SCAN_FIXTURE_H

#include "base/proc.h"
#include "tmpdir.h"
#include "truth/evidence.h"
#include "truth/scan.h"

#define SAMPLES "spool-layout/samples"
#define JOB "20261122T173000Z__0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34"
#define JOB_ID "0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c34"

struct scan_fixture {
	struct tmpdir *tmp;
	struct spool spool;
	struct proc_place place;
	struct proc_id self;
};

static int
scan_setup(void **state)
{
	struct scan_fixture *f = xmalloc(sizeof(*f));
	struct err err = ERR_INIT;
	void *tmp = NULL;

	if (tmpdir_setup(&tmp) < 0)
		return -1;
	f->tmp = tmp;
	proc_place_self(&f->place);
	*state = f;
	return spool_open(&f->spool, f->tmp->path, &err) < 0 ||
		proc_identify(getpid(), &f->self) < 0
	    ? -1
	    : 0;
}

static int
scan_teardown(void **state)
{
	struct scan_fixture *f = *state;
	void *tmp = f->tmp;

	spool_close(&f->spool);
	tmpdir_teardown(&tmp);
	free(f);
	return 0;
}

/* Whose record it is: what stands for the names in running.json.in. */
struct identity {
	const char *boot_id;
	uint64_t pid_namespace;
	struct proc_id supervisor;
	struct proc_id command;
};

/* Command and supervisor are this process. */
static inline struct identity
identity_of(const struct scan_fixture *f)
{
	return (struct identity){ f->place.boot_id, f->place.pid_namespace,
		f->self, f->self };
}

static void
replace(char **text, const char *mark, const char *value)
{
	char *at = strstr(*text, mark), *whole;

	if (!at)
		fail_msg("no %s in running.json.in", mark);
	whole = xasprintf("%.*s%s%s", (int)(at - *text), *text, value,
	    at + strlen(mark));
	free(*text);
	*text = whole;
}

static void
replace_number(char **text, const char *mark, uint64_t number)
{
	char value[32];

	snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
	replace(text, mark, value);
}

/* The start record of such a job, malloc'd. */
static inline char *
running_record(const struct identity *who)
{
	struct buf text = BUF_INIT;
	char *record;

	assert_int_equal(fsio_read_capped(AT_FDCWD, SAMPLES "/running.json.in",
			     JOURNAL_MAX, &text, NULL),
	    0);
	record = buf_steal(&text);
	replace(&record, "@ID@", JOB_ID);
	replace(&record, "@BOOT_ID@", who->boot_id);
	replace_number(&record, "@PID_NAMESPACE@", who->pid_namespace);
	replace_number(&record, "@SUPERVISOR_PID@",
	    (uint64_t)who->supervisor.pid);
	replace_number(&record, "@SUPERVISOR_START@", who->supervisor.start);
	replace_number(&record, "@PID@", (uint64_t)who->command.pid);
	replace_number(&record, "@START@", who->command.start);
	return record;
}

/* The same with an end record for exit code 0. */
static inline char *
ended_record(const struct identity *who)
{
	cleanup_free char *start = running_record(who);

	return xasprintf("%.*s,\n  \"finished\": "
			 "\"2026-11-22T17:31:00.000000Z\",\n"
			 "  \"exit_code\": 0,\n  \"reason\": \"exit\"\n}\n",
	    (int)(strlen(start) - 3), start);
}

/* Directory JOB with that record; returns its descriptor. */
static inline int
make_job(const struct scan_fixture *f, const char *record)
{
	int dir;

	tmpdir_mkdir(f->tmp->fd, JOB);
	dir = openat(f->tmp->fd, JOB, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	tmpdir_write(dir, "pid", "1\n");
	tmpdir_write(dir, "stdout.log", "");
	tmpdir_write(dir, "stderr.log", "");
	if (record)
		tmpdir_write(dir, "journal.json", record);
	return dir;
}

/* scan_job() of the native job in directory `name`. */
static inline int
scan_directory(const struct scan_fixture *f, const char *name,
    enum scan_depth depth, struct record *record)
{
	struct spool_job job;
	int result;

	spool_job_native(&job, name);
	result = scan_job(&f->spool, &job, depth, record);
	spool_job_release(&job);
	return result;
}

static inline const char *
evidence_of(const struct record *record)
{
	static char text[EVIDENCE_MAX];

	evidence_write(record, text);
	return text;
}

static inline void
scan(const struct scan_fixture *f, struct record *record)
{
	assert_int_equal(scan_directory(f, JOB, SCAN_FULL, record), 0);
	assert_string_not_equal(evidence_of(record), "");
}

/* What a scan of JOB says. */
static inline void
assert_state(const struct scan_fixture *f, enum status status,
    enum reason reason)
{
	struct record record;

	scan(f, &record);
	if (record.verdict.status != status || record.verdict.reason != reason)
		fail_msg("%s, %s: %s", status_word(record.verdict.status),
		    reason_word(record.verdict.reason), evidence_of(&record));
	record_release(&record);
}

#define WITH_ROOT(test)                                                        \
	cmocka_unit_test_setup_teardown(test, scan_setup, scan_teardown)

#endif
