/*
 * test_tracker.c: what is told of the jobs of a root (engines/tracker.h)
 */
#include "base/compat.h"
#include "engines/tracker.h"

#include "tracker_fixture.h"

#include <sys/wait.h>

#define ENDED "{\"exit_code\": 0}"
#define FAILED "{\"exit_code\": 7}"

static void
test_tracker__a_life(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *first = running_text("one");
	cleanup_free char *second = running_text("two");
	size_t i;

	for (i = 0; i < ARRAY_LEN(tracker_kinds); i++) {
		struct tracking s;

		tracking_open(&s, f, tracker_kinds[i]);
		tracking_start(&s);
		drop_in(f->tmp->fd, "a", "{\"name\": \"x\"}");
		pump_until(&s, "created a unknown");
		rewrite(f->tmp->fd, "a", first);
		pump_until(&s, "started a running");
		rewrite(f->tmp->fd, "a", second);
		pump_until(&s, "progress a running");
		assert_string_equal(s.phase, "two");
		rewrite(f->tmp->fd, "a", FAILED);
		pump_until(&s, "finished a failed");
		/* The worker starts again in its directory. */
		rewrite(f->tmp->fd, "a", first);
		pump_until(&s, "started a running");
		rewrite(f->tmp->fd, "a", ENDED);
		pump_until(&s, "finished a completed");
		assert_int_equal(tmpdir_unlink(&f->tmp->fd, "a"), 0);
		pump_until(&s, "removed a completed");
		assert_int_equal(s.count, 7);
		tracking_close(&s);
	}
}

static void
test_tracker__first_sight(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	struct tracking s;

	drop_in(f->tmp->fd, "old", ENDED);
	drop_in(f->tmp->fd, "live", running);
	tracking_open(&s, f, WATCH_AUTO);
	tracking_start(&s);
	assert_int_equal(s.count, 0);
	drop_in(f->tmp->fd, "new", running);
	drop_in(f->tmp->fd, "ended", FAILED);
	drop_in(f->tmp->fd, ".hidden", FAILED);
	tmpdir_write(f->tmp->fd, "file", FAILED);
	pump_until(&s, "finished ended failed");
	rewrite(f->tmp->fd, "live", FAILED);
	pump_until(&s, "finished live failed");
	assert_int_equal(times_told(&s, "created new running"), 1);
	assert_int_equal(times_told(&s, "created ended failed"), 1);
	assert_int_equal(s.count, 4);
	tracking_close(&s);
}

/* A worker in the middle of its writing. */
static void
test_tracker__a_torn_record(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	size_t i;

	for (i = 0; i < ARRAY_LEN(tracker_kinds); i++) {
		struct tracking s;

		drop_in(f->tmp->fd, "a", running);
		tracking_open(&s, f, tracker_kinds[i]);
		s.config.hold = USEC_PER_SEC * (usec_t)3600;
		tracking_start(&s);
		rewrite(f->tmp->fd, "a", "{\"exit_co");
		drop_in(f->tmp->fd, "b", "");
		pump_all(&s, "mark"); /* both have been looked at */
		rewrite(f->tmp->fd, "a", ENDED);
		rewrite(f->tmp->fd, "b", ENDED);
		pump_until(&s, "finished a completed");
		if (times_told(&s, "finished b completed") == 0)
			pump_until(&s, "finished b completed");
		assert_int_equal(times_told(&s, "progress a unknown"), 0);
		assert_int_equal(times_told(&s, "created b unknown"), 0);
		tracking_close(&s);
		/* But one that stays as it is, is what it is. */
		tracking_open(&s, f, tracker_kinds[i]);
		tracking_start(&s);
		rewrite(f->tmp->fd, "b", "{");
		pump_until(&s, "progress b unknown");
		tracking_close(&s);
		tmpdir_unlink(&f->tmp->fd, "a");
		tmpdir_unlink(&f->tmp->fd, "b");
		tmpdir_unlink(&f->tmp->fd, "mark");
	}
}

/* Many reports in a short time: few are told, the last one always. */
static void
test_tracker__the_last_report_counts(void **state)
{
	enum { REPORTS = 300 };
	struct scan_fixture *f = *state;
	struct tracking s;
	char phase[16];
	int i;

	drop_in(f->tmp->fd, "a", "{\"name\": \"x\"}");
	tracking_open(&s, f, WATCH_AUTO);
	tracking_start(&s);
	for (i = 0; i < REPORTS; i++) {
		cleanup_free char *text = NULL;

		snprintf(phase, sizeof(phase), "%d", i);
		text = running_text(phase);
		rewrite(f->tmp->fd, "a", text);
	}
	while (!s.phase || strcmp(s.phase, phase) != 0)
		pump_until(&s,
		    s.count ? "progress a running" : "started a running");
	assert_true(s.count < REPORTS / 2);
	tracking_close(&s);
}

static void
test_tracker__output(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	size_t i;

	for (i = 0; i < ARRAY_LEN(tracker_kinds); i++) {
		struct tracking s;
		int dir;

		drop_in(f->tmp->fd, "a", running);
		tracking_open(&s, f, tracker_kinds[i]);
		s.config.output = true;
		tracking_start(&s);
		dir = openat(f->tmp->fd, "a", O_RDONLY | O_DIRECTORY);
		tmpdir_write(dir, "stdout.log", "x");
		pump_until(&s, "output a running");
		tmpdir_write(dir, "stdout.log", "xyz");
		pump_until(&s, "output a running");
		close(dir);
		tracking_close(&s);
		tmpdir_unlink(&f->tmp->fd, "a");
	}
}

/* An index of the root, and the tracker's own. */
struct comparison {
	struct scan_fixture *f;
	struct spool_index index;
	size_t matches;
};

static void
compare(void *arg, const struct spool_job *job, enum status status)
{
	struct comparison *c = arg;
	struct record record;
	size_t i;

	for (i = 0; i < c->index.count; i++) {
		if (strcmp(c->index.entries[i].job.id, job->id) != 0 ||
		    strcmp(c->index.entries[i].job.name, job->name) != 0)
			continue;
		assert_int_equal(scan_job(&c->f->spool, job, SCAN_STATE,
				     &record),
		    0);
		if (record.verdict.status != status)
			fail_msg("%s: %s, but told as %s", job->id,
			    status_word(record.verdict.status),
			    status_word(status));
		record_release(&record);
		c->matches++;
		return;
	}
	fail_msg("%s is not in the index", job->id);
}

static void
assert_same_as_disk(struct tracking *s)
{
	struct comparison c = { .f = s->f };
	struct err err = ERR_INIT;

	assert_int_equal(spool_index_read(&c.index, &s->f->spool, &err), 0);
	tracker_each(s->tracker, compare, &c);
	assert_int_equal(c.matches, c.index.count);
	spool_index_release(&c.index);
}

static void
test_tracker__claimants_of_one_id(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	struct tracking s;

	drop_in(f->tmp->fd, "20260101T000000Z__x", running);
	tracking_open(&s, f, WATCH_AUTO);
	tracking_start(&s);
	assert_same_as_disk(&s);
	drop_in(f->tmp->fd, "20260102T000000Z__x", running);
	pump_until(&s, "created 20260102T000000Z__x running");
	assert_string_equal(s.id, "x");
	assert_int_equal(s.count, 1);
	rewrite(f->tmp->fd, "20260101T000000Z__x", ENDED);
	pump_until(&s, "finished 20260101T000000Z__x completed");
	assert_string_equal(s.id, "x~20260101T000000Z__x");
	drop_in(f->tmp->fd, "x", ENDED);
	pump_until(&s, "finished x completed");
	assert_string_equal(s.id, "x~x");
	assert_same_as_disk(&s);
	tmpdir_unlink(&f->tmp->fd, "20260102T000000Z__x");
	pump_until(&s, "removed 20260102T000000Z__x running");
	assert_same_as_disk(&s);
	tracking_close(&s);
}

/* Several jobs in a directory of an older server; they come one by one. */
static void
test_tracker__several_jobs_of_a_directory(void **state)
{
	struct scan_fixture *f = *state;
	struct tracking s;
	int dir;

	tracking_open(&s, f, WATCH_AUTO);
	tracking_start(&s);
	drop_in(f->tmp->fd, "tag", NULL);
	dir = openat(f->tmp->fd, "tag", O_RDONLY | O_DIRECTORY);
	tmpdir_write(dir, "one.weave_journal.json",
	    "{\"last_run_completed\": true}");
	pump_until(&s, "created tag completed");
	assert_string_equal(s.id, "weave-direct-one");
	tmpdir_write(dir, "two.weave_journal.json",
	    "{\"last_run_completed\": true}");
	pump_until(&s, "finished tag completed");
	while (strcmp(s.id, "weave-direct-two") != 0)
		pump_until(&s, "finished tag completed");
	assert_same_as_disk(&s);
	assert_int_equal(unlinkat(dir, "one.weave_journal.json", 0), 0);
	pump_until(&s, "removed tag completed");
	assert_string_equal(s.id, "weave-direct-one");
	assert_same_as_disk(&s);
	close(dir);
	tracking_close(&s);
}

/* Beyond the budget of watches stat is asked. */
static void
test_tracker__more_than_can_be_watched(void **state)
{
	enum { JOBS = 20 };
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	struct tracking s;
	char name[16];
	int i;

	for (i = 0; i < JOBS; i++) {
		snprintf(name, sizeof(name), "j%d", i);
		drop_in(f->tmp->fd, name, running);
	}
	tracking_open(&s, f, WATCH_INOTIFY);
	s.config.max_watches = 2;
	tracking_start(&s);
	for (i = 0; i < JOBS; i++) {
		cleanup_free char *words = NULL;

		snprintf(name, sizeof(name), "j%d", i);
		words = xasprintf("finished %s completed", name);
		rewrite(f->tmp->fd, name, ENDED);
		pump_until(&s, words);
	}
	assert_int_equal(s.count, JOBS);
	tracking_close(&s);
}

static void
test_tracker__a_directory_moved_out(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	struct tracking s;

	drop_in(f->tmp->fd, "a", running);
	tracking_open(&s, f, WATCH_INOTIFY);
	tracking_start(&s);
	assert_int_equal(renameat(f->tmp->fd, "a", f->tmp->fd, ".out"), 0);
	pump_until(&s, "removed a running");
	rewrite(f->tmp->fd, ".out", ENDED);
	drop_in(f->tmp->fd, "a", running); /* another one */
	pump_until(&s, "created a running");
	rewrite(f->tmp->fd, ".out", FAILED);
	pump_all(&s, "mark");
	assert_int_equal(times_told(&s, "finished a completed"), 0);
	assert_int_equal(times_told(&s, "finished a failed"), 0);
	/* And renamed: a job with another name. */
	assert_int_equal(renameat(f->tmp->fd, "a", f->tmp->fd, "b"), 0);
	pump_until(&s, "created b running");
	rewrite(f->tmp->fd, "b", FAILED);
	pump_until(&s, "finished b failed");
	assert_int_equal(times_told(&s, "removed a running"), 2);
	tracking_close(&s);
}

static void
test_tracker__another_root(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	cleanup_free char *aside = xasprintf("%s.aside", f->tmp->path);
	size_t i;

	for (i = 0; i < ARRAY_LEN(tracker_kinds); i++) {
		struct tracking s;
		int root;

		drop_in(f->tmp->fd, "a", running);
		drop_in(f->tmp->fd, "b", running);
		tracking_open(&s, f, tracker_kinds[i]);
		tracking_start(&s);
		assert_int_equal(rename(f->tmp->path, aside), 0);
		assert_int_equal(mkdir(f->tmp->path, 0700), 0);
		root = open(f->tmp->path, O_RDONLY | O_DIRECTORY);
		drop_in(root, "b", running);
		drop_in(root, "c", running);
		pump_until(&s, "created c running");
		if (times_told(&s, "removed a running") == 0)
			pump_until(&s, "removed a running");
		rewrite(f->tmp->fd, "b", FAILED); /* the one aside */
		rewrite(root, "b", ENDED);
		pump_until(&s, "finished b completed");
		assert_int_equal(times_told(&s, "finished b failed"), 0);
		tracking_close(&s);
		tmpdir_unlink(&root, "b");
		tmpdir_unlink(&root, "c");
		close(root);
		rmdir(f->tmp->path);
		assert_int_equal(rename(aside, f->tmp->path), 0);
		tmpdir_unlink(&f->tmp->fd, "a");
		tmpdir_unlink(&f->tmp->fd, "b");
	}
}

/* No event tells that a parent was renamed, nor that the root is there. */
static void
test_tracker__a_parent_renamed(void **state)
{
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	cleanup_free char *path = xasprintf("%s/p/runs", f->tmp->path);
	struct err err = ERR_INIT;
	struct tracking s;
	int root;

	spool_close(&f->spool);
	assert_int_equal(spool_open(&f->spool, path, &err), 0);
	tracking_open(&s, f, WATCH_INOTIFY);
	tracking_start(&s); /* there is no root yet */
	tmpdir_mkdir(f->tmp->fd, "p");
	tmpdir_mkdir(f->tmp->fd, "p/runs");
	root = open(path, O_RDONLY | O_DIRECTORY);
	drop_in(root, "a", running);
	pump_until(&s, "created a running");
	assert_int_equal(renameat(f->tmp->fd, "p", f->tmp->fd, "q"), 0);
	pump_until(&s, "removed a running");
	assert_int_equal(renameat(f->tmp->fd, "q", f->tmp->fd, "p"), 0);
	pump_until(&s, "created a running");
	rewrite(root, "a", ENDED);
	pump_until(&s, "finished a completed");
	close(root);
	tracking_close(&s);
}

/* More events than the queue of the kernel takes. */
static void
test_tracker__an_overflow(void **state)
{
	enum { JOBS = 400, FLIPS = 9000 }; /* two events each */
	struct scan_fixture *f = *state;
	cleanup_free char *running = running_text("");
	size_t k;

	for (k = 0; k < ARRAY_LEN(tracker_kinds); k++) {
		struct tracking s;
		char name[16];
		int i;

		for (i = 0; i < JOBS; i++) {
			snprintf(name, sizeof(name), "j%d", i);
			drop_in(f->tmp->fd, name, running);
		}
		tracking_open(&s, f, tracker_kinds[k]);
		tracking_start(&s);
		for (i = 0; i < FLIPS; i++)
			assert_int_equal(renameat(f->tmp->fd,
					     i % 2 ? ".y" : "j0", f->tmp->fd,
					     i % 2 ? "j0" : ".y"),
			    0);
		for (i = 1; i < JOBS / 2; i++) {
			snprintf(name, sizeof(name), "j%d", i);
			rewrite(f->tmp->fd, name, i % 2 ? ENDED : FAILED);
		}
		for (i = 1; i < JOBS / 2; i++) {
			cleanup_free char *words = NULL;

			snprintf(name, sizeof(name), "j%d", i);
			words = xasprintf("finished %s %s", name,
			    i % 2 ? "completed" : "failed");
			if (times_told(&s, words) == 0)
				pump_until(&s, words);
			assert_int_equal(times_told(&s, words), 1);
		}
		assert_same_as_disk(&s);
		tracking_close(&s);
		for (i = 0; i < JOBS; i++) {
			snprintf(name, sizeof(name), "j%d", i);
			tmpdir_unlink(&f->tmp->fd, name);
		}
	}
}

/* Nothing in the directory tells of that. */
static void
test_tracker__a_death(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	size_t i;

	for (i = 0; i < ARRAY_LEN(tracker_kinds); i++) {
		cleanup_free char *record = NULL;
		struct tracking s;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			pause();
			_exit(0);
		}
		assert_int_equal(proc_identify(child, &who.command), 0);
		who.supervisor = who.command;
		record = running_record(&who);
		close(make_job(f, record));
		tracking_open(&s, f, tracker_kinds[i]);
		tracking_start(&s);
		kill(child, SIGKILL);
		pump_until(&s, "finished " JOB " lost");
		assert_int_equal(s.count, 1);
		tracking_close(&s);
		waitpid(child, NULL, 0);
		tmpdir_unlink(&f->tmp->fd, JOB);
	}
}

/* A job of ours ends once and is not watched any more. */
static void
test_tracker__a_job_of_ours(void **state)
{
	struct scan_fixture *f = *state;
	struct identity who = identity_of(f);
	cleanup_free char *start = running_record(&who);
	cleanup_free char *end = ended_record(&who);
	struct tracking s;
	int dir;

	tracking_open(&s, f, WATCH_INOTIFY);
	tracking_start(&s);
	dir = make_job(f, start);
	pump_until(&s, "created " JOB " running");
	tmpdir_write(dir, "progress.json", "{\"phase\": \"linking\"}");
	pump_until(&s, "progress " JOB " running");
	assert_string_equal(s.phase, "linking");
	assert_int_equal(fsio_publish(dir, ".end", "journal.json", 0400, end,
			     strlen(end)),
	    0);
	pump_until(&s, "finished " JOB " completed");
	tmpdir_write(dir, "note", "");
	pump_all(&s, "mark");
	assert_same_as_disk(&s);
	tracking_close(&s);
	tracking_open(&s, f, WATCH_INOTIFY);
	tracking_start(&s);
	assert_same_as_disk(&s); /* its mode alone was looked at */
	assert_int_equal(s.count, 0);
	close(dir);
	tracking_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_tracker__a_life),
		WITH_ROOT(test_tracker__first_sight),
		WITH_ROOT(test_tracker__a_torn_record),
		WITH_ROOT(test_tracker__the_last_report_counts),
		WITH_ROOT(test_tracker__output),
		WITH_ROOT(test_tracker__claimants_of_one_id),
		WITH_ROOT(test_tracker__several_jobs_of_a_directory),
		WITH_ROOT(test_tracker__more_than_can_be_watched),
		WITH_ROOT(test_tracker__a_directory_moved_out),
		WITH_ROOT(test_tracker__another_root),
		WITH_ROOT(test_tracker__a_parent_renamed),
		WITH_ROOT(test_tracker__an_overflow),
		WITH_ROOT(test_tracker__a_death),
		WITH_ROOT(test_tracker__a_job_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
