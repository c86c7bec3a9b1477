/*
 * resolve.c: the word that names a job -> the job
 *
 * Invariant: no path is built from the word; it is only compared with names
 * that the root holds.
 */
#include "base/compat.h"
#include "truth/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spool/job.h"
#include "truth/scan.h"

enum { PREFIX_LEAST = 4, NAMED_MOST = 10, WORD_SHOWN = 100 };

static int
take(struct spool_job *job, const struct spool_entry *entry)
{
	spool_job_copy(job, &entry->job);
	return 0;
}

static int
not_found(const char *word, struct err *err)
{
	struct buf shown = BUF_INIT;

	text_show(&shown, word, WORD_SHOWN);
	err_set(err, ERR_NOT_FOUND, "Job %s not found", buf_str(&shown));
	buf_release(&shown);
	return -1;
}

static bool
is_hexadecimal(const char *word)
{
	return word[strspn(word, "0123456789abcdefABCDEF-")] == '\0';
}

/* 0: exactly one id begins with the word; 1: none; -1: several. */
static int
by_prefix(const struct spool_index *index, const char *word,
    struct spool_job *job, struct err *err)
{
	const struct spool_entry *found = NULL;
	struct buf list = BUF_INIT;
	size_t i, length = strlen(word), matches = 0;

	if (length < PREFIX_LEAST)
		return 1;
	for (i = 0; i < index->count; i++) {
		if (strncmp(index->entries[i].job.id, word, length) != 0)
			continue;
		found = &index->entries[i];
		if (matches++ < NAMED_MOST)
			buf_addf(&list, "%s%s", matches > 1 ? ", " : "",
			    found->job.id);
	}
	if (matches > 1)
		err_set(err, ERR_AMBIGUOUS, "Job %s is ambiguous: %s%s", word,
		    buf_str(&list), matches > NAMED_MOST ? ", …" : "");
	else if (matches == 1)
		take(job, found);
	buf_release(&list);
	return matches == 0 ? 1 : matches == 1 ? 0 : -1;
}

/* The newest job for which `wanted` holds.  Entries of one second come in no
 * order, so all of that second are compared. */
static int
newest_record(const struct spool *spool, const struct spool_index *index,
    bool (*wanted)(const struct record *, const char *), const char *word,
    struct spool_job *job)
{
	const struct spool_entry *best = NULL;
	usec_t best_started = 0;
	struct record record;
	size_t i;

	for (i = 0; i < index->count; i++) {
		const struct spool_entry *entry = &index->entries[i];

		/* Names carry whole seconds, and a start comes after them. */
		if (best && entry->stamp >= 0 &&
		    entry->stamp + 2 * USEC_PER_SEC < best_started)
			break;
		if (scan_job(spool, &entry->job, SCAN_STATE, &record) == 0 &&
		    wanted(&record, word) &&
		    (!best || record.started > best_started)) {
			best = entry;
			best_started = record.started;
		}
		record_release(&record);
	}
	return best ? take(job, best) : -1;
}

static bool
has_name(const struct record *record, const char *word)
{
	return record->journal.name && strcmp(record->journal.name, word) == 0;
}

static bool
is_from_run(const struct record *record, const char *word)
{
	(void)word;
	return record->journal.from_run;
}

/* Is the word "<id>~<directory>" of that entry?  The form is accepted for every
 * job, with the directory's name escaped as in ids or as it is. */
static bool
is_long_form(const char *word, const char *tilde,
    const struct spool_entry *entry)
{
	size_t id = (size_t)(tilde - word);
	cleanup_free char *form = NULL;

	if (strncmp(entry->job.id, word, id) != 0 ||
	    (entry->job.id[id] && entry->job.id[id] != '~'))
		return false;
	if (strcmp(tilde + 1, entry->job.name) == 0)
		return true;
	form = spool_long_id("", entry->job.name);
	return strcmp(tilde, form) == 0;
}

/* By id or directory: what names tell.  0, 1: none, -1: several. */
static int
by_names(const struct spool_index *index, const char *word,
    struct spool_job *job, struct err *err)
{
	const char *tilde = strchr(word, '~');
	size_t i;

	for (i = 0; i < index->count; i++)
		if (strcmp(index->entries[i].job.id, word) == 0)
			return take(job, &index->entries[i]);
	for (i = 0; i < index->count; i++) {
		const struct spool_entry *entry = &index->entries[i];

		if (strcmp(entry->job.name, word) == 0 ||
		    (tilde && is_long_form(word, tilde, entry)))
			return take(job, entry);
	}
	return is_hexadecimal(word) ? by_prefix(index, word, job, err) : 1;
}

static int
resolve_word(struct catalog *catalog, const char *word, struct spool_job *job,
    struct err *err)
{
	const struct spool_index *index = catalog_index_for(catalog, word, err);
	int found;

	if (!index)
		return -1;
	found = by_names(index, word, job, err);
	if (found <= 0)
		return found;
	index = catalog_index(catalog, err);
	if (!index)
		return -1;
	if (newest_record(catalog->spool, index, has_name, word, job) == 0)
		return 0;
	found = by_prefix(index, word, job, err);
	return found <= 0 ? found : not_found(word, err);
}

static int
resolve_last(struct catalog *catalog, struct spool_job *job, struct err *err)
{
	const struct spool_index *index = catalog_index(catalog, err);

	if (!index)
		return -1;
	if (newest_record(catalog->spool, index, is_from_run, RESOLVE_LAST,
		job) == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "no job was started with jobdir run in %s", catalog->spool->path);
}

/* A directory with a name of ours: 0, or -1 if there is none. */
static int
by_directory(const struct spool *spool, const char *word, struct spool_job *job)
{
	if (spool->fd < 0 || !spool_name_is_own(word) ||
	    !job_is_visible(spool->fd, word))
		return -1;
	spool_job_native(job, word);
	return 0;
}

int
resolve_in(struct catalog *catalog, const char *word, bool allow_last,
    struct spool_job *job, struct err *err)
{
	const struct spool_entry *entry;

	memset(job, 0, sizeof(*job));
	if (!*word || strchr(word, '/') || strcmp(word, ".") == 0 ||
	    strcmp(word, "..") == 0)
		return not_found(word, err);
	if (strcmp(word, RESOLVE_LAST) == 0)
		return allow_last ? resolve_last(catalog, job, err)
				  : not_found(word, err);
	/* No id is like the name of a directory of ours. */
	if (by_directory(catalog->spool, word, job) == 0)
		return 0;
	/* An exact id comes first in the order, and needs no list. */
	entry = catalog_find(catalog, word);
	return entry ? take(job, entry) : resolve_word(catalog, word, job, err);
}

int
resolve_job(struct spool *spool, const char *word, bool allow_last,
    struct spool_job *job, struct err *err)
{
	struct catalog catalog;
	int result;

	catalog_init(&catalog, spool);
	result = resolve_in(&catalog, word, allow_last, job, err);
	catalog_release(&catalog);
	return result;
}
