/*
 * cli_stream.c: the bytes of one log to one descriptor
 *
 * Invariant: every byte of a log that is on disk is written once and in order;
 * what is missing between two of them is told.
 */
#include "base/compat.h"
#include "faces/cli_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK = 65536,
	ESCAPE_MAX = 64, /* longest unfinished escape sequence to wait for */
};

int
cli_logs_open(struct cli *cli, const struct record *record, struct log logs[2],
    struct err *err)
{
	const char *const names[] = { record_out_log(record),
		record->dialect->err_log };
	const struct journal *journal = &record->journal;
	cleanup_close int jobdir = -1;
	int i;

	memset(logs, 0, 2 * sizeof(*logs));
	logs[0].fd = logs[1].fd = -1;
	jobdir = scan_open_dir(&cli->spool, record->job.name);
	if (jobdir < 0)
		return err_sys(err, errno, "%s", record->job.name);
	for (i = 0; i < 2; i++) {
		const struct journal_log *end =
		    i == 0 ? &journal->out : &journal->err;
		struct log_shape shape = {
			.ended = journal->ended && end->known,
			.bytes = end->bytes,
			.dropped = { end->dropped_offset, end->dropped_bytes },
			.bound = journal->max_log_bytes > 0
			    ? journal->max_log_bytes
			    : 0,
		};

		if (log_open(&logs[i], jobdir, names[i], &shape, err) < 0)
			return -1;
	}
	return 0;
}

/* Bytes of a text that end neither inside a UTF-8 character nor inside an
 * escape sequence that may be a colour. */
static size_t
finished_part(const char *data, size_t len)
{
	size_t i, from = len > ESCAPE_MAX ? len - ESCAPE_MAX : 0;

	for (i = len; i > from && data[i - 1] != '\033'; i--)
		continue;
	if (i > from) {
		size_t end = i;

		if (end < len && data[end] == '[')
			for (end++;
			     end < len && data[end] >= ' ' && data[end] <= '?';
			     end++)
				continue;
		if (end == len)
			return i - 1;
	}
	return len - text_utf8_incomplete(data, len);
}

static int
write_all(struct cli *cli, struct stream *s, const char *data, size_t len,
    struct err *err)
{
	if (len == 0)
		return 0;
	s->last = data[len - 1];
	if (cli_write(cli, s->fd, data, len) == 0)
		return 0;
	if (errno == EINTR)
		return STREAM_INTERRUPTED;
	if (s->fd != STDOUT_FILENO && errno != EPIPE)
		return err_sys(err, errno, "write to stderr");
	if (errno == EPIPE)
		cli->reader_gone = s->fd == STDOUT_FILENO;
	else
		cli->output_error = errno;
	return STREAM_GONE;
}

/* Write bytes of a log; all of them if `last`, else perhaps a few later. */
static int
emit(struct cli *cli, struct stream *s, const char *data, size_t len, bool last,
    struct err *err)
{
	struct buf text = BUF_INIT;
	size_t part;
	int outcome;

	if (!s->shown)
		return write_all(cli, s, data, len, err);
	buf_add(&s->carry, data, len);
	part = last ? s->carry.len : finished_part(s->carry.data, s->carry.len);
	text_show_coloured(&text, buf_str(&s->carry), part);
	buf_shift(&s->carry, part);
	outcome = write_all(cli, s, buf_str(&text), text.len, err);
	buf_release(&text);
	return outcome;
}

static int
emit_gap(struct cli *cli, struct stream *s, int64_t bytes, struct err *err)
{
	struct buf note = BUF_INIT;
	int outcome = emit(cli, s, "", 0, true, err);

	buf_addf(&note, "%s[jobdir: %lld bytes dropped here]\n",
	    s->last && s->last != '\n' ? "\n" : "", (long long)bytes);
	if (outcome == 0)
		outcome = write_all(cli, s, note.data, note.len, err);
	buf_release(&note);
	return outcome;
}

int
stream_pump(struct cli *cli, struct stream *s, bool last, struct err *err)
{
	int64_t from, end = s->log.size;
	char block[BLOCK];
	int outcome = 0;
	ssize_t n;

	while (outcome == 0 && s->wanted && s->offset < end) {
		from = s->offset;
		n = log_read(&s->log, &from, block, sizeof(block), err);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (from > s->offset)
			outcome = emit_gap(cli, s, from - s->offset, err);
		if (outcome == 0)
			outcome = emit(cli, s, block, (size_t)n, false, err);
		s->offset = from + n;
	}
	if (outcome == 0 && last)
		outcome = emit(cli, s, "", 0, true, err);
	return outcome;
}

int64_t
cli_log_tail_offset(struct log *log, int64_t lines, struct err *err)
{
	int64_t gap_end = log->dropped.offset + log->dropped.bytes;
	int64_t high = log->size, low, from;
	char block[BLOCK];
	ssize_t n;

	if (lines == 0)
		return high;
	while (high > 0) {
		if (log->dropped.bytes > 0 && high == gap_end) {
			high = log->dropped.offset;
			continue;
		}
		low = high > BLOCK ? high - BLOCK : 0;
		if (log->dropped.bytes > 0 && low < gap_end && high > gap_end)
			low = gap_end;
		for (from = low; from < high; from += n) {
			n = log_read(log, &from, block + (from - low),
			    (size_t)(high - from), err);
			if (n < 0)
				return -1;
			if (n == 0)
				break;
		}
		/* The newline of the last line begins no other one. */
		for (n = high - low; n > 0; n--)
			if (block[n - 1] == '\n' && low + n < log->size &&
			    lines-- == 1)
				return low + n;
		high = low;
	}
	return 0;
}
