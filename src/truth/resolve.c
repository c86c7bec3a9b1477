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

static int
in_index(const struct spool *spool, const struct spool_index *index,
    const char *word, struct spool_job *job, struct err *err)
{
	size_t i;
	int found;

	for (i = 0; i < index->count; i++)
		if (strcmp(index->entries[i].job.id, word) == 0)
			return take(job, &index->entries[i]);
	for (i = 0; i < index->count; i++) {
		const struct spool_entry *entry = &index->entries[i];
		size_t id = strlen(word) - strlen(entry->job.name);

		if (strcmp(entry->job.name, word) == 0)
			return take(job, entry);
		/* "<id>~<directory>" is accepted for every job. */
		if (strlen(word) > strlen(entry->job.name) + 1 &&
		    word[id - 1] == '~' &&
		    strcmp(word + id, entry->job.name) == 0 &&
		    strncmp(word, entry->job.id, id - 1) == 0)
			return take(job, entry);
	}
	found = is_hexadecimal(word) ? by_prefix(index, word, job, err) : 1;
	if (found <= 0)
		return found;
	if (newest_record(spool, index, has_name, word, job) == 0)
		return 0;
	found = by_prefix(index, word, job, err);
	return found <= 0 ? found : not_found(word, err);
}

int
resolve_job(const struct spool *spool, const char *word, bool allow_last,
    struct spool_job *job, struct err *err)
{
	struct spool_index index;
	int result;

	memset(job, 0, sizeof(*job));
	if (!*word || strchr(word, '/') || strcmp(word, ".") == 0 ||
	    strcmp(word, "..") == 0)
		return not_found(word, err);
	if (spool_index_read(&index, spool, err) < 0)
		return -1;
	if (strcmp(word, RESOLVE_LAST) != 0)
		result = in_index(spool, &index, word, job, err);
	else if (allow_last &&
	    newest_record(spool, &index, is_from_run, word, job) == 0)
		result = 0;
	else if (allow_last)
		result = err_set(err, ERR_NOT_FOUND,
		    "no job was started with jobdir run in %s", spool->path);
	else
		result = not_found(word, err);
	spool_index_release(&index);
	return result;
}
