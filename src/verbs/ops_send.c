/*
 * ops_send.c: input for a job: interact_with_job and `jobdir send`
 *
 * The input is a FIFO that only the job's supervisor keeps open for writing; a
 * sender opens it without blocking, and end of file is asked for by unlinking
 * it.
 *
 * Invariant: nothing here blocks; bytes_written is what the FIFO took, never
 * more and never less.
 */
#include "base/compat.h"
#include "verbs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engines/spawn.h"

enum { QUIET = 200 * 1000 }; /* output is over after so much silence */

/* The write end of a job's input, or -1 with the literal error. */
static int
open_input(const struct ops *ops, const struct record *record, struct err *err)
{
	const struct journal *j = &record->journal;
	cleanup_close int dir = -1;
	cleanup_close int fd = -1;
	struct stat st;

	if (record->verdict.status != STATUS_RUNNING)
		return err_set(err, ERR_REFUSED, ERROR_NOT_RUNNING,
		    record->job.id);
	if (!j->interactive)
		return err_set(err, ERR_REFUSED,
		    j->supervisor.pid ? ERROR_NO_INPUT : ERROR_FOREIGN_INPUT,
		    record->job.id);
	/* Who acts on a job sees to it that somebody looks after it. */
	if (record->verdict.orphaned &&
	    spawn_take_over(ops->spool, record->job.name, err) < 0)
		return -1;
	dir = scan_open_dir(ops->spool, record->job.name);
	if (dir >= 0)
		fd = openat(dir, JOB_STDIN,
		    O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (S_ISFIFO(st.st_mode))
			return steal_fd(&fd);
		errno = ENOENT;
	}
	/* ENOENT: closed on request; ENXIO: nobody reads it any more.  Nothing
	 * else says that it is closed. */
	if (errno != ENOENT && errno != ENXIO && errno != ELOOP)
		return err_sys(err, errno, "open input");
	return err_set(err, ERR_REFUSED, "%s", ERROR_INPUT_CLOSED);
}

/* Write what fits.  0 with *written, or -1 with the literal error. */
static int
write_some(int fd, const char *data, size_t len, size_t *written,
    struct err *err)
{
	ssize_t n;

	*written = 0;
	while (*written < len) {
		n = write(fd, data + *written, len - *written);
		if (n > 0)
			*written += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			break;
		else if (n < 0 && errno == EPIPE)
			return err_set(err, ERR_REFUSED, "%s",
			    ERROR_INPUT_CLOSED);
		else if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "input");
	}
	return 0;
}

static int
ask_for_eof(const struct ops *ops, const char *dirname, struct err *err)
{
	cleanup_close int dir = scan_open_dir(ops->spool, dirname);

	if (dir < 0 || (unlinkat(dir, JOB_STDIN, 0) < 0 && errno != ENOENT))
		return err_sys(err, errno, "close input");
	return 0;
}

/* Resolve and gather for the two verbs of the command line. */
static int
find_input(struct ops *ops, const char *word, struct record *record, int *fd,
    struct err *err)
{
	struct op_call any = { .allow_last = true };
	struct spool_job job;

	*fd = -1;
	memset(record, 0, sizeof(*record));
	journal_init(&record->journal);
	if (op_resolve(ops, &any, word, &job, err) < 0)
		return -1;
	if (op_scan(ops, &job, record, err) == 0)
		*fd = open_input(ops, record, err);
	spool_job_release(&job);
	return *fd < 0 ? -1 : 0;
}

int
ops_send_bytes(struct ops *ops, const char *word, const void *data, size_t len,
    size_t *written, struct err *err)
{
	struct record record;
	int fd, result;

	*written = 0;
	result = find_input(ops, word, &record, &fd, err);
	if (result == 0)
		result = write_some(fd, data, len, written, err);
	close_fd(&fd);
	record_release(&record);
	return result;
}

int
ops_send_eof(struct ops *ops, const char *word, struct err *err)
{
	struct err closed = ERR_INIT;
	struct record record;
	int fd, result;

	result = find_input(ops, word, &record, &fd, &closed);
	if (result == 0)
		result = ask_for_eof(ops, record.job.name, err);
	else if (strcmp(closed.text, ERROR_INPUT_CLOSED) == 0)
		result = 0; /* asked for before */
	else
		*err = closed;
	close_fd(&fd);
	record_release(&record);
	return result;
}

/* A call of interact_with_job. */
struct interaction {
	struct ops *ops;
	struct op_call *call;
	struct spool_job job;
	struct record record;
	struct buf input;
	size_t written;
	int fd;
	struct loop_source *writable;
	struct job_watch *watch;
	struct op_timer timer;
	struct loop_timer *quiet;
	int64_t out_offset, err_offset; /* where the output that follows is */
	int64_t out_size, err_size;     /* as of the last look */
};

static void
interaction_free(struct interaction *in)
{
	op_timer_stop(&in->timer);
	loop_timer_cancel(in->quiet);
	loop_remove(in->writable);
	job_watch_free(in->watch);
	close_fd(&in->fd);
	buf_release(&in->input);
	record_release(&in->record);
	spool_job_release(&in->job);
	free(in);
}

static void
interaction_fail(struct interaction *in, struct err *err)
{
	struct op_call *call = in->call;

	interaction_free(in);
	op_failed_at(call, err);
}

static void
cancel_interaction(struct op_call *call)
{
	interaction_free(call->state);
}

static void
answer(struct interaction *in)
{
	struct op_call *call = in->call;
	struct op_views views;
	struct op_logs logs;
	struct err err = ERR_INIT;
	json_t *result;

	record_release(&in->record);
	if (op_scan(in->ops, &in->job, &in->record, &err) < 0 ||
	    op_logs_open(&logs, in->ops, &in->record, &err) < 0) {
		interaction_fail(in, &err);
		return;
	}
	op_views_init(&views);
	if (op_views_range(&logs, in->out_offset, in->err_offset,
		(size_t)arg_number(call, "max_bytes", 8192), false, &views,
		&err) < 0) {
		op_views_release(&views);
		op_logs_close(&logs);
		interaction_fail(in, &err);
		return;
	}
	result = json_object();
	json_set_string(result, "job_id", in->record.job.id);
	json_set_string(result, "status",
	    status_word(in->record.verdict.status));
	json_object_set_new(result, "bytes_written",
	    json_integer((json_int_t)in->written));
	op_views_numbers(result, &logs, &views,
	    status_is_final(in->record.verdict.status) &&
		in->record.leftover == 0);
	if (in->written < in->input.len)
		json_set_string(result, "hint",
		    "the job does not read its "
		    "input: what is missing in bytes_written was not written"
		    "; send it again later");
	op_views_texts(result, &views);
	op_views_release(&views);
	op_logs_close(&logs);
	interaction_free(in);
	op_done(call, result);
}

static void
answer_late(struct op_call *call)
{
	answer(call->state);
}

static void
on_quiet(void *arg)
{
	struct interaction *in = arg;

	in->quiet = NULL;
	answer(in);
}

/* Look at the sizes; the answer comes when they have stopped growing. */
static void
look(struct interaction *in)
{
	struct record record;
	bool ended, grown;

	if (scan_job(in->ops->spool, &in->job, SCAN_FULL, &record) < 0) {
		record_release(&record);
		answer(in);
		return;
	}
	ended = status_is_final(record.verdict.status);
	grown =
	    record.out.size != in->out_size || record.err.size != in->err_size;
	in->out_size = record.out.size;
	in->err_size = record.err.size;
	record_release(&record);
	if (in->written < in->input.len && !ended)
		return; /* still being written */
	if (ended) {
		answer(in);
	} else if (grown) {
		loop_timer_cancel(in->quiet);
		in->quiet = loop_timer(in->ops->loop, time_mono() + QUIET,
		    on_quiet, in);
	}
}

static void
on_change(void *arg)
{
	look(arg);
}

static void
on_writable(void *arg, int events)
{
	struct interaction *in = arg;
	struct err err = ERR_INIT;
	size_t n;

	(void)events;
	if (write_some(in->fd, buf_str(&in->input) + in->written,
		in->input.len - in->written, &n, &err) < 0) {
		interaction_fail(in, &err);
		return;
	}
	in->written += n;
	if (in->written < in->input.len) {
		if (!in->writable)
			in->writable = loop_add(in->ops->loop, in->fd, POLLOUT,
			    on_writable, in);
		return;
	}
	loop_remove(in->writable);
	in->writable = NULL;
	close_fd(&in->fd);
	if (arg_bool(in->call, "eof") &&
	    ask_for_eof(in->ops, in->job.name, &err) < 0) {
		interaction_fail(in, &err);
		return;
	}
	look(in);
}

static void
describe(struct op_call *call, char *text, size_t size)
{
	const struct interaction *in = call->state;

	snprintf(text, size, "%zu of %zu bytes taken, waiting for output",
	    in->written, in->input.len);
}

/* The bytes to send: the text, and a newline unless it has one. */
static void
make_input(struct interaction *in)
{
	const json_t *text = json_object_get(in->call->args, "input");
	size_t length = json_string_length(text);

	if (length > 0)
		buf_add(&in->input, json_string_value(text), length);
	if (length == 0 && arg_bool(in->call, "eof"))
		return;
	if (arg_bool(in->call, "newline") &&
	    (length == 0 || in->input.data[length - 1] != '\n'))
		buf_addch(&in->input, '\n');
}

void
op_interact(struct ops *ops, struct op_call *call)
{
	struct interaction *in = xmalloc(sizeof(*in));
	struct err err = ERR_INIT;

	memset(in, 0, sizeof(*in));
	journal_init(&in->record.journal);
	in->ops = ops;
	in->call = call;
	in->fd = -1;
	make_input(in);
	if (op_resolve_argument(ops, call, &in->job, &err) < 0 ||
	    op_scan(ops, &in->job, &in->record, &err) < 0) {
		interaction_fail(in, &err);
		return;
	}
	in->fd = open_input(ops, &in->record, &err);
	if (in->fd < 0) {
		interaction_fail(in, &err);
		return;
	}
	in->out_offset = in->out_size = in->record.out.size;
	in->err_offset = in->err_size = in->record.err.size;
	call->state = in;
	call->cancel = cancel_interaction;
	op_timer_start(&in->timer, ops, call,
	    arg_number(call, "wait_seconds", 2), answer_late, describe);
	in->watch = job_watch_new(ops, in->job.name, &in->record,
	    WATCH_NAMES | WATCH_CONTENT, on_change, in);
	on_writable(in, 0);
}
