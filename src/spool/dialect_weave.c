/*
 * dialect_weave.c: the directories of an older workflow server
 *
 *	2026-11-22_18-40-00__TAG/ or TAG/
 *		.weave.pid			written late, by the worker
 *		.weave.log			its output
 *		enchanted_terrain.weave_journal.json	weave-enchanted-TAG
 *		STEM.weave_journal.json			weave-direct-STEM
 *
 * A run that died early left only its log, or its pid: it is an enchanted one,
 * the only kind that the server itself started in such a directory.
 *
 * Invariant: ids are made of names; nothing in a file changes them.
 */
#include "base/compat.h"
#include "spool/dialect.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "spool/spool.h"

/* The length of the stem in "STEM.weave_journal.json"; 0: it is none. */
static size_t
stem_length(const char *file)
{
	static const size_t suffix = sizeof(WEAVE_JOURNAL_SUFFIX) - 1;
	size_t length = strlen(file);

	if (*file == '.' || length <= suffix ||
	    strcmp(file + length - suffix, WEAVE_JOURNAL_SUFFIX) != 0)
		return 0;
	return length - suffix;
}

static bool
is_enchanted(const char *journal)
{
	return strcmp(journal, WEAVE_ENCHANTED WEAVE_JOURNAL_SUFFIX) == 0;
}

static enum dialect_mark
mark(const char *file)
{
	if (stem_length(file))
		return MARK_JOURNAL;
	return strcmp(file, WEAVE_PID) == 0 || strcmp(file, WEAVE_LOG) == 0
	    ? MARK_SIGN
	    : MARK_NONE;
}

/* Has the name a local time in front? */
static bool
has_stamp(const char *name)
{
	static const char shape[] = WEAVE_STAMP_SHAPE;
	size_t i;

	for (i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)name[i])
				    : shape[i] != name[i])
			return false;
	return name[i] != '\0';
}

static usec_t
stamp(const char *dirname)
{
	char text[32];
	usec_t when;

	if (!has_stamp(dirname))
		return spool_name_stamp(dirname);
	snprintf(text, sizeof(text), "%.10sT%.2s:%.2s:%.2s", dirname,
	    dirname + 11, dirname + 14, dirname + 17);
	return time_parse_local(text, &when) == 0 ? when : -1;
}

static const char *
tag_of(const char *dirname)
{
	return has_stamp(dirname) ? dirname + sizeof(WEAVE_STAMP_SHAPE) - 1
				  : spool_name_tag(dirname);
}

static void
tag(struct buf *out, const char *dirname)
{
	buf_addstr(out, tag_of(dirname));
}

static const char *
mode(const char *journal)
{
	return is_enchanted(journal) ? "enchanted" : "direct";
}

static void
claim(struct buf *id, const char *dirname, const char *journal)
{
	const char *run = tag_of(dirname);

	buf_addf(id, "weave-%s-", mode(journal));
	if (is_enchanted(journal))
		dialect_escape(id, run, strlen(run));
	else
		dialect_escape(id, journal, stem_length(journal));
}

static void
label(struct buf *name, const char *dirname, const char *journal)
{
	if (is_enchanted(journal))
		buf_addstr(name, tag_of(dirname));
	else
		buf_add(name, journal, stem_length(journal));
}

/* The journal written last, or the enchanted one. */
struct owner {
	int jobdir;
	char journal[JOB_NAME_MAX];
	usec_t written;
};

static usec_t
written_at(int jobdir, const char *file)
{
	struct stat st;

	return fstatat(jobdir, file, &st, AT_SYMLINK_NOFOLLOW) < 0
	    ? -1
	    : fsio_mtime(&st);
}

static int
consider(void *arg, const char *file)
{
	struct owner *owner = arg;
	usec_t written;

	if (mark(file) != MARK_JOURNAL)
		return 0;
	written =
	    is_enchanted(file) ? INT64_MAX : written_at(owner->jobdir, file);
	if (!owner->journal[0] || written > owner->written ||
	    (written == owner->written && strcmp(file, owner->journal) < 0)) {
		snprintf(owner->journal, sizeof(owner->journal), "%s", file);
		owner->written = written;
	}
	return 0;
}

/*
 * Is another journal in there surely the owner?  The owner found last
 * is remembered: as long as the directory holds the same names and that journal
 * was not written before this one, it need not be looked for again.  So a
 * directory of many journals is not read once for each of them.
 */
static struct {
	struct stat dir;
	struct owner owner;
} last_found;

static bool
is_surely_not(int jobdir, const char *journal)
{
	usec_t written, latest;
	struct stat st;

	if (fstat(jobdir, &st) < 0 || st.st_dev != last_found.dir.st_dev ||
	    st.st_ino != last_found.dir.st_ino ||
	    fsio_ctime(&st) != fsio_ctime(&last_found.dir) ||
	    strcmp(journal, last_found.owner.journal) == 0)
		return false;
	if (is_enchanted(last_found.owner.journal))
		return true;
	written = written_at(jobdir, journal);
	latest = written_at(jobdir, last_found.owner.journal);
	return written < latest ||
	    (written == latest &&
		strcmp(journal, last_found.owner.journal) > 0);
}

static bool
owns_pid(int jobdir, const char *journal)
{
	struct owner owner = { jobdir, "", 0 };
	struct stat st;

	if (is_enchanted(journal))
		return true;
	if (is_surely_not(jobdir, journal))
		return false;
	if (fstat(jobdir, &st) < 0 || fsio_each(jobdir, consider, &owner) < 0)
		return false;
	last_found.dir = st;
	last_found.owner = owner;
	return strcmp(owner.journal, journal) == 0;
}

static void
cancel(struct buf *name, const char *journal, bool shared)
{
	if (!shared) {
		buf_addstr(name, JOB_CANCEL);
		return;
	}
	buf_add(name, journal, stem_length(journal));
	buf_addstr(name, WEAVE_CANCEL_SUFFIX);
}

const struct dialect dialect_weave = {
	.kind = "weave",
	.mark = mark,
	.lone_journal = WEAVE_ENCHANTED WEAVE_JOURNAL_SUFFIX,
	.pid_file = WEAVE_PID,
	.out_log = WEAVE_LOG, /* both streams */
	.err_log = JOB_STDERR,
	.stamp = stamp,
	.claim = claim,
	.label = label,
	.mode = mode,
	.tag = tag,
	.owns_pid = owns_pid,
	.cancel = cancel,
	.parse = journal_parse_weave,
};
