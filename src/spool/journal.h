/*
 * journal.h: the record of a job, bytes <-> struct journal
 *
 * journal.json is pretty-printed JSON, one key a line, schema version 1; the
 * JSON Schema is spool-layout/journal.schema.json.  The reader is tolerant: any
 * subset of the keys, unknown keys ignored, a key of the wrong type or range
 * ignored and told in `complaint`.  The writer is strict.
 *
 * A record is written twice: when the job starts, and when it ends as the same
 * text with the end's lines added (journal_end_line and friends), which needs
 * neither memory nor jansson.
 */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include <sys/resource.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/util.h"

enum { JOURNAL_SCHEMA = 1, JOURNAL_COMPLAINT_MAX = 200 };

/* Words of oom_counter. */
#define JOURNAL_OOM_CGROUP "cgroup"
#define JOURNAL_OOM_SYSTEM "system"

struct json_t;

struct journal_log {
	bool known;    /* in an end record */
	int64_t bytes; /* ever written */
	int64_t dropped_offset;
	int64_t dropped_bytes; /* 0: nothing dropped */
	int64_t truncated;     /* times the job truncated it */
};

/* Strings are NULL and times -1 where the record has none.  Strings of a
 * record that was read belong to it; of one to be written, to the caller. */
struct journal {
	const char *id;
	const char *name;
	const char *command;     /* for people: command line */
	const char *const *argv; /* NULL-terminated; NULL if not recorded */
	const char *cwd;
	const char *const *env_names; /* NULL-terminated, may be NULL */
	const char *key;              /* idempotency key */
	const char *started_by;
	const char *host;
	bool from_run; /* started with `jobdir run`: @last */
	bool interactive;
	bool merge_output;
	int64_t timeout_usec;  /* -1: none */
	int64_t max_log_bytes; /* of each stream; 0: no bound; -1: not told */
	usec_t created;
	usec_t started;

	struct proc_place place; /* where the pids below mean something */
	struct proc_id command_id;
	struct proc_id supervisor;

	/* What workers report about themselves. */
	const char *phase;
	const char *error;
	struct json_t *progress; /* object; NULL if none */
	struct json_t *result;   /* any; NULL if none */

	/* A process that was running already (`jobdir adopt`). */
	bool adopted;
	const char *log_file; /* its output, absolute; NULL: none */

	/* Of a weave journal; its own words, NULL if null or of no use. */
	const char *weave_started;
	const char *weave_failed;
	const char *weave_error;
	int weave_completed; /* 0, 1; -1: not told */
	int64_t entries;     /* steps on record; -1: it counts none */

	/* The end record. */
	bool ended;           /* there is one */
	bool reports_success; /* it says so, without an exit code */
	usec_t finished;
	double duration; /* seconds; < 0: not told */
	int exit_code;   /* -1: none */
	int signal;      /* 0: none */
	bool core_dumped;
	const char *reason;      /* word of the end record */
	int64_t oom_kills;       /* seen for lack of memory; 0: none */
	const char *oom_counter; /* where: JOURNAL_OOM_CGROUP or another */
	double sigkill_after;    /* seconds after the first signal; < 0: none */
	bool cancelled;          /* a stop had been asked for */
	usec_t cancel_at;
	const char *cancel_by;
	int cancel_signal; /* 0: none */
	bool has_usage;
	double user_seconds;
	double system_seconds;
	int64_t max_rss_bytes;
	struct journal_log out;
	struct journal_log err;

	/* Of reading. */
	struct json_t *doc;          /* what the strings belong to */
	struct json_t *progress_doc; /* of progress.json; NULL: none */
	const char **lists;          /* what argv and env_names belong to */
	char complaint[JOURNAL_COMPLAINT_MAX]; /* "" if all is well */
};

/* All members "not told". */
void journal_init(struct journal *journal);

/*
 * Parse the text of a journal into an initialised struct.  Fails on what is no
 * JSON object (also if nested too deep for jansson, 2048 levels); `err` then says why.
 * After success or failure journal_release() frees all.
 */
int journal_parse(struct journal *journal, const char *text, size_t len,
    struct err *err);
void journal_release(struct journal *journal);

/* A second owner of the same texts. */
void journal_copy(struct journal *journal, const struct journal *from);

/* The document of a journal, for the parsers of dialects: an object, or NULL
 * with err.  A number too big for 64 bits is read as a real one. */
struct json_t *journal_load(const char *text, size_t len, struct err *err);

/* Drop what is of an earlier run: its end, and what it said of itself. */
void journal_forget_run(struct journal *journal);

/* As journal_parse(), of the weave dialect. */
int journal_parse_weave(struct journal *journal, const char *text, size_t len,
    struct err *err);

/*
 * What the job says about itself in progress.json (phase, current, total, unit,
 * message) takes the place of `phase` and `progress` of the journal.  0, or -1
 * with err if it is no JSON object.
 */
int journal_take_progress(struct journal *journal, const char *text, size_t len,
    struct err *err);

/* The start record of `journal` as text, without the closing "\n}\n", so that
 * lines can be added.  malloc'd; JSON that journal_parse reads back the same. */
char *journal_start_text(const struct journal *journal, struct err *err);

enum { JOURNAL_BIRTH_MAX = 256 };

/*
 * The same in two parts: all that a launcher knows, malloc'd; and the lines that
 * are then added to it, `started` and who supervisor and command are, without
 * memory from the heap.  The latter returns their length.
 */
char *journal_head_text(const struct journal *journal, struct err *err);
size_t journal_birth_text(const struct journal *journal,
    char text[JOURNAL_BIRTH_MAX]);

/* What the end adds.  Times and numbers as in struct journal. */
struct journal_end {
	usec_t finished;
	usec_t duration;    /* microseconds */
	int wait_status;    /* of wait(2) */
	bool has_status;    /* false: the code is not known */
	const char *reason; /* word */
	bool cancelled;
	usec_t cancel_at;
	const char *cancel_by; /* printable ASCII without '"' and '\\' */
	int cancel_signal;
	int64_t oom_kills;       /* processes killed for lack of memory */
	const char *oom_counter; /* whose: a word; counts only with kills */
	bool escalated;          /* it was sent SIGKILL after the grace */
	usec_t sigkill_after;    /* since the first signal */
	struct rusage usage;
	bool has_usage;
	struct journal_log out;
	struct journal_log err;
	bool has_err; /* there is a stderr.log */
};

enum { JOURNAL_END_MAX = 2048 };

/* The lines of the end, with the closing "\n}\n", into `text`.  Returns the
 * length.  No allocation. */
size_t journal_end_text(const struct journal_end *end,
    char text[JOURNAL_END_MAX]);

/* The line of the start record that names the supervisor, so that a process can
 * be recognised as a supervisor without parsing JSON: quotes inside strings are
 * escaped, so these bytes stand nowhere else.  Returns its length. */
size_t journal_supervisor_line(const struct proc_id *supervisor, char *text,
    size_t size);

#endif
