/*
 * util.h: memory, byte buffers, times and small helpers
 *
 * Allocation never fails: a program that can't get a few bytes of memory says
 * so and ends with exit code 125.  Code that must not end (the supervisor after
 * its child runs) does not allocate.
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Exit code of this program's own failures; see the manual, EXIT STATUS. */
enum { EXIT_OWN_FAILURE = 125 };

/* malloc, realloc (of count * size bytes), strdup, asprintf; never NULL. */
void *xmalloc(size_t size);
void *xrealloc(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Say "jobdir: …" on stderr. */
void warn_user(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, then exit(EXIT_OWN_FAILURE).  Only mains and out of memory. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Scope-bound resources: `cleanup_free char *s = NULL;`, `cleanup_close int fd
 * = -1;`.  -1 is "no descriptor". */
void cleanup_free_pointer(void *pointer);
void cleanup_close_fd(const int *fd);
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))
#define cleanup_close __attribute__((cleanup(cleanup_close_fd)))

/* Hand a descriptor out of a cleanup scope: returns it and leaves -1. */
int steal_fd(int *fd);

/* close(2) unless -1, leave -1, keep errno. */
void close_fd(int *fd);

/* Whole reads and writes in spite of EINTR.  read_full returns the bytes read
 * (fewer only at end of file) or -1; write_full 0 or -1; errno is set. */
ssize_t read_full(int fd, void *buf, size_t size);
int write_full(int fd, const void *buf, size_t size);

/* A growing byte string; `data` is always NUL-terminated, `len` excludes the
 * NUL.  Zero-initialise with BUF_INIT, end with buf_release. */
struct buf {
	char *data; /* NULL while nothing was added */
	size_t len;
	size_t cap;
};

#define BUF_INIT                                                               \
	{                                                                      \
		.data = NULL                                                   \
	}

void buf_add(struct buf *b, const void *data, size_t len);
void buf_addstr(struct buf *b, const char *s);
void buf_addch(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes */
void buf_cut(struct buf *b, size_t len);      /* keep the first len bytes */
void buf_shift(struct buf *b, size_t len);    /* drop the first len bytes */
void buf_release(struct buf *b);
char *buf_steal(struct buf *b); /* malloc'd string, "" if empty; b is empty */
const char *buf_str(const struct buf *b); /* never NULL */

/* FNV-1a, of 64 bits: start with HASH_INIT, add what comes next.  The values may
 * be kept: they never change. */
#define HASH_INIT 14695981039346656037u

uint64_t hash_add(uint64_t hash, const void *data, size_t len);
uint64_t hash_text(const char *text);

/* Times are microseconds since the epoch (wall clock), durations microseconds
 * of CLOCK_BOOTTIME or CLOCK_MONOTONIC. */
typedef int64_t usec_t;

enum { USEC_PER_SEC = 1000000 };

usec_t time_wall(void);
usec_t time_boot(void); /* counts sleep of the machine; for limits */
usec_t time_mono(void); /* for deadlines of an event loop */
usec_t time_from_spec(const struct timespec *ts);

enum { TIME_TEXT_MAX = 32 };

/* "2026-11-22T17:30:12.418123Z" (RFC 3339, section 5.6). */
void time_format(usec_t when, char text[TIME_TEXT_MAX]);

/* Seconds since the epoch of a UTC date and time, years 0 to 9999, each part in
 * its range; TIME_NONE if the month does not have that day. */
#define TIME_NONE INT64_MIN

int64_t time_of_date(int year, int month, int day, int hour, int minute,
    int second);

/* Parse RFC 3339 with a fraction of 0 to 9 digits and any offset.  0, or -1 if
 * it is not such a time. */
int time_parse(const char *text, usec_t *when);

/* The same; a time without offset is one of this machine's clock on the wall. */
int time_parse_local(const char *text, usec_t *when);

/* Parse "90", "1.5h", "10m", "2d" into microseconds.  0 or -1. */
int duration_parse(const char *text, usec_t *length);

/* Parse "65536", "64M", "1G" (1024) into bytes.  0 or -1. */
int size_parse(const char *text, int64_t *bytes);

/* Parse decimal digits only, at most `max`.  0 or -1. */
int number_parse(const char *text, int64_t max, int64_t *value);

/* "SIGTERM" of 15; "SIG34" of one that has no name.
 * The text lives in `buf` (16 bytes). */
const char *signal_name(int signo, char buf[16]);

/* 15 of "TERM", "SIGTERM", "15"; -1 if there is none such. */
int signal_number(const char *text);

#endif
