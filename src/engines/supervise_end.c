/*
 * supervise_end.c: recording the end
 *
 * Room for the end record is taken before the launch, as the hidden file .end;
 * the record is the start record's text with a few printed lines, written into
 * that room and renamed over journal.json.  So it works on a full disk.
 *
 * Invariant: no allocation; a failure leaves everything for the next try.
 */
#include "base/compat.h"
#include "engines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spool/names.h"
#include "spool/reason.h"

enum { BLOCK = 4096 };

int
supervisor_make_end(struct supervisor *s)
{
	s->end_fd = openat(s->jobdir, JOB_END,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return s->end_fd < 0 ? -1 : 0;
}

int
supervisor_reserve_end(const struct supervisor *s)
{
	off_t room = (off_t)(s->record_len + JOURNAL_END_MAX + BLOCK - 1) /
	    BLOCK * BLOCK;
	int result = posix_fallocate(s->end_fd, 0, room);

	if (result == 0 || result == EOPNOTSUPP || result == EINVAL)
		return 0;
	errno = result;
	return -1;
}

static enum reason
reason_of(const struct supervisor *s, int wait_status)
{
	if (s->cause == STOP_TIMEOUT)
		return REASON_TIMEOUT;
	if (s->cause == STOP_REQUEST)
		return REASON_CANCELLED;
	if (!s->end.has_status)
		return REASON_ADOPTED;
	return WIFEXITED(wait_status) ? REASON_EXIT : REASON_SIGNAL;
}

/*
 * Nobody asked for its death: has the kernel killed anything meanwhile for lack
 * of memory?  What it killed elsewhere on the machine only counts if the
 * command died in that way, or says like a shell that something else did.
 */
static void
note_memory(struct supervisor *s)
{
	int status = s->end.wait_status;
	bool killed = WIFSIGNALED(status)
	    ? WTERMSIG(status) == SIGKILL
	    : WEXITSTATUS(status) == 128 + SIGKILL;

	if (!s->end.has_status || s->cause != STOP_NOT || status == 0 ||
	    (s->oom.scope == OOM_SYSTEM && !killed))
		return;
	s->end.oom_kills = oom_kills(&s->oom);
	s->end.oom_counter = s->oom.scope == OOM_CGROUP ? JOURNAL_OOM_CGROUP
							: JOURNAL_OOM_SYSTEM;
}

void
supervisor_note_end(struct supervisor *s, int wait_status, bool has_status,
    const struct rusage *usage)
{
	struct request last;

	s->has_ended = true;
	s->end.finished = time_wall();
	s->end.duration = time_boot() - s->started_boot;
	s->end.wait_status = wait_status;
	s->end.has_status = has_status;
	s->end.has_usage = usage != NULL;
	if (usage)
		s->end.usage = *usage;
	/* The only moment at which "killed" is decided. */
	if (s->cause == STOP_NOT &&
	    request_read(s->jobdir, JOB_CANCEL, &last) == 1)
		stop_request(s, &last, STOP_REQUEST);
	note_memory(s);
	s->end.reason = reason_word(reason_of(s, wait_status));
	s->end.cancelled = s->cause == STOP_REQUEST;
	if (s->end.cancelled) {
		s->end.cancel_at = s->request.at;
		s->end.cancel_by = s->request.by;
		s->end.cancel_signal = s->request.signal;
	}
}

/* All of `data` at `offset`; 0 or -1 with errno. */
static int
write_at(int fd, const char *data, size_t size, off_t offset)
{
	ssize_t n;

	while (size > 0) {
		n = pwrite(fd, data, size, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		offset += n;
		size -= (size_t)n;
	}
	return 0;
}

/*
 * What is to be done when the end could not be recorded?  Where the job's
 * directory itself is gone there is nowhere to record it, so that counts as
 * done; where only the reserved file is gone, another one is made.  Returns
 * whether it is worth trying again at once.
 */
static bool
mend(struct supervisor *s)
{
	struct stat st;

	if (fstat(s->jobdir, &st) == 0 && st.st_nlink == 0) {
		s->recorded = true;
		return false;
	}
	if (s->end_fd >= 0 && (fstat(s->end_fd, &st) < 0 || st.st_nlink > 0))
		return false;
	close_fd(&s->end_fd);
	s->end_fd = openat(s->jobdir, JOB_END,
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return s->end_fd >= 0;
}

/* The log of an adopted process is a file of its own, maybe another one by now
 * than before: how large it is counts, at the end. */
static void
look_at_log_file(struct supervisor *s)
{
	struct stat st;

	if (s->log_file &&
	    fstatat(AT_FDCWD, s->log_file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		s->out.size = st.st_size;
}

/* Write the end record into its room, and put it in place: never a file that
 * somebody else has put there instead. */
static int
put_in_place(struct supervisor *s, const char *text, size_t length)
{
	struct stat st;

	if (write_at(s->end_fd, s->record, s->record_len, 0) < 0 ||
	    write_at(s->end_fd, text, length, (off_t)s->record_len) < 0 ||
	    ftruncate(s->end_fd, (off_t)(s->record_len + length)) < 0 ||
	    fchmod(s->end_fd, 0400) < 0 || fsync(s->end_fd) < 0 ||
	    fstat(s->end_fd, &st) < 0 || st.st_nlink == 0)
		return -1;
	return renameat(s->jobdir, JOB_END, s->jobdir, JOB_JOURNAL);
}

int
supervisor_record_end(struct supervisor *s)
{
	char text[JOURNAL_END_MAX];
	size_t length;

	bounded_log_look(&s->out);
	bounded_log_look(&s->err);
	look_at_log_file(s);
	s->end.out = bounded_log_facts(&s->out);
	s->end.err = bounded_log_facts(&s->err);
	s->end.has_err = s->has_err;
	length = journal_end_text(&s->end, text);
	if (put_in_place(s, text, length) < 0 &&
	    (!mend(s) || put_in_place(s, text, length) < 0))
		return s->recorded ? 0 : -1;
	s->recorded = true;
	/* In place for every reader; a power cut may still undo it, and a sync
	 * that fails here can't be answered by anything better. */
	if (fsync(s->jobdir) < 0)
		s->remote = s->remote || errno == EIO;
	return 0;
}
