/*
 * test_scan_races.c: what changes while a scan is looking, and what no job
 * should have in its directory (truth/scan.h)
 *
 * The moment between the reading of the record and the look at the processes is
 * the opening of /proc/PID/stat.  open(2) is replaced here, so that a test can
 * act at exactly that moment.
 */
#include "base/compat.h"
#include "truth/scan.h"

#include "scan_fixture.h"

#include <sys/syscall.h>

/* Called at the next look at the command; then no more. */
static void (*at_the_look)(void *arg);
static void *at_the_look_arg;
static int looks;

int
open(const char *path, int flags, ...)
{
	void (*act)(void *) = at_the_look;
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (strncmp(path, "/proc/", 6) == 0 && strstr(path, "/stat")) {
		looks++;
		at_the_look = NULL;
		if (act)
			act(at_the_look_arg);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* How often a look at the record is to fail first. */
static int failing_looks;

int
fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	if (failing_looks > 0 && strcmp(path, "journal.json") == 0) {
		failing_looks--;
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_newfstatat, dirfd, path, st, flags);
}

static void
act_at_the_look(void (*act)(void *), void *arg)
{
	at_the_look = act;
	at_the_look_arg = arg;
	looks = 0;
}

/* The record of a job whose processes are both gone. */
static char *
dead_record(const struct scan_fixture *f,
    char *(*make)(const struct identity *))
{
	struct identity who = identity_of(f);

	who.command.start--;
	who.supervisor.start--;
	return make(&who);
}

static void
publish_end(void *arg)
{
	struct scan_fixture *f = arg;
	cleanup_free char *text = dead_record(f, ended_record);
	cleanup_close int dir = openat(f->tmp->fd, JOB, O_RDONLY | O_DIRECTORY);

	tmpdir_write(dir, ".end", text);
	assert_int_equal(renameat(dir, ".end", dir, "journal.json"), 0);
}

/* The end is recorded after the first reading and before the look: without the
 * second look the job would be called lost. */
static void
test_scan_races__the_second_look_finds_the_end(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *text = dead_record(f, running_record);
	cleanup_close int dir = -1;
	struct record record;

	dir = make_job(f, text);
	act_at_the_look(publish_end, f);
	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_COMPLETED);
	assert_int_equal(record.verdict.rule, RULE_END_RECORD);
	assert_true(looks > 0);
	record_release(&record);
}

/* A reading that failed is none: after the next one there is a second look. */
static void
test_scan_races__a_failed_reading_is_no_look(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *text = dead_record(f, running_record);
	cleanup_close int dir = -1;
	struct record record;

	dir = make_job(f, text);
	act_at_the_look(publish_end, f);
	failing_looks = 1;
	scan(f, &record);
	assert_int_equal(failing_looks, 0);
	assert_int_equal(record.verdict.status, STATUS_COMPLETED);
	record_release(&record);
}

static void
test_scan_races__without_an_end_it_is_lost(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *text = dead_record(f, running_record);
	cleanup_close int dir = -1;

	dir = make_job(f, text);
	act_at_the_look(NULL, NULL);
	assert_state(f, STATUS_LOST, REASON_SUPERVISOR_LOST);
	assert_true(looks > 0);
}

static void
remove_files(void *arg)
{
	struct scan_fixture *f = arg;
	cleanup_close int dir = openat(f->tmp->fd, JOB, O_RDONLY | O_DIRECTORY);

	assert_int_equal(fsio_each(dir, tmpdir_unlink, &dir), 0);
	assert_int_equal(unlinkat(f->tmp->fd, JOB, AT_REMOVEDIR), 0);
}

static void
test_scan_races__removed_while_looking(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *text = dead_record(f, running_record);
	cleanup_close int dir = -1;
	struct record record;

	dir = make_job(f, text);
	act_at_the_look(remove_files, f);
	if (scan_directory(f, JOB, SCAN_FULL, &record) == 0)
		assert_true(record.verdict.status == STATUS_LOST ||
		    record.verdict.status == STATUS_UNKNOWN);
	record_release(&record);
	assert_int_equal(scan_directory(f, JOB, SCAN_STATE, &record), -1);
	record_release(&record);
}

static void
rename_away(void *arg)
{
	struct scan_fixture *f = arg;

	assert_int_equal(renameat(f->tmp->fd, JOB, f->tmp->fd, ".gone"), 0);
}

/* A renamed directory is read to the end through its descriptor. */
static void
test_scan_races__renamed_while_looking(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = running_record(&who);
	cleanup_close int dir = -1;

	dir = make_job(f, text);
	act_at_the_look(rename_away, f);
	assert_state(f, STATUS_RUNNING, REASON_NONE);
}

static void
test_scan_races__no_directory(void **state)
{
	static const char *const names[] = { "missing", "file", "link",
		"dangling" };
	struct scan_fixture *f = *state;
	struct record record;
	size_t i;

	tmpdir_write(f->tmp->fd, "file", "");
	tmpdir_mkdir(f->tmp->fd, "job");
	assert_int_equal(symlinkat("job", f->tmp->fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", f->tmp->fd, "dangling"), 0);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(scan_directory(f, names[i], SCAN_FULL,
				     &record),
		    -1);
		record_release(&record);
	}
	close_fd(&f->spool.fd); /* a root that does not exist */
	assert_int_equal(scan_directory(f, "job", SCAN_FULL, &record), -1);
	record_release(&record);
}

/* Records that are no plain file of a sane size: answered at once. */
static void
test_scan_races__hostile_records(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_close int dir = make_job(f, NULL);
	int fd;

	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE); /* none */
	assert_int_equal(mkfifoat(dir, "journal.json", 0600), 0);
	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE);
	assert_int_equal(unlinkat(dir, "journal.json", 0), 0);
	tmpdir_write(dir, "elsewhere", "{\"exit_code\": 0}");
	assert_int_equal(symlinkat("elsewhere", dir, "journal.json"), 0);
	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE);
	assert_int_equal(unlinkat(dir, "journal.json", 0), 0);
	tmpdir_mkdir(dir, "journal.json");
	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE);
	assert_int_equal(unlinkat(dir, "journal.json", AT_REMOVEDIR), 0);
	tmpdir_write(dir, "journal.json", "{\"exit_code\": 0}");
	assert_state(f, STATUS_COMPLETED, REASON_EXIT);
	fd = openat(dir, "journal.json", O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE);
}

/* The other files may be anything, too. */
static void
test_scan_races__hostile_neighbours(void **state)
{
	static const char *const names[] = { "stdout.log", "stderr.log", "pid",
		"cancel", ".stdin", "progress.json" };
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *text = running_record(&who);
	cleanup_close int dir = -1;
	struct record record;
	size_t i;

	dir = make_job(f, text);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		unlinkat(dir, names[i], 0);
		assert_int_equal(i % 2 ? symlinkat("/etc/passwd", dir, names[i])
				       : mkfifoat(dir, names[i], 0600),
		    0);
	}
	scan(f, &record);
	assert_int_equal(record.verdict.status, STATUS_RUNNING);
	assert_false(record.out.exists || record.err.exists);
	assert_int_equal(record.out.size, 0);
	assert_true(record.cancel_requested); /* whatever has that name */
	record_release(&record);
}

/* A directory that may not be entered is a job that can't be read. */
static void
test_scan_races__no_permission(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_close int dir = make_job(f, "{\"exit_code\": 0}");
	bool root = geteuid() == 0;

	assert_int_equal(fchmod(dir, 0), 0);
	assert_int_equal(fchmod(f->tmp->fd, 0755), 0);
	assert_true(!root || seteuid(65534) == 0);
	assert_state(f, STATUS_UNKNOWN, REASON_UNREADABLE);
	assert_true(!root || seteuid(0) == 0);
	assert_int_equal(fchmod(dir, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_scan_races__the_second_look_finds_the_end),
		WITH_ROOT(test_scan_races__a_failed_reading_is_no_look),
		WITH_ROOT(test_scan_races__without_an_end_it_is_lost),
		WITH_ROOT(test_scan_races__removed_while_looking),
		WITH_ROOT(test_scan_races__renamed_while_looking),
		WITH_ROOT(test_scan_races__no_directory),
		WITH_ROOT(test_scan_races__hostile_records),
		WITH_ROOT(test_scan_races__hostile_neighbours),
		WITH_ROOT(test_scan_races__no_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
