/*
 * test_doctor.c: what doctor says of machines that this one is not
 *
 * Each test takes the facts of a machine on which all is well, spoils one, and
 * asks the check.
 */
#include "base/compat.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "spool/job.h"
#include "spool/keys.h"
#include "tmpdir.h"

static const struct doctor_query looks = { .version = "1" };
static const struct doctor_query fixes = { .version = "1", .fix = true };

/* A root that is there, all works, and no job. */
static struct doctor
healthy(void)
{
	static char path[] = "/srv/runs";
	struct doctor d;

	memset(&d, 0, sizeof(d));
	d.query = &looks;
	d.root.path = d.root.base = path;
	d.root.st.st_mode = S_IFDIR | 0700;
	d.root.st.st_uid = geteuid();
	snprintf(d.disk.fs.name, sizeof(d.disk.fs.name), "ext4");
	d.disk.space.f_frsize = 4096;
	d.disk.space.f_blocks = d.disk.space.f_bfree = d.disk.space.f_bavail = 1
	    << 20;
	d.disk.space.f_files = d.disk.space.f_ffree = d.disk.space.f_favail = 1
	    << 20;
	d.system.place.has_table = d.system.place.sees_all = true;
	d.system.files.rlim_cur = 1024;
	d.system.processes.rlim_cur = RLIM_INFINITY;
	d.system.file_size.rlim_cur = RLIM_INFINITY;
	d.system.cpu.rlim_cur = RLIM_INFINITY;
	d.watching.watches.instances_most = 128;
	d.watching.watches.watches_most = 1000;
	return d;
}

/* The check says that, and what to do if it is not ok. */
static void
expect(const struct doctor *d, doctor_check_fn *check,
    enum doctor_status status, const char *text, const char *advice)
{
	struct finding f = FINDING_INIT;

	check(d, &f);
	if (!strstr(buf_str(&f.text), text) ||
	    !strstr(buf_str(&f.advice), advice))
		fail_msg("\"%s\" - \"%s\"", buf_str(&f.text),
		    buf_str(&f.advice));
	assert_int_equal(f.status, status);
	assert_true((f.advice.len > 0) == (status != DOCTOR_OK));
	assert_null(strchr(f.text.data, '\n'));
	finding_release(&f);
}

static void
test_doctor__all_is_well(void **state)
{
	static doctor_check_fn *const checks[] = { check_root, check_access,
		check_filesystem, check_space, check_locks, check_logs,
		check_proc, check_pidfd, check_adopt, check_watching,
		check_limits, check_program, check_environment, check_settings,
		check_hidden, check_remains, check_keys, check_records,
		check_states, check_orphans, check_leftover, check_clock };
	struct doctor d = healthy();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(checks); i++)
		expect(&d, checks[i], DOCTOR_OK, "", "");
}

static void
test_doctor__root(void **state)
{
	struct doctor d = healthy();

	(void)state;
	d.root.st.st_uid = geteuid() + 1;
	expect(&d, check_access, DOCTOR_WARN, "it is not yours", "that user");
	/* Whose the directory above a missing root is, is not told. */
	d.root.spool.fd = -1;
	expect(&d, check_access, DOCTOR_OK, "/srv/runs: mode 0700", "");
	d = healthy();
	d.root.write_errno = EROFS;
	expect(&d, check_access, DOCTOR_FAIL, "Read-only", "another root");
	d = healthy();
	d.root.path = NULL;
	err_set(&d.root.err, ERR_INVALID, "no home directory is known");
	expect(&d, check_root, DOCTOR_FAIL, "no home directory", "--root");
}

static void
test_doctor__disk(void **state)
{
	struct doctor d = healthy();

	(void)state;
	snprintf(d.disk.fs.name, sizeof(d.disk.fs.name), "nfs");
	d.disk.fs.remote = true;
	expect(&d, check_filesystem, DOCTOR_WARN, "nfs; shared", "local root");
	expect(&d, check_watching, DOCTOR_OK, "by polling", "");
	d.disk.fs_errno = EIO;
	expect(&d, check_filesystem, DOCTOR_WARN, "cannot be told", "stat");
	d.disk.lock_errno = ENOLCK;
	expect(&d, check_locks, DOCTOR_FAIL, "No locks", "another file");
	d.disk.lock_errno = 0;
	d.disk.lock_ignored = true;
	expect(&d, check_locks, DOCTOR_FAIL, "two have", "another file");
	d.disk.punch_errno = EOPNOTSUPP;
	expect(&d, check_logs, DOCTOR_WARN, "not bounded", "ext4");
	d.disk.space.f_bavail = d.disk.space.f_bfree = 0;
	expect(&d, check_space, DOCTOR_FAIL, "0 MiB free", "gc");
	/* Some file systems do not count. */
	d.disk.space.f_blocks = 0;
	expect(&d, check_space, DOCTOR_OK, "does not tell", "");
	d = healthy();
	d.disk.space.f_files = d.disk.space.f_ffree = d.disk.space.f_favail = 0;
	expect(&d, check_space, DOCTOR_OK, "4096 MiB free", "");
	d.disk.clock_ahead = 5 * USEC_PER_SEC;
	expect(&d, check_clock, DOCTOR_WARN, "5 s ahead of", "one source");
	d.disk.clock_ahead = -(usec_t)5 * USEC_PER_SEC;
	expect(&d, check_clock, DOCTOR_WARN, "5 s behind", "one source");
}

static void
test_doctor__system(void **state)
{
	struct doctor d = healthy();

	(void)state;
	d.system.place.sees_all = false;
	expect(&d, check_proc, DOCTOR_WARN, "hidden (hidepid)", "as the user");
	d.system.place.has_table = false;
	expect(&d, check_proc, DOCTOR_FAIL, "there is none", "mount");
	d.system.pidfd_errno = ENOSYS;
	expect(&d, check_pidfd, DOCTOR_FAIL, "no pidfds", "Linux 5.3");
	d.system.status_errno = ENOTSUP;
	expect(&d, check_adopt, DOCTOR_WARN, "end as lost", "Linux 6.15");
	d.system.processes.rlim_cur = 100;
	d.system.processes_now = 30;
	expect(&d, check_limits, DOCTOR_OK, "open files", "");
	d.system.processes_now = 40;
	expect(&d, check_limits, DOCTOR_WARN, "40 of at most 100", "ulimit -u");
	d.system.is_superuser = true;
	expect(&d, check_limits, DOCTOR_OK, "open files", "");
}

static void
test_doctor__watching(void **state)
{
	struct doctor d = healthy();

	(void)state;
	d.watching.watches.watches = 990;
	d.jobs.live = 9;
	expect(&d, check_watching, DOCTOR_OK, "990 of 1000 watches", "");
	d.jobs.live = 10;
	expect(&d, check_watching, DOCTOR_WARN, "11 more are needed",
	    "max_user_watches");
	d.watching.watches.watches_most = -1;
	expect(&d, check_watching, DOCTOR_OK, "990 watches in use", "");
	d.watching.watch_errno = EACCES;
	expect(&d, check_watching, DOCTOR_WARN, "no watch: Permission",
	    "nothing");
	d.watching.instance_errno = EMFILE;
	expect(&d, check_watching, DOCTOR_WARN, "no inotify",
	    "max_user_instances");
	d.watching.instance_errno = NOT_TRIED;
	expect(&d, check_watching, DOCTOR_WARN, "could not be tried", "");
}

static void
test_doctor__remains(void **state)
{
	struct doctor d = healthy();

	(void)state;
	d.before.launches = 2;
	expect(&d, check_remains, DOCTOR_WARN, "2 of killed launches in .new",
	    "doctor --fix");
	d.query = &fixes;
	expect(&d, check_remains, DOCTOR_OK, "cleared: 2 of killed", "");
	d.after.launches = 1;
	expect(&d, check_remains, DOCTOR_WARN, "2 of killed", "see the rights");
}

static void
test_doctor__names(void **state)
{
	struct doctor d = healthy();
	int i;

	(void)state;
	for (i = 0; i < 7; i++)
		doctor_names_add(&d.jobs.unreadable, "x");
	expect(&d, check_records, DOCTOR_WARN,
	    "cannot be read: x, x, x, x, x and 2 more", "show");
	buf_release(&d.jobs.unreadable.text);
}

static void
test_doctor__nothing_to_look_at(void **state)
{
	static doctor_check_fn *const checks[] = { check_access,
		check_filesystem, check_space, check_locks, check_logs,
		check_records, check_clock };
	struct doctor d = healthy();
	size_t i;

	(void)state;
	d.root.base_fd = -1;
	d.disk.lock_errno = d.disk.punch_errno = NOT_TRIED;
	err_set(&d.jobs.err, ERR_SYSTEM, "no");
	for (i = 0; i < ARRAY_LEN(checks); i++)
		expect(&d, checks[i], DOCTOR_WARN, "not looked at", "root");
}

static void
test_doctor__counts_watches(void **state)
{
	struct tmpdir *t = *state;
	struct watches before, after;
	int fd = inotify_init1(IN_CLOEXEC);

	watches_count(&before);
	assert_true(inotify_add_watch(fd, t->path, IN_CREATE) >= 0);
	assert_true(inotify_add_watch(fd, "/", IN_CREATE) >= 0);
	watches_count(&after);
	assert_true(after.instances >= 1);
	/* Others of this user come and go, but these two are ours. */
	assert_true(before.instances >= 1 && after.watches >= 2);
	close(fd);
}

/* Claims of what is not there count unless somebody launches. */
static void
test_doctor__counts_claims(void **state)
{
	struct tmpdir *t = *state;
	struct spool spool = { .path = t->path, .fd = t->fd };
	int held;

	assert_int_equal(keys_count_void(&spool), 0);
	tmpdir_mkdir(t->fd, ROOT_KEYS);
	tmpdir_mkdir(t->fd, "job");
	tmpdir_write(t->fd, ROOT_KEYS "/good", "job\nkey");
	tmpdir_write(t->fd, ROOT_KEYS "/" ROOT_KEYS_LIMIT, "");
	tmpdir_write(t->fd, ROOT_KEYS "/void", "gone\nkey");
	tmpdir_write(t->fd, ROOT_KEYS "/torn", "");
	assert_int_equal(keys_count_void(&spool), 2);
	held = openat(t->fd, ROOT_KEYS "/torn", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_int_equal(keys_count_void(&spool), 1);
	keys_sweep(&spool);
	assert_int_equal(keys_count_void(&spool), 0);
	assert_true(tmpdir_has(t->fd, ROOT_KEYS "/torn"));
	assert_true(tmpdir_has(t->fd, ROOT_KEYS "/good"));
	assert_false(tmpdir_has(t->fd, ROOT_KEYS "/void"));
	close(held);
	assert_int_equal(keys_count_void(&spool), 1);
}

/* What was made just now may be a launch under way. */
static void
test_doctor__young_launches(void **state)
{
	struct tmpdir *t = *state;
	struct spool spool = { .path = t->path, .fd = t->fd };

	tmpdir_mkdir(t->fd, ROOT_NEW);
	tmpdir_mkdir(t->fd, ROOT_NEW "/young");
	assert_int_equal(job_count_dead_new(&spool), 0);
	job_sweep_new(&spool);
	assert_true(tmpdir_has(t->fd, ROOT_NEW "/young"));
}

static void
test_doctor__filesystem(void **state)
{
	struct tmpdir *t = *state;
	struct compat_filesystem fs;
	int proc = open("/proc", O_RDONLY | O_CLOEXEC);

	assert_int_equal(compat_filesystem(t->fd, &fs), 0);
	assert_true(fs.name[0] != '\0');
	assert_true(fs.remote == compat_is_remote(t->fd));
	/* One that has no name here. */
	assert_int_equal(compat_filesystem(proc, &fs), 0);
	assert_string_equal(fs.name, "type 0x9fa0");
	assert_int_equal(compat_unnamed_file(proc), -1);
	close(proc);
	assert_int_equal(compat_filesystem(-1, &fs), -1);
}

int
main(void)
{
#define IN_TMPDIR(test)                                                        \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doctor__all_is_well),
		cmocka_unit_test(test_doctor__root),
		cmocka_unit_test(test_doctor__disk),
		cmocka_unit_test(test_doctor__system),
		cmocka_unit_test(test_doctor__watching),
		cmocka_unit_test(test_doctor__remains),
		cmocka_unit_test(test_doctor__names),
		cmocka_unit_test(test_doctor__nothing_to_look_at),
		IN_TMPDIR(test_doctor__counts_watches),
		IN_TMPDIR(test_doctor__counts_claims),
		IN_TMPDIR(test_doctor__young_launches),
		IN_TMPDIR(test_doctor__filesystem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
