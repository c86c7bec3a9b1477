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

enum {
	/* A pid file may be copied so long after the journal beside it. */
	RUN_SLACK = 2 * USEC_PER_SEC,
	CLOCK_GRAIN = 50 * 1000, /* of stamps, and of a process's start */
};

/* What stays the same for the life of this process; each thread learns it for
 * itself. */
static const struct proc_place *
own_place(void)
{
	static _Thread_local struct proc_place place;
	static _Thread_local bool known;

	if (!known) {
		proc_place_self(&place);
		/* What could not be read now may be read the next time. */
		known =
		    place.boot_id[0] && place.pid_namespace && place.has_table;
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

static void
note_error(struct record *record, const char *text)
{
	snprintf(record->journal_error, sizeof(record->journal_error), "%.*s",
	    (int)sizeof(record->journal_error) - 1, text);
}

static void
note_trouble(struct record *record, int sys)
{
	if (fsio_is_own_trouble(sys))
		record->starved = sys;
}

enum {
	TORN_TRIES = 5,
	TORN_PAUSE = 1000,              /* microseconds */
	TORN_RECENT = 2 * USEC_PER_SEC, /* written so short a time ago */
};

/* One reading.  1: parsed; 0: it can't be; -1: there is none. */
static int
read_once(int jobdir, struct record *record, struct err *err)
{
	const char *file = record->job.journal;
	struct buf text = BUF_INIT;
	int result = 0;
	struct stat st;

	journal_release(&record->journal);
	record->journal_written = -1;
	record->starved = 0;
	if (fsio_read_capped(jobdir, file, JOURNAL_MAX, &text, &st) < 0) {
		result = errno == ENOENT ? -1 : 0;
		note_trouble(record, errno);
		err_sys(err, errno, "%s", file);
	} else {
		record->journal_written = fsio_mtime(&st);
		named_process_set(&record->named, 0, 0, &st);
		if (record->dialect->parse(&record->journal, buf_str(&text),
			text.len, err) == 0)
			result = 1;
		else
			err_wrap(err, "%s", file);
	}
	buf_release(&text);
	return result;
}

/* Read and parse the journal; what is wrong goes into journal_error.  Jobs of
 * ours replace theirs in one step; some workers write in place, and are given a
 * moment to finish.  Results as of read_once(). */
static int
read_journal(int jobdir, bool own, struct record *record)
{
	struct err err = ERR_INIT;
	int result, tries;

	for (tries = 0;; tries++) {
		result = read_once(jobdir, record, &err);
		if (result != 0 || own || tries == TORN_TRIES ||
		    record->journal_written < 0 ||
		    time_wall() - record->journal_written > TORN_RECENT)
			break;
		compat_poll(NULL, 0, TORN_PAUSE, NULL);
		err_clear(&err);
	}
	note_error(record, result == 1 ? record->journal.complaint : err.text);
	return result;
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
	if (!err_is_set(&err) && record->journal.complaint[0])
		err_set(&err, ERR_INVALID, "%s", record->journal.complaint);
	if (err_is_set(&err) && !record->journal_error[0])
		note_error(record, err.text);
	buf_release(&text);
}

static bool
is_own(int jobdir)
{
	struct stat st;

	return fstat(jobdir, &st) == 0 && st.st_uid == geteuid();
}

/* What processes can be seen, and do the record's pids mean something here? */
static void
gather_place(struct facts *f, const struct spool *spool, int jobdir,
    const struct journal *j)
{
	const struct proc_place *own = own_place();

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
}

static void
gather_named(struct facts *f, int jobdir, struct record *record)
{
	const struct proc_place *own = own_place();
	/* What a journal says of itself is of one run. */
	bool by_file = record->journal.command_id.pid < 2;
	usec_t written = record->journal_written;
	uint64_t start = 0;

	if (record->named.pid < 2 || f->other_boot)
		return;
	f->named = NAMED_DOUBTFUL;
	if (!f->remote && own->has_table && (own->sees_all || is_own(jobdir)))
		f->named = named_process_life(&record->named, &start);
	if (f->named == NAMED_ALIVE) { /* from here on it can be told apart */
		record->journal.command_id.pid = record->named.pid;
		record->journal.command_id.start = start;
	}
	/* An end is that of an earlier run if it was on record before the
	 * process started and before the file that names it was made; of one
	 * that has ended the latter must be clear, since files are copied. */
	f->end_is_old = by_file && written >= 0 &&
	    written + (f->named == NAMED_ALIVE ? 0 : RUN_SLACK) <
		record->named.written &&
	    (f->named != NAMED_ALIVE || written < proc_started_at(start));
}

/* Is the request meant for this run of a worker, not for an earlier one? */
static bool
is_of_this_run(const struct facts *f, const struct record *record)
{
	const struct request *r = &record->cancel;
	bool alive = f->named == NAMED_ALIVE || f->command == PROC_ALIVE;
	usec_t begun = record->journal.started;

	if (alive)
		begun = proc_started_at(record->journal.command_id.start);
	if (r->at + CLOCK_GRAIN < begun)
		return false;
	/* Of what died of it nothing lives or is written later. */
	return r->ended < 0 ||
	    (!alive && record->journal_written <= r->ended &&
		record->named.written <= r->ended);
}

/* What became of a request to stop a worker that has no supervisor. */
static void
gather_stop(struct facts *f, int jobdir, struct record *record)
{
	struct buf file = BUF_INIT;
	struct request *r = &record->cancel;
	bool ended = f->ended && !f->end_is_old;

	record_cancel_file(record, &file);
	record->cancel_requested =
	    request_read(jobdir, buf_str(&file), r) == 1 &&
	    is_of_this_run(f, record);
	/* An end that was on record before the request is what it is.  A
	 * request that nobody holds may have been concluded just now. */
	if (record->cancel_requested && r->ended < 0 &&
	    (!ended || record->journal_written > r->placed)) {
		f->stop_held =
		    fsio_lock_test(jobdir, buf_str(&file)) == FSIO_LOCK_HELD;
		if (!f->stop_held)
			record->cancel_requested =
			    request_read(jobdir, buf_str(&file), r) == 1 &&
			    is_of_this_run(f, record);
	}
	if (record->cancel_requested && r->ended >= 0)
		f->stop_ended = !ended || record->journal_written > r->at;
	buf_release(&file);
}

static void
gather(struct facts *f, const struct spool *spool, int jobdir,
    struct record *record)
{
	const struct journal *j = &record->journal;
	int recorded = j->reason ? reason_from_word(j->reason) : -1;

	f->ended = j->ended;
	f->has_exit_code = j->exit_code >= 0;
	f->exit_code = j->exit_code;
	f->signal = j->signal;
	f->recorded = recorded < 0 ? REASON_NONE : (enum reason)recorded;
	f->cancelled = j->cancelled;
	f->reports_error = j->error != NULL;
	f->reports_success = j->reports_success;
	f->adopted = j->adopted;
	record->foreign = j->supervisor.pid == 0 && !j->adopted;
	if (f->ended && !record->foreign)
		return;
	gather_place(f, spool, jobdir, j);
	if (record->foreign)
		named_process_find(&record->named, jobdir, &record->job, j);
	/* Without boot and namespace its pid is but a number. */
	if (record->foreign &&
	    !(f->names_command && j->place.boot_id[0] &&
		j->place.pid_namespace))
		gather_named(f, jobdir, record);
	if (f->names_command && f->same_boot && f->same_namespace) {
		f->command = proc_life(&j->command_id);
		f->supervisor =
		    f->names_supervisor ? proc_life(&j->supervisor) : PROC_GONE;
	} else {
		f->command = f->supervisor = PROC_UNKNOWN;
		f->lock = fsio_lock_test(jobdir, record->dialect->pid_file);
	}
	if (record->foreign)
		gather_stop(f, jobdir, record);
}

static void
derive(const struct spool *spool, int jobdir, bool own, struct record *record)
{
	bool was_readable = false, is_second;
	int look, read;

	/* A look that could not read is none after which another one counts as
	 * the second. */
	for (look = 0; look < 3; look++) {
		struct facts facts;

		memset(&facts, 0, sizeof(facts));
		memset(&record->named, 0, sizeof(record->named));
		read = read_journal(jobdir, own, record);
		facts.readable = read == 1;
		if (!own || facts.readable)
			gather(&facts, spool, jobdir, record);
		/* A worker may leave nothing but its pid. */
		if (read < 0 && facts.named != NAMED_NONE)
			facts.readable = true;
		/* What the first look called dead stays so unless the second
		 * finds an end record. */
		if (facts.end_is_old)
			journal_forget_run(&record->journal);
		if (look > 0 && facts.readable && was_readable &&
		    !record->journal.ended && !facts.stop_ended &&
		    !facts.stop_held)
			return;
		is_second = look > 0 && (was_readable || !facts.readable);
		was_readable = facts.readable;
		record->verdict = status_derive(&facts);
		if (is_second || !status_needs_second_look(&record->verdict))
			return;
	}
}

static void
set_finished(struct record *record)
{
	const struct journal *j = &record->journal;

	if (record->verdict.rule == RULE_STOPPED)
		record->finished = record->cancel.ended;
	else if (record->verdict.rule == RULE_END_RECORD ||
	    record->verdict.rule == RULE_REPORTS_ERROR)
		record->finished =
		    j->finished >= 0 ? j->finished : record->journal_written;
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
		record->started = record->dialect->stamp(record->job.name);
	if (record->started < 0 && fstat(jobdir, &st) == 0)
		record->started = fsio_ctime(&st);
	set_finished(record);
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

/* A dialect that makes the name for people of names on disk. */
static void
set_label(struct record *record)
{
	struct buf label = BUF_INIT;

	if (!record->dialect->label)
		return;
	record->dialect->label(&label, record->job.name, record->job.journal);
	record->label = buf_steal(&label);
	record->journal.name = record->label;
}

void
record_cancel_file(const struct record *record, struct buf *name)
{
	record->dialect->cancel(name, record->job.journal, record->job.shared);
}

const char *
record_out_log(const struct record *record)
{
	const struct journal *j = &record->journal;

	/* A path in a record is followed only where the reader wrote it. */
	if (j->adopted && j->log_file && j->log_file[0] == '/' &&
	    record->named.owner == geteuid())
		return j->log_file;
	return record->dialect->out_log;
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

	/* One that is lost may have left some, too. */
	if ((!j->ended && record->verdict.rule != RULE_NOTHING_LIVES) ||
	    !own->boot_id[0] || strcmp(own->boot_id, j->place.boot_id) != 0 ||
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
		count = tree_marked(record->job.id, jobdir, pids, TREE_MAX);
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
	look_at_log(jobdir, record_out_log(record), &j->out, &record->out);
	look_at_log(jobdir, record->dialect->err_log, &j->err, &record->err);
}

/* It can't be looked into. */
static void
set_unreadable(const struct spool *spool, struct record *record,
    const char *why)
{
	struct stat st;

	record->verdict = (struct verdict){ STATUS_UNKNOWN, REASON_UNREADABLE,
		RULE_UNREADABLE, false };
	snprintf(record->journal_error, sizeof(record->journal_error),
	    "directory: %s", why);
	record->started = record->dialect->stamp(record->job.name);
	if (record->started < 0 &&
	    fstatat(spool->fd, record->job.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		record->started = fsio_ctime(&st);
}

/* The request to a supervisor, while there is one to take it. */
static void
look_for_request(int jobdir, struct record *record)
{
	const struct verdict *v = &record->verdict;

	if (!record->foreign && !record->journal.ended &&
	    request_read(jobdir, JOB_CANCEL, &record->cancel) == 1)
		record->cancel_requested = true;
	record->cancel_requested =
	    record->cancel_requested && v->status == STATUS_RUNNING;
}

int
scan_job(const struct spool *spool, const struct spool_job *job,
    enum scan_depth depth, struct record *record)
{
	cleanup_close int jobdir = -1;

	memset(record, 0, sizeof(*record));
	journal_init(&record->journal);
	spool_job_copy(&record->job, job);
	record->dialect = dialect_of(job->journal);
	record->started = record->finished = -1;
	record->duration = -1;
	scan_forget_look(record);
	jobdir = scan_open_dir(spool, job->name);
	if (jobdir < 0 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return -1;
	if (jobdir < 0) {
		note_trouble(record, errno);
		set_unreadable(spool, record, strerror(errno));
		return 0;
	}
	derive(spool, jobdir, spool_name_is_own(job->name), record);
	look_for_request(jobdir, record);
	if (record->dialect == &dialect_native)
		read_progress(jobdir, record);
	set_label(record);
	set_times(jobdir, record);
	if (depth == SCAN_FULL)
		look_closely(jobdir, record);
	return 0;
}

int
scan_look(const struct spool *spool, struct record *record)
{
	cleanup_close int jobdir = scan_open_dir(spool, record->job.name);

	if (jobdir < 0)
		return -1;
	look_closely(jobdir, record);
	return 0;
}

void
scan_forget_look(struct record *record)
{
	static const struct record_log nothing = { .grown = -1 };

	record->leftover = 0;
	record->input_open = false;
	record->out = record->err = nothing;
}

void
record_copy(struct record *record, const struct record *from)
{
	*record = *from;
	spool_job_copy(&record->job, &from->job);
	journal_copy(&record->journal, &from->journal);
	if (from->label) {
		record->label = xstrdup(from->label);
		record->journal.name = record->label;
	}
}

void
record_release(struct record *record)
{
	journal_release(&record->journal);
	spool_job_release(&record->job);
	free(record->label);
	record->label = NULL;
}
