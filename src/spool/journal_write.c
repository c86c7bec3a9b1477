/*
 * journal_write.c: writing a record
 *
 * Invariant: one key a line; the end record is the start record's bytes with
 * lines added, made without memory from the heap.
 */
#include "base/compat.h"
#include "spool/journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "spool/journal_keys.h"

/* Add the line `"key": value`; steals the value. */
static void
add_line(struct buf *out, const char *key, json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	if (!text)
		die("out of memory");
	buf_addf(out, "%s\n  \"%s\": %s", out->len > 1 ? "," : "", key, text);
	free(text);
	json_decref(value);
}

/* A string value of bytes that may be no UTF-8. */
static json_t *
string_value(const char *bytes)
{
	struct buf text = BUF_INIT;
	bool lossy = false;
	json_t *value;

	text_add_utf8(&text, bytes, strlen(bytes), &lossy);
	value = json_stringn(buf_str(&text), text.len);
	buf_release(&text);
	if (!value)
		die("out of memory");
	return value;
}

static void
add_string(struct buf *out, const char *key, const char *bytes)
{
	if (bytes)
		add_line(out, key, string_value(bytes));
}

static void
add_time(struct buf *out, const char *key, usec_t when)
{
	char text[TIME_TEXT_MAX];

	if (when < 0)
		return;
	time_format(when, text);
	add_string(out, key, text);
}

static void
add_number(struct buf *out, const char *key, int64_t number)
{
	add_line(out, key, json_integer(number));
}

static void
add_strings(struct buf *out, const char *key, const char *const *strings)
{
	json_t *list;

	if (!strings)
		return;
	list = json_array();
	for (; *strings; strings++)
		json_array_append_new(list, string_value(*strings));
	add_line(out, key, list);
}

static void
add_limits(struct buf *out, const struct journal *j)
{
	add_line(out, KEY_INTERACTIVE, json_boolean(j->interactive));
	add_line(out, KEY_MERGE_OUTPUT, json_boolean(j->merge_output));
	if (j->timeout_usec >= 0 && j->timeout_usec % USEC_PER_SEC == 0)
		add_number(out, KEY_TIMEOUT, j->timeout_usec / USEC_PER_SEC);
	else if (j->timeout_usec >= 0)
		buf_addf(out, ",\n  \"" KEY_TIMEOUT "\": %.6f",
		    (double)j->timeout_usec / USEC_PER_SEC);
	if (j->max_log_bytes >= 0)
		add_number(out, KEY_MAX_LOG, j->max_log_bytes);
}

/* Where its numbers mean something. */
static void
add_place(struct buf *out, const struct proc_place *place)
{
	if (place->boot_id[0])
		add_string(out, KEY_BOOT_ID, place->boot_id);
	if (place->pid_namespace)
		add_number(out, KEY_PID_NAMESPACE,
		    (int64_t)place->pid_namespace);
}

size_t
journal_supervisor_line(const struct proc_id *supervisor, char *text,
    size_t size)
{
	int len = snprintf(text, size,
	    "\"" KEY_SUPERVISOR "\": {\"" KEY_PID "\": %ld, \"" KEY_START_TIME
	    "\": %llu}",
	    (long)supervisor->pid, (unsigned long long)supervisor->start);

	return len < 0 || (size_t)len >= size ? 0 : (size_t)len;
}

char *
journal_head_text(const struct journal *j, struct err *err)
{
	struct buf out = BUF_INIT;

	if (!j->id || !j->argv || !j->argv[0]) {
		err_set(err, ERR_INVALID, "a start record needs id and argv");
		return NULL;
	}
	buf_addch(&out, '{');
	add_number(&out, KEY_SCHEMA, JOURNAL_SCHEMA);
	add_string(&out, KEY_ID, j->id);
	add_string(&out, KEY_NAME, j->name);
	add_string(&out, KEY_COMMAND, j->command);
	add_strings(&out, KEY_ARGV, j->argv);
	add_string(&out, KEY_CWD, j->cwd);
	add_strings(&out, KEY_ENV_NAMES, j->env_names);
	add_string(&out, KEY_KEY, j->key);
	add_limits(&out, j);
	add_string(&out, KEY_STARTED_BY, j->started_by);
	if (j->from_run)
		add_line(&out, KEY_FROM_RUN, json_true());
	add_string(&out, KEY_HOST, j->host);
	if (j->adopted)
		add_line(&out, KEY_ADOPTED, json_true());
	add_string(&out, KEY_LOG_FILE, j->log_file);
	add_time(&out, KEY_CREATED, j->created);
	add_place(&out, &j->place);
	return buf_steal(&out);
}

/* Append to a fixed buffer; what does not fit is cut. */
struct fixed {
	char *text;
	size_t size;
	size_t len;
};

static void put(struct fixed *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct fixed *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(f->text + f->len, f->size - f->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		f->len += (size_t)n < f->size - f->len ? (size_t)n
						       : f->size - f->len - 1;
}

size_t
journal_birth_text(const struct journal *j, char text[JOURNAL_BIRTH_MAX])
{
	struct fixed f = { text, JOURNAL_BIRTH_MAX, 0 };
	char when[TIME_TEXT_MAX], line[128];

	text[0] = '\0';
	if (j->started >= 0) {
		time_format(j->started, when);
		put(&f, ",\n  \"" KEY_STARTED "\": \"%s\"", when);
	}
	if (j->supervisor.pid) {
		journal_supervisor_line(&j->supervisor, line, sizeof(line));
		put(&f, ",\n  %s", line);
	}
	if (j->command_id.pid)
		put(&f,
		    ",\n  \"" KEY_PID "\": %ld,\n  \"" KEY_START_TIME
		    "\": %llu",
		    (long)j->command_id.pid,
		    (unsigned long long)j->command_id.start);
	return f.len;
}

char *
journal_start_text(const struct journal *j, struct err *err)
{
	cleanup_free char *head = journal_head_text(j, err);
	char birth[JOURNAL_BIRTH_MAX];

	if (!head)
		return NULL;
	journal_birth_text(j, birth);
	return xasprintf("%s%s", head, birth);
}

static double
seconds_of(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / USEC_PER_SEC;
}

static void
put_log(struct fixed *f, const char *key, const struct journal_log *log)
{
	put(f, ",\n  \"%s\": {\"" KEY_BYTES "\": %lld", key,
	    (long long)log->bytes);
	if (log->dropped_bytes)
		put(f,
		    ", \"" KEY_DROPPED "\": {\"" KEY_OFFSET
		    "\": %lld, \"" KEY_BYTES "\": %lld}",
		    (long long)log->dropped_offset,
		    (long long)log->dropped_bytes);
	if (log->truncated)
		put(f, ", \"" KEY_TRUNCATED "\": %lld",
		    (long long)log->truncated);
	put(f, "}");
}

/* What is known of a death beside its reason. */
static void
put_causes(struct fixed *f, const struct journal_end *end)
{
	if (end->oom_kills > 0)
		put(f,
		    ",\n  \"" KEY_OOM_KILLS "\": %lld,\n  \"" KEY_OOM_COUNTER
		    "\": \"%s\"",
		    (long long)end->oom_kills, end->oom_counter);
	if (end->escalated)
		put(f, ",\n  \"" KEY_SIGKILL_AFTER "\": %.6f",
		    (double)end->sigkill_after / USEC_PER_SEC);
}

size_t
journal_end_text(const struct journal_end *end, char text[JOURNAL_END_MAX])
{
	struct fixed f = { text, JOURNAL_END_MAX, 0 };
	char when[TIME_TEXT_MAX], name[16];

	time_format(end->finished, when);
	put(&f, ",\n  \"" KEY_FINISHED "\": \"%s\"", when);
	put(&f, ",\n  \"" KEY_DURATION "\": %lld.%06lld",
	    (long long)(end->duration / USEC_PER_SEC),
	    (long long)(end->duration % USEC_PER_SEC));
	if (end->has_status && WIFEXITED(end->wait_status))
		put(&f, ",\n  \"" KEY_EXIT_CODE "\": %d",
		    WEXITSTATUS(end->wait_status));
	else if (end->has_status)
		put(&f, ",\n  \"" KEY_SIGNAL "\": \"%s\"",
		    signal_name(WTERMSIG(end->wait_status), name));
	if (end->has_status && WIFSIGNALED(end->wait_status) &&
	    WCOREDUMP(end->wait_status))
		put(&f, ",\n  \"" KEY_CORE_DUMPED "\": true");
	put(&f, ",\n  \"" KEY_REASON "\": \"%s\"", end->reason);
	put_causes(&f, end);
	if (end->cancelled) {
		time_format(end->cancel_at, when);
		put(&f,
		    ",\n  \"" KEY_CANCEL "\": {\"" KEY_AT
		    "\": \"%s\", \"" KEY_BY "\": \"%s\", \"" KEY_SIGNAL
		    "\": \"%s\"}",
		    when, end->cancel_by,
		    signal_name(end->cancel_signal, name));
	}
	if (end->has_usage)
		put(&f,
		    ",\n  \"" KEY_RUSAGE "\": {\"" KEY_USER
		    "\": %.6f, \"" KEY_SYSTEM "\": %.6f, \"" KEY_MAX_RSS
		    "\": %lld}",
		    seconds_of(&end->usage.ru_utime),
		    seconds_of(&end->usage.ru_stime),
		    (long long)end->usage.ru_maxrss * 1024);
	put_log(&f, KEY_STDOUT, &end->out);
	if (end->has_err)
		put_log(&f, KEY_STDERR, &end->err);
	put(&f, "\n}\n");
	return f.len;
}
