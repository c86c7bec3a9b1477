/*
 * scan.c: one job directory -> one record
 *
 * Flow A passes here: journal and processes -> facts -> status_derive().
 *
 * Invariant: the journal is read before the processes are looked at, and once
 * more before anything is called lost: an end record is in place before its
 * supervisor exits, so the second reading finds what the first one missed.
 */
#include "base/compat.h"
#include "truth/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "spool/tree.h"
#include "truth/evidence.h"

/* What stays the same for the life of this process. */
static const struct proc_place *
own_place(void)
{
	static struct proc_place place;
	static bool known;

	if (!known) {
		proc_place_self(&place);
		known = true;
	}
	return &place;
}

int
scan_open_dir(const struct spool *spool, const char *name)
{
	if (spool->fd < 0) {
		errno = ENOENT;
		return -1;
	}
	return fsio_open_dir(spool->fd, name, false);
}

/* Read and parse the journal; what is wrong goes into journal_error. */
static bool
read_journal(int jobdir, struct record *record)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	bool readable = false;

	journal_release(&record->journal);
	record->journal_error[0] = '\0';
	if (fsio_read_capped(jobdir, JOB_JOURNAL, JOURNAL_MAX, &text, NULL) < 0)
		err_sys(&err, errno, "%s", JOB_JOURNAL);
	else if (journal_parse(&record->journal, buf_str(&text), text.len,
		     &err) < 0)
		err_wrap(&err, "%s", JOB_JOURNAL);
	else
		readable = true;
	snprintf(record->journal_error, sizeof(record->journal_error), "%.*s",
	    (int)sizeof(record->journal_error) - 1,
	    readable ? record->journal.complaint : err.text);
	buf_release(&text);
	return readable;
}

/* What the job says about itself; a file that can't be read is told as
 * journal_error, since the job believes it to be seen. */
static void
read_progress(int jobdir, struct record *record)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (fsio_read_capped(jobdir, JOB_PROGRESS, PROGRESS_MAX, &text, NULL) <
	    0) {
		if (errno != ENOENT)
			err_sys(&err, errno, "%s", JOB_PROGRESS);
	} else if (journal_take_progress(&record->journal, buf_str(&text),
		       text.len, &err) < 0) {
		err_wrap(&err, "%s", JOB_PROGRESS);
	}
	if (err_is_set(&err) && !record->journal_error[0])
		snprintf(record->journal_error, sizeof(record->journal_error),
		    "%.*s", (int)sizeof(record->journal_error) - 1, err.text);
	buf_release(&text);
}

static bool
is_own(int jobdir)
{
	struct stat st;

	return fstat(jobdir, &st) == 0 && st.st_uid == geteuid();
}

static void
gather(struct facts *f, const struct spool *spool, int jobdir,
    const struct journal *j)
{
	const struct proc_place *own = own_place();
	int recorded = j->reason ? reason_from_word(j->reason) : -1;

	f->ended = j->ended;
	f->has_exit_code = j->exit_code >= 0;
	f->exit_code = j->exit_code;
	f->signal = j->signal;
	f->recorded = recorded < 0 ? REASON_NONE : (enum reason)recorded;
	f->cancelled = j->cancelled;
	f->reports_error = j->error != NULL;
	if (f->ended)
		return;
	f->remote = spool->remote;
	f->names_command = j->command_id.pid > 1 && j->command_id.start > 0;
	f->names_supervisor = j->supervisor.pid > 1;
	f->same_boot = own->boot_id[0] && own->has_table &&
	    strcmp(own->boot_id, j->place.boot_id) == 0;
	f->other_boot = own->boot_id[0] && j->place.boot_id[0] &&
	    strcmp(own->boot_id, j->place.boot_id) != 0;
	/* Of processes that are hidden from the reader nothing can be told. */
	f->same_namespace = own->pid_namespace &&
	    own->pid_namespace == j->place.pid_namespace &&
	    (own->sees_all || is_own(jobdir));
	if (f->names_command && f->same_boot && f->same_namespace) {
		f->command = proc_life(&j->command_id);
		f->supervisor = proc_life(&j->supervisor);
	} else {
		f->lock = fsio_lock_test(jobdir, JOB_PID);
	}
}

static void
derive(const struct spool *spool, int jobdir, struct record *record)
{
	int look;

	for (look = 0; look < 2; look++) {
		struct facts facts;

		memset(&facts, 0, sizeof(facts));
		facts.readable = read_journal(jobdir, record);
		if (facts.readable)
			gather(&facts, spool, jobdir, &record->journal);
		/* What the first look called dead stays so unless the second
		 * finds an end record. */
		if (look == 1 && facts.readable && !record->journal.ended &&
		    record->verdict.rule != RULE_UNREADABLE)
			return;
		record->verdict = status_derive(&facts);
		if (!status_needs_second_look(&record->verdict))
			return;
	}
}

/* Times: as recorded, else from the name, else of the directory. */
static void
set_times(int jobdir, struct record *record)
{
	const struct journal *j = &record->journal;
	struct stat st;
	usec_t since;

	record->started = j->started >= 0 ? j->started : j->created;
	if (record->started < 0)
		record->started = spool_name_stamp(record->dirname);
	if (record->started < 0 && fstat(jobdir, &st) == 0)
		record->started = fsio_ctime(&st);
	record->finished = j->finished;
	record->duration = j->duration;
	if (record->verdict.status == STATUS_RUNNING && j->command_id.start) {
		since = time_boot() - proc_start_usec(j->command_id.start);
		if (record->verdict.rule != RULE_LOCK_HELD && since >= 0)
			record->duration = (double)since / USEC_PER_SEC;
	} else if (record->duration < 0 &&
	    record->finished >= record->started && record->started >= 0) {
		record->duration =
		    (double)(record->finished - record->started) / USEC_PER_SEC;
	}
}

static void
look_at_log(int jobdir, const char *name, const struct journal_log *ended,
    struct record_log *log)
{
	struct stat st;

	if (fstatat(jobdir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode)) {
		log->size = ended->bytes;
		return;
	}
	log->exists = true;
	log->size = st.st_size;
	if (ended->dropped_bytes &&
	    st.st_size == ended->bytes - ended->dropped_bytes)
		log->size = ended->bytes; /* the hole was taken out */
	log->truncated = ended->truncated;
	log->dropped = ended->dropped_bytes;
	log->grown = log->size > 0 ? fsio_mtime(&st) : -1;
}

static int
count_leftover(int jobdir, const struct record *record)
{
	const struct journal *j = &record->journal;
	const struct proc_place *own = own_place();
	bool held;
	pid_t *pids;
	int count = 0;

	if (!j->ended || !own->boot_id[0] ||
	    strcmp(own->boot_id, j->place.boot_id) != 0 ||
	    own->pid_namespace != j->place.pid_namespace)
		return 0;
	held = fsio_lock_test(jobdir, JOB_PID) == FSIO_LOCK_HELD;
	if (!held && proc_life(&j->supervisor) != PROC_ALIVE)
		return 0;
	pids = xrealloc(NULL, TREE_MAX, sizeof(*pids));
	if (proc_life(&j->supervisor) == PROC_ALIVE)
		count = tree_below(j->supervisor.pid, pids, TREE_MAX);
	/* Its first supervisor was killed: marks instead of descent. */
	if (count == 0 && held)
		count = tree_marked(record->id, jobdir, pids, TREE_MAX);
	free(pids);
	return count;
}

static void
look_closely(int jobdir, struct record *record)
{
	const struct journal *j = &record->journal;
	struct stat st;

	record->leftover = count_leftover(jobdir, record);
	record->input_open = record->verdict.status == STATUS_RUNNING &&
	    j->interactive &&
	    fstatat(jobdir, JOB_STDIN, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISFIFO(st.st_mode);
	look_at_log(jobdir, JOB_STDOUT, &j->out, &record->out);
	look_at_log(jobdir, JOB_STDERR, &j->err, &record->err);
}

int
scan_job(const struct spool *spool, const char *name, const char *id,
    enum scan_depth depth, struct record *record)
{
	cleanup_close int jobdir = -1;

	memset(record, 0, sizeof(*record));
	journal_init(&record->journal);
	record->dirname = xstrdup(name);
	record->id = xstrdup(id);
	record->started = record->finished = -1;
	record->duration = -1;
	record->out.grown = record->err.grown = -1;
	jobdir = scan_open_dir(spool, name);
	if (jobdir < 0 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return -1;
	if (jobdir < 0) {
		record->verdict = (struct verdict){ STATUS_UNKNOWN,
			REASON_UNREADABLE, RULE_UNREADABLE, false };
		snprintf(record->journal_error, sizeof(record->journal_error),
		    "directory: %s", strerror(errno));
		record->started = spool_name_stamp(name);
		evidence_write(record);
		return 0;
	}
	derive(spool, jobdir, record);
	if (!record->journal.ended &&
	    request_read(jobdir, &record->cancel) == 1)
		record->cancel_requested =
		    record->verdict.status == STATUS_RUNNING;
	read_progress(jobdir, record);
	set_times(jobdir, record);
	if (depth == SCAN_FULL)
		look_closely(jobdir, record);
	evidence_write(record);
	return 0;
}

void
record_release(struct record *record)
{
	journal_release(&record->journal);
	free(record->dirname);
	free(record->id);
	record->dirname = record->id = NULL;
}
