/*
 * dialect.c: the table of dialects
 *
 * Invariant: every journal's name belongs to exactly one dialect, and every
 * directory holds at least one job.
 */
#include "base/compat.h"
#include "spool/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/text.h"

static const struct dialect *const dialects[] = {
	&dialect_native, /* also of what no other knows */
	&dialect_weave,
};

const struct dialect *
dialect_of(const char *journal)
{
	size_t i;

	for (i = 1; i < ARRAY_LEN(dialects); i++)
		if (dialects[i]->mark(journal) == MARK_JOURNAL)
			return dialects[i];
	return dialects[0];
}

struct finding {
	void (*each)(void *arg, const char *journal);
	void *arg;
	int jobs;
	bool signs[ARRAY_LEN(dialects)];
	bool journals[ARRAY_LEN(dialects)];
};

static int
look_at(void *arg, const char *file)
{
	struct finding *finding = arg;
	enum dialect_mark mark;
	size_t i;

	for (i = 0; i < ARRAY_LEN(dialects); i++) {
		mark = dialects[i]->mark(file);
		if (mark == MARK_SIGN)
			finding->signs[i] = true;
		if (mark != MARK_JOURNAL)
			continue;
		finding->journals[i] = true;
		finding->jobs++;
		finding->each(finding->arg, file);
	}
	return finding->jobs >= DIALECT_JOBS_MAX;
}

int
dialect_each(int jobdir, void (*each)(void *arg, const char *journal),
    void *arg)
{
	struct finding finding = { .each = each, .arg = arg };
	size_t i;

	if (fsio_each_here(jobdir, look_at, &finding) < 0)
		return -1;
	for (i = 0; i < ARRAY_LEN(dialects); i++) {
		if (!finding.signs[i] || finding.journals[i])
			continue;
		finding.jobs++;
		each(arg, dialects[i]->lone_journal);
	}
	if (finding.jobs == 0)
		each(arg, dialects[0]->lone_journal);
	return 0;
}

void
dialect_escape(struct buf *id, const char *name, size_t length)
{
	size_t n;

	for (; length > 0; name += n, length -= n) {
		n = text_utf8_length(name, length);
		if (n > 0 && !text_acts(name, n) && !strchr("/%~", *name)) {
			buf_add(id, name, n);
			continue;
		}
		buf_addf(id, "%%%02X", (unsigned char)*name);
		n = 1;
	}
}
