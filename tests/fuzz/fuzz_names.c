/*
 * fuzz_names.c: names of directories and journals, and the ids made of them
 *
 * The input is a directory's name, a newline, and a journal's name.
 *
 * Holds: an id is printable, has no '/', tells the names it was made of, and is
 * no longer than three times these; a time in a name is that of the name.
 *
 * covers: src/spool/dialect.c src/spool/dialect_native.c
 * covers: src/spool/dialect_weave.c
 * covers: src/spool/spool.c:has_stamp,spool_name_stamp,spool_make_name
 * covers: src/spool/spool.c:spool_name_tag,spool_name_is_own
 */
#include "base/compat.h"
#include "base/fsio.h"
#include "fuzz.h"
#include "spool/dialect.h"
#include "spool/spool.h"

static int
hex_digit(char c)
{
	const char *at = c ? strchr("0123456789ABCDEF", c) : NULL;

	return at ? (int)(at - "0123456789ABCDEF") : -1;
}

/* What was escaped; malloc'd. */
static char *
unescape(const char *id)
{
	struct buf plain = BUF_INIT;
	int high, low;

	for (; *id; id++) {
		if (*id != '%') {
			buf_addch(&plain, *id);
			continue;
		}
		high = hex_digit(id[1]);
		low = high < 0 ? -1 : hex_digit(id[2]);
		FUZZ_CHECK(high >= 0 && low >= 0);
		buf_addch(&plain, (char)(high << 4 | low));
		id += 2;
	}
	return buf_steal(&plain);
}

static void
check_id(const char *id)
{
	FUZZ_CHECK(fuzz_is_printable(id));
	FUZZ_CHECK(!strpbrk(id, "/~"));
}

static void
check_escape(const char *name)
{
	struct buf id = BUF_INIT;
	char *plain;

	dialect_escape(&id, name, strlen(name));
	check_id(buf_str(&id));
	FUZZ_CHECK(id.len <= 3 * strlen(name));
	plain = unescape(buf_str(&id));
	FUZZ_CHECK(strcmp(plain, name) == 0);
	free(plain);
	buf_release(&id);
}

static void
check_stamp(const char *name)
{
	usec_t stamp = spool_name_stamp(name);
	const char *tag = spool_name_tag(name);
	char made[JOB_NAME_MAX];

	FUZZ_CHECK(tag >= name && tag <= name + strlen(name));
	FUZZ_CHECK(stamp < 0 || tag > name);
	FUZZ_CHECK(!spool_name_is_own(name) || tag > name);
	if (stamp < 0 || strlen(name) >= JOB_NAME_MAX)
		return;
	spool_make_name(stamp, tag, made);
	/* A leap second is the first one of the next minute. */
	FUZZ_CHECK(strcmp(made, name) == 0 || strncmp(name + 13, "60", 2) == 0);
	FUZZ_CHECK(spool_name_stamp(made) == stamp);
}

/* All that a dialect makes of the two names. */
static void
check_dialect(const struct dialect *dialect, const char *dirname,
    const char *journal)
{
	struct buf id = BUF_INIT, text = BUF_INIT;
	const char *mode;
	char *plain;

	FUZZ_CHECK(dialect->mark(dialect->lone_journal) == MARK_JOURNAL);
	FUZZ_CHECK(dialect_of(dialect->lone_journal) == dialect);
	dialect->claim(&id, dirname, journal);
	check_id(buf_str(&id));
	plain = unescape(buf_str(&id));
	if (dialect->label) {
		dialect->label(&text, dirname, journal);
		FUZZ_CHECK(strlen(plain) >= text.len);
		FUZZ_CHECK(strcmp(plain + strlen(plain) - text.len,
			       buf_str(&text)) == 0);
		buf_cut(&text, 0);
	}
	if (dialect->tag) {
		dialect->tag(&text, dirname);
		FUZZ_CHECK(text.len <= strlen(dirname));
		buf_cut(&text, 0);
	}
	mode = dialect->mode ? dialect->mode(journal) : "direct";
	FUZZ_CHECK(
	    strcmp(mode, "direct") == 0 || strcmp(mode, "enchanted") == 0);
	dialect->stamp(dirname);
	dialect->cancel(&text, journal, true);
	FUZZ_CHECK(!fsio_name_ok(journal) || fsio_name_ok(buf_str(&text)));
	buf_cut(&text, 0);
	dialect->cancel(&text, journal, false);
	FUZZ_CHECK(strcmp(buf_str(&text), JOB_CANCEL) == 0);
	free(plain);
	buf_release(&id);
	buf_release(&text);
}

static void
check_job(const char *dirname)
{
	struct spool_job job, copy;
	char *long_id;

	spool_job_native(&job, dirname);
	spool_job_copy(&copy, &job);
	FUZZ_CHECK(strcmp(job.id, copy.id) == 0);
	long_id = spool_long_id(job.id, dirname);
	FUZZ_CHECK(fuzz_is_printable(long_id));
	FUZZ_CHECK(strncmp(long_id, job.id, strlen(job.id)) == 0);
	FUZZ_CHECK(strchr(long_id, '~') == strrchr(long_id, '~'));
	FUZZ_CHECK(!fsio_name_ok(dirname) || strlen(long_id) < JOB_ID_MAX);
	free(long_id);
	spool_job_release(&job);
	spool_job_release(&copy);
}

/* Which jobs does a directory with an entry of that name hold? */
struct seen {
	const char *journal;
	int jobs, marked;
};

static void
count_job(void *arg, const char *journal)
{
	struct seen *seen = arg;

	seen->jobs++;
	if (strcmp(journal, seen->journal) == 0)
		seen->marked++;
}

static void
check_directory(const char *journal)
{
	const struct dialect *dialect = dialect_of(journal);
	struct seen seen = { .journal = journal };
	int dir = fuzz_directory();

	if (!fsio_name_ok(journal) || strlen(journal) > 200)
		return;
	fuzz_write(journal, "", 0);
	fuzz_write("other" WEAVE_JOURNAL_SUFFIX, "", 0);
	FUZZ_CHECK(dialect_each(dir, count_job, &seen) == 0);
	FUZZ_CHECK(seen.jobs >= 1);
	FUZZ_CHECK(seen.marked == (dialect->mark(journal) == MARK_JOURNAL));
	dialect->owns_pid(dir, journal);
	dialect_weave.owns_pid(dir, "other" WEAVE_JOURNAL_SUFFIX);
	unlinkat(dir, "other" WEAVE_JOURNAL_SUFFIX, 0);
	seen.jobs = 0;
	FUZZ_CHECK(dialect_each(dir, count_job, &seen) == 0);
	FUZZ_CHECK(seen.jobs == 1);
	unlinkat(dir, journal, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *dirname = fuzz_text(data, size);
	char *newline = strchr(dirname, '\n');
	const char *journal = newline ? newline + 1 : JOB_JOURNAL;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	if (newline)
		*newline = '\0';
	check_escape(dirname);
	check_escape(journal);
	check_stamp(dirname);
	check_job(dirname);
	check_dialect(&dialect_native, dirname, journal);
	if (dialect_of(journal) == &dialect_weave)
		check_dialect(&dialect_weave, dirname, journal);
	check_directory(journal);
	free(dirname);
	return 0;
}
