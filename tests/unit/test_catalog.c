/*
 * test_catalog.c: spool/catalog.h and truth/cache.h: what is kept between two
 * questions never shows
 */
#include "base/compat.h"
#include "spool/catalog.h"
#include "truth/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan_fixture.h"

/* What tells a job of ours: a name of the right form. */
#define OWN(n) "20261122T17301" #n "Z__0f9c2c5e-8b1d-4c8e-9f0a-5d2b7e6a1c3" #n

enum { JOBS = 8 };

static const char *const names[JOBS] = { OWN(0), OWN(1), OWN(2), OWN(3), OWN(4),
	OWN(5), OWN(6), OWN(7) };

/* An ended job of ours with exit code `code`. */
static void
write_ended(const struct scan_fixture *f, const char *name, int code)
{
	cleanup_free char *text = xasprintf("{\n\"command\": \"job %s\",\n"
					    "\"argv\": [\"job\", \"%s\"],\n"
					    "\"supervisor\": {\"pid\": 2,"
					    " \"start_time\": 1},\n"
					    "\"finished\": "
					    "\"2026-11-22T17:31:00Z\",\n"
					    "\"exit_code\": %d\n}\n",
	    name, name, code);
	int dir;

	assert_true(mkdirat(f->tmp->fd, name, 0700) == 0 || errno == EEXIST);
	dir = openat(f->tmp->fd, name, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	unlinkat(dir, "journal.json", 0);
	tmpdir_write(dir, "journal.json", text);
	assert_int_equal(fchmodat(dir, "journal.json", 0400, 0), 0);
	close(dir);
}

static void
assert_exit_code(const struct scan_fixture *f, struct record_cache *cache,
    const char *name, int code)
{
	struct spool_job job;
	struct record record;

	spool_job_native(&job, name);
	assert_int_equal(record_cache_scan(cache, &f->spool, &job, SCAN_FULL,
			     &record),
	    0);
	assert_int_equal(record.verdict.status,
	    code ? STATUS_FAILED : STATUS_COMPLETED);
	assert_int_equal(record.journal.exit_code, code);
	assert_string_equal(record.job.id, job.id);
	assert_string_equal(record.journal.argv[1], name);
	assert_null(record.journal.argv[2]);
	record_release(&record);
	spool_job_release(&job);
}

static void
test_catalog__ended_records_are_kept(void **state)
{
	struct record_cache *cache = record_cache_new();
	struct scan_fixture *f = *state;
	int i;

	for (i = 0; i < JOBS; i++)
		write_ended(f, names[i], i);
	for (i = 0; i < JOBS; i++)
		assert_exit_code(f, cache, names[i], i);
	assert_int_equal(cache->hits, 0);
	for (i = 0; i < JOBS; i++)
		assert_exit_code(f, cache, names[i], i);
	assert_true(cache->hits > 0);
	record_cache_free(cache);
}

/* Every slot holds what belongs to another job, as after any change that
 * nobody told of: each answer is still that of the directory. */
static void
test_catalog__poisoned_records_are_not_believed(void **state)
{
	struct record_cache *cache = record_cache_new();
	struct scan_fixture *f = *state;
	size_t slot, used = 0;
	int i;

	for (i = 0; i < JOBS; i++)
		write_ended(f, names[i], 0);
	for (i = 0; i < JOBS; i++)
		assert_exit_code(f, cache, names[i], 0);
	for (slot = 0; slot < CACHE_SETS * CACHE_WAYS; slot++)
		if (cache->sets[slot / CACHE_WAYS][slot % CACHE_WAYS]) {
			cache->sets[slot / CACHE_WAYS][slot % CACHE_WAYS]
			    ->record.verdict.status = STATUS_LOST;
			cache->sets[slot / CACHE_WAYS][slot % CACHE_WAYS]
			    ->record.journal.exit_code = 99;
			used++;
		}
	assert_true(used > 0);
	/* Other files are in their places now. */
	for (i = 0; i < JOBS; i++)
		write_ended(f, names[i], i);
	for (i = 0; i < JOBS; i++)
		assert_exit_code(f, cache, names[i], i);
	record_cache_free(cache);
}

static void
test_catalog__only_what_cannot_change_is_kept(void **state)
{
	struct record_cache *cache = record_cache_new();
	struct scan_fixture *f = *state;
	cleanup_free char *progress = xasprintf("%s/progress.json", names[0]);
	cleanup_free char *journal = xasprintf("%s/journal.json", names[1]);
	int i;

	write_ended(f, names[0], 0);
	write_ended(f, names[1], 0);
	tmpdir_write(f->tmp->fd, progress, "{\"phase\": \"late\"}");
	assert_int_equal(fchmodat(f->tmp->fd, journal, 0600, 0), 0);
	for (i = 0; i < 3; i++) {
		assert_exit_code(f, cache, names[0], 0);
		assert_exit_code(f, cache, names[1], 0);
	}
	assert_int_equal(cache->hits, 0);
	record_cache_free(cache);
}

/* A kept record does not make a job that can't be looked at one that is gone. */
static void
test_catalog__without_descriptors_nothing_is_gone(void **state)
{
	struct record_cache *cache = record_cache_new();
	struct scan_fixture *f = *state;
	struct rlimit before, none;
	struct spool_job job;
	struct record record;
	int result;

	write_ended(f, names[1], 1);
	assert_exit_code(f, cache, names[1], 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	spool_job_native(&job, names[1]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = record_cache_scan(cache, &f->spool, &job, SCAN_FULL, &record);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(cache->hits, 1);
	assert_int_equal(result, 0);
	assert_int_equal(record.verdict.status, STATUS_UNKNOWN);
	record_release(&record);
	spool_job_release(&job);
	record_cache_free(cache);
}

/* The index of the catalog is that of a reading at this moment. */
static void
assert_as_fresh(struct catalog *catalog, const struct scan_fixture *f)
{
	struct err err = ERR_INIT;
	const struct spool_index *kept = catalog_index(catalog, &err);
	const struct spool_entry *found;
	struct spool_index fresh;
	size_t i;

	assert_non_null(kept);
	assert_int_equal(spool_index_read(&fresh, &f->spool, &err), 0);
	assert_int_equal(kept->count, fresh.count);
	for (i = 0; i < fresh.count; i++) {
		const struct spool_job *job = &fresh.entries[i].job;

		assert_string_equal(kept->entries[i].job.id, job->id);
		assert_string_equal(kept->entries[i].job.name, job->name);
		assert_string_equal(kept->entries[i].job.journal, job->journal);
		assert_int_equal(kept->entries[i].job.shared, job->shared);
		found = catalog_find(catalog, job->id);
		assert_true(!found || found == &kept->entries[i]);
	}
	assert_null(catalog_find(catalog, "no such id"));
	spool_index_release(&fresh);
}

static void
touch_back(const struct scan_fixture *f, const char *name)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };

	assert_int_equal(utimensat(f->tmp->fd, name, old, 0), 0);
}

static void
test_catalog__every_change_shows(void **state)
{
	struct scan_fixture *f = *state;
	struct spool spool = f->spool;
	struct catalog catalog;
	int i;

	catalog_init(&catalog, &spool);
	assert_as_fresh(&catalog, f);
	for (i = 0; i < JOBS; i++) {
		write_ended(f, names[i], 0);
		assert_as_fresh(&catalog, f);
	}
	tmpdir_mkdir(f->tmp->fd, "2026-11-22_18-40-00__alpha");
	assert_as_fresh(&catalog, f);
	tmpdir_write(f->tmp->fd,
	    "2026-11-22_18-40-00__alpha/a.weave_journal.json", "{}");
	assert_as_fresh(&catalog, f);
	tmpdir_write(f->tmp->fd,
	    "2026-11-22_18-40-00__alpha/b.weave_journal.json", "{}");
	touch_back(f, "2026-11-22_18-40-00__alpha");
	assert_as_fresh(&catalog, f);
	tmpdir_mkdir(f->tmp->fd, "alpha"); /* claims nothing yet */
	tmpdir_write(f->tmp->fd, "alpha/a.weave_journal.json", "{}");
	assert_as_fresh(&catalog, f);
	assert_int_equal(renameat(f->tmp->fd, "alpha", f->tmp->fd,
			     "2026-11-23_00-00-00__alpha"),
	    0);
	assert_as_fresh(&catalog, f);
	assert_int_equal(unlinkat(f->tmp->fd,
			     "2026-11-23_00-00-00__alpha/a.weave_journal.json",
			     0),
	    0);
	assert_as_fresh(&catalog, f);
	catalog_release(&catalog);
}

/* With stamps old enough to be trusted the index is kept; with a poisoned one
 * whose root changed since it is not. */
static void
test_catalog__is_kept_and_dropped(void **state)
{
	struct scan_fixture *f = *state;
	struct spool spool = f->spool;
	struct err err = ERR_INIT;
	struct catalog catalog;
	char *id;

	write_ended(f, names[0], 0);
	catalog_init(&catalog, &spool);
	assert_non_null(catalog_index(&catalog, &err));
	catalog.index.settled = false; /* as right after a change */
	assert_null(catalog_find(&catalog, catalog.index.entries[0].job.id));
	catalog.index.settled = true; /* as some time later */
	id = catalog.index.entries[0].job.id;
	assert_ptr_equal(catalog_find(&catalog, id), catalog.index.entries);
	assert_ptr_equal(catalog_index(&catalog, &err), &catalog.index);
	assert_ptr_equal(catalog.index.entries[0].job.id, id);
	/* Poison, and a change that nobody told of. */
	memset(id, 'x', 4);
	write_ended(f, names[1], 0);
	assert_as_fresh(&catalog, f);
	catalog_release(&catalog);
}

#define WITH_FIXTURE(test)                                                     \
	cmocka_unit_test_setup_teardown(test, scan_setup, scan_teardown)

/* A worker that writes into its directory makes nobody read the whole root. */
static void
test_catalog__one_directory_changes(void **state)
{
	static const char weave[] = "nightly/a.weave_journal.json";
	struct scan_fixture *f = *state;
	struct spool spool = f->spool;
	struct err err = ERR_INIT;
	const struct spool_entry *entry;
	struct catalog catalog;

	tmpdir_mkdir(f->tmp->fd, "nightly");
	tmpdir_write(f->tmp->fd, "nightly/journal.json", "{}");
	catalog_init(&catalog, &spool);
	assert_non_null(catalog_index(&catalog, &err));
	catalog.index.settled = true; /* as some time later */
	entry = catalog.index.entries;
	tmpdir_write(f->tmp->fd, "nightly/journal.json.new", "{\"pid\": 1}");
	assert_int_equal(renameat(f->tmp->fd, "nightly/journal.json.new",
			     f->tmp->fd, "nightly/journal.json"),
	    0);
	assert_ptr_equal(catalog_find(&catalog, "nightly"), entry);
	tmpdir_write(f->tmp->fd, weave, "{}");
	assert_null(catalog_find(&catalog, "nightly"));
	assert_int_equal(unlinkat(f->tmp->fd, weave, 0), 0);
	assert_ptr_equal(catalog_find(&catalog, "nightly"), entry);
	assert_int_equal(unlinkat(f->tmp->fd, "nightly/journal.json", 0), 0);
	assert_ptr_equal(catalog_find(&catalog, "nightly"), entry);
	assert_int_equal(unlinkat(f->tmp->fd, "nightly", AT_REMOVEDIR), 0);
	assert_null(catalog_find(&catalog, "nightly"));
	catalog_release(&catalog);
}

/* Where a job of ours was is known without a list, as long as it is there. */
static void
test_catalog__places(void **state)
{
	const char *id = spool_name_tag(names[0]);
	struct scan_fixture *f = *state;
	struct spool spool = f->spool;
	struct err err = ERR_INIT;
	struct catalog catalog;

	catalog_init(&catalog, &spool);
	assert_null(catalog_place(&catalog, id));
	assert_null(catalog_recall(&catalog, id));
	tmpdir_mkdir(f->tmp->fd, names[0]);
	tmpdir_mkdir(f->tmp->fd, "nightly");
	catalog_keep_place(&catalog, names[0]);
	catalog_keep_place(&catalog, "nightly"); /* others may get its id */
	assert_string_equal(catalog_place(&catalog, id), names[0]);
	assert_null(catalog_place(&catalog, "nightly"));
	assert_null(catalog_place(&catalog, spool_name_tag(names[1])));
	assert_non_null(catalog_index(&catalog, &err));
	assert_int_equal(unlinkat(f->tmp->fd, names[0], AT_REMOVEDIR), 0);
	assert_null(catalog_place(&catalog, id));
	/* As it was read last. */
	assert_string_equal(catalog_recall(&catalog, id)->job.name, names[0]);
	assert_null(catalog_recall(&catalog, "night"));
	catalog_release(&catalog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_catalog__ended_records_are_kept),
		WITH_FIXTURE(test_catalog__poisoned_records_are_not_believed),
		WITH_FIXTURE(test_catalog__only_what_cannot_change_is_kept),
		WITH_FIXTURE(test_catalog__without_descriptors_nothing_is_gone),
		WITH_FIXTURE(test_catalog__every_change_shows),
		WITH_FIXTURE(test_catalog__is_kept_and_dropped),
		WITH_FIXTURE(test_catalog__one_directory_changes),
		WITH_FIXTURE(test_catalog__places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
