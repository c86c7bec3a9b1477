/*
 * cli_follow.c: a job's output, as it is or as it comes
 *
 * Invariant: the job is looked at after its directory is watched, and its logs
 * after the job: when it has ended, nothing of its output is missed.
 */
#include "base/compat.h"
#include "faces/cli_follow.h"

#include "base/fsio.h"
#include "engines/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* At the job's state, while only its logs change. */
enum { LOOK_EVERY = USEC_PER_SEC };

struct follow {
	struct cli *cli;
	const struct record *job; /* its names */
	struct stream streams[2];
	int jobdir;
	struct stat journal; /* as it was at the last look */
	usec_t looked;       /* time_mono() of the last look at the state */
	struct loop_timer *timer; /* for the next one */
	bool over;
	int outcome; /* of cli_log_show() */
	struct err *err;
};

/* Look at the job's state and open its logs in the form they have now.  Returns
 * 1 if the job lives, 0 if not, -1 with err. */
static int
look(struct follow *f)
{
	struct record record;
	struct log logs[2];
	int lives = 0, i;

	f->looked = time_mono();
	if (fstatat(f->jobdir, JOB_JOURNAL, &f->journal, AT_SYMLINK_NOFOLLOW))
		memset(&f->journal, 0, sizeof(f->journal));
	if (scan_job(&f->cli->spool, &f->job->job, SCAN_STATE, &record) < 0) {
		lives = 0; /* removed; what is open can still be read */
	} else if (cli_logs_open(f->cli, &record, logs, f->err) < 0) {
		log_close(&logs[0]);
		log_close(&logs[1]);
		lives = -1;
	} else {
		lives = record.verdict.status == STATUS_RUNNING ||
		    record.verdict.status == STATUS_QUEUED;
		for (i = 0; i < 2; i++) {
			log_close(&f->streams[i].log);
			f->streams[i].log = logs[i];
		}
	}
	record_release(&record);
	return lives;
}

/* Is it time to look at the state: is there a new record, or has none been
 * looked at for a while? */
static bool
look_is_due(const struct follow *f)
{
	struct stat st;

	if (time_mono() - f->looked >= LOOK_EVERY)
		return true;
	if (fstatat(f->jobdir, JOB_JOURNAL, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return f->journal.st_ino != 0;
	return st.st_ino != f->journal.st_ino ||
	    st.st_ctim.tv_sec != f->journal.st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != f->journal.st_ctim.tv_nsec;
}

/* Did a log become shorter than what was written of it?  A job may truncate
 * its own log; after the end the supervisor changes its form. */
static bool
log_shrank(const struct follow *f)
{
	return f->streams[0].log.size < f->streams[0].offset ||
	    f->streams[1].log.size < f->streams[1].offset;
}

static int
refresh(struct follow *f)
{
	int i, lives = 1;

	if (look_is_due(f))
		lives = look(f);
	for (i = 0; lives > 0 && i < 2; i++)
		if (f->streams[i].log.fd >= 0 &&
		    log_refresh(&f->streams[i].log, f->err) < 0)
			return -1;
	if (lives > 0 && log_shrank(f))
		lives = look(f);
	for (i = 0; lives >= 0 && i < 2; i++) {
		struct stream *s = &f->streams[i];

		if (s->wanted && s->log.size < s->offset) {
			cli_say("%s was truncated by the job",
			    i == 0 ? JOB_STDOUT : JOB_STDERR);
			s->offset = 0;
		}
	}
	return lives;
}

/* Write all there is now; at the `end` also what was held back.  False if that
 * was the last that is to be written. */
static bool
pump_all(struct follow *f, bool end)
{
	int i;

	for (i = 0; i < 2 && f->outcome == 0; i++)
		f->outcome = stream_pump(f->cli, &f->streams[i], end, f->err);
	return f->outcome == 0 && !end;
}

static void
finish(struct follow *f)
{
	f->over = true;
	loop_stop(f->cli->loop, 0);
}

static void
step(struct follow *f)
{
	int lives;

	if (f->over)
		return;
	lives = refresh(f);
	if (lives < 0)
		f->outcome = -1;
	if (!pump_all(f, lives == 0))
		finish(f);
}

static void
on_timer(void *arg)
{
	struct follow *f = arg;

	f->timer = NULL;
	step(f);
}

static void
on_change(void *arg)
{
	struct follow *f = arg;
	usec_t looked = f->looked;

	step(f);
	/* A log that grows may have been the last sign of life. */
	if (!f->over && f->looked == looked && !f->timer)
		f->timer =
		    loop_timer(f->cli->loop, looked + LOOK_EVERY, on_timer, f);
}

/* Told without being asked for: POLLERR, POLLHUP. */
static void
on_reader_gone(void *arg, int events)
{
	struct follow *f = arg;

	(void)events;
	f->cli->reader_gone = true;
	f->outcome = STREAM_GONE;
	finish(f);
}

static int
set_up(struct follow *f, const struct cli_log_query *query)
{
	bool wanted[2] = { query->out, query->err };
	int i, lives = look(f);

	for (i = 0; lives >= 0 && i < 2; i++) {
		struct stream *s = &f->streams[i];

		s->fd = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
		s->wanted = wanted[i];
		s->shown = !query->raw && isatty(s->fd);
		if (s->wanted && query->lines >= 0)
			s->offset =
			    cli_log_tail_offset(&s->log, query->lines, f->err);
		if (s->offset < 0)
			return -1;
	}
	return lives;
}

/* The log of an adopted process is in another directory; NULL: it is not. */
static struct watch_handle *
watch_log_file(struct follow *f, struct watch *watch)
{
	const char *path = record_out_log(f->job);
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = NULL;
	cleanup_close int dir = -1;

	if (!slash)
		return NULL;
	parent = xstrndup(path, (size_t)(slash - path) + 1);
	dir = fsio_open_dir(AT_FDCWD, parent, true);
	return dir < 0
	    ? NULL
	    : watch_add(watch, dir, WATCH_NAMES | WATCH_CONTENT, on_change, f);
}

static void
follow_loop(struct follow *f)
{
	struct watch *watch = watch_new(f->cli->loop, WATCH_AUTO, f->err);
	struct watch_handle *handle, *other;
	struct loop_source *gone;

	if (!watch) {
		f->outcome = -1;
		return;
	}
	gone = loop_add(f->cli->loop, STDOUT_FILENO, 0, on_reader_gone, f);
	handle = watch_add(watch, f->jobdir, WATCH_NAMES | WATCH_CONTENT,
	    on_change, f);
	other = watch_log_file(f, watch);
	f->looked = -LOOK_EVERY; /* watch first, look second */
	step(f);
	while (!f->over && !f->cli->interrupted)
		loop_run(f->cli->loop);
	if (f->cli->interrupted && !f->over)
		f->outcome = STREAM_INTERRUPTED;
	loop_timer_cancel(f->timer);
	watch_remove(handle);
	watch_remove(other);
	watch_free(watch);
	loop_remove(gone);
}

int
cli_log_show(struct cli *cli, const struct record *record,
    const struct cli_log_query *query, bool follow, struct err *err)
{
	struct follow f = { .cli = cli, .job = record, .err = err };
	int i;

	for (i = 0; i < 2; i++)
		f.streams[i].log.fd = -1;
	f.jobdir = scan_open_dir(&cli->spool, record->job.name);
	if (f.jobdir < 0)
		f.outcome = err_sys(err, errno, "%s", record->job.name);
	else if (set_up(&f, query) < 0)
		f.outcome = -1;
	else if (pump_all(&f, !follow))
		follow_loop(&f);
	for (i = 0; i < 2; i++) {
		log_close(&f.streams[i].log);
		buf_release(&f.streams[i].carry);
	}
	close_fd(&f.jobdir);
	return f.outcome;
}
