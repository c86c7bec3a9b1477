/*
 * fuzz_resolve.c: the word that names a job
 *
 * A root of a few jobs with names that look alike; the input is the word.
 *
 * Holds: what is found is a job of that root and has to do with the word; a
 * word with a path in it finds nothing; both ways to ask answer the same.
 *
 * covers: src/truth/resolve.c
 */
#include "base/compat.h"
#include "fuzz.h"
#include "truth/resolve.h"

static const struct {
	const char *name;
	const char *file;
	const char *text;
} jobs[] = {
	{ "20261120T090000Z__1c5d4f0e-6a0b-4f1c-8f5e-0b7a3d2e9c41",
	    "journal.json", "{\"name\":\"build\",\"from_run\":true}" },
	{ "20261120T090500Z__1c5d4f0e-7a0b-4f1c-8f5e-0b7a3d2e9c41",
	    "journal.json", "{\"name\":\"build\",\"exit_code\":1}" },
	{ "20261120T020000Z__backup", "journal.json", "{}" },
	{ "20261121T020000Z__backup", "journal.json", "{\"name\":\"1c5d\"}" },
	{ "back~up", "journal.json", "{" },
	{ "caf\303\251\n", "journal.json", "{\"name\":\"caf\\u00e9\"}" },
	{ "2025-11-28_09-12-03__atlas", "loader.weave_journal.json", "{}" },
	{ "2025-12-06_14-00-00__atlas", "enchanted_terrain.weave_journal.json",
	    "{}" },
};

static struct spool spool;
static struct catalog catalog;

static void
make_root(void)
{
	struct err err = ERR_INIT;
	char *path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(jobs); i++) {
		FUZZ_CHECK(mkdirat(fuzz_directory(), jobs[i].name, 0700) == 0);
		path = xasprintf("%s/%s", jobs[i].name, jobs[i].file);
		fuzz_write(path, jobs[i].text, strlen(jobs[i].text));
		free(path);
	}
	FUZZ_CHECK(spool_open(&spool, fuzz_path(), &err) == 0);
	catalog_init(&catalog, &spool);
}

static bool
is_job_of_root(const struct spool_job *job)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(jobs); i++)
		if (strcmp(job->name, jobs[i].name) == 0)
			return strcmp(job->journal, jobs[i].file) == 0;
	return false;
}

/* Has the answer to do with the word: prefix or long form of the id, the
 * directory, or the name? */
static bool
belongs(const struct spool_job *job, const char *word)
{
	static const char *const names[] = { "build", "1c5d", "caf\303\251",
		"loader", "atlas", RESOLVE_LAST };
	const char *tilde = strchr(word, '~');
	size_t i, length = tilde ? (size_t)(tilde - word) : strlen(word);

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(word, names[i]) == 0)
			return true;
	return strncmp(job->id, word, length) == 0 ||
	    strcmp(job->name, word) == 0;
}

static void
check_error(const char *word, const struct err *err)
{
	FUZZ_CHECK(err->kind == ERR_NOT_FOUND || err->kind == ERR_AMBIGUOUS);
	FUZZ_CHECK(fuzz_is_printable(err->text));
	FUZZ_CHECK(*word == '\0' || strlen(err->text) > strlen("Job"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT, again_err = ERR_INIT;
	char *word = fuzz_text(data, size);
	struct spool_job job, again;
	bool last = size % 2;
	int rc;

	if (!spool.path)
		make_root();
	rc = resolve_in(&catalog, word, last, &job, &err);
	if (rc == 0) {
		FUZZ_CHECK(is_job_of_root(&job));
		FUZZ_CHECK(belongs(&job, word) && !strchr(word, '/'));
		FUZZ_CHECK(last || strcmp(word, RESOLVE_LAST) != 0);
	} else {
		check_error(word, &err);
	}
	/* A reading of its own costs more than all else. */
	if (size % 16 == 0) {
		FUZZ_CHECK(
		    resolve_job(&spool, word, last, &again, &again_err) == rc);
		FUZZ_CHECK(fuzz_same(job.id, again.id));
		FUZZ_CHECK(strcmp(err.text, again_err.text) == 0);
		spool_job_release(&again);
	}
	spool_job_release(&job);
	free(word);
	return 0;
}
