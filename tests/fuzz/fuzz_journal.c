/*
 * fuzz_journal.c: journal.json, read and written again
 *
 * Holds: members are in their ranges; a second reading and a copy are equal;
 * what can be written as a record of ours is read back the same.
 *
 * covers: src/spool/journal.c src/spool/journal_fields.c
 * covers: src/spool/journal_print.c src/spool/journal_write.c
 */
#include "base/compat.h"
#include "fuzz.h"
#include "spool/journal.h"
#include "spool/journal_print.h"
#include "spool/request.h"

static bool
same_words(const char *const *a, const char *const *b)
{
	size_t i = 0;

	if (!a || !b)
		return a == b;
	while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
		i++;
	return !a[i] && !b[i];
}

static void
check_log(const struct journal_log *log)
{
	FUZZ_CHECK(log->bytes >= 0 && log->truncated >= 0);
	FUZZ_CHECK(log->dropped_offset >= 0 && log->dropped_bytes >= 0);
	FUZZ_CHECK(log->known || (log->bytes == 0 && log->dropped_bytes == 0));
}

static void
check_ranges(const struct journal *j)
{
	FUZZ_CHECK(strlen(j->complaint) < JOURNAL_COMPLAINT_MAX);
	FUZZ_CHECK(fuzz_is_printable(j->complaint));
	FUZZ_CHECK(j->exit_code >= -1 && j->exit_code <= 255);
	FUZZ_CHECK(j->signal >= 0 && j->signal <= 64);
	FUZZ_CHECK(j->cancel_signal >= 0 && j->cancel_signal <= 64);
	FUZZ_CHECK(j->command_id.pid >= 0 && j->supervisor.pid >= 0);
	FUZZ_CHECK(j->timeout_usec >= -1 && j->max_log_bytes >= -1);
	FUZZ_CHECK(j->user_seconds >= 0 && j->system_seconds >= 0);
	FUZZ_CHECK(j->max_rss_bytes >= 0);
	FUZZ_CHECK(j->duration >= 0 || j->duration == -1);
	FUZZ_CHECK(j->ended ==
	    (j->finished >= 0 || j->exit_code >= 0 || j->signal > 0));
	FUZZ_CHECK(strlen(j->place.boot_id) < PROC_BOOT_ID_MAX);
	FUZZ_CHECK(!j->argv || j->argv[0]);
	FUZZ_CHECK(!j->env_names || j->env_names[0]);
	FUZZ_CHECK(!j->weave_started && j->entries == -1);
	check_log(&j->out);
	check_log(&j->err);
}

/* What a start record holds. */
static void
check_same_start(const struct journal *a, const struct journal *b)
{
	FUZZ_CHECK(fuzz_same(a->id, b->id) && fuzz_same(a->name, b->name));
	FUZZ_CHECK(fuzz_same(a->command, b->command));
	FUZZ_CHECK(same_words(a->argv, b->argv));
	FUZZ_CHECK(same_words(a->env_names, b->env_names));
	FUZZ_CHECK(fuzz_same(a->cwd, b->cwd) && fuzz_same(a->key, b->key));
	FUZZ_CHECK(fuzz_same(a->started_by, b->started_by));
	FUZZ_CHECK(fuzz_same(a->host, b->host));
	FUZZ_CHECK(fuzz_same(a->log_file, b->log_file));
	FUZZ_CHECK(a->from_run == b->from_run && a->adopted == b->adopted);
	FUZZ_CHECK(a->interactive == b->interactive);
	FUZZ_CHECK(a->merge_output == b->merge_output);
	FUZZ_CHECK(a->timeout_usec == b->timeout_usec);
	FUZZ_CHECK(a->max_log_bytes == b->max_log_bytes);
	FUZZ_CHECK(a->command_id.pid == b->command_id.pid);
	FUZZ_CHECK(a->supervisor.pid == b->supervisor.pid);
	FUZZ_CHECK(a->place.pid_namespace == b->place.pid_namespace);
}

static void
check_same(const struct journal *a, const struct journal *b)
{
	check_same_start(a, b);
	FUZZ_CHECK(a->created == b->created && a->started == b->started);
	FUZZ_CHECK(strcmp(a->place.boot_id, b->place.boot_id) == 0);
	FUZZ_CHECK(fuzz_same(a->phase, b->phase));
	FUZZ_CHECK(fuzz_same(a->error, b->error));
	FUZZ_CHECK(fuzz_same(a->reason, b->reason));
	FUZZ_CHECK(fuzz_same(a->cancel_by, b->cancel_by));
	FUZZ_CHECK(a->ended == b->ended && a->finished == b->finished);
	FUZZ_CHECK(a->exit_code == b->exit_code && a->signal == b->signal);
	FUZZ_CHECK(a->cancelled == b->cancelled);
	FUZZ_CHECK(a->cancel_at == b->cancel_at);
	FUZZ_CHECK(strcmp(a->complaint, b->complaint) == 0);
	FUZZ_CHECK(journal_progress_print(a) == journal_progress_print(b));
}

/* An end such as a supervisor would write for that job. */
static struct journal_end
end_of(const struct journal *j, const struct request *request)
{
	static const char *const reasons[] = { "exit", "signal", "timeout" };
	int code = j->exit_code < 0 ? 0 : j->exit_code;

	return (struct journal_end){
		.finished = j->finished < 0 ? 0 : j->finished,
		.duration = j->duration < 0 ? 0 : (usec_t)(j->duration / 1e6),
		.wait_status = j->signal ? j->signal : code << 8,
		.has_status = j->signal || j->exit_code >= 0,
		.reason = reasons[(size_t)(j->signal % 3)],
		.cancelled = j->cancelled,
		.cancel_at = j->cancel_at < 0 ? 0 : j->cancel_at,
		.cancel_by = request->by,
		.cancel_signal = j->cancel_signal ? j->cancel_signal : 15,
		.usage = { .ru_maxrss = j->max_rss_bytes / 1024 },
		.has_usage = j->has_usage,
		.out = j->out,
		.err = j->err,
		.has_err = j->err.known,
	};
}

static void
check_same_log(const struct journal_log *a, const struct journal_log *b)
{
	FUZZ_CHECK(a->bytes == b->bytes && a->truncated == b->truncated);
	FUZZ_CHECK(a->dropped_bytes == b->dropped_bytes);
	FUZZ_CHECK(!a->dropped_bytes || a->dropped_offset == b->dropped_offset);
}

static void
check_end(const struct journal *j, const struct journal_end *end,
    const struct journal *read)
{
	FUZZ_CHECK(read->complaint[0] == '\0');
	FUZZ_CHECK(read->ended && read->finished == end->finished);
	FUZZ_CHECK(read->signal == (j->signal ? j->signal : 0));
	FUZZ_CHECK(j->signal || read->exit_code == j->exit_code);
	FUZZ_CHECK(strcmp(read->reason, end->reason) == 0);
	FUZZ_CHECK(read->cancelled == end->cancelled);
	FUZZ_CHECK(!end->cancelled || read->cancel_at == end->cancel_at);
	FUZZ_CHECK(
	    !end->cancelled || strcmp(read->cancel_by, end->cancel_by) == 0);
	check_same_log(&end->out, &read->out);
	if (end->has_err)
		check_same_log(&end->err, &read->err);
}

/* Write what was read as a whole record of ours and read that. */
static void
check_writing(const struct journal *j)
{
	char text[JOURNAL_END_MAX];
	struct err err = ERR_INIT;
	struct request request;
	struct journal_end end;
	struct journal read;
	struct buf whole = BUF_INIT;
	char *start = journal_start_text(j, &err);
	size_t len;

	if (!start) {
		FUZZ_CHECK(!j->id || !j->argv);
		return;
	}
	request_set_by(&request, j->cancel_by);
	end = end_of(j, &request);
	len = journal_end_text(&end, text);
	FUZZ_CHECK(len < JOURNAL_END_MAX - 1 && text[len - 1] == '\n');
	buf_addstr(&whole, start);
	buf_add(&whole, text, len);
	journal_init(&read);
	FUZZ_CHECK(journal_parse(&read, whole.data, whole.len, &err) == 0);
	check_same_start(j, &read);
	check_end(j, &end, &read);
	journal_release(&read);
	buf_release(&whole);
	free(start);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal first, second;
	struct err err = ERR_INIT;

	journal_init(&first);
	if (journal_parse(&first, (const char *)data, size, &err) < 0) {
		FUZZ_CHECK(err.kind == ERR_INVALID && err.text[0]);
		FUZZ_CHECK(fuzz_is_printable(err.text));
		journal_release(&first);
		return 0;
	}
	check_ranges(&first);
	journal_init(&second);
	FUZZ_CHECK(journal_parse(&second, (const char *)data, size, &err) == 0);
	check_same(&first, &second);
	journal_release(&second);
	journal_copy(&second, &first);
	check_writing(&first);
	journal_release(&first);
	check_ranges(&second);
	journal_forget_run(&second);
	FUZZ_CHECK(!second.ended && !second.progress);
	journal_progress_print(&second);
	journal_release(&second);
	return 0;
}
